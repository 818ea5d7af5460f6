import type { Change } from './moving.ts'
import type { Charge, MembershipRow } from './model.ts'
import { startOfPeriod } from './period.ts'

/** What a membership becomes by a charge that succeeded. */
export function bought(row: MembershipRow, { kind, period, tier_id, amount }: Omit<Charge, 'payment_id'>, now: Date): Change {
  switch (kind) {
    // Its days are counted from the moment at which it was paid.
    case 'first':
    case 'recovery':
      return { ...periodOf({ ...row, anchor: now }, 0), anchor: now, attempts: 0, charge: null, resume_at: null }
    case 'period':
      return { ...nextPeriod(row, period), attempts: 0, charge: null, pending_change: null, ...(isRepriced(row) ? { price_change: null } : {}) }
    case 'upgrade':
      return { ...(tier_id === undefined ? {} : { tier_id }), ...(amount === undefined ? {} : { amount }), charge: null, pending_change: null, ...(tier_id === undefined || tier_id === row.tier_id ? {} : { price_change: null }) }
  }
}

/** What the next period costs, and what is bought by it. */
export function termsOf(row: MembershipRow): { tier_id: string; interval: MembershipRow['interval']; amount: number } {
  const { tier_id, interval, amount, price_change, pending_change } = row
  return pending_change ?? { tier_id, interval, amount: price_change && isRepriced(row) ? price_change.amount : amount }
}

/** Whether the period after the present costs something else, or is one of another tier, whose price was told. */
function isRepriced({ price_change, pending_change, current_period_end }: MembershipRow): boolean {
  return pending_change !== undefined || (price_change !== undefined && price_change.from <= current_period_end)
}

/**
 * The period that is to be paid next: the one after the present, or, when the server was away for longer than that, the one that runs. What
 * nobody could have had is not charged.
 */
export function dueNext(row: MembershipRow, now: Date): number {
  const cycle = cycleAfter(row)
  let period = cycle.period
  while (startOfPeriod(cycle, period + 1) <= now) period++
  return period
}

function nextPeriod(row: MembershipRow, period: number): Change {
  const { tier_id, interval, amount } = termsOf(row)
  const { anchor } = cycleAfter(row)
  return { tier_id, interval, amount, anchor, ...periodOf({ anchor, zone: row.zone, interval }, period) }
}

// Another interval has a day of its own: that on which it begins.
function cycleAfter(row: MembershipRow): Pick<MembershipRow, 'anchor' | 'zone' | 'interval'> & { period: number } {
  const { interval } = termsOf(row)
  return interval === row.interval ? { anchor: row.anchor, zone: row.zone, interval, period: row.period + 1 } : { anchor: row.current_period_end, zone: row.zone, interval, period: 0 }
}

function periodOf(cycle: Pick<MembershipRow, 'anchor' | 'zone' | 'interval'>, period: number): { period: number; current_period_start: Date; current_period_end: Date } {
  return { period, current_period_start: startOfPeriod(cycle, period), current_period_end: startOfPeriod(cycle, period + 1) }
}
