import { expect } from 'chai'
import { startApp } from '../../support/app.ts'
import { type Person, topUp } from '../../support/cast.ts'
import { ask } from '../../support/http.ts'
import { type Club, type Membership, newKey, openClub } from './support.ts'

const dayMs = 24 * 3600_000

describe('a membership paid from the wallet', () => {
  let club: Club

  before(async () => {
    club = await openClub()
  })
  afterEach(async () => expect(await club.app.check()).to.deep.equal([]))
  after(() => club.stop())

  it('begins with the money: the creator earns, the fee is taken, access is open', async () => {
    const fan = await club.fan(5_000)
    const before = (await club.creator.http('GET', '/api/v1/wallets/me')).body.buckets.pending as number
    expect(await club.access(fan)).to.deep.equal({ allowed: false, why: 'none' })
    const told = fan.fact('membership:changed')
    const { status, body } = await club.join(fan, club.basic)
    expect(status).to.equal(201)
    expect(body).to.include({ status: 'active', amount: 1_000, currency: 'ZMW', tier_name: 'Basic', rank: 1, cancel_at_period_end: false, pending_change: null })
    expect(body.next_charge_at).to.equal(body.current_period_end)
    expect(await told).to.include({ membership_id: body.membership_id, status: 'active' })
    expect(await club.cashOf(fan)).to.equal(4_000)
    expect((await club.creator.http('GET', '/api/v1/wallets/me')).body.buckets.pending - before).to.equal(900)
    expect(await club.access(fan)).to.deep.equal({ allowed: true, why: 'member', until: body.current_period_end, rank: 1, tier_id: club.basic.tier_id })
  })

  it('is there once: without the money there is none, a second is refused, the same key answers the same', async () => {
    const fan = await club.fan(999)
    expect((await club.join(fan, club.basic)).body).to.include({ code: 'insufficient-funds' })
    expect((await fan.http('GET', '/api/v1/memberships')).body.data).to.deep.equal([])
    const rich = await club.fan(9_000)
    const key = newKey()
    const ask = () => rich.http('POST', '/api/v1/memberships', { tier_id: club.basic.tier_id, interval: 'month', pay_with: 'wallet' }, key)
    const first = await ask()
    expect((await ask()).body).to.deep.equal(first.body)
    const second = await club.join(rich, club.premium)
    expect([second.status, second.body]).to.deep.include.members([409])
    expect(await club.cashOf(rich)).to.equal(8_000)
  })

  it('of two that are asked for at once, to Basic and to Premium, there is exactly one', async () => {
    for (let round = 0; round < 5; round++) {
      const fan = await club.fan(9_000)
      const answers = await Promise.all(Array.from({ length: 20 }, (_each, n) => club.join(fan, n % 2 ? club.basic : club.premium)))
      expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([201, ...Array.from({ length: 19 }, () => 409)])
      const { data } = (await fan.http('GET', '/api/v1/memberships')).body
      expect(data).to.have.length(1)
      expect(await club.cashOf(fan)).to.equal(9_000 - data[0].amount)
    }
  })

  it('H25: of twenty that are asked for at once in two processes, with one way to pay and with another, there is one', async () => {
    const beside = await startApp({ MEMBERSHIP_FEE_BPS: '1000' }, club.app)
    try {
      for (let round = 0; round < 3; round++) {
        const fan = await club.fan(9_000)
        const card = (await fan.http('POST', '/api/v1/payment-methods', { kind: 'card', behaviour: 'success' })).body.payment_method_id
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_each, n) =>
            ask(`${(n % 2 ? beside : club.app).url}/api/v1/memberships`, { token: fan.token, key: newKey(), json: { tier_id: (n % 3 ? club.basic : club.premium).tier_id, interval: 'month', pay_with: n % 4 < 2 ? 'wallet' : card } }),
          ),
        )
        expect(answers.filter(({ status }) => status === 201 || status === 202), JSON.stringify(answers.map(({ body }) => body))).to.have.length(1)
        const { data } = (await fan.http('GET', '/api/v1/memberships')).body
        const [live, ...others] = data.filter((each: Membership) => each.status === 'active')
        expect(others).to.deep.equal([])
        const paid = await club.app.db.collection('payments').find({ payer_id: fan.id, purpose: 'membership', state: 'succeeded' }).toArray()
        expect(paid.map(({ amount, subject }) => [amount, subject])).to.deep.equal([[live.amount, live.membership_id]])
      }
    } finally {
      await beside.stop()
    }
  })

  it('is seen by an admin whoever’s it is, by its state and by its people', async () => {
    const fan = await club.fan(5_000)
    const { body: joined } = await club.join(fan, club.premium)
    const list = async (query: string) => (await club.admin.http('GET', `/api/v1/admin/memberships?${query}`)).body.data
    expect(await list(`user_id=${fan.id}`)).to.have.length(1)
    expect((await list('status=active'))[0]).to.include({ membership_id: joined.membership_id, user_id: fan.id, creator_id: club.creator.id, tier_name: 'Premium', paid_by: 'wallet', reason: null })
    await club.admin.http('POST', `/api/v1/memberships/${joined.membership_id}/cancel`, { at: 'now', reason: 'Stolen card' })
    expect((await list(`user_id=${fan.id}&creator_id=${club.creator.id}&status=cancelled`))[0]).to.include({ membership_id: joined.membership_id, reason: 'Stolen card' })
    expect(await list(`user_id=${fan.id}&status=active`)).to.deep.equal([])
  })

  it('is no one’s own, of no tier that is not there, and only by a way to pay that there is', async () => {
    const fan = await club.fan(5_000)
    expect((await club.join(club.creator, club.basic)).body).to.include({ code: 'self' })
    expect((await club.join(fan, { ...club.basic, tier_id: 'tir_none' })).body).to.include({ code: 'not-found' })
    expect((await club.join(fan, club.basic, { pay_with: 'gold' })).body).to.include({ code: 'validation' })
    expect((await club.join(fan, club.basic, { interval: 'day' })).body).to.include({ code: 'validation' })
  })

  it('ends when the period does, unless its fan goes on; and starts anew afterwards', async () => {
    const fan = await club.fan(5_000)
    const { body: joined } = await club.join(fan, club.basic)
    const path = `/api/v1/memberships/${joined.membership_id}`
    expect((await fan.http('POST', `${path}/cancel`, { at: 'period_end', reason: 'Too dear' })).body).to.include({ status: 'active', cancel_at_period_end: true, next_charge_at: null, reason: 'Too dear' })
    expect((await fan.http('POST', `${path}/uncancel`)).body).to.include({ cancel_at_period_end: false, reason: null })
    await fan.http('POST', `${path}/cancel`, { at: 'period_end' })
    await club.advance('P32D')
    expect(await club.look(fan, joined)).to.include({ status: 'cancelled', access_until: null })
    expect(await club.access(fan)).to.deep.equal({ allowed: false, why: 'none' })
    expect(await club.cashOf(fan)).to.equal(4_000)
    expect((await fan.http('POST', `${path}/uncancel`)).body).to.include({ code: 'stale-state' })
    expect((await club.join(fan, club.basic)).status).to.equal(201)
  })

  it('ends at once when all that was paid for its period is given back, and goes on when only some of it is', async () => {
    const fan = await club.fan(5_000)
    const { body: joined } = await club.join(fan, club.basic)
    const { data } = (await fan.http('GET', '/api/v1/wallets/me/transactions')).body
    const { payment_id } = data.find(({ amount }: { amount: number }) => amount === -1_000)
    const back = (amount: number) => club.creator.http('POST', `/api/v1/payments/${payment_id}/refunds`, { amount, reason: 'Sorry', to: 'wallet' }, newKey())
    await back(400)
    await club.app.app.dispatcher.whenIdle()
    expect(await club.look(fan, joined)).to.include({ status: 'active' })
    await back(600)
    await club.app.app.dispatcher.whenIdle()
    expect(await club.look(fan, joined)).to.include({ status: 'cancelled' })
    expect(await club.access(fan)).to.include({ allowed: false })
    expect(await club.cashOf(fan)).to.equal(5_000)
  })

  it('ends now when that is asked for, and is never charged again', async () => {
    const fan = await club.fan(5_000)
    const { body: joined } = await club.join(fan, club.basic)
    expect((await fan.http('POST', `/api/v1/memberships/${joined.membership_id}/cancel`, { at: 'now' })).body).to.include({ status: 'cancelled' })
    expect(await club.access(fan)).to.include({ allowed: false })
    await club.advance('P2M')
    expect(await club.cashOf(fan)).to.equal(4_000)
  })
})

