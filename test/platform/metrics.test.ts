import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { signUp, topUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'

const token = 'a-token-for-prometheus'

describe('metrics', () => {
  let app: TestApp

  before(async () => {
    app = await startApp({ METRICS_TOKEN: token })
  })
  after(() => app.stop())

  it('are not there for anybody without the token', async () => {
    expect((await ask(`${app.url}/metrics`)).status).to.equal(404)
    expect((await ask(`${app.url}/metrics`, { token: 'a-token-for-prometheuz' })).status).to.equal(404)
    const fan = await signUp(app, 'fan')
    expect((await fan.http('GET', '/metrics')).body).to.include({ code: 'not-found' })
  })

  it('are not there at all when no token is set', async () => {
    const without = await startApp()
    expect((await ask(`${without.url}/metrics`, { token: '' })).status).to.equal(404)
    expect((await ask(`${without.url}/metrics`, { token: 'undefined' })).status).to.equal(404)
    await without.stop()
  })

  it('count what people did and how it ended, by name', async () => {
    const fan = await signUp(app, 'fan')
    const before = await scrape()
    const live = await fan.socket()
    await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 10_00, currency: 'ZMW' }, 'counted')
    await topUp(fan, 10_00)
    await fan.http('GET', '/api/v1/creators/nobody')
    await live.call('wallet:me')
    const after = await scrape()
    const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    expect(grown('ovation_operations_total{operation="wallet:top-up",door="http",outcome="ok"}')).to.equal(1)
    expect(grown('ovation_operations_total{operation="wallet:me",door="socket",outcome="ok"}')).to.equal(1)
    expect(grown('ovation_operations_total{operation="creator:read",door="http",outcome="not-found"}')).to.equal(1)
    expect(grown('ovation_operation_seconds_count{operation="wallet:top-up",door="http"}')).to.equal(1)
    expect(grown('ovation_http_requests_total{route="/api/v1/payments/webhook/:provider",method="POST",status="200"}')).to.equal(1)
    expect(after.get('ovation_sockets{namespace="/"}')).to.be.greaterThan(0)
    expect(grown('ovation_store_flushes')).to.be.greaterThan(0)
    live.close()
  })

  it('tell how long deliveries and webhooks have been waiting', async () => {
    await app.db.collection<{ _id: string }>('events').insertOne({ _id: 'evt_old', name: 'tip.sent', at: new Date(Date.now() - 120_000), payload: {} } as never)
    const later = new Date(Date.now() + 3600_000)
    await app.db.collection<{ _id: string }>('deliveries').insertOne({ _id: 'evt_old/x', event_id: 'evt_old', subscriber: 'x', state: 'due', due_at: later, attempts: 3 } as never)
    await app.db.collection<{ _id: string }>('payment_inbox').insertOne({ _id: 'p:1', outcome: 'received', due_at: later, received_at: new Date(Date.now() - 300_000) } as never)
    const figures = await scrape()
    expect(figures.get('ovation_outbox_oldest_seconds')).to.be.within(119, 180)
    expect(figures.get('ovation_payment_inbox_oldest_seconds')).to.be.within(299, 360)
    await app.db.collection<{ _id: string }>('deliveries').deleteOne({ _id: 'evt_old/x' })
    await app.db.collection<{ _id: string }>('payment_inbox').deleteOne({ _id: 'p:1' })
  })

  it('count invariants that a check found broken', async () => {
    const fan = await signUp(app, 'fan')
    await topUp(fan, 10_00)
    await app.db.collection('balances').updateOne({}, { $inc: { posted: 1 } })
    await app.check()
    const broken = [...(await scrape())].filter(([name, value]) => name.startsWith('ovation_invariant_violations_total') && value > 0)
    expect(broken).not.to.deep.equal([])
  })

  it('carry the platform’s name, every one of them', async () => {
    const names = [...(await scrape()).keys()]
    expect(names).to.satisfy((all: string[]) => all.some((name) => name.startsWith('ovation_process_resident_memory_bytes')))
    expect(names.filter((name) => !name.startsWith('ovation_'))).to.deep.equal([])
  })

  async function scrape(): Promise<Map<string, number>> {
    const answer = await ask(`${app.url}/metrics`, { token })
    expect(answer.status).to.equal(200)
    const lines = answer.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
  }
})
