import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { ask } from '../support/http.ts'

describe('a door that is no operation', () => {
  let app: TestApp
  before(async () => {
    app = await startApp()
  })
  after(() => app.stop())

  it('is limited by address too, and says when to come again', async () => {
    const statuses = new Map<number, number>()
    let refused
    for (let round = 0; round < 60 && !refused; round++) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask(`${app.url}/sandbox/v1/payments/nothing`)))
      for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1)
      refused = answers.find((answer) => answer.status === 429)
    }
    expect(refused?.body.code).to.equal('rate-limited')
    expect(Number(refused?.headers['retry-after'])).to.be.above(0)
    expect(statuses.get(401)).to.be.at.least(1_000)
    expect((await ask(`${app.url}/healthz`)).status).to.equal(200)
  })
})
