import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { signIn, signUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'

const token = 'a-token-for-prometheus'
const parts = ['disk', 'draining', 'indexes', 'maintenance', 'migrations', 'outbox', 'redis', 'store']

describe('readiness', () => {
  let app: TestApp

  beforeEach(async () => {
    app = await startApp({ METRICS_TOKEN: token })
  })
  afterEach(() => app.stop())

  it('is one word for everybody', async () => {
    const fan = await signUp(app, 'fan')
    expect((await ask(`${app.url}/readyz`)).body).to.deep.equal({ status: 'ready' })
    expect((await fan.http('GET', '/readyz')).body).to.deep.equal({ status: 'ready' })
    expect((await ask(`${app.url}/readyz`, { token: 'rubbish' })).body).to.deep.equal({ status: 'ready' })
    expect((await ask(`${app.url}/healthz`)).body).to.deep.equal({ status: 'up' })
  })

  it('tells an admin, and whoever has the metrics’ token, the parts it is made of', async () => {
    const admin = await signIn(app, app.admin.email, app.admin.password)
    for (const answer of [await admin.http('GET', '/readyz'), await ask(`${app.url}/readyz`, { token })]) {
      expect(Object.keys(answer.body.parts).toSorted()).to.include.members(parts)
      for (const part of Object.values<object>(answer.body.parts)) expect(part).to.have.keys('ok', 'detail')
      expect(answer.body.parts.store.ok).to.equal(true)
    }
  })

  it('ends when an index is missing, and names the collection', async () => {
    await app.db.collection('users').dropIndex('email_key_1')
    const answer = await ask(`${app.url}/readyz`, { token })
    expect(answer.status).to.equal(503)
    expect(answer.body.status).to.equal('not-ready')
    expect(answer.body.parts.indexes).to.deep.include({ ok: false })
    expect(answer.body.parts.indexes.detail).to.include('User')
  })

  it('does not end for news that was given up, but says so', async () => {
    await app.db.collection<{ _id: string }>('deliveries').insertOne({ _id: 'e/x', event_id: 'e', subscriber: 'x', state: 'parked', due_at: new Date(), attempts: 12 } as never)
    const answer = await ask(`${app.url}/readyz`, { token })
    expect(answer.status).to.equal(200)
    expect(answer.body.parts.outbox.ok).to.equal(false)
  })

  it('stays while Redis is away: every process still serves its own', async () => {
    const lonely = await startApp({ METRICS_TOKEN: token, REDIS_URL: 'redis://127.0.0.1:1' })
    const answer = await ask(`${lonely.url}/readyz`, { token })
    expect(answer.status).to.equal(200)
    expect(answer.body.parts.redis).to.deep.equal({ ok: false, detail: 'down' })
    expect((await ask(`${lonely.url}/metrics`, { token })).text).to.match(/^ovation_redis_up 0$/m)
    await lonely.stop()
  })
})
