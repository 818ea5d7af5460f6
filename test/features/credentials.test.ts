import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { signIn, signUp } from '../support/cast.ts'
import { overhear } from '../support/commands.ts'
import { type Answer, ask } from '../support/http.ts'

const password = 'a good long password'
const another = 'another good password'

describe('whoever is not who they say', () => {
  let app: TestApp

  beforeEach(async () => {
    app = await startApp()
  })
  afterEach(() => app.stop())

  it('does not learn from the work that a forgotten password makes whether anybody has the address', async () => {
    const fan = await signUp(app, 'fan')
    const known = await workUntilAnswer('forgot-password', { email: fan.email })
    expect(known).not.to.deep.equal([])
    expect(await workUntilAnswer('forgot-password', { email: 'nobody@example.org' })).to.deep.equal(known)
  })

  it('does not learn it from a wrong code either', async () => {
    const fan = await signUp(app, 'fan')
    const guess = { code: 'x'.repeat(43), password: another }
    const known = await workUntilAnswer('reset-password', { email: fan.email, ...guess })
    expect(known).not.to.deep.equal([])
    expect(await workUntilAnswer('reset-password', { email: 'nobody@example.org', ...guess })).to.deep.equal(known)
  })

  it('causes twenty mails and no more from one address of the network', async () => {
    const statuses: number[] = []
    for (let n = 0; n < 21; n++) statuses.push((await post('forgot-password', { email: `person${n}@example.org` })).status)
    expect(statuses).to.deep.equal([...Array.from({ length: 20 }, () => 200), 429])
  })

  it('does not guess the password of a sign-in left open for long', async () => {
    const fan = await signUp(app, 'fan')
    const faults: string[] = []
    for (let n = 0; n < 21; n++) faults.push((await fan.http('POST', '/api/v1/auth/delete', { password: `guess number ${n}` })).body.code)
    expect(faults).to.deep.equal([...Array.from({ length: 20 }, () => 'validation'), 'rate-limited'])
  })

  it('has no sign-in left that the old password opened while it was being changed', async () => {
    for (let round = 0; round < 3; round++) {
      const owner = await signUp(app, 'fan')
      const [changed, ...opened] = await Promise.all([
        owner.http('POST', '/api/v1/auth/change-password', { current_password: password, password: another }),
        ...Array.from({ length: 8 }, () => post('login', { email: owner.email, password })),
      ])
      expect(changed?.status).to.equal(200)
      for (const answer of opened.filter((each) => each.status !== 401))
        expect((await post('refresh', { refresh_token: answer.body.refresh_token })).body.code).to.equal('session-revoked')
      expect((await owner.call('session:list', {})).data.map((each) => each.current)).to.deep.equal([true])
    }
  })

  it('stays signed in after changing the password, on a connection that comes back by itself', async () => {
    const fan = await signUp(app, 'fan')
    const elsewhere = await (await signIn(app, fan.email)).socket()
    await fan.fact('session:ready')
    await fan.call('account:change-password', { current_password: password, password: another })
    expect(await elsewhere.next('session:revoked')).to.deep.equal({ reason: 'password.changed' })
    const told = fan.fact('session:revoked')
    await runJob('accounts.recheck')
    expect(await told).to.deep.equal({ reason: 'token-expired' })
    expect((await fan.fact('session:ready')).user_id).to.equal(fan.id)
    expect((await fan.call('account:me', {})).user.id).to.equal(fan.id)
  })

  it('keeps the connection, too, when it is given the newer token first', async () => {
    const fan = await signUp(app, 'fan')
    const live = await fan.socket()
    await fan.http('POST', '/api/v1/auth/change-password', { current_password: password, password: another })
    const pair = (await post('refresh', { refresh_token: fan.refresh_token })).body
    expect(await live.call('session:refresh-token', { token: pair.access_token })).to.have.property('ok', true)
    await runJob('accounts.recheck')
    expect(await live.call('account:me')).to.have.property('ok', true)
    live.close()
  })

  async function workUntilAnswer(path: string, json: object): Promise<string[]> {
    const { sent } = await overhear(app, () => post(path, json))
    const ended = sent.findIndex((each) => each.name === 'commitTransaction' || each.name === 'abortTransaction')
    return sent
      .slice(0, ended + 1)
      .filter((each) => each.transaction || each.collection === 'users')
      .map((each) => `${each.name} ${each.collection}`)
  }

  async function runJob(name: string): Promise<void> {
    await app.runJob(name)
  }

  function post(path: string, json: object): Promise<Answer> {
    return ask(`${app.url}/api/v1/auth/${path}`, { json })
  }
})

