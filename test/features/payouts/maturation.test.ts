import { expect } from 'chai'
import { startApp, type TestApp } from '../../support/app.ts'
import { type Person, signIn, signUp, topUp } from '../../support/cast.ts'
import { banks, openTill } from './support.ts'

describe('what a creator earned', () => {
  let app: TestApp
  let admin: Person
  let fan: Person
  let keys = 0

  before(async () => {
    app = await startApp({ TIP_FEE_BPS: '0' })
    admin = await signIn(app, app.admin.email, app.admin.password)
    fan = await signUp(app, 'fan')
    await topUp(fan, 1_000_000)
  })
  afterEach(async () => expect(await app.check()).to.deep.equal([]))
  after(() => app.stop())

  it('is available a week after its day, and two weeks after it while the creator is new', async () => {
    const creator = await signUp(app, 'creator')
    await tip(creator, 1_000)
    await days(13)
    expect(await buckets(creator)).to.deep.equal([1_000, 0])
    await days(2)
    expect(await buckets(creator)).to.deep.equal([0, 1_000])
    await days(20)
    await tip(creator, 500)
    await days(6)
    expect(await buckets(creator)).to.deep.equal([500, 1_000])
    await days(2)
    expect(await buckets(creator)).to.deep.equal([0, 1_500])
  })

  it('is told by kind and by day, to the cent as the ledger has it, and what goes out next', async () => {
    const till = await openTill({ TIP_FEE_BPS: '450', MEMBERSHIP_FEE_BPS: '750' })
    const creator = await till.earner(1_111)
    const member = await signUp(till.app, 'fan')
    await topUp(member, 10_000)
    const tier = (await creator.http('POST', '/api/v1/tiers', { name: 'Club', rank: 1, benefits: [], prices: [{ interval: 'month', amount: 2_999, currency: 'ZMW' }] })).body
    await member.http('POST', '/api/v1/memberships', { tier_id: tier.tier_id, interval: 'month', pay_with: 'wallet' }, 'join')
    const line = (await member.http('GET', '/api/v1/wallets/me/transactions')).body.data.find((each: { amount: number }) => each.amount === -2_999)
    await creator.http('POST', `/api/v1/payments/${line.payment_id}/refunds`, { amount: 1_000, reason: 'Sorry', to: 'wallet' }, 'back')
    const earned = (await creator.http('GET', '/api/v1/creators/me/earnings?days=7')).body
    expect(earned.kinds).to.deep.equal([
      { kind: 'tip', count: 1, gross: 1_111, fee: 50, net: 1_061 },
      { kind: 'membership', count: 1, gross: 2_999, fee: 225, net: 2_774 },
      { kind: 'refund', count: 1, gross: -1_000, fee: -75, net: -925 },
    ])
    expect(earned.days).to.have.length(7)
    expect(earned.days.map((each: { net: number }) => each.net)).to.deep.equal([0, 0, 0, 1_061, 0, 0, 1_849])
    expect(await till.buckets(creator)).to.include({ pending: 1_849, available: 1_061 })
    expect(earned.next_payout).to.equal(null)
    await creator.http('PUT', '/api/v1/creators/me', { bank_account: banks.good })
    await creator.http('PUT', '/api/v1/payouts/settings', { mode: 'weekly', weekday: 5, threshold: null, account_name: 'Ana Banda' })
    const { next_payout } = (await creator.http('GET', '/api/v1/creators/me/earnings')).body
    expect(next_payout.amount).to.be.oneOf([1_061, 1_061 + 1_849])
    expect(new Date(next_payout.at).getUTCDay()).to.equal(5)
    expect((await creator.http('GET', '/api/v1/creators/me/earnings?days=400')).body.code).to.equal('validation')
    await till.app.stop()
  })

  it('of each day matures on its own, by one entry a day', async () => {
    const creator = await signUp(app, 'creator')
    await days(31)
    for (const amount of [100, 200, 300]) {
      await tip(creator, amount)
      await days(1)
    }
    const seen: number[] = []
    for (let n = 0; n < 8; n++) {
      seen.push((await buckets(creator))[1] as number)
      await days(1)
    }
    expect([...new Set(seen)]).to.deep.equal([0, 100, 300, 600])
    const entries = await app.db.collection('entries').find({ reason: 'maturation', source: creator.id }).toArray()
    expect(entries).to.have.length(3)
    expect(new Set(entries.map((each) => each['reference'])).size).to.equal(3)
  })

  it('and was given back after it had matured is taken from what came since, and nothing falls short for ever', async () => {
    const creator = await signUp(app, 'creator')
    await days(31)
    const payment_id = await tip(creator, 1_000)
    await days(8)
    expect(await buckets(creator)).to.deep.equal([0, 1_000])
    await tip(creator, 600)
    const back = await creator.http('POST', `/api/v1/payments/${payment_id}/refunds`, { reason: 'Sorry', to: 'wallet' }, `refund-${++keys}`)
    expect(back.body, back.text).to.include({ status: 'succeeded' })
    // 600 that were pending and 400 that were available.
    expect(await buckets(creator)).to.deep.equal([0, 600])
    await tip(creator, 50)
    await days(8)
    expect(await buckets(creator)).to.deep.equal([0, 650])
  })

  it('and was written down after its day had matured goes with the next day', async () => {
    const creator = await signUp(app, 'creator')
    await days(31)
    await tip(creator, 100)
    const late = await tip(creator, 70)
    await days(7)
    // As if it had committed only now: it bears the hour in which it was begun.
    const entry = await app.db.collection('entries').findOneAndUpdate({ source: late }, { $set: { at: new Date((await now()).getTime() - 20 * 24 * 3600_000) } })
    await days(1)
    expect(await buckets(creator)).to.deep.equal([0, 170])
    await app.db.collection('entries').updateOne({ source: late }, { $set: { at: entry?.['at'] } })
  })

  it('runs once a day, also in two processes at once and after it was cut off', async () => {
    const creator = await signUp(app, 'creator')
    await days(31)
    await tip(creator, 900)
    await days(7)
    const second = await startApp({ TIP_FEE_BPS: '0' }, app)
    try {
      await app.db.collection<{ _id: string }>('maturation_progress').updateOne({ _id: 'maturation' }, { $set: { day: '2000-01-01' } })
      await Promise.all([app.runJob('payouts.maturation'), second.runJob('payouts.maturation')])
    } finally {
      await second.stop()
    }
    expect(await buckets(creator)).to.deep.equal([0, 900])
  })

  async function tip(creator: Person, amount: number): Promise<string> {
    const { status, text } = await fan.http('POST', `/api/v1/creators/${creator.id}/tips`, { amount, currency: 'ZMW' }, `tip-${++keys}`)
    expect(status, text).to.equal(201)
    // The books are sealed before the day is looked at.
    await app.runJob('ledger.seal')
    const { data } = (await fan.http('GET', '/api/v1/wallets/me/transactions?limit=1')).body
    return data[0].payment_id
  }

  async function days(count: number): Promise<void> {
    await admin.call('clock:advance', { by: `P${count}D` })
  }

  async function now(): Promise<Date> {
    return new Date((await admin.http('GET', '/api/v1/clock')).body.now)
  }

  async function buckets(creator: Person): Promise<number[]> {
    const { pending, available } = (await creator.http('GET', '/api/v1/wallets/me')).body.buckets
    return [pending, available]
  }
})