describe('a membership that renews', () => {
  let club: Club

  before(async () => {
    club = await openClub()
  })
  afterEach(async () => expect(await club.app.check()).to.deep.equal([]))
  after(() => club.stop())

  it('is charged once a period, on its day, for two years', async () => {
    const fan = await club.fan(30_000)
    const { body: joined } = await club.join(fan, club.basic)
    for (let year = 0; year < 2; year++) await club.advance('P1Y')
    const now = await club.look(fan, joined)
    const charged = ((await fan.http('GET', '/api/v1/wallets/me/transactions?limit=100')).body.data as { amount: number; created_at: string }[]).filter(({ amount }) => amount === -1_000)
    expect(charged).to.have.length(25)
    expect(await club.cashOf(fan)).to.equal(5_000)
    expect(now.status).to.equal('active')
    const anchor = new Date(joined.current_period_start)
    const days = charged.map(({ created_at }) => created_at.slice(0, 10)).toReversed()
    expect(days).to.deep.equal(Array.from({ length: 25 }, (_each, n) => onDay(anchor, n)))
  })

  it('is past due when it can’t be charged, keeps its access for a week, is suspended, and ends on day 21', async () => {
    const fan = await club.fan(1_500)
    const { body: joined } = await club.join(fan, club.basic)
    const end = new Date(joined.current_period_end)
    await until(end, 0)
    expect(await club.look(fan, joined)).to.include({ status: 'past_due' })
    const [letter] = await lettersTo(fan)
    expect(letter?.subject).to.include('could not be renewed')
    expect(letter?.text).to.include('ZMW 10.00').and.to.include(new Date(end.getTime() + 7 * dayMs).toISOString().slice(0, 10))
    expect(await club.access(fan)).to.deep.include({ allowed: true, why: 'grace', until: new Date(end.getTime() + 7 * dayMs).toISOString() })
    const retries: number[] = []
    for (let n = 0; n < 4; n++) {
      const { next_charge_at } = await club.look(fan, joined)
      retries.push((new Date(next_charge_at ?? 0).getTime() - end.getTime()) / dayMs)
      await until(end, retries.at(-1) as number)
    }
    expect(retries).to.deep.equal([1, 3, 5, 7])
    expect(await club.look(fan, joined)).to.include({ status: 'suspended', next_charge_at: null })
    expect(await club.access(fan)).to.deep.equal({ allowed: false, why: 'suspended' })
    await until(end, 20)
    expect(await club.look(fan, joined)).to.include({ status: 'suspended' })
    await until(end, 21)
    expect(await club.look(fan, joined)).to.include({ status: 'cancelled' })
    expect((await lettersTo(fan)).map(({ subject }) => subject.split(' ').slice(-2).join(' '))).to.deep.equal(['has ended', 'is suspended', 'be renewed'])
    expect(await club.cashOf(fan)).to.equal(500)
  })

  it('recovers by the next try, with its day unchanged', async () => {
    const fan = await club.fan(1_500)
    const { body: joined } = await club.join(fan, club.basic)
    const end = new Date(joined.current_period_end)
    await until(end, 2)
    expect(await club.look(fan, joined)).to.include({ status: 'past_due' })
    await fund(fan, 1_000)
    await until(end, 3)
    const recovered = await club.look(fan, joined)
    expect(recovered).to.include({ status: 'active', current_period_start: joined.current_period_end })
    expect(await club.cashOf(fan)).to.equal(500)
  })

  it('recovers when its fan pays: in its grace with its day unchanged, suspended with a new one', async () => {
    const [soon, late] = [await club.fan(1_000), await club.fan(1_000)]
    const [a, b] = [(await club.join(soon, club.basic)).body, (await club.join(late, club.basic)).body]
    await until(new Date(b.current_period_end), 2)
    expect((await pay(soon, a)).body).to.include({ code: 'insufficient-funds' })
    await fund(soon, 5_000)
    expect((await pay(soon, a)).body).to.include({ status: 'active', current_period_start: a.current_period_end })
    expect((await pay(soon, a)).body).to.include({ code: 'stale-state' })
    await until(new Date(b.current_period_end), 10)
    expect(await club.look(late, b)).to.include({ status: 'suspended' })
    await fund(late, 1_000)
    const recovered = (await pay(late, b)).body as Membership
    expect(recovered.status).to.equal('active')
    expect(Math.abs(new Date(recovered.current_period_start).getTime() - (await club.now()).getTime())).to.be.below(60_000)
  })

  it('is not tried again once it was cancelled while past due', async () => {
    const fan = await club.fan(1_000)
    const { body: joined } = await club.join(fan, club.basic)
    await until(new Date(joined.current_period_end), 0)
    expect((await fan.http('POST', `/api/v1/memberships/${joined.membership_id}/cancel`, { at: 'period_end' })).body).to.include({ status: 'cancelled' })
    await fund(fan, 5_000)
    await club.advance('P1M')
    expect(await club.cashOf(fan)).to.equal(5_000)
  })

  it('begins with free days where its tier has them, once for each fan', async () => {
    const tier = (await club.creator.http('POST', '/api/v1/tiers', { name: 'Try', rank: 5, benefits: [], prices: [{ interval: 'month', amount: 700, currency: 'ZMW' }], trial_days: 14 })).body
    const fan = await club.fan(1_000)
    const { body: joined } = await club.join(fan, tier)
    expect(joined).to.include({ status: 'trialing' })
    expect(await club.access(fan)).to.include({ allowed: true, why: 'trial' })
    expect(await club.cashOf(fan)).to.equal(1_000)
    await until(new Date(joined.current_period_end), 0)
    expect(await club.look(fan, joined)).to.include({ status: 'active', current_period_start: joined.current_period_end })
    expect(await club.cashOf(fan)).to.equal(300)
    await fan.http('POST', `/api/v1/memberships/${joined.membership_id}/cancel`, { at: 'now' })
    expect((await club.join(fan, tier)).body).to.include({ code: 'insufficient-funds' })
  })

  it('ends with its creator, and with a block between the two', async () => {
    const fan = await club.fan(5_000)
    const { body: joined } = await club.join(fan, club.basic)
    await club.creator.http('POST', '/api/v1/blocks', { user_id: fan.id })
    await club.app.app.dispatcher.whenIdle()
    expect(await club.look(fan, joined)).to.include({ status: 'cancelled' })
    expect((await club.join(fan, club.basic)).body).to.include({ code: 'blocked' })
    expect(await club.access(fan)).to.deep.equal({ allowed: false, why: 'blocked' })

    const other = await club.fan(5_000)
    const { body: second } = await club.join(other, club.basic)
    await club.admin.http('POST', `/api/v1/admin/users/${club.creator.id}/suspend`, { reason: 'test' })
    await club.app.app.dispatcher.whenIdle()
    await club.advance('P32D')
    expect(await club.look(other, second)).to.include({ status: 'cancelled' })
    expect(await club.cashOf(other)).to.equal(4_000)
  })

  /** The newest first, without the one that confirms the address. */
  async function lettersTo({ email }: Person): Promise<{ subject: string; text: string }[]> {
    const { data } = (await club.admin.http('GET', '/api/v1/admin/mails?limit=100')).body as { data: { to: string; subject: string; text: string }[] }
    return data.filter((mail) => mail.to === email && mail.subject.includes('membership'))
  }

  async function until(end: Date, days: number): Promise<void> {
    const seconds = Math.ceil((end.getTime() + days * dayMs - (await club.now()).getTime()) / 1_000)
    if (seconds > 0) await club.advance(`PT${seconds}S`)
  }

  async function pay(fan: Person, { membership_id }: Membership) {
    return fan.http('POST', `/api/v1/memberships/${membership_id}/pay`, {}, newKey())
  }
})

