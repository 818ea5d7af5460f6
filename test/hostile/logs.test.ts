import { createHmac } from 'node:crypto'
import { Writable } from 'node:stream'
import { expect } from 'chai'
import { newId } from '../../src/kernel/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { connect, openOverlay, pay, type Person, signIn, signUp, topUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'

const password = 'correct-horse-canary-battery'

describe('what is logged, at its most talkative', () => {
  let app: TestApp
  let lines = ''
  let creator: Person
  let fan: Person

  before(async () => {
    const sink = new Writable({ write: (chunk: Buffer, _encoding, done) => { lines += chunk.toString(); done() } })
    app = await startApp({}, undefined, createLogger('debug', sink))
    creator = await signUp(app, 'creator')
    fan = await signUp(app, 'fan')
  })
  after(() => app.stop())
  beforeEach(() => {
    lines = ''
  })

  it('never holds a password, right, wrong, too long or misplaced', async () => {
    const email = 'logs@example.org'
    const post = (path: string, json: object) => ask(`${app.url}/api/v1/auth/${path}`, { json })
    await post('register', { email, password, full_name: 'Logs', role: 'fan' })
    await post('register', { email, password, full_name: 'Logs', role: 'fan' })
    await post('login', { email, password })
    await post('login', { email, password: `${password}-wrong` })
    await post('login', { email: password, password: { password } })
    await post('login', { email, password: password.repeat(10) })
    await ask(`${app.url}/api/v1/auth/login?password=${password}`, { json: { email, password } })
    expectTalk(/account:login/)
    expect(lines).not.to.include(password)
  })

  it('never holds an access or refresh token, good, bad or in the wrong place', async () => {
    const live = await fan.socket()
    await live.call('wallet:me')
    live.close()
    const forged = `${fan.token}forged`
    await ask(`${app.url}/api/v1/wallets/me`, { token: forged })
    await connect(app, '/', forged).catch(() => {})
    await ask(`${app.url}/api/v1/wallets/me?access_token=${fan.token}`, { token: fan.token })
    await ask(`${app.url}/api/v1/auth/refresh`, { json: { refresh_token: fan.refresh_token } })
    await ask(`${app.url}/api/v1/auth/refresh`, { json: { refresh_token: `${fan.refresh_token.slice(0, -1)}_` } })
    expectTalk(/account:refresh/)
    for (const secret of [fan.token, fan.token.split('.')[2] as string, fan.refresh_token, fan.refresh_token.split('.')[1] as string]) expect(lines).not.to.include(secret.slice(0, 40))
  })

  it('never holds an overlay’s token or its hash', async () => {
    const { token } = (await creator.http('POST', '/api/v1/overlays', {})).body as { token: string }
    const overlay = await openOverlay(app, token)
    overlay.close()
    await connect(app, '/overlay', `${token.slice(0, -1)}-`).catch(() => {})
    await connect(app, '/', token).catch(() => {})
    await ask(`${app.url}/overlay/?token=${token}`)
    const { token_hash } = (await app.db.collection('overlays').findOne()) as unknown as { token_hash: string }
    expectTalk(/overlay:create/)
    for (const secret of [token, token_hash]) expect(lines).not.to.include(secret)
  })

  it('never holds a webhook’s body or signature, nor a payment page’s token', async () => {
    const live = await signIn(app, fan.email, 'a good long password')
    const paymentId = await topUp(live, 500)
    const { body: started } = await live.http('POST', '/api/v1/payments/initiate', { creator_id: creator.id, amount: 100, currency: 'ZMW', message: 'canary in a message' }, 'canary-key')
    await pay(started as never, 'failed')
    const send = async (body: string, key: Buffer | string = app.webhookKey) => {
      const [id, stamp] = [newId('evt'), String(Math.floor(app.wall.now().getTime() / 1000))]
      const signature = createHmac('sha256', key).update(`${id}.${stamp}.${body}`).digest('base64')
      await ask(`${app.url}/api/v1/payments/webhook`, { raw: body, headers: { 'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': `v1,${signature}` } })
      return signature
    }
    const body = (fields: object) => JSON.stringify({ payment_id: paymentId, status: 'success', note: 'canary in a body', ...fields })
    const signatures = [await send(body({})), await send(body({}), 'wrong'), await send(body({ payment_id: 'pay_none' })), await send('{"canary in a body"')]
    while (!lines.includes('a webhook could not be applied')) await new Promise((resolve) => setImmediate(resolve))
    for (const secret of [...signatures, 'canary in', 'canary-key', (started as { mobile_money_url: string }).mobile_money_url.split('/').at(-1) as string]) expect(lines).not.to.include(secret)
  })

  it('never holds a bank account', async () => {
    const account = 'CANARY-0012-3456'
    await creator.http('PUT', '/api/v1/creators/me', { bank_account: account })
    await creator.http('PUT', '/api/v1/creators/me', { bank_account: `${account}!` })
    await creator.http('GET', '/api/v1/creators/me')
    expectTalk(/creator:update/)
    expect(lines).not.to.include(account)
  })

  it('tells of a fault what happened and where, and not what was being worked on', () => {
    const log = createLogger('debug', { write: (line: string) => void (lines += line) })
    const fault = Object.assign(new Error('E11000 duplicate key'), { code: 11000, writeErrors: [{ err: { op: { password_hash: 'canary' } } }], options: { uri: 'mongodb://u:canary@h', headers: { authorization: 'canary' } } })
    log.error({ err: new Error('outer', { cause: fault }) }, 'it failed')
    log.error({ err: fault, nested: { deep: { token: 'canary', authorization: 'canary' } }, password: 'canary', key: 'canary' }, 'it failed')
    log.error({ err: 'a string that was thrown: canary' }, 'it failed')
    expect(lines.match(/it failed/g)).to.have.length(3)
    expect(lines).to.include('E11000 duplicate key').and.include('logs.test.ts')
    expect(lines).not.to.include('canary')
  })

  it('is one line for one event, whatever line breaks somebody sends', async () => {
    await ask(`${app.url}/api/v1/auth/login`, { json: { email: 'a@b.c\n{"level":60,"msg":"forged"}', password: 'x' } })
    await creator.http('PUT', '/api/v1/creators/me', { bio: 'a\r\n{"level":60,"msg":"forged"}' })
    for (const line of lines.trimEnd().split('\n')) expect(JSON.parse(line)).to.have.property('level').that.is.below(60)
  })

  // Silence would prove nothing.
  function expectTalk(about: RegExp): void {
    expect(lines).to.match(about)
  }
})
