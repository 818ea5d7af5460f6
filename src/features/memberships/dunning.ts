import type { MembershipRow } from './model.ts'
import { daysLater } from './period.ts'

/** After the end of a period that could not be charged: when it is tried again, how long what it gives stays open, when it is over. */
const retryDays = [1, 3, 5, 7] as const
const graceDays = 7
const cancelDays = 21
const firstPaymentMs = 23 * 3600_000

type Timed = Pick<MembershipRow, 'status' | 'zone' | 'current_period_end' | 'created_at' | 'attempts' | 'charge' | 'resume_at'>

/** Until when access is kept although a period was not paid. */
export function graceUntil({ current_period_end, zone }: Pick<MembershipRow, 'current_period_end' | 'zone'>): Date {
  return daysLater(current_period_end, zone, graceDays)
}

/** When it is over for good unless somebody pays. */
export function cancelledFrom({ current_period_end, zone }: Pick<MembershipRow, 'current_period_end' | 'zone'>): Date {
  return daysLater(current_period_end, zone, cancelDays)
}

/** When a membership needs to be looked at next; undefined while only a payment can move it, or nothing any more. */
export function nextDue(row: Timed): Date | undefined {
  switch (row.status) {
    case 'incomplete':
      return new Date(row.created_at.getTime() + firstPaymentMs)
    case 'trialing':
    case 'active':
      return row.charge ? undefined : row.current_period_end
    case 'past_due':
      return row.charge ? graceUntil(row) : (retryAt(row) ?? graceUntil(row))
    case 'suspended':
      return cancelledFrom(row)
    case 'paused':
      return row.resume_at
    case 'cancelled':
    case 'expired':
      return undefined
  }
}

/** Undefined after the last one. */
function retryAt({ attempts, current_period_end, zone }: Timed): Date | undefined {
  const days = retryDays[attempts - 1]
  return days === undefined ? undefined : daysLater(current_period_end, zone, days)
}
