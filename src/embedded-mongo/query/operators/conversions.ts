import { Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'bson'
import { dateFromMillis, dateMillis } from '../../document.ts'
import { MongoError, mongoError } from '../../errors.ts'
import { isNumeric, smallNumber, truthy, typeOf, types } from '../compare.ts'
import { makeDecimal, parseDecimal, toDecimal, toNumber, toSafeInteger, truncated } from '../numbers.ts'
import { typeName } from '../show.ts'
import { parseDate } from './calendar.ts'
import { type Builder, fixed, isNullish, namedArguments } from './operator.ts'

export const conversionOperators: { readonly [name: string]: Builder } = {
  $type: fixed(1, (value) => (value === undefined ? 'missing' : typeName(value))),
  $isNumber: fixed(1, (value) => isNumeric(value)),
  $toBool: shorthand('bool'),
  $toInt: shorthand('int'),
  $toLong: shorthand('long'),
  $toDouble: shorthand('double'),
  $toDecimal: shorthand('decimal'),
  $toString: shorthand('string'),
  $toDate: shorthand('date'),
  $toObjectId: shorthand('objectId'),
  $convert: (operand, compiler) => {
    const { input, to, onError, onNull } = namedArguments(operand, '$convert', ['input', 'to'], ['onError', 'onNull'])
    const [value, target] = [compiler.compile(input), compiler.compile(to)]
    const whenError = onError === undefined ? undefined : compiler.compile(onError)
    const whenNull = onNull === undefined ? undefined : compiler.compile(onNull)
    return (scope) => {
      const from = value(scope)
      const type = target(scope)
      if (isNullish(from)) return whenNull === undefined ? null : whenNull(scope)
      if (isNullish(type)) return null
      try {
        return convert(from, targetType(type))
      } catch (error) {
        if (whenError === undefined || !(error instanceof MongoError) || error.codeName !== 'ConversionFailure') throw error
        return whenError(scope)
      }
    }
  },
}

/** A number, date, boolean or id as text. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (value instanceof Date) return isoText(value)
  if (value instanceof ObjectId) return value.toHexString()
  const small = smallNumber(value)
  return small === undefined ? String(value) : doubleText(small)
}

type Target = 'bool' | 'int' | 'long' | 'double' | 'decimal' | 'string' | 'date' | 'objectId'

const targets = new Map<unknown, Target>([
  ['bool', 'bool'], ['int', 'int'], ['long', 'long'], ['double', 'double'], ['decimal', 'decimal'], ['string', 'string'], ['date', 'date'], ['objectId', 'objectId'],
  [types.bool, 'bool'], [types.int, 'int'], [types.long, 'long'], [types.double, 'double'], [types.decimal, 'decimal'], [types.string, 'string'], [types.date, 'date'], [types.objectId, 'objectId'],
])

function shorthand(target: Target): Builder {
  return fixed(1, (value) => (isNullish(value) ? null : convert(value, target)))
}

function targetType(value: unknown): Target {
  const target = targets.get(isNumeric(value) ? toSafeInteger(value) : value)
  if (target === undefined) throw mongoError('BadValue', `Unknown or unsupported type in $convert: ${String(value)}`)
  return target
}

function convert(value: unknown, target: Target): unknown {
  const type = typeOf(value)
  switch (target) {
    case 'bool':
      return truthy(value)
    case 'string':
      if (typeof value === 'string' || typeof value === 'boolean' || isNumeric(value) || value instanceof Date || value instanceof ObjectId) return textOf(value)
      throw unsupported(value, target)
    case 'objectId':
      if (value instanceof ObjectId) return value
      if (typeof value !== 'string') throw unsupported(value, target)
      if (!/^[0-9a-fA-F]{24}$/.test(value)) throw failed(`Failed to parse objectId '${value}' in $convert with no onError value: Invalid string length for parsing to OID, expected 24`)
      return new ObjectId(value)
    case 'date':
      return toDate(value, type)
    case 'int':
    case 'long':
      return toWhole(value, target)
    case 'double':
      if (typeof value === 'boolean') return new Double(value ? 1 : 0)
      if (value instanceof Date) return new Double(Number(dateMillis(value)))
      if (typeof value === 'string') return new Double(toNumber(makeDecimal(parseNumber(value))))
      if (!isNumeric(value)) throw unsupported(value, target)
      return new Double(toNumber(value))
    default:
      if (typeof value === 'boolean') return Decimal128.fromString(value ? '1' : '0')
      if (value instanceof Date) return Decimal128.fromString(String(dateMillis(value)))
      if (typeof value === 'string') return makeDecimal(parseNumber(value))
      if (!isNumeric(value)) throw unsupported(value, target)
      return toDecimal(value)
  }
}

function toWhole(value: unknown, target: 'int' | 'long'): unknown {
  let whole: bigint | undefined
  if (typeof value === 'boolean') whole = value ? 1n : 0n
  else if (value instanceof Date && target === 'long') whole = dateMillis(value)
  else if (typeof value === 'string') {
    if (!/^[+-]?[0-9]{1,40}$/.test(value)) throw failed(`Failed to parse number '${value}' in $convert with no onError value: Did not consume whole string.`)
    whole = BigInt(value.replace('+', ''))
  } else if (isNumeric(value)) {
    whole = truncated(value)
    if (whole === undefined) throw failed('Attempt to convert NaN, an infinity or a value beyond 64 bits to integer type in $convert with no onError value')
  } else throw unsupported(value, target)
  const limit = target === 'int' ? 2n ** 31n : 2n ** 63n
  if (whole < -limit || whole >= limit) throw failed(`Conversion would overflow target type in $convert with no onError value: ${whole}`)
  return target === 'int' ? new Int32(Number(whole)) : Long.fromBigInt(whole)
}

function toDate(value: unknown, type: number): Date {
  if (value instanceof Date) return value
  if (typeof value === 'string') return parseDate(value)
  if (value instanceof ObjectId) return value.getTimestamp()
  if (value instanceof Timestamp) return new Date(value.t * 1000)
  if (type === types.long || type === types.double || type === types.decimal) {
    const millis = truncated(value)
    if (millis === undefined) throw failed('Conversion would overflow target type in $convert with no onError value')
    return dateFromMillis(millis)
  }
  throw unsupported(value, 'date')
}

function parseNumber(text: string): NonNullable<ReturnType<typeof parseDecimal>> {
  const number = parseDecimal(text)
  if (number === undefined) throw failed(`Failed to parse number '${text}' in $convert with no onError value: Did not consume whole string.`)
  return number
}

function isoText(date: Date): string {
  return Number.isNaN(date.getTime()) ? String(dateMillis(date)) : date.toISOString()
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function unsupported(value: unknown, target: string): Error {
  return failed(`Unsupported conversion from ${typeName(value)} to ${target} in $convert with no onError value`)
}

function failed(message: string): Error {
  return mongoError('ConversionFailure', message)
}
