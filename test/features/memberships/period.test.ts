import { expect } from 'chai'
import { startOfPeriod } from '../../../src/features/memberships/period.ts'
import { differenceDue, effectOf } from '../../../src/features/memberships/proration.ts'

/**
 * Written down by hand from calendars, not by the code under test: what the local date of each of twelve months is when a membership began
 * on a day that not every month has.
 */
const lastDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

describe('a period', () => {
  it('begins on the anchor’s day, or on the month’s last, and finds back: ten years, days 28 to 31, five zones', () => {
    for (const zone of ['UTC', 'America/New_York', 'Europe/Berlin', 'Pacific/Apia', 'Asia/Kathmandu'])
      for (const day of [28, 29, 30, 31]) {
        const anchor = instantAt(zone, 2028, 1, day, 14)
        for (let n = 0; n <= 120; n++) {
          const [year, month] = [2028 + Math.floor(n / 12), n % 12]
          const isLeap = year % 4 === 0
          const length = month === 1 && isLeap ? 29 : (lastDays[month] as number)
          expect(startOfPeriod({ anchor, zone, interval: 'month' }, n).toISOString(), `${zone} ${day} +${n}`).to.equal(instantAt(zone, year, month + 1, Math.min(day, length), 14).toISOString())
        }
      }
  })

  it('of a year from a leap day is on the last of February, and on the 29th again four years later', () => {
    const cycle = { anchor: new Date('2028-02-29T10:00:00Z'), zone: 'UTC', interval: 'year' as const }
    expect([1, 2, 3, 4].map((n) => startOfPeriod(cycle, n).toISOString().slice(0, 10))).to.deep.equal(['2029-02-28', '2030-02-28', '2031-02-28', '2032-02-29'])
  })

  it('keeps its hour over the days on which clocks are changed, and takes the next hour where that one is missing', () => {
    const berlin = { zone: 'Europe/Berlin', interval: 'week' as const }
    expect(startOfPeriod({ ...berlin, anchor: new Date('2026-03-25T08:00:00Z') }, 1).toISOString()).to.equal('2026-04-01T07:00:00.000Z')
    // 02:30 does not exist there on 29 March 2026.
    expect(startOfPeriod({ ...berlin, anchor: new Date('2026-03-22T01:30:00Z') }, 1).toISOString()).to.equal('2026-03-29T01:30:00.000Z')
    // 02:30 comes twice there on 25 October 2026.
    expect(startOfPeriod({ ...berlin, anchor: new Date('2026-10-18T00:30:00Z') }, 1).toISOString()).to.equal('2026-10-25T00:30:00.000Z')
  })
})

describe('a change', () => {
  const basic = { tier_id: 'basic', rank: 1, interval: 'month' as const, amount: 1_000 }

  it('to more takes effect now, to less or another interval later, to the same undoes one', () => {
    expect(effectOf(basic, { ...basic, tier_id: 'premium', rank: 2, amount: 3_000 })).to.equal('now')
    expect(effectOf(basic, { ...basic, tier_id: 'other', rank: 0, amount: 500 })).to.equal('period_end')
    expect(effectOf(basic, { ...basic, tier_id: 'premium', rank: 2, amount: 900 })).to.equal('period_end')
    expect(effectOf(basic, { ...basic, interval: 'year', amount: 10_000 })).to.equal('period_end')
    expect(effectOf(basic, basic)).to.equal('undo')
  })

  it('costs the difference by the share of the period that is left, halves up', () => {
    const period = { start: new Date('2026-01-01T00:00:00Z'), end: new Date('2026-01-31T00:00:00Z') }
    const at = (day: string) => differenceDue(basic, { amount: 3_000 }, period, new Date(`2026-01-${day}T00:00:00Z`))
    expect([at('01'), at('11'), at('16'), at('31')]).to.deep.equal([2_000, 1_333, 1_000, 0])
    expect(differenceDue({ amount: 0 }, { amount: 1 }, period, new Date('2026-01-16T00:00:00Z'))).to.equal(1)
    expect(differenceDue({ amount: 0 }, { amount: 1 }, period, new Date('2026-01-16T00:00:00.001Z'))).to.equal(0)
  })
})

/** The instant at which clocks in a zone show so; found by trying offsets, which is slow and simple. */
function instantAt(zone: string, year: number, month: number, day: number, hour: number): Date {
  const wanted = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')} ${String(hour).padStart(2, '0')}:00`
  const format = formatOf(zone)
  for (let minutes = -14 * 60; minutes <= 14 * 60; minutes += 15) {
    const at = new Date(Date.UTC(year, month - 1, day, hour, minutes))
    if (format.format(at).replace(',', '') === wanted) return at
  }
  throw new Error(`${wanted} does not exist in ${zone}`)
}

const formats = new Map<string, Intl.DateTimeFormat>()
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' })
  formats.set(timeZone, known)
  return known
}
