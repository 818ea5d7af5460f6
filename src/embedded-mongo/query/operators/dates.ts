import { Int32, Long, ObjectId, Timestamp } from 'bson'
import { dateFromMillis, dateMillis, isDocument } from '../../document.ts'
import { MongoError, mongoError } from '../../errors.ts'
import { typeName } from '../show.ts'
import { type Zone, day, fromLocal, isoWeek, isoYearStart, parseDate, toLocal, utc, utcMillis, zoneOf } from './calendar.ts'
import { formatDate, parseWith } from './date-format.ts'
import { type Builder, type Compiled, argumentsOf, fixed, integerArgument, isNullish, named, namedArguments, stringArgument } from './operator.ts'

export const dateOperators: { readonly [name: string]: Builder } = {
  $year: part((local) => new Int32(local.getUTCFullYear())),
  $month: part((local) => new Int32(local.getUTCMonth() + 1)),
  $dayOfMonth: part((local) => new Int32(local.getUTCDate())),
  $dayOfYear: part((local) => new Int32(dayOfYear(local))),
  $dayOfWeek: part((local) => new Int32(local.getUTCDay() + 1)),
  $isoDayOfWeek: part((local) => new Int32(((local.getUTCDay() + 6) % 7) + 1)),
  $isoWeek: part((local) => new Int32(isoWeek(local).week)),
  $isoWeekYear: part((local) => Long.fromNumber(isoWeek(local).year)),
  $week: part((local) => new Int32(Math.floor((dayOfYear(local) - 1 - local.getUTCDay() + 7) / 7))),
  $hour: part((local) => new Int32(local.getUTCHours())),
  $minute: part((local) => new Int32(local.getUTCMinutes())),
  $second: part((local) => new Int32(local.getUTCSeconds())),
  $millisecond: part((local) => new Int32(local.getUTCMilliseconds())),
  $tsSecond: fixed(1, (value) => (isNullish(value) ? null : Long.fromNumber(timestampOf('$tsSecond', value).t))),
  $tsIncrement: fixed(1, (value) => (isNullish(value) ? null : Long.fromNumber(timestampOf('$tsIncrement', value).i))),
  $dateToParts: named(['date'], ['timezone', 'iso8601'], ({ date, timezone, iso8601 }, given) => {
    const zone = zoneArgument(timezone, given)
    if (isNullish(date) || zone === null || iso8601 === null) return null
    const local = toLocal(dateOf(date), zone)
    const time = { hour: new Int32(local.getUTCHours()), minute: new Int32(local.getUTCMinutes()), second: new Int32(local.getUTCSeconds()), millisecond: new Int32(local.getUTCMilliseconds()) }
    if (iso8601 !== true) return { year: new Int32(local.getUTCFullYear()), month: new Int32(local.getUTCMonth() + 1), day: new Int32(local.getUTCDate()), ...time }
    const { year, week } = isoWeek(local)
    return { isoWeekYear: new Int32(year), isoWeek: new Int32(week), isoDayOfWeek: new Int32(((local.getUTCDay() + 6) % 7) + 1), ...time }
  }),
  $dateFromParts: named([], ['year', 'month', 'day', 'hour', 'minute', 'second', 'millisecond', 'isoWeekYear', 'isoWeek', 'isoDayOfWeek', 'timezone'], fromParts),
  $dateToString: named(['date'], ['format', 'timezone', 'onNull'], ({ date, format, timezone, onNull }, given) => {
    if (isNullish(date)) return given.has('onNull') ? onNull : null
    const zone = zoneArgument(timezone, given)
    if (zone === null || (given.has('format') && isNullish(format))) return null
    const isUtc = 'minutes' in zone && zone.minutes === 0
    return formatDate(dateOf(date), zone, given.has('format') ? stringArgument(format, "$dateToString's format") : `%Y-%m-%dT%H:%M:%S.%L${isUtc ? 'Z' : ''}`)
  }),
  $dateFromString: (operand, compiler) => {
    const parts = namedArguments(operand, '$dateFromString', ['dateString'], ['format', 'timezone', 'onError', 'onNull'])
    const [text, format, timezone, onError, onNull] = ['dateString', 'format', 'timezone', 'onError', 'onNull'].map((name) => (Object.hasOwn(parts, name) ? compiler.compile(parts[name]) : undefined))
    return (scope) => {
      const value = (text as Compiled)(scope)
      if (isNullish(value)) return onNull === undefined ? null : onNull(scope)
      const zone = timezone === undefined ? utc : zoneArgument(timezone(scope), new Set(['timezone']))
      if (zone === null) return null
      try {
        const string = typeof value === 'string' ? value : undefined
        if (string === undefined) throw mongoError('ConversionFailure', `$dateFromString requires that 'dateString' be a string, found: ${typeName(value)}`)
        return format === undefined ? parseDate(string, zone) : parseWith(string, stringArgument(format(scope), "$dateFromString's format"), zone)
      } catch (error) {
        if (onError === undefined || !(error instanceof MongoError) || error.codeName !== 'ConversionFailure') throw error
        return onError(scope)
      }
    }
  },
  $dateAdd: named(['startDate', 'unit', 'amount'], ['timezone'], ({ startDate, unit, amount, timezone }, given) => shifted('$dateAdd', startDate, unit, amount, zoneArgument(timezone, given), 1)),
  $dateSubtract: named(['startDate', 'unit', 'amount'], ['timezone'], ({ startDate, unit, amount, timezone }, given) => shifted('$dateSubtract', startDate, unit, amount, zoneArgument(timezone, given), -1)),
  $dateDiff: named(['startDate', 'endDate', 'unit'], ['timezone', 'startOfWeek'], ({ startDate, endDate, unit, timezone, startOfWeek }, given) => {
    const zone = zoneArgument(timezone, given)
    if (isNullish(startDate) || isNullish(endDate) || isNullish(unit) || zone === null) return null
    const [start, end] = [toLocal(dateOf(startDate), zone), toLocal(dateOf(endDate), zone)]
    const by = unitOf('$dateDiff', unit)
    const week = weekStart(by, startOfWeek)
    return Long.fromNumber(unitIndex(end, by, week) - unitIndex(start, by, week))
  }),
  $dateTrunc: named(['date', 'unit'], ['binSize', 'timezone', 'startOfWeek'], ({ date, unit, binSize, timezone, startOfWeek }, given) => {
    const zone = zoneArgument(timezone, given)
    if (isNullish(date) || isNullish(unit) || zone === null || (given.has('binSize') && isNullish(binSize))) return null
    const size = given.has('binSize') ? integerArgument(binSize, "$dateTrunc's binSize") : 1
    if (size < 1) throw mongoError('Location5439018', `$dateTrunc requires 'binSize' to be greater than 0, but got value ${size}`)
    const by = unitOf('$dateTrunc', unit)
    return truncate(dateOf(date), by, size, zone, weekStart(by, startOfWeek))
  }),
}

