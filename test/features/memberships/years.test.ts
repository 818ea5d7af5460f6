import { expect } from 'chai'
import { startApp, type TestApp } from '../../support/app.ts'
import { type Person, signIn, signUp, topUp } from '../../support/cast.ts'

/** With a February in them; `npm run test:long` goes through ten years. */
const months = Number(process.env['MEMBER_MONTHS'] ?? 3)
const zones = ['UTC', 'America/New_York', 'Europe/Berlin', 'Pacific/Apia', 'Asia/Kathmandu'] as const
const price = 1_000
const cash = 1_000_000

/** How long months are, written down and not computed; a year that 4 divides has a leap day, until 2100. */
const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

describe(`memberships over ${months} months`, function () {
  this.timeout(60_000 + months * 10_000)
  let app: TestApp
  let admin: Person

  before(async () => {
    app = await startApp()
    admin = await signIn(app, app.admin.email, app.admin.password)
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  it('are charged on their day in each of five zones, from the 28th to the 31st: none is missed, none is twice', async () => {
    const offers: { zone: string; tier_id: string }[] = []
    for (const zone of zones) {
      const creator = await signUp(app, 'creator')
      await creator.http('PUT', '/api/v1/creators/me', { time_zone: zone })
      const { tier_id } = (await creator.http('POST', '/api/v1/tiers', { name: 'Club', rank: 1, benefits: [], prices: [{ interval: 'month', amount: price, currency: 'ZMW' }] })).body
      offers.push({ zone, tier_id })
    }
    const joined: { zone: string; membership_id: string; fan: Person; at: Date }[] = []
    const year = (await now()).getUTCFullYear() + 1
    for (const day of [28, 29, 30, 31]) {
      // The same day in all of these zones.
      await goTo(new Date(Date.UTC(year, 0, day, 8)))
      for (const { zone, tier_id } of offers) {
        const fan = await signUp(app, 'fan')
        await topUp(fan, cash)
        const { body } = await fan.http('POST', '/api/v1/memberships', { tier_id, interval: 'month', pay_with: 'wallet' }, `join-${day}-${zone}`)
        expect(localOf(zone, new Date(body.created_at)).day).to.equal(day)
        joined.push({ zone, fan, membership_id: body.membership_id, at: new Date(body.created_at) })
      }
    }
    for (let n = 0; n < months; n++) await admin.call('clock:advance', { by: 'P1M' })
    for (const { zone, fan, membership_id, at } of joined) {
      const paid = await app.db.collection<{ created_at: Date }>('payments').find({ subject: membership_id, state: 'succeeded' }).sort({ created_at: 1 }).toArray()
      const first = localOf(zone, at)
      expect(paid.map((each) => dayOf(localOf(zone, each.created_at))), `${zone}, the ${first.day}th`).to.deep.equal(Array.from({ length: paid.length }, (_each, n) => expectedDay(year, first.day, n)))
      // The last period that has begun by now is the last that was paid.
      expect(paid.length, `${zone}, the ${first.day}th`).to.be.within(months, months + 1)
      for (const each of paid) expect(Math.abs(localOf(zone, each.created_at).minute - first.minute), 'the hour of the day').to.be.below(5)
      expect((await fan.http('GET', '/api/v1/wallets/me')).body.buckets.cash).to.equal(cash - paid.length * price)
      expect((await fan.http('GET', `/api/v1/memberships/${membership_id}`)).body.status).to.equal('active')
    }
  })

  async function now(): Promise<Date> {
    return new Date((await admin.http('GET', '/api/v1/clock')).body.now)
  }

  async function goTo(at: Date): Promise<void> {
    const seconds = Math.ceil((at.getTime() - (await now()).getTime()) / 1_000)
    if (seconds > 0) await admin.call('clock:advance', { by: `PT${seconds}S` })
  }
})

interface Local {
  year: number
  month: number
  day: number
  /** of the day */
  minute: number
}

function localOf(timeZone: string, at: Date): Local {
  const parts = Object.fromEntries(new Intl.DateTimeFormat('en-GB', { timeZone, year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', hourCycle: 'h23' }).formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  return { year: parts['year'] as number, month: parts['month'] as number, day: parts['day'] as number, minute: (parts['hour'] as number) * 60 + (parts['minute'] as number) }
}

function dayOf({ year, month, day }: Local): string {
  return `${year}-${month}-${day}`
}

/** Of a membership from a day in January: the day of its n-th charge, by the table of months. */
function expectedDay(firstYear: number, day: number, n: number): string {
  const [year, month] = [firstYear + Math.floor(n / 12), n % 12]
  const length = month === 1 && year % 4 === 0 ? 29 : (lengths[month] as number)
  return `${year}-${month + 1}-${Math.min(day, length)}`
}