describe('a membership that changes', () => {
  let club: Club

  before(async () => {
    club = await openClub()
  })
  afterEach(async () => expect(await club.app.check()).to.deep.equal([]))
  after(() => club.stop())

  it('becomes more at once, for the share of the difference that is left, exactly as it was shown before', async () => {
    const fan = await club.fan(9_000)
    const { body: joined } = await club.join(fan, club.basic)
    const [start, end] = [new Date(joined.current_period_start).getTime(), new Date(joined.current_period_end).getTime()]
    await club.advance('P10D')
    const preview = (await fan.http('GET', `/api/v1/memberships/${joined.membership_id}/preview-change?tier_id=${club.premium.tier_id}`)).body
    expect(preview).to.include({ takes_effect: 'now', amount: 3_000, next_charge_at: joined.current_period_end })
    expect(Math.abs(preview.due_now - (2_000 * (end - start - 10 * dayMs)) / (end - start))).to.be.at.most(1)
    const changed = await change(fan, joined, { tier_id: club.premium.tier_id })
    expect(changed.body).to.include({ tier_name: 'Premium', rank: 2, amount: 3_000, current_period_end: joined.current_period_end })
    expect(Math.abs((await club.cashOf(fan)) - (8_000 - preview.due_now))).to.be.at.most(1)
    expect(await club.access(fan)).to.include({ allowed: true, rank: 2 })
  })

  it('becomes less, or of another interval, when what was paid is over; until then it can be undone', async () => {
    const fan = await club.fan(50_000)
    const { body: joined } = await club.join(fan, club.premium)
    const down = await change(fan, joined, { tier_id: club.basic.tier_id })
    expect(down.body.pending_change).to.deep.equal({ tier_id: club.basic.tier_id, tier_name: 'Basic', interval: 'month', amount: 1_000, at: joined.current_period_end })
    expect(down.body).to.include({ tier_name: 'Premium', rank: 2 })
    expect((await change(fan, joined, { tier_id: club.premium.tier_id })).body.pending_change).to.equal(null)
    await change(fan, joined, { tier_id: club.basic.tier_id, interval: 'year' })
    await club.advance('P1M')
    const now = await club.look(fan, joined)
    expect(now).to.include({ tier_name: 'Basic', interval: 'year', amount: 10_000, pending_change: null, current_period_start: joined.current_period_end })
    expect(await club.cashOf(fan)).to.equal(50_000 - 3_000 - 10_000)
  })

  it('does not change when the difference can’t be paid', async () => {
    const fan = await club.fan(1_000)
    const { body: joined } = await club.join(fan, club.basic)
    expect((await change(fan, joined, { tier_id: club.premium.tier_id })).body).to.include({ code: 'insufficient-funds' })
    expect(await club.look(fan, joined)).to.include({ tier_name: 'Basic', amount: 1_000 })
  })

  it('keeps its price and its tier when that is archived, and nobody joins it any more', async () => {
    const tier = (await club.creator.http('POST', '/api/v1/tiers', { name: 'Old', rank: 8, benefits: [], prices: [{ interval: 'month', amount: 400, currency: 'ZMW' }] })).body
    const [fan, late] = [await club.fan(2_000), await club.fan(2_000)]
    const { body: joined } = await club.join(fan, tier)
    await club.creator.http('POST', `/api/v1/tiers/${tier.tier_id}/archive`)
    expect((await club.join(late, tier)).body).to.include({ code: 'stale-state' })
    await club.advance('P1M')
    expect(await club.look(fan, joined)).to.include({ status: 'active', amount: 400 })
    expect(await club.cashOf(fan)).to.equal(1_200)
  })

  it('takes one of the seats that there are: of many who come for the last, one gets it; who leaves makes room', async () => {
    const tier = (await club.creator.http('POST', '/api/v1/tiers', { name: 'Few', rank: 9, benefits: [], prices: [{ interval: 'month', amount: 100, currency: 'ZMW' }], seats: 2 })).body
    const fans = await Promise.all(Array.from({ length: 6 }, () => club.fan(500)))
    const answers = await Promise.all(fans.map((fan) => club.join(fan, tier)))
    expect(answers.filter(({ status }) => status === 201)).to.have.length(2)
    expect(new Set(answers.filter(({ status }) => status !== 201).map(({ status }) => status))).to.deep.equal(new Set([409]))
    const inside = answers.findIndex(({ status }) => status === 201)
    await (fans[inside] as Person).http('POST', `/api/v1/memberships/${answers[inside]?.body.membership_id}/cancel`, { at: 'now' })
    const outside = fans[answers.findIndex(({ status }) => status !== 201)] as Person
    expect((await club.join(outside, tier)).status).to.equal(201)
    const listed = (await club.creator.http('GET', '/api/v1/tiers')).body.data.find(({ tier_id }: { tier_id: string }) => tier_id === tier.tier_id)
    expect(listed).to.include({ seats: 2, seats_left: 0 })
  })

  it('is seen by its creator with a name and no address', async () => {
    const fan = await club.fan(1_000)
    await club.join(fan, club.basic)
    const { data } = (await club.creator.http('GET', '/api/v1/members?status=active&limit=1')).body
    expect(data[0]).to.include({ user_id: fan.id, tier_name: 'Basic', status: 'active' })
    expect(JSON.stringify(data)).not.to.include('@')
  })

  async function change(fan: Person, { membership_id }: Membership, wish: object) {
    return fan.http('POST', `/api/v1/memberships/${membership_id}/change`, wish, newKey())
  }
})

async function fund(fan: Person, amount: number): Promise<void> {
  await topUp(fan, amount)
}

/** The n-th month after a day: that day of the month, or its last. */
function onDay(anchor: Date, n: number): string {
  const first = new Date(Date.UTC(anchor.getUTCFullYear(), anchor.getUTCMonth() + n, 1))
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
  first.setUTCDate(Math.min(anchor.getUTCDate(), last))
  return first.toISOString().slice(0, 10)
}
