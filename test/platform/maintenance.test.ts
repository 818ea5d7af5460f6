import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signIn, signUp, topUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'

describe('maintenance', () => {
  let app: TestApp
  let admin: Person
  let fan: Person

  before(async () => {
    app = await startApp({ METRICS_TOKEN: 'a-token-for-prometheus' })
    fan = await signUp(app, 'fan')
    admin = await signIn(app, app.admin.email, app.admin.password)
  })
  beforeEach(async () => {
    await admin.http('POST', '/api/v1/admin/maintenance', { on: true, message: 'Back at ten' })
  })
  afterEach(async () => {
    await admin.http('POST', '/api/v1/admin/maintenance', { on: false })
  })
  after(() => app.stop())

  it('is switched by an admin and by nobody else', async () => {
    expect((await fan.http('POST', '/api/v1/admin/maintenance', { on: false })).body).to.include({ code: 'forbidden' })
    expect((await fan.http('GET', '/api/v1/admin/maintenance')).status).to.equal(403)
    expect((await admin.http('GET', '/api/v1/admin/maintenance')).body).to.include({ on: true, message: 'Back at ten' })
    const written = await admin.http('GET', '/api/v1/admin/audit?action=maintenance.begun')
    expect(written.body.data[0]).to.include({ actor: admin.id })
  })

  it('refuses writes through both doors with the admin’s message, and reads go on', async () => {
    const refused = await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 5_00, currency: 'ZMW' }, 'k1')
    expect(refused.status).to.equal(503)
    expect(refused.body).to.include({ code: 'retry', detail: 'Back at ten' })
    expect(Number(refused.headers['retry-after'])).to.be.greaterThan(0)
    const live = await fan.socket()
    expect(await live.call('wallet:top-up', { amount: 5_00, currency: 'ZMW', key: 'k1' })).to.deep.include({ ok: false })
    expect(await live.call('wallet:me')).to.deep.include({ ok: true })
    expect((await fan.http('GET', '/api/v1/wallets/me')).status).to.equal(200)
    live.close()
  })

  it('burns no key: the same call goes through afterwards', async () => {
    expect((await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 5_00, currency: 'ZMW' }, 'k2')).status).to.equal(503)
    await admin.http('POST', '/api/v1/admin/maintenance', { on: false })
    expect((await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 5_00, currency: 'ZMW' }, 'k2')).status).to.equal(201)
  })

  it('lets people sign in, else no admin could end it', async () => {
    const again = await signIn(app, app.admin.email, app.admin.password)
    expect((await again.http('POST', '/api/v1/admin/check', {})).status).to.equal(200)
    expect((await ask(`${app.url}/api/v1/auth/register`, { json: { email: 'new@example.org', password: 'a good long password', full_name: 'New', role: 'fan' } })).status).to.equal(503)
  })

  it('lets a payment that was under way arrive', async () => {
    await admin.http('POST', '/api/v1/admin/maintenance', { on: false })
    const started = await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 7_00, currency: 'ZMW' }, 'k3')
    await admin.http('POST', '/api/v1/admin/maintenance', { on: true })
    const live = await fan.socket()
    const changed = live.next<{ status: string }>('payment:updated')
    await ask((started.body as { mobile_money_url: string }).mobile_money_url, { raw: 'outcome=success', headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect((await changed).status).to.equal('success')
    live.close()
  })

  it('reaches other processes within five seconds', async () => {
    await admin.http('POST', '/api/v1/admin/maintenance', { on: false })
    await topUp(fan, 1_00)
    // Another process writes the same row; this one has just looked.
    await app.db.collection<{ _id: string }>('switches').updateOne({ _id: 'maintenance' }, { $set: { on: true } })
    app.wall.advance({ seconds: 5 })
    expect((await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 5_00, currency: 'ZMW' }, 'k4')).status).to.equal(503)
  })

  it('shows on /readyz without taking the server out of service', async () => {
    const answer = await ask(`${app.url}/readyz`)
    expect(answer.status).to.equal(200)
    expect(answer.body).to.deep.equal({ status: 'maintenance' })
  })
})
