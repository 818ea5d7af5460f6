/** The calendar in a time zone: fields of an instant and back, parsing and truncation. */
import { dateMillis } from '../../document.ts'
import { mongoError } from '../../errors.ts'

/** A named zone, or a fixed distance from UTC in minutes. */
export type Zone = { name: string } | { minutes: number }

export const utc: Zone = { minutes: 0 }

/** Reads `Europe/Rome`, `+02`, `+0230` or `+02:30`. Throws 40485 for anything else. */
export function zoneOf(text: string): Zone {
  if (text === 'UTC' || text === 'GMT' || text === 'Z') return utc
  const offset = /^([+-])([0-9]{2})(?::?([0-9]{2}))?$/.exec(text)
  if (offset !== null) return { minutes: (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3] ?? 0)) }
  formatOf(text)
  return { name: text }
}

/** Local time in a zone, as a Date whose UTC fields are the local ones. */
export function toLocal(date: Date, zone: Zone): Date {
  const time = date.getTime()
  if (Number.isNaN(time)) throw mongoError('BadValue', `the date ${dateMillis(date)} is out of range for this operation`)
  return new Date(time + offsetAt(time, zone))
}

/** The instant of a local time; one that is skipped by a change of the clocks is the instant as long after the change. */
export function fromLocal(local: number, zone: Zone): Date {
  if ('minutes' in zone) return new Date(local - zone.minutes * 60_000)
  const guess = local - offsetAt(local, zone)
  const second = local - offsetAt(guess, zone)
  if (guess === second) return new Date(guess)
  // At a change of the clocks the two guesses differ; the earlier fits if its own offset leads back to it.
  return new Date(local - offsetAt(second, zone) === second ? second : guess)
}

/** Minutes east of UTC at an instant. */
export function offsetMinutes(date: Date, zone: Zone): number {
  return Math.round(offsetAt(date.getTime(), zone) / 60_000)
}

/** Monday of ISO week 1 of a year, as a local date. */
export function isoYearStart(year: number): number {
  const fourth = utcMillis(year, 0, 4)
  return fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * day
}

export const day = 86_400_000

/** ISO week number and the year it belongs to. */
export function isoWeek(local: Date): { year: number; week: number } {
  const date = Math.floor(local.getTime() / day) * day
  const thursday = new Date(date + (3 - ((local.getUTCDay() + 6) % 7)) * day)
  const year = thursday.getUTCFullYear()
  return { year, week: 1 + Math.floor((date - isoYearStart(year)) / (7 * day)) }
}

/** Date.UTC, also for the years 0 to 99, which it takes for 1900 and on. */
export function utcMillis(year: number, month: number, date: number, hour = 0, minute = 0, second = 0, millisecond = 0): number {
  // The calendar repeats every 400 years.
  const cycles = Math.floor((year - 2000) / 400)
  return Date.UTC(year - cycles * 400, month, date, hour, minute, second, millisecond) + cycles * 146_097 * day
}

/** Reads ISO 8601 dates with an optional time and zone; without a zone the time is in `zone`. Throws ConversionFailure. */
export function parseDate(text: string, zone: Zone = utc): Date {
  const match = /^\s*([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?)?\s*(Z|[+-][0-9]{2}(?::?[0-9]{2})?|[A-Za-z_]+(?:\/[A-Za-z_+\-0-9]+)+|UTC|GMT)?\s*$/.exec(text)
  if (match === null) throw mongoError('ConversionFailure', `Error parsing date string '${text.slice(0, 100)}'`)
  const [, year, month, date, hour = '0', minute = '0', second = '0', fraction = '0', own] = match
  const numbers = [year, month, date, hour, minute, second].map(Number) as [number, number, number, number, number, number]
  const valid = numbers[1] >= 1 && numbers[1] <= 12 && numbers[2] >= 1 && numbers[2] <= 31 && numbers[3] <= 24 && numbers[4] <= 59 && numbers[5] <= 59
  if (!valid) throw mongoError('ConversionFailure', `Error parsing date string '${text.slice(0, 100)}'; out of range`)
  const millisecond = Math.floor(Number(`0.${fraction}`) * 1000)
  return fromLocal(utcMillis(numbers[0], numbers[1] - 1, numbers[2], numbers[3], numbers[4], numbers[5], millisecond), own === undefined ? zone : zoneOf(own))
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(name: string): Intl.DateTimeFormat {
  let format = formats.get(name)
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' })
    } catch {
      throw mongoError('Location40485', `unrecognized time zone identifier: "${name}"`)
    }
    // Only names that exist are kept, so there are no more than there are zones.
    formats.set(name, format)
  }
  return format
}

function offsetAt(time: number, zone: Zone): number {
  if ('minutes' in zone) return zone.minutes * 60_000
  const parts = new Map(formatOf(zone.name).formatToParts(time).map(({ type, value }) => [type, value]))
  const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type))
  const year = parts.get('era') === 'BC' ? 1 - number('year') : number('year')
  const local = utcMillis(year, number('month') - 1, number('day'), number('hour'), number('minute'), number('second'))
  return local - Math.floor(time / 1000) * 1000
}
