import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'

describe('faults and slow work', () => {
  let app: TestApp
  let tracker: Server
  let told: { message: string; error?: { name: string; message: string; frames: string[] }; fields: Record<string, unknown>; unsaid: number }[]
  let heard: () => void

  beforeEach(async () => {
    told = []
    heard = () => {}
    tracker = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        told.push(JSON.parse(body) as (typeof told)[number])
        response.end()
        heard()
      })
    })
    await new Promise<void>((resolve) => tracker.listen(0, '127.0.0.1', resolve))
    app = await startApp({ ERROR_WEBHOOK_URL: `http://127.0.0.1:${(tracker.address() as AddressInfo).port}/faults`, SLOW_MS: '0' })
  })
  afterEach(async () => {
    await app.stop()
    tracker.closeAllConnections()
    await new Promise((resolve) => tracker.close(resolve))
  })

  it('tell the operator’s tracker what broke, where and in which operation', async () => {
    const fan = await signUp(app, 'fan')
    const arrived = new Promise<void>((resolve) => (heard = resolve))
    await breakAccount(fan)
    const answer = await fan.http('GET', '/api/v1/auth/me')
    expect(answer.body).to.include({ code: 'internal', status: 500 }).and.not.to.have.property('detail')
    await arrived
    expect(told).to.have.length(1)
    expect(told[0]?.error?.frames[0]).to.match(/^at /)
    expect(told[0]?.fields).to.include({ operation: 'account:me', request_id: answer.body.request_id })
  })

  it('leave secrets, tokens and people at home', async () => {
    const fan = await signUp(app, 'fan')
    const arrived = new Promise<void>((resolve) => (heard = resolve))
    const error = new Error(`lost mongodb://root:hunter2@db.example/x for ${fan.email} with ${fan.token} and ${fan.refresh_token}`)
    await Promise.all([arrived, app.app.reportFault({ err: error, password: 'hunter3', nested: { access_token: 'hunter4' }, payment_id: fan.id }, 'a test of what is told')])
    expect(JSON.stringify(told)).to.include('db.example').and.to.include(fan.id)
    for (const secret of ['hunter', fan.email, fan.token, fan.refresh_token]) expect(JSON.stringify(told)).not.to.include(secret)
  })

  it('tell the same fault once a minute and how many went unsaid', async () => {
    const fan = await signUp(app, 'fan')
    await breakAccount(fan)
    const first = new Promise<void>((resolve) => (heard = resolve))
    await fan.http('GET', '/api/v1/auth/me')
    await first
    await fan.http('GET', '/api/v1/auth/me')
    await fan.http('GET', '/api/v1/auth/me')
    app.wall.advance({ minutes: 2 })
    const second = new Promise<void>((resolve) => (heard = resolve))
    await fan.http('GET', '/api/v1/auth/me')
    await second
    expect(told.map(({ unsaid }) => unsaid)).to.deep.equal([0, 2])
  })

  it('are answered as ever when the tracker is away', async () => {
    const fan = await signUp(app, 'fan')
    await breakAccount(fan)
    tracker.closeAllConnections()
    await new Promise((resolve) => tracker.close(resolve))
    expect((await fan.http('GET', '/api/v1/auth/me')).status).to.equal(500)
    expect((await ask(`${app.url}/readyz`)).status).to.equal(200)
  })

  it('leave one line for each slow operation and request, by route, never by address', async () => {
    const fan = await signUp(app, 'fan')
    await fan.http('GET', '/api/v1/auth/me')
    await ask(`${app.url}/sandbox/checkout/a-token-of-somebody`)
    const lines = app.logs.filter(({ level, message }) => level === 'info' && message.startsWith('slow'))
    expect(lines.filter(({ fields }) => (fields as { operation?: string }).operation === 'account:me')).to.have.length(1)
    expect(lines.some(({ fields }) => (fields as { route?: string }).route?.endsWith('/checkout/:token'))).to.equal(true)
    expect(JSON.stringify(app.logs)).not.to.include('a-token-of-somebody')
  })

  // A row that nobody could have written through the front door.
  async function breakAccount({ id }: Person): Promise<void> {
    await app.db.collection<{ _id: string }>('users').updateOne({ _id: id }, { $set: { created_at: 'yesterday' } })
  }
})