const units = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'] as const
type Unit = (typeof units)[number]

const fixedUnits: { readonly [unit: string]: number } = { hour: 3_600_000, minute: 60_000, second: 1_000, millisecond: 1 }

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/** The instant of a date, or of the timestamp in an ObjectId or Timestamp. */
export function dateOf(value: unknown): Date {
  if (value instanceof Date) return value
  if (value instanceof ObjectId) return value.getTimestamp()
  if (value instanceof Timestamp) return new Date(value.t * 1000)
  throw mongoError('Location16006', `can't convert from BSON type ${typeName(value)} to Date`)
}

function part(compute: (local: Date) => unknown): Builder {
  return (operand, compiler, name) => {
    const spec = isDocument(operand) && !Object.keys(operand)[0]?.startsWith('$') ? namedArguments(operand, name, ['date'], ['timezone']) : { date: onlyArgument(operand, name) }
    const date = compiler.compile(spec['date'])
    const timezone = Object.hasOwn(spec, 'timezone') ? compiler.compile((spec as { timezone: unknown }).timezone) : undefined
    return (scope) => {
      const value = date(scope)
      const zone = timezone === undefined ? utc : zoneArgument(timezone(scope), new Set(['timezone']))
      return isNullish(value) || zone === null ? null : compute(toLocal(dateOf(value), zone))
    }
  }
}

function onlyArgument(operand: unknown, name: string): unknown {
  const list = argumentsOf(operand)
  if (list.length !== 1) throw mongoError('Location40536', `${name} accepts exactly one argument if given an array, but was given ${list.length}`)
  return list[0]
}

/** Null when the zone was given and is null: then the answer is null too. */
function zoneArgument(value: unknown, given: ReadonlySet<string>): Zone | null {
  if (!given.has('timezone')) return utc
  if (isNullish(value)) return null
  if (typeof value !== 'string') throw mongoError('Location40517', `timezone must evaluate to a string, found ${typeName(value)}`)
  return zoneOf(value)
}

function timestampOf(name: string, value: unknown): Timestamp {
  if (!(value instanceof Timestamp)) throw mongoError('Location5687301', `${name} requires a timestamp argument, found: ${typeName(value)}`)
  return value
}

function dayOfYear(local: Date): number {
  return Math.floor((local.getTime() - utcMillis(local.getUTCFullYear(), 0, 1)) / day) + 1
}

function unitOf(name: string, value: unknown): Unit {
  if (typeof value !== 'string' || !(units as readonly string[]).includes(value)) throw mongoError('FailedToParse', `${name} parameter 'unit' value cannot be recognized as a time unit: ${String(value)}`)
  return value as Unit
}

function weekStart(unit: Unit, value: unknown): number {
  if (unit !== 'week' || value === undefined) return 0
  const name = typeof value === 'string' ? value.toLowerCase() : ''
  const index = weekdays.findIndex((weekday) => weekday === name || weekday.slice(0, 3) === name)
  if (index < 0) throw mongoError('FailedToParse', `parameter 'startOfWeek' value cannot be recognized as a day of a week: ${typeof value === 'string' ? value : typeof value}`)
  return index
}

