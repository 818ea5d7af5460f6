import type { MembershipRow } from './model.ts'
import { daysLater } from './period.ts'

/** After the end of a period that could not be charged: when it is tried again, how long what it gives stays open, when it is over. */
const retryDays = [1, 3, 5, 7] as const
export const retries = retryDays.length
const graceDays = 7
const cancelDays = 21
/** how long before the end of a period whoever pays by checkout gets the link */
const linkDays = 3
/** for so long after a pause it is tried to be charged, once a day */
const resumeDays = 7
const firstPaymentMs = 23 * 3600_000

type Timed = Pick<MembershipRow, 'status' | 'zone' | 'pay_with' | 'cancel_at_period_end' | 'current_period_end' | 'created_at' | 'attempts' | 'charge' | 'resume_at'>

/** Who has not paid by then has not joined. */
export function firstPaymentUntil({ created_at }: Pick<MembershipRow, 'created_at'>): Date {
  return new Date(created_at.getTime() + firstPaymentMs)
}

/** Until when access is kept although a period was not paid. */
export function graceUntil({ current_period_end, zone }: Pick<MembershipRow, 'current_period_end' | 'zone'>): Date {
  return daysLater(current_period_end, zone, graceDays)
}

/** When it is over for good unless somebody pays. */
export function cancelledFrom({ current_period_end, zone }: Pick<MembershipRow, 'current_period_end' | 'zone'>): Date {
  return daysLater(current_period_end, zone, cancelDays)
}

/** When a paused membership is tried to be charged next. */
function resumeAt({ resume_at, attempts, zone }: Timed): Date | undefined {
  return resume_at && daysLater(resume_at, zone, Math.min(attempts, resumeDays))
}

/** When it is over for good unless somebody pays for it to go on. */
export function resumeUntil({ resume_at, zone }: Pick<MembershipRow, 'resume_at' | 'zone'>): Date | undefined {
  return resume_at && daysLater(resume_at, zone, resumeDays)
}

/** When a membership needs to be looked at next; undefined while only a payment can move it, or nothing any more. */
export function nextDue(row: Timed): Date | undefined {
  switch (row.status) {
    case 'incomplete':
      return firstPaymentUntil(row)
    case 'trialing':
    case 'active':
      return periodDue(row)
    case 'past_due':
      return row.charge ? graceUntil(row) : (retryAt(row) ?? graceUntil(row))
    case 'suspended':
      return cancelledFrom(row)
    case 'paused':
      return row.charge ? resumeUntil(row) : resumeAt(row)
    case 'cancelled':
    case 'expired':
      return undefined
  }
}

// By checkout, the link is there some days before. A charge that is under way is waited for: by checkout until the period is over, by a saved
// method as long as its access is kept.
function periodDue({ pay_with, charge, attempts, cancel_at_period_end, resume_at, current_period_end: end, zone }: Timed): Date {
  if (cancel_at_period_end || resume_at) return end
  if (charge?.kind === 'period') return pay_with === 'checkout' ? end : daysLater(end, zone, graceDays)
  return pay_with === 'checkout' && attempts === 0 ? daysLater(end, zone, -linkDays) : end
}

/** Undefined after the last one. */
function retryAt({ attempts, current_period_end, zone }: Timed): Date | undefined {
  const days = retryDays[attempts - 1]
  return days === undefined ? undefined : daysLater(current_period_end, zone, days)
}
