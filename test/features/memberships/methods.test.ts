import { expect } from 'chai'
import { pay, type Person } from '../../support/cast.ts'
import { type Club, type Membership, newKey, openClub } from './support.ts'

const dayMs = 24 * 3600_000

describe('a membership paid by a saved method', () => {
  let club: Club

  before(async () => {
    club = await openClub()
  })
  afterEach(async () => expect(await club.app.check()).to.deep.equal([]))
  after(() => club.stop())

  it('begins when the company has charged it, and renews so', async () => {
    const fan = await club.fan(0)
    const pay_with = await method(fan, 'success')
    const { status, body: joined, text } = await club.join(fan, club.basic, { pay_with })
    expect(status, text).to.equal(201)
    expect(joined).to.include({ status: 'active', pay_with, mobile_money_url: null })
    expect(await club.access(fan)).to.include({ allowed: true, why: 'member' })
    await club.advance('P3M')
    expect(await club.look(fan, joined)).to.include({ status: 'active' })
    expect(await chargesOf(fan)).to.deep.equal(['succeeded', 'succeeded', 'succeeded', 'succeeded'])
  })

  it('is none when the first charge is refused, and the same key tries again', async () => {
    const fan = await club.fan(0)
    const pay_with = await method(fan, 'decline')
    const refused = await club.join(fan, club.basic, { pay_with })
    expect([refused.status, (refused.body as unknown as { code: string }).code]).to.deep.equal([402, 'payment-declined'])
    expect((await fan.http('GET', '/api/v1/memberships')).body.data.map((each: Membership) => each.status)).to.deep.equal(['expired'])
    expect((await club.join(fan, club.basic, { pay_with: await method(fan, 'success') })).body).to.include({ status: 'active' })
  })

  it('is past due when a renewal is refused, tried on days 1, 3, 5 and 7, suspended, and paid with another method', async () => {
    const fan = await club.fan(0)
    const { body: joined } = await club.join(fan, club.basic, { pay_with: await method(fan, 'decline_after:1') })
    const end = new Date(joined.current_period_end)
    await until(end, 0)
    expect(await club.look(fan, joined)).to.include({ status: 'past_due' })
    expect(await club.access(fan)).to.include({ allowed: true, why: 'grace' })
    await until(end, 8)
    expect(await club.look(fan, joined)).to.include({ status: 'suspended' })
    expect(await chargesOf(fan)).to.deep.equal(['succeeded', 'failed', 'failed', 'failed', 'failed', 'failed'])
    const good = await method(fan, 'success')
    const paid = await fan.http('POST', `/api/v1/memberships/${joined.membership_id}/pay`, { pay_with: good }, newKey())
    expect(paid.body).to.include({ status: 'active', pay_with: good })
  })

  it('waits for its fan where the company wants him to confirm', async () => {
    const fan = await club.fan(0)
    const { status, body: joined } = await club.join(fan, club.basic, { pay_with: await method(fan, 'requires_action') })
    expect([status, joined.status]).to.deep.equal([201, 'incomplete'])
    expect(await club.access(fan)).to.include({ allowed: false })
    const told = becomes(fan, joined, 'active')
    await decide(joined.mobile_money_url, 'success')
    await told
    const active = await club.look(fan, joined)
    expect(active).to.include({ status: 'active', mobile_money_url: null })

    await until(new Date(active.current_period_end), 0)
    const waiting = await club.look(fan, joined)
    expect(waiting).to.include({ status: 'past_due' })
    const again = becomes(fan, waiting, 'active')
    await decide(waiting.mobile_money_url, 'success')
    await again
    expect(await club.look(fan, joined)).to.include({ status: 'active', current_period_start: active.current_period_end })
  })

  it('is charged once though the company’s answer never came, and though it was asked for again', async () => {
    const fan = await club.fan(0)
    const pay_with = await method(fan, 'success')
    await club.admin.http('POST', '/sandbox/faults', { timeout_after_charge: true, drop: true })
    const key = newKey()
    const join = () => fan.http('POST', '/api/v1/memberships', { tier_id: club.basic.tier_id, interval: 'month', pay_with }, key)
    const asked = join()
    await chargeStarted(fan)
    await club.admin.http('POST', '/sandbox/faults', { timeout_after_charge: false, drop: false })
    const first = await asked
    expect(first.status, first.text).to.equal(201)
    const told = first.body.status === 'active' ? Promise.resolve() : becomes(fan, first.body, 'active')
    club.app.wall.advance({ minutes: 1 })
    await told
    expect(await club.look(fan, first.body)).to.include({ status: 'active' })
    expect(await chargesOf(fan)).to.deep.equal(['succeeded'])
    expect(await club.app.sandboxDb.collection('charges').countDocuments({ status: 'succeeded', description: 'Membership', reference: (await payments(fan))[0]?._id })).to.equal(1)
  })

  it('costs nothing when nothing waits for the money any more: it goes to the wallet', async () => {
    const fan = await club.fan(0)
    const { body: joined } = await club.join(fan, club.basic, { pay_with: await method(fan, 'requires_action') })
    expect((await fan.http('POST', `/api/v1/memberships/${joined.membership_id}/cancel`, { at: 'now' })).body).to.include({ status: 'cancelled' })
    const arrived = fan.fact('wallet:changed')
    await decide(joined.mobile_money_url, 'success')
    await arrived
    expect(await club.cashOf(fan)).to.equal(1_000)
    expect(await chargesOf(fan)).to.deep.equal(['refunded'])
    expect(await club.look(fan, joined)).to.include({ status: 'cancelled' })
  })

  it('becomes more by a charge of the difference, and stays what it is when that is refused', async () => {
    const fan = await club.fan(0)
    const { body: joined } = await club.join(fan, club.basic, { pay_with: await method(fan, 'decline_after:1') })
    const refused = await fan.http('POST', `/api/v1/memberships/${joined.membership_id}/change`, { tier_id: club.premium.tier_id }, newKey())
    expect([refused.status, refused.body.code]).to.deep.equal([402, 'payment-declined'])
    expect(await club.look(fan, joined)).to.include({ status: 'active', tier_name: 'Basic', amount: 1_000 })
    const rich = await club.fan(0)
    const { body: second } = await club.join(rich, club.basic, { pay_with: await method(rich, 'success') })
    const changed = await rich.http('POST', `/api/v1/memberships/${second.membership_id}/change`, { tier_id: club.premium.tier_id }, newKey())
    expect(changed.body).to.include({ status: 'active', tier_name: 'Premium', amount: 3_000, current_period_end: second.current_period_end })
  })

  it('can’t be paid with what is another’s, or was taken away', async () => {
    const [fan, other] = [await club.fan(0), await club.fan(0)]
    const theirs = await method(other, 'success')
    expect((await club.join(fan, club.basic, { pay_with: theirs })).body).to.include({ code: 'validation' })
    expect((await fan.http('DELETE', `/api/v1/payment-methods/${theirs}`)).body).to.include({ code: 'not-found' })
    const { body: joined } = await club.join(other, club.basic, { pay_with: theirs })
    await other.http('DELETE', `/api/v1/payment-methods/${theirs}`)
    expect((await other.http('GET', '/api/v1/payment-methods')).body.data).to.deep.equal([])
    await until(new Date(joined.current_period_end), 0)
    expect(await club.look(other, joined)).to.include({ status: 'past_due' })
  })

  /** Until the company has written down the charge whose answer hangs. */
  async function chargeStarted(fan: Person): Promise<void> {
    for (;;) {
      const [payment] = await payments(fan)
      if (payment && (await club.app.sandboxDb.collection('charges').findOne({ reference: payment._id }))) return
    }
  }

  async function until(end: Date, days: number): Promise<void> {
    const seconds = Math.ceil((end.getTime() + days * dayMs - (await club.now()).getTime()) / 1_000)
    if (seconds > 0) await club.advance(`PT${seconds}S`)
  }

  async function payments(fan: Person) {
    return club.app.db.collection<{ _id: string; state: string }>('payments').find({ payer_id: fan.id, purpose: 'membership' }).sort({ _id: 1 }).toArray()
  }

  async function chargesOf(fan: Person): Promise<string[]> {
    return (await payments(fan)).map(({ state }) => state)
  }
})

