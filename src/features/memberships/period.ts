import { Temporal } from 'temporal-polyfill'
import type { Interval } from './contract.ts'

/** When a membership is charged: always the day and hour of its start, in the creator's time zone. */
export interface Cycle {
  anchor: Date
  /** IANA */
  zone: string
  interval: Interval
}

const units = { week: 'weeks', month: 'months', year: 'years' } as const

/**
 * The start of the n-th period, which is the end of the one before. It is counted from the anchor and never from the period before: from a
 * 31st to the 28th it must find back to a 31st. An hour that a day doesn't have, when clocks go forward, becomes the next that it has; of an
 * hour that comes twice, the first is meant.
 */
export function startOfPeriod({ anchor, zone, interval }: Cycle, n: number): Date {
  const first = Temporal.Instant.fromEpochMilliseconds(anchor.getTime()).toZonedDateTimeISO(zone)
  return new Date(first.add({ [units[interval]]: n }).epochMilliseconds)
}

/** The same hour, so many days later by the calendar of the zone. */
export function daysLater(from: Date, zone: string, days: number): Date {
  return new Date(Temporal.Instant.fromEpochMilliseconds(from.getTime()).toZonedDateTimeISO(zone).add({ days }).epochMilliseconds)
}
