import type { Interval } from './contract.ts'

interface Terms {
  tier_id: string
  rank: number
  interval: Interval
  amount: number
}

/** When a change takes effect: more for more takes effect now, everything else when the period that was paid is over. */
export function effectOf(present: Terms, wanted: Terms): 'now' | 'period_end' | 'undo' {
  if (wanted.tier_id === present.tier_id && wanted.interval === present.interval) return 'undo'
  const isUpgrade = wanted.rank > present.rank && wanted.interval === present.interval && wanted.amount >= present.amount
  return isUpgrade ? 'now' : 'period_end'
}

/** What the rest of the period costs more: the difference by the share of it that is left, halves up. BigInt inside: it may pass 2^53. */
export function differenceDue(present: { amount: number }, wanted: { amount: number }, period: { start: Date; end: Date }, now: Date): number {
  const whole = BigInt(period.end.getTime() - period.start.getTime())
  const left = BigInt(Math.max(0, period.end.getTime() - now.getTime()))
  const more = BigInt(wanted.amount - present.amount)
  return Number((2n * more * left + whole) / (2n * whole))
}
