import { createHmac } from 'node:crypto'
import { expect } from 'chai'
import type { Checkout, Payment } from '../../src/features/payments/contract.ts'
import type { SandboxFaults } from '../../src/features/admin/contract.ts'
import { newId } from '../../src/kernel/ids.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { pay, type Person, settled, signIn, signUp } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'

describe('a payment by checkout', () => {
  let app: TestApp
  let fan: Person
  let admin: Person
  let n = 0

  before(async () => {
    app = await startApp()
    fan = await signUp(app, 'fan')
    admin = await signIn(app, app.admin.email, app.admin.password)
    await fan.online()
  })
  after(() => app.stop())
  afterEach(async () => {
    await faults({ duplicate: null, reorder: null, delay_ms: null, drop: null, forge: null, timeout_after_charge: null })
    expect(await app.check()).to.deep.equal([])
  })

  it('that was declined or cancelled moves nothing', async () => {
    for (const outcome of ['failed', 'cancelled']) {
      const before = await cash()
      const started = await start(300)
      await pay(started, outcome)
      expect(await settled(fan, started.payment_id)).to.equal('failed')
      expect(await cash()).to.equal(before)
    }
  })

  it('that fails first and succeeds late is credited once, through suspense', async () => {
    const before = await cash()
    const started = await start(310)
    await pay(started, 'late')
    expect(await settled(fan, started.payment_id)).to.equal('failed')
    expect(await settled(fan, started.payment_id)).to.equal('success')
    expect(await cash()).to.equal(before + 310)
    expect(await app.db.collection('entries').countDocuments({ source: started.payment_id })).to.equal(2)
  })

  it('whose webhook comes twenty times at once has one effect', async () => {
    await faults({ duplicate: 19 })
    const before = await cash()
    const started = await start(320)
    await pay(started)
    expect(await settled(fan, started.payment_id)).to.equal('success')
    expect(await cash()).to.equal(before + 320)
    expect(await app.db.collection('payment_inbox').countDocuments({ reference: started.payment_id })).to.equal(1)
  })

  it('beside which a forged webhook comes believes only the company itself', async () => {
    await faults({ forge: true })
    const before = await cash()
    const started = await start(330)
    await pay(started, 'failed')
    expect(await settled(fan, started.payment_id)).to.equal('failed')
    expect(await cash()).to.equal(before)
  })

  it('whose webhook is lost is found by asking', async () => {
    await faults({ drop: true })
    const before = await cash()
    const started = await start(340)
    await pay(started)
    expect(await cash()).to.equal(before)
    app.wall.advance({ seconds: 31 })
    expect(await settled(fan, started.payment_id)).to.equal('success')
    expect(await cash()).to.equal(before + 340)
  })

  it('of which the company charged another amount moves nothing and waits for a person', async () => {
    const before = await cash()
    const started = await start(350)
    await app.sandboxDb.collection('charges').updateOne({ reference: started.payment_id }, { $set: { amount: 1 } })
    await pay(started)
    const state = await payment(started.payment_id, (each) => each.state === 'review')
    expect(state).to.include({ status: 'pending', state: 'review' })
    expect(await cash()).to.equal(before)
    expect(await app.db.collection('payment_inbox').findOne({ reference: started.payment_id })).to.include({ outcome: 'mismatch' })
    expect(app.logs.some((line) => line.level === 'error' && line.message.includes('another amount'))).to.equal(true)
  })

  it('that the company will not open is declined, moves nothing, and burns no key', async () => {
    const started = await start(355, 'refused')
    // As a crash before the first answer leaves it; meanwhile the company's book has another order under this reference.
    await app.db.collection('payments').updateOne({ _id: started.payment_id as never }, { $set: { state: 'created', version: 1 }, $unset: { provider_payment_id: 1, checkout_url: 1 }, $pop: { transitions: 1 } as never })
    await app.db.collection('idempotency_keys').updateOne({ _id: /refused$/ as never }, { $set: { state: 'started', resource_id: started.payment_id, lease_until: new Date(0) }, $unset: { answer: 1 } })
    await app.sandboxDb.collection('charges').updateOne({ reference: started.payment_id }, { $set: { amount: 1 } })
    const declined = await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 355, currency: 'ZMW' }, 'refused')
    expect([declined.status, declined.body.code]).to.deep.equal([402, 'payment-declined'])
    expect(await payment(started.payment_id, (each) => each.state === 'failed')).to.include({ status: 'failed' })
    const again = await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 355, currency: 'ZMW' }, 'refused')
    expect(again.status).to.equal(201)
    expect(again.body.payment_id).not.to.equal(started.payment_id)
  })

  it('is answered with the same checkout under the same key, and as in progress while the first call runs', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 360, currency: 'ZMW' }, 'twins')))
    const codes = new Set(answers.map((each) => each.status))
    expect([...codes].every((status) => status === 201 || status === 409)).to.equal(true)
    const later = await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 360, currency: 'ZMW' }, 'twins')
    const ids = new Set([...answers.filter((each) => each.status === 201), later].map((each) => (each.body as Checkout).payment_id))
    expect(ids.size).to.equal(1)
    expect(await app.db.collection('payments').countDocuments({ amount: 360 })).to.equal(1)
  })

  it('under the key of somebody else is a payment of its own', async () => {
    const other = await signUp(app, 'fan')
    const mine = await fan.http('POST', '/api/v1/wallets/me/top-ups', { amount: 370, currency: 'ZMW' }, 'shared')
    const theirs = await other.http('POST', '/api/v1/wallets/me/top-ups', { amount: 370, currency: 'ZMW' }, 'shared')
    expect((theirs.body as Checkout).payment_id).not.to.equal((mine.body as Checkout).payment_id)
  })

  describe('and its webhooks', () => {
    it('W2: out of time by 301 seconds either way', async () => {
      for (const offset of [-301, 301]) expect(await send(hook(), { offset })).to.include({ status: 400 }).and.have.nested.property('body.code', 'signature-time')
      expect((await send(hook(), { offset: 290 })).status).to.equal(200)
    })

    it('W3: the same event again, also with other content, is 200 and changes nothing', async () => {
      const id = newId('evt')
      expect((await send(hook('success', 'pay_unknown'), { id })).body).to.deep.equal({ status: 'success' })
      const first = await app.db.collection<{ _id: string; body_hash: string }>('payment_inbox').findOne({ _id: `sandbox:${id}` })
      expect((await send(hook('failed', 'pay_unknown'), { id })).body).to.deep.equal({ status: 'success' })
      const second = await app.db.collection<{ _id: string; body_hash: string }>('payment_inbox').findOne({ _id: `sandbox:${id}` })
      expect(second?.body_hash).to.equal(first?.body_hash)
      expect(app.logs.some((line) => line.message.includes('another message under an event id'))).to.equal(true)
    })

    it('W4: of an unknown kind are ignored, of an unknown payment parked, both with 200', async () => {
      const [ignored, parked] = [newId('evt'), newId('evt')]
      expect((await send(hook('teleported'), { id: ignored })).body).to.deep.equal({ status: 'success' })
      expect((await send(hook('success'), { id: parked })).body).to.deep.equal({ status: 'success' })
      await outcome(ignored, 'ignored')
      await outcome(parked, 'parked')
    })

    it('W5: that are signed but no JSON', async () => {
      expect((await send('not json')).body.code).to.equal('bad-json')
    })

    it('of a payment that has not happened believe the company’s answer, not their own word', async () => {
      const before = await cash()
      const started = await start(380)
      const id = newId('evt')
      await send(hook('success', started.payment_id), { id })
      await outcome(id, 'superfluous')
      expect(await cash()).to.equal(before)
    })
  })

  function start(amount: number, key = `p${++n}`): Promise<Checkout> {
    return fan.call('wallet:top-up', { amount, currency: 'ZMW' }, { key })
  }

  async function cash(): Promise<number> {
    return (await fan.call('wallet:me', {})).buckets.cash
  }

  async function faults(set: SandboxFaults): Promise<void> {
    await admin.call('sandbox:faults', set)
  }

  async function payment(id: string, holds: (each: Payment) => boolean): Promise<Payment> {
    for (;;) {
      const found = await fan.call('payment:read', { payment_id: id })
      if (holds(found)) return found
      await fan.fact('payment:updated')
    }
  }

  /** Until the worker has come to its end with an event. */
  async function outcome(eventId: string, expected: string): Promise<void> {
    const rows = app.db.collection<{ _id: string; outcome: string }>('payment_inbox')
    for (let look = 0; look < 200; look++) {
      const row = await rows.findOne({ _id: `sandbox:${eventId}` })
      if (row && row.outcome !== 'received') return void expect(row.outcome).to.equal(expected)
    }
    throw new Error('The event is still waiting')
  }

  function hook(status = 'success', payment_id = newId('pay')): string {
    return JSON.stringify({ payment_id, status, timestamp: new Date().toISOString() })
  }

  function send(body: string, { id = newId('evt'), offset = 0 }: { id?: string; offset?: number } = {}): Promise<Answer> {
    const stamp = Math.floor(app.wall.now().getTime() / 1000) + offset
    const signature = `v1,${createHmac('sha256', app.webhookKey).update(`${id}.${stamp}.${body}`).digest('base64')}`
    return ask(`${app.url}/api/v1/payments/webhook`, { raw: body, headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(stamp), 'webhook-signature': signature } })
  }
})
