import { expect } from 'chai'
import { clawback } from '../../src/features/payments/clawback.ts'
import type { Operations } from '../../src/features/catalogue.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { pay, type Person, settled, signIn, signUp, topUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'

type Refund = Operations['refund:create']['output']

describe('a refund', () => {
  let app: TestApp
  let admin: Person
  let keys = 0

  before(async () => {
    app = await startApp({ TIP_FEE_BPS: '333' })
    admin = await signIn(app, app.admin.email, app.admin.password)
  })
  afterEach(async () => expect(await app.check()).to.deep.equal([]))
  after(() => app.stop())

  it('takes from the creator and the platform what each got, in parts that add up to the cent, and never more', async () => {
    const { fan, creator, payment_id } = await tipped(1_000)
    for (const amount of [333, 333, 333]) expect((await refund(creator, payment_id, { amount })).body).to.include({ status: 'succeeded', amount, to: 'wallet' })
    expect((await payment(fan, payment_id)).state).to.equal('partially_refunded')
    expect((await refund(creator, payment_id, { amount: 2 })).body).to.include({ code: 'exceeds-captured' })
    expect((await refund(creator, payment_id)).body).to.include({ status: 'succeeded', amount: 1 })
    expect(await payment(fan, payment_id)).to.include({ state: 'refunded', status: 'success' })
    expect((await refund(creator, payment_id)).body).to.include({ code: 'exceeds-captured' })
    expect(await buckets(fan)).to.include({ cash: 1_000 })
    expect(await buckets(creator)).to.include({ pending: 0, available: 0 })
    const balances = await app.db.collection<{ _id: string; posted: number }>('balances').find({ _id: 'platform:revenue:tip/ZMW' }).toArray()
    expect(balances.reduce((total, { posted }) => total + posted, 0) + (await unsealed('platform:revenue:tip/ZMW'))).to.equal(await feesKept())
  })

  it('goes the way that the money came: the company is asked, and the books say when it has it', async () => {
    const { creator, fan, payment_id } = await bought(2_000)
    const { body } = await refund(creator, payment_id, { amount: 500, to: 'source' })
    expect(body).to.include({ status: 'succeeded', to: 'source' })
    const [booked] = await app.sandboxDb.collection('refunds').find({ reference: body.refund_id }).toArray()
    expect(booked).to.include({ amount: 500, currency: 'ZMW' })
    expect((await payment(fan, payment_id)).state).to.equal('partially_refunded')
    expect((await fan.http('GET', `/api/v1/payments/${payment_id}/refunds`)).body.data).to.deep.equal([body])
  })

  it('of which nobody knows whether the company has it is asked for again, and given back once', async () => {
    const { creator, payment_id } = await bought(2_000)
    await admin.http('POST', '/sandbox/faults', { timeout_after_charge: true })
    const asked = refund(creator, payment_id, { to: 'source' })
    while ((await app.sandboxDb.collection('refunds').countDocuments({ amount: 2_000 })) === 0);
    await admin.http('POST', '/sandbox/faults', { timeout_after_charge: false })
    expect((await asked).status).to.equal(201)
    app.wall.advance({ minutes: 1 })
    await app.runJob('payments.refunds')
    expect((await creator.http('GET', `/api/v1/payments/${payment_id}/refunds`)).body.data[0]).to.include({ status: 'succeeded' })
    expect(await app.sandboxDb.collection('refunds').countDocuments({ amount: 2_000 })).to.equal(1)
  })

  it('draws on what is pending, then on what is available, and what is left is a debt', async () => {
    const owed = { payer_id: 'usr_1', creator_id: 'usr_2', purpose: 'tip' as const, amount: 1_000, currency: 'ZMW' as const, fee_bps: 500 }
    const taken = async (pending: number, available: number) => {
      const debits = await clawback({ holds: async (_tx, name) => (name.endsWith('pending') ? pending : available) }, undefined as never, owed, 1_000)
      return debits.map(({ account, side, amount }) => `${side} ${account} ${amount}`)
    }
    const fee = 'debit platform:revenue:tip 50'
    expect(await taken(5_000, 5_000)).to.deep.equal(['debit creator:usr_2:pending 950', fee])
    expect(await taken(900, 5_000)).to.deep.equal(['debit creator:usr_2:pending 900', 'debit creator:usr_2:available 50', fee])
    expect(await taken(500, 300)).to.deep.equal(['debit creator:usr_2:pending 500', 'debit creator:usr_2:available 300', 'debit debt:usr_2 150', fee])
    expect(await taken(0, 0)).to.deep.equal(['debit debt:usr_2 950', fee])
  })

  it('of a top-up takes from its wallet, if that has it still', async () => {
    const fan = await signUp(app, 'fan')
    const creator = await signUp(app, 'creator')
    const payment_id = await topUp(fan, 1_000)
    await fan.http('POST', `/api/v1/creators/${creator.id}/tips`, { amount: 400, currency: 'ZMW' }, `k${++keys}`)
    expect((await refund(admin, payment_id, { to: 'source' })).body).to.include({ code: 'insufficient-funds' })
    expect((await refund(admin, payment_id, { to: 'wallet', amount: 100 })).body).to.include({ code: 'stale-state' })
    expect((await refund(admin, payment_id, { to: 'source', amount: 600 })).body).to.include({ status: 'succeeded' })
    expect(await buckets(fan)).to.include({ cash: 0 })
  })

  it('that its payer asks for waits for whoever received the money', async () => {
    const { creator, fan, payment_id } = await tipped(1_000)
    const first = (await refund(fan, payment_id, { amount: 300 })).body
    expect(first).to.include({ status: 'requested' })
    expect((await decide(fan, first, 'approve')).body).to.include({ code: 'forbidden' })
    expect((await decide(creator, first, 'reject')).body).to.include({ status: 'rejected' })
    expect((await decide(creator, first, 'approve')).body).to.include({ code: 'stale-state' })
    const second = (await refund(fan, payment_id, { amount: 300 })).body
    expect((await decide(admin, second, 'approve')).body).to.include({ status: 'succeeded' })
    expect(await buckets(fan)).to.include({ cash: 300 })
    const stranger = await signUp(app, 'fan')
    expect((await refund(stranger, payment_id)).body).to.include({ code: 'not-found' })
  })

  it('H25: of twenty at once for all of it, one succeeds', async () => {
    const { creator, fan, payment_id } = await tipped(1_000)
    const answers = await Promise.all(Array.from({ length: 20 }, () => refund(creator, payment_id)))
    expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([201, ...Array.from({ length: 19 }, () => 422)])
    expect(await buckets(fan)).to.include({ cash: 1_000 })
  })

  it('H25: of twenty at once in two processes, some for a third of it, no more goes back than was paid', async () => {
    const beside = await startApp({ TIP_FEE_BPS: '333' }, app)
    try {
      const { creator, fan, payment_id } = await tipped(1_000)
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_each, n) => ask(`${(n % 2 ? beside : app).url}/api/v1/payments/${payment_id}/refunds`, { token: creator.token, key: `k${++keys}`, json: { reason: 'As a test', to: 'wallet', ...(n % 4 < 2 ? {} : { amount: 333 }) } })),
      )
      const given = answers.filter(({ status }) => status === 201)
      expect(answers.filter(({ status }) => status !== 201).map(({ body }) => body.code).filter((code) => code !== 'exceeds-captured')).to.deep.equal([])
      expect(given.reduce((sum, { body }) => sum + body.amount, 0)).to.equal((await buckets(fan)).cash).and.to.be.at.most(1_000)
      expect((await payment(fan, payment_id)).state).to.equal('refunded')
    } finally {
      await beside.stop()
    }
  })

  it('H23, H24: needs its key, which stands for one refund', async () => {
    const { creator, payment_id } = await tipped(1_000)
    const path = `/api/v1/payments/${payment_id}/refunds`
    expect((await creator.http('POST', path, { amount: 100, reason: 'r', to: 'wallet' })).body).to.include({ code: 'idempotency-key' })
    const twice = await Promise.all([1, 2].map(() => creator.http('POST', path, { amount: 100, reason: 'r', to: 'wallet' }, 'one-refund')))
    expect(twice.filter(({ status }) => status === 201).length).to.be.at.least(1)
    expect((await creator.http('POST', path, { amount: 200, reason: 'r', to: 'wallet' }, 'one-refund')).body).to.include({ code: 'key-reused' })
    expect((await creator.http('GET', path)).body.data).to.have.length(1)
  })

  async function tipped(amount: number) {
    const fan = await signUp(app, 'fan')
    const creator = await signUp(app, 'creator')
    await topUp(fan, amount)
    await fan.http('POST', `/api/v1/creators/${creator.id}/tips`, { amount, currency: 'ZMW' }, `k${++keys}`)
    const { data } = (await fan.http('GET', '/api/v1/wallets/me/transactions')).body
    return { fan, creator, payment_id: data.find((line: { amount: number }) => line.amount === -amount).payment_id as string }
  }

  async function bought(amount: number) {
    const fan = await signUp(app, 'fan')
    const creator = await signUp(app, 'creator')
    const started = (await fan.http('POST', '/api/v1/payments/initiate', { creator_id: creator.id, amount, currency: 'ZMW', message: '' }, `k${++keys}`)).body
    await fan.online()
    await pay(started)
    await settled(fan, started.payment_id)
    await app.app.dispatcher.whenIdle()
    return { fan, creator, payment_id: started.payment_id as string }
  }

  async function refund(by: Person, paymentId: string, wish: object = {}): Promise<{ status: number; body: Refund & { code?: string } }> {
    return by.http('POST', `/api/v1/payments/${paymentId}/refunds`, { reason: 'As a test', to: 'wallet', ...wish }, `k${++keys}`)
  }

  async function decide(by: Person, { refund_id }: Refund, decision: string) {
    return by.http('POST', `/api/v1/refunds/${refund_id}/decide`, { decision }, `k${++keys}`)
  }

  async function payment(by: Person, paymentId: string) {
    return (await by.http('GET', `/api/v1/payments/${paymentId}`)).body
  }

  async function buckets(of: Person) {
    return (await of.http('GET', '/api/v1/wallets/me')).body.buckets
  }

  async function unsealed(balance: string): Promise<number> {
    const found = await app.db.collection<{ deltas: { balance: string; delta: number }[] }>('unsealed').find({ 'deltas.balance': balance }).toArray()
    return found.flatMap((row) => row.deltas).reduce((total, each) => (each.balance === balance ? total + each.delta : total), 0)
  }

  /** By the rule: the fee of every tip, less that of what was given back. */
  async function feesKept(): Promise<number> {
    const rows = await app.db.collection<{ _id: string; amount: number; refunded?: number; fee_bps: number; purpose: string; state: string }>('payments').find({ purpose: 'tip', state: { $in: ['succeeded', 'partially_refunded', 'refunded'] } }).toArray()
    const fee = (gross: number, bps: number): number => Math.floor((gross * bps + 5_000) / 10_000)
    return rows.reduce((total, row) => total + fee(row.amount, row.fee_bps) - fee(row.refunded ?? 0, row.fee_bps), 0)
  }
})