/** The number of the unit that a local time lies in, counted from a point of its own. */
function unitIndex(local: Date, unit: Unit, week: number): number {
  const months = local.getUTCFullYear() * 12 + local.getUTCMonth()
  const days = Math.floor(local.getTime() / day)
  switch (unit) {
    case 'year':
      return local.getUTCFullYear()
    case 'quarter':
      return Math.floor(months / 3)
    case 'month':
      return months
    case 'week':
      // Day 0 of 1970 was a Thursday.
      return Math.floor((days + 4 - week) / 7)
    case 'day':
      return days
    default:
      return Math.floor(local.getTime() / (fixedUnits[unit] as number))
  }
}

/** Bins are counted from the start of the year 2000 in the zone; weeks from the first one that starts in it. */
function truncate(date: Date, unit: Unit, size: number, zone: Zone, week: number): Date {
  const reference = Date.UTC(2000, 0, 1)
  const down = (index: number): number => Math.floor(index / size) * size
  const length = fixedUnits[unit]
  if (length !== undefined) {
    const from = fromLocal(reference, zone).getTime()
    return new Date(from + down(Math.floor((date.getTime() - from) / length)) * length)
  }
  const local = toLocal(date, zone)
  if (unit === 'day') return fromLocal(reference + down(Math.floor((local.getTime() - reference) / day)) * day, zone)
  if (unit === 'week') {
    // 1 January 2000 was a Saturday.
    const from = reference + ((week - 6 + 7) % 7) * day
    return fromLocal(from + down(Math.floor((local.getTime() - from) / (7 * day))) * 7 * day, zone)
  }
  const months = unit === 'year' ? 12 : unit === 'quarter' ? 3 : 1
  const index = down(Math.floor(((local.getUTCFullYear() - 2000) * 12 + local.getUTCMonth()) / months)) * months
  return fromLocal(utcMillis(2000 + Math.floor(index / 12), ((index % 12) + 12) % 12, 1), zone)
}

function shifted(name: string, startDate: unknown, unit: unknown, amount: unknown, zone: Zone | null, sign: 1 | -1): unknown {
  if (isNullish(startDate) || isNullish(unit) || isNullish(amount) || zone === null) return null
  const by = integerArgument(amount, `${name}'s amount`) * sign
  const date = dateOf(startDate)
  const kind = unitOf(name, unit)
  const length = fixedUnits[kind]
  if (length !== undefined) return checked(name, dateFromMillis(dateMillis(date) + BigInt(by) * BigInt(length)))
  const local = toLocal(date, zone)
  if (kind === 'day' || kind === 'week') return checked(name, fromLocal(local.getTime() + by * (kind === 'week' ? 7 : 1) * day, zone))
  const months = local.getUTCFullYear() * 12 + local.getUTCMonth() + by * (kind === 'year' ? 12 : kind === 'quarter' ? 3 : 1)
  const [year, month] = [Math.floor(months / 12), ((months % 12) + 12) % 12]
  // The 31st of a month becomes the last day of a shorter one.
  const last = new Date(utcMillis(year, month + 1, 0)).getUTCDate()
  return checked(name, fromLocal(utcMillis(year, month, Math.min(local.getUTCDate(), last)) + (local.getTime() - Math.floor(local.getTime() / day) * day), zone))
}

function checked(name: string, date: Date): Date {
  if (Number.isNaN(date.getTime())) throw mongoError('Location5976500', `${name} overflowed`)
  return date
}

function fromParts(values: { [name: string]: unknown }, given: ReadonlySet<string>): unknown {
  const zone = zoneArgument(values['timezone'], given)
  if (zone === null) return null
  for (const name of given) if (name !== 'timezone' && isNullish(values[name])) return null
  const number = (name: string, otherwise: number): number => (given.has(name) ? integerArgument(values[name], `'${name}'`) : otherwise)
  const time = number('hour', 0) * 3_600_000 + number('minute', 0) * 60_000 + number('second', 0) * 1_000 + number('millisecond', 0)
  if (given.has('isoWeekYear')) {
    if (given.has('year') || given.has('month') || given.has('day')) throw mongoError('Location40489', '$dateFromParts does not allow mixing natural dates with ISO dates')
    return fromLocal(isoYearStart(number('isoWeekYear', 0)) + (number('isoWeek', 1) - 1) * 7 * day + (number('isoDayOfWeek', 1) - 1) * day + time, zone)
  }
  if (!given.has('year')) throw mongoError('Location40516', "$dateFromParts requires either 'year' or 'isoWeekYear' to be present")
  const year = number('year', 0)
  if (year < 1 || year > 9999) throw mongoError('Location40523', `'year' must evaluate to an integer in the range 1 to 9999, found ${year}`)
  return fromLocal(utcMillis(year, number('month', 1) - 1, number('day', 1)) + time, zone)
}