describe('a membership paid by checkout', () => {
  let club: Club

  before(async () => {
    club = await openClub()
  })
  afterEach(async () => expect(await club.app.check()).to.deep.equal([]))
  after(() => club.stop())

  it('begins when its fan has paid, and gets a link three days before each period ends', async () => {
    const fan = await club.fan(0)
    const { status, body: joined } = await club.join(fan, club.basic, { pay_with: 'checkout' })
    expect([status, joined.status]).to.deep.equal([201, 'incomplete'])
    const first = becomes(fan, joined, 'active')
    await decide(joined.mobile_money_url, 'success')
    await first
    const active = await club.look(fan, joined)
    const end = new Date(active.current_period_end)
    await to(new Date(end.getTime() - 4 * dayMs))
    expect(await club.look(fan, joined)).to.include({ status: 'active', mobile_money_url: null })
    await to(new Date(end.getTime() - 2.5 * dayMs))
    const linked = await club.look(fan, joined)
    expect(linked.status).to.equal('active')
    const renewed = becomes(fan, linked, 'active')
    await decide(linked.mobile_money_url, 'success')
    await renewed
    expect(await club.look(fan, joined)).to.include({ status: 'active', current_period_start: active.current_period_end, mobile_money_url: null })
  })

  it('is past due when the link is not used, recovers by it even when suspended, and ends with it', async () => {
    const [fan, gone] = [await club.fan(0), await club.fan(0)]
    const memberships: Membership[] = []
    for (const each of [fan, gone]) {
      const { body } = await club.join(each, club.basic, { pay_with: 'checkout' })
      const active = becomes(each, body, 'active')
      await decide(body.mobile_money_url, 'success')
      await active
      memberships.push(await club.look(each, body))
    }
    const [mine, theirs] = memberships as [Membership, Membership]
    const end = new Date(theirs.current_period_end)
    await to(new Date(end.getTime() + dayMs))
    expect(await club.look(fan, mine)).to.include({ status: 'past_due' })
    await to(new Date(end.getTime() + 8 * dayMs))
    const suspended = await club.look(fan, mine)
    expect(suspended).to.include({ status: 'suspended' })
    const back = becomes(fan, suspended, 'active')
    await decide(suspended.mobile_money_url, 'success')
    await back
    const recovered = await club.look(fan, mine)
    expect(Math.abs(new Date(recovered.current_period_start).getTime() - (await club.now()).getTime())).to.be.below(60_000)
    await to(new Date(end.getTime() + 22 * dayMs))
    expect(await club.look(gone, theirs)).to.include({ status: 'cancelled', mobile_money_url: null })
  })

  it('stands in nobody’s way when it was never paid: another takes its place, and it is gone after 23 hours', async () => {
    const [fan, other] = [await club.fan(0), await club.fan(5_000)]
    const { body: first } = await club.join(other, club.basic, { pay_with: 'checkout' })
    expect((await club.join(other, club.premium)).body).to.include({ status: 'active' })
    expect(await club.look(other, first)).to.include({ status: 'cancelled' })
    const { body: joined } = await club.join(fan, club.basic, { pay_with: 'checkout' })
    await club.advance('P1D')
    expect(await club.look(fan, joined)).to.include({ status: 'expired', mobile_money_url: null })
  })

  async function to(at: Date): Promise<void> {
    const seconds = Math.ceil((at.getTime() - (await club.now()).getTime()) / 1_000)
    if (seconds > 0) await club.advance(`PT${seconds}S`)
  }
})

async function method(fan: Person, behaviour: string): Promise<string> {
  const answer = await fan.http('POST', '/api/v1/payment-methods', { kind: 'card', behaviour })
  expect(answer.status, answer.text).to.equal(201)
  return answer.body.payment_method_id
}

async function decide(url: string | null, outcome: string): Promise<void> {
  const answer = await pay({ mobile_money_url: url ?? '' }, outcome)
  expect(answer.status, answer.text).to.equal(200)
}

/** Resolves when a fact says so that is newer than what is known. */
async function becomes(fan: Person, { membership_id, version }: Membership, status: string): Promise<void> {
  for (;;) {
    const fact = await fan.fact('membership:changed')
    if (fact.membership_id === membership_id && fact.version > version && fact.status === status) return
  }
}
