/** The `%` formats of $dateToString and $dateFromString. */
import { mongoError } from '../../errors.ts'
import { type Zone, day, fromLocal, isoWeek, isoYearStart, offsetMinutes, toLocal, utcMillis, zoneOf } from './calendar.ts'

export function formatDate(date: Date, zone: Zone, format: string): string {
  const local = toLocal(date, zone)
  return format.replace(/%(.?)/gs, (_whole, letter: string) => {
    switch (letter) {
      case '%':
        return '%'
      case 'Y':
        return year(local.getUTCFullYear())
      case 'm':
        return pad(local.getUTCMonth() + 1, 2)
      case 'd':
        return pad(local.getUTCDate(), 2)
      case 'H':
        return pad(local.getUTCHours(), 2)
      case 'M':
        return pad(local.getUTCMinutes(), 2)
      case 'S':
        return pad(local.getUTCSeconds(), 2)
      case 'L':
        return pad(local.getUTCMilliseconds(), 3)
      case 'j':
        return pad(yearDay(local), 3)
      case 'w':
        return String(local.getUTCDay() + 1)
      case 'u':
        return String(((local.getUTCDay() + 6) % 7) + 1)
      case 'U':
        return pad(Math.floor((yearDay(local) - 1 - local.getUTCDay() + 7) / 7), 2)
      case 'V':
        return pad(isoWeek(local).week, 2)
      case 'G':
        return year(isoWeek(local).year)
      case 'b':
        return (months[local.getUTCMonth()] as string).slice(0, 3)
      case 'B':
        return months[local.getUTCMonth()] as string
      case 'z': {
        const minutes = offsetMinutes(date, zone)
        return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(minutes) / 60), 2)}${pad(Math.abs(minutes) % 60, 2)}`
      }
      case 'Z':
        return String(offsetMinutes(date, zone))
      default:
        throw mongoError('Location18536', `Invalid format character '%${letter}' in format string`)
    }
  })
}

/** Reads `text` by `format`; both must be used up. Throws ConversionFailure. */
export function parseWith(text: string, format: string, zone: Zone): Date {
  const fields = new Map<string, number>()
  let own: Zone | undefined
  let at = 0
  for (let index = 0; index < format.length; index += 1) {
    const letter = format.charAt(index)
    if (letter !== '%') {
      if (text.charAt(at) !== letter) throw unparsed(text, format)
      at += 1
      continue
    }
    index += 1
    const rule = rules[format.charAt(index)]
    if (rule === undefined || !Object.hasOwn(rules, format.charAt(index))) throw mongoError('Location18536', `Invalid format character '%${format.charAt(index)}' in format string`)
    const match = rule.exec(text.slice(at))
    if (match === null) throw unparsed(text, format)
    at += match[0].length
    const name = format.charAt(index)
    if (name === 'z') own = zoneOf(match[0])
    else if (name === 'Z') own = { minutes: Number(match[0]) }
    else if (name === 'b' || name === 'B') fields.set('m', 1 + months.findIndex((month) => month.slice(0, match[0].length).toLowerCase() === match[0].toLowerCase()))
    else fields.set(name, Number(match[0]))
  }
  if (at !== text.length || fields.get('m') === 0) throw unparsed(text, format)
  return fromLocal(dateOfFields(fields, () => unparsed(text, format)), own ?? zone)
}

const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']

const rules: { readonly [letter: string]: RegExp } = {
  Y: /^[0-9]{4}/, G: /^[0-9]{4}/, m: /^[0-9]{1,2}/, d: /^[0-9]{1,2}/, H: /^[0-9]{1,2}/, M: /^[0-9]{1,2}/, S: /^[0-9]{1,2}/, L: /^[0-9]{1,3}/, j: /^[0-9]{1,3}/,
  u: /^[1-7]/, V: /^[0-9]{1,2}/, b: /^[A-Za-z]{3}/, B: /^[A-Za-z]{3,9}/, z: /^(Z|[+-][0-9]{2}:?[0-9]{2})/, Z: /^[+-]?[0-9]{1,4}/, '%': /^%/,
}

function dateOfFields(fields: ReadonlyMap<string, number>, refusal: () => Error): number {
  const read = (name: string, otherwise: number, least: number, most: number): number => {
    const value = fields.get(name) ?? otherwise
    if (value < least || value > most) throw refusal()
    return value
  }
  const time = read('H', 0, 0, 23) * 3_600_000 + read('M', 0, 0, 59) * 60_000 + read('S', 0, 0, 59) * 1_000 + read('L', 0, 0, 999)
  if (fields.has('G')) return isoYearStart(read('G', 0, 0, 9999)) + (read('V', 1, 1, 53) - 1) * 7 * day + (read('u', 1, 1, 7) - 1) * day + time
  if (!fields.has('Y')) throw refusal()
  const inYear = read('Y', 0, 0, 9999)
  if (fields.has('j')) return utcMillis(inYear, 0, read('j', 1, 1, 366)) + time
  return utcMillis(inYear, read('m', 1, 1, 12) - 1, read('d', 1, 1, 31)) + time
}

function unparsed(text: string, format: string): Error {
  return mongoError('ConversionFailure', `Error parsing date string '${text.slice(0, 100)}' with format '${format.slice(0, 100)}'`)
}

function year(value: number): string {
  if (value < 0 || value > 9999) throw mongoError('Location18537', `Could not convert date to string: date component was outside the supported range of 0-9999: ${value}`)
  return pad(value, 4)
}

function yearDay(local: Date): number {
  return Math.floor((local.getTime() - utcMillis(local.getUTCFullYear(), 0, 1)) / day) + 1
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
