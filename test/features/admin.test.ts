import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signIn, signUp, topUp } from '../support/cast.ts'

describe('an admin', () => {
  let app: TestApp
  let admin: Person
  let fan: Person

  before(async () => {
    app = await startApp()
    admin = await signIn(app, app.admin.email, app.admin.password)
    fan = await signUp(app, 'fan')
  })
  after(() => app.stop())

  it('sees all payments, newest first, page by page and by status', async () => {
    const ids = []
    for (const amount of [100, 200, 300]) ids.unshift(await topUp(fan, amount))
    await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 400, currency: 'ZMW' }, 'left-open')
    const done = (await admin.http('GET', '/api/v1/admin/transactions?status=success&limit=2')).body
    expect(done.data.map((each: { id: string }) => each.id)).to.deep.equal(ids.slice(0, 2))
    expect(done.data[0]).to.include({ type: 'payment', status: 'success', amount: 300, purpose: 'top-up', payer_id: fan.id, provider: 'sandbox' })
    const rest = (await admin.http('GET', `/api/v1/admin/transactions?status=success&limit=2&cursor=${done.next}`)).body
    expect(rest.data.map((each: { id: string }) => each.id)).to.deep.equal(ids.slice(2))
    expect(rest).to.include({ has_more: false, next: null })
    const pending = (await admin.http('GET', '/api/v1/admin/transactions?status=pending')).body
    expect(pending.data.map((each: { amount: number }) => each.amount)).to.deep.equal([400])
    const foreign = await admin.http('GET', `/api/v1/admin/transactions?status=pending&cursor=${done.next}`)
    expect([foreign.status, foreign.body.code]).to.deep.equal([400, 'cursor'])
  })

  it('replays a webhook that was parked, and it has its effect once', async () => {
    const paymentId = await topUp(fan, 500)
    const inbox = app.db.collection('payment_inbox')
    const row = await inbox.findOne({ reference: paymentId })
    const id = String(row?._id)
    const applied = await admin.http('POST', `/api/v1/admin/webhooks/${encodeURIComponent(id)}/replay`)
    expect([applied.status, applied.body.code]).to.deep.equal([409, 'stale-state'])
    await inbox.updateOne({ _id: row?._id as never }, { $set: { outcome: 'parked', entry_ids: [] } })
    expect((await admin.http('GET', '/api/v1/admin/webhooks?outcome=parked')).body.data.map((each: { inbox_id: string }) => each.inbox_id)).to.deep.equal([id])
    const before = (await fan.http('GET', '/api/v1/wallets/me')).body.balance
    expect((await admin.http('POST', `/api/v1/admin/webhooks/${encodeURIComponent(id)}/replay`)).body).to.include({ outcome: 'received' })
    for (;;) {
      const now = await inbox.findOne({ _id: row?._id as never })
      if (now?.['outcome'] === 'superfluous') break
      expect(now?.['outcome']).to.equal('received')
    }
    expect((await fan.http('GET', '/api/v1/wallets/me')).body.balance).to.equal(before)
    expect((await admin.http('POST', '/api/v1/admin/webhooks/sandbox:nothing/replay')).status).to.equal(404)
  })

  it('sees what a subscriber could not take, and has it tried again', async () => {
    const creator = await signUp(app, 'creator')
    const event = await app.db.collection('events').findOne({ name: 'account.registered', 'payload.user_id': creator.id })
    const deliveries = app.db.collection<{ _id: string }>('deliveries')
    const id = `${String(event?._id)}/profiles.open`
    await app.app.dispatcher.whenIdle()
    await deliveries.updateOne({ _id: id }, { $set: { state: 'parked', attempts: 12, last_error: 'on purpose' }, $unset: { done_at: 1 } })
    const [parked] = (await admin.http('GET', '/api/v1/admin/deliveries')).body.data
    expect(parked).to.include({ event: 'account.registered', subscriber: 'profiles.open', state: 'parked', attempts: 12, last_error: 'on purpose' })
    await admin.http('POST', `/api/v1/admin/deliveries/${parked.event_id}/${parked.subscriber}/retry`)
    for (;;) if ((await deliveries.findOne({ _id: id, state: 'done' } as never)) !== null) break
    expect((await admin.http('GET', '/api/v1/admin/deliveries')).body.data).to.deep.equal([])
    expect((await admin.http('POST', `/api/v1/admin/deliveries/${parked.event_id}/${parked.subscriber}/retry`)).status).to.equal(404)
  })

  it('sees the jobs and how they went', async () => {
    const jobs = () => admin.http('GET', '/api/v1/admin/jobs').then((answer) => answer.body.data as { name: string; runs: number; failures: number; kind: string }[])
    for (;;) if ((await jobs()).find((job) => job.name === 'outbox.poll' && job.runs > 0)) break
    expect((await jobs()).find((job) => job.name === 'admin.check')).to.include({ kind: 'scheduled' })
    expect((await jobs()).filter((job) => job.failures > 0)).to.deep.equal([])
  })

  it('reads the faults of the sandbox that were set', async () => {
    await admin.http('POST', '/sandbox/faults', { delay_ms: 259_200_000 })
    expect((await admin.http('GET', '/sandbox/faults')).body).to.include({ delay_ms: 259_200_000 })
    await admin.http('POST', '/sandbox/faults', { delay_ms: null })
  })

  it('is the only one who may', async () => {
    for (const path of ['transactions', 'webhooks', 'deliveries', 'jobs']) expect((await fan.http('GET', `/api/v1/admin/${path}`)).body.code).to.equal('forbidden')
  })
})
