/**
 * Arithmetic with MongoDB's rules for the result's type: Decimal128 wins over Double, Double over Long, Long over Int32; an Int32 result
 * that does not fit becomes a Long, and integers stay exact.
 */
import { Decimal128, Double, Int32, Long } from 'bson'
import { type ExactNumber, exactNumber, smallNumber, typeOf, types } from './compare.ts'

export { isNumeric } from './compare.ts'

/** The nearest double of a number of any type; NaN for what is no number. */
export function toNumber(value: unknown): number {
  const small = smallNumber(value)
  if (small !== undefined) return small
  if (value instanceof Long) return value.toNumber()
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Decimal128) {
    const exact = exactNumber(value)
    return exact.kind === 'decimal' ? Number(`${exact.coefficient}e${exact.exponent}`) : exact.kind === 'double' ? exact.value : Number.NaN
  }
  return Number.NaN
}

/** The whole number that a value is, whatever its type; undefined when it is none, or beyond 64 bits. */
export function toInteger(value: unknown): bigint | undefined {
  const type = typeOf(value)
  if (type !== types.int && type !== types.long && type !== types.double && type !== types.decimal) return undefined
  const integer = wholeOf(exactNumber(value))
  return integer !== undefined && integer >= minLong && integer <= maxLong ? integer : undefined
}

/** The number with its fraction cut off; undefined for NaN, infinities and what 64 bits do not hold. */
export function truncated(value: unknown): bigint | undefined {
  const exact = exactNumber(value)
  let integer: bigint
  if (exact.kind === 'integer') integer = exact.value
  else if (exact.kind === 'double') {
    if (!Number.isFinite(exact.value)) return undefined
    integer = BigInt(Math.trunc(exact.value))
  } else integer = exact.exponent >= 0 ? exact.coefficient * 10n ** BigInt(exact.exponent) : exact.coefficient / 10n ** BigInt(-exact.exponent)
  return integer >= minLong && integer <= maxLong ? integer : undefined
}

/** A number that a caller demands to be whole and within JavaScript's safe range; undefined when it is not. */
export function toSafeInteger(value: unknown): number | undefined {
  const integer = toInteger(value)
  return integer === undefined || integer > maxSafe || integer < -maxSafe ? undefined : Number(integer)
}

export const minLong = -(2n ** 63n)
export const maxLong = 2n ** 63n - 1n
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER)

/** Int32 when it fits, else Long. */
export function integer(value: bigint): Int32 | Long {
  return value >= -0x80000000n && value <= 0x7fffffffn ? new Int32(Number(value)) : Long.fromBigInt(value)
}

/** The wider of two numbers' types: int < long < double < decimal. */
export function widerType(a: unknown, b: unknown): number {
  const typeA = typeOf(a)
  const typeB = typeOf(b)
  for (const type of [types.decimal, types.double, types.long]) if (typeA === type || typeB === type) return type
  return types.int
}

/** a + b; undefined when two integers have no 64-bit sum. */
export function add(a: unknown, b: unknown): unknown {
  return combine(a, b, { integers: (x, y) => x + y, doubles: (x, y) => x + y, decimals: addDecimals })
}

export function subtract(a: unknown, b: unknown): unknown {
  return combine(a, b, { integers: (x, y) => x - y, doubles: (x, y) => x - y, decimals: (x, y) => addDecimals(x, negated(y)) })
}

/** a × b; undefined when two integers have no 64-bit product. */
export function multiply(a: unknown, b: unknown): unknown {
  return combine(a, b, { integers: (x, y) => x * y, doubles: (x, y) => x * y, decimals: multiplyDecimals })
}

/** a ÷ b, always a double or decimal; the divisor is not zero. */
export function divide(a: unknown, b: unknown): unknown {
  if (widerType(a, b) === types.decimal) return divideDecimals(decimalOperand(a), decimalOperand(b))
  return new Double(toNumber(a) / toNumber(b))
}

/** A number as Decimal128; doubles keep 15 digits, as MongoDB rounds them there. */
export function toDecimal(value: unknown): Decimal128 {
  return value instanceof Decimal128 ? value : makeDecimal(decimalOperand(value))
}

/** The decimal of coefficient × 10^exponent, rounded to 34 digits, half to even; infinite or zero beyond the exponents there are. */
export function makeDecimal(number: ExactNumber): Decimal128 {
  if (number.kind === 'double' && !Number.isFinite(number.value)) {
    return Decimal128.fromString(Number.isNaN(number.value) ? 'NaN' : number.value > 0 ? 'Infinity' : '-Infinity')
  }
  let { coefficient, exponent } = asDecimal(number)
  const surplus = digitCount(coefficient) - 34
  const lift = Math.max(surplus, -6176 - exponent, 0)
  if (lift > 0) {
    coefficient = roundedQuotient(coefficient, 10n ** BigInt(lift))
    exponent += lift
    if (digitCount(coefficient) > 34) {
      coefficient /= 10n
      exponent += 1
    }
  }
  while (exponent > 6111 && coefficient !== 0n && digitCount(coefficient) < 34) {
    coefficient *= 10n
    exponent -= 1
  }
  if (exponent > 6111) return Decimal128.fromString(coefficient === 0n ? '0E+6111' : coefficient > 0n ? 'Infinity' : '-Infinity')
  return Decimal128.fromString(`${coefficient}E${exponent}`)
}

interface Rules {
  integers: (a: bigint, b: bigint) => bigint
  doubles: (a: number, b: number) => number
  decimals: (a: ExactNumber, b: ExactNumber) => Decimal128
}

function combine(a: unknown, b: unknown, rules: Rules): unknown {
  const type = widerType(a, b)
  if (type === types.decimal) return rules.decimals(decimalOperand(a), decimalOperand(b))
  if (type === types.double) return new Double(rules.doubles(toNumber(a), toNumber(b)))
  const result = rules.integers(truncated(a) as bigint, truncated(b) as bigint)
  if (result < minLong || result > maxLong) return undefined
  return type === types.long ? Long.fromBigInt(result) : integer(result)
}

function wholeOf(exact: ExactNumber): bigint | undefined {
  if (exact.kind === 'integer') return exact.value
  if (exact.kind === 'double') return Number.isInteger(exact.value) ? BigInt(exact.value) : undefined
  if (exact.exponent >= 0) return exact.exponent > 40 ? undefined : exact.coefficient * 10n ** BigInt(exact.exponent)
  const unit = 10n ** BigInt(-exact.exponent)
  return exact.coefficient % unit === 0n ? exact.coefficient / unit : undefined
}

function decimalOperand(value: unknown): ExactNumber {
  const exact = exactNumber(value)
  if (exact.kind !== 'double' || !Number.isFinite(exact.value)) return exact
  return parseDecimal(exact.value.toPrecision(15)) as ExactNumber
}

/** Reads a decimal number's text; undefined when it is none. */
export function parseDecimal(text: string): ExactNumber | undefined {
  const special = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i.exec(text)
  if (special) return { kind: 'double', value: special[2] === undefined ? Number.NaN : special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY }
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,6}))?$/.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  if (whole + fraction === '') return undefined
  let digits = whole + fraction
  let shift = Number(exponent) - fraction.length
  // toPrecision pads with zeros that say nothing.
  while (digits.length > 1 && digits.endsWith('0') && shift < 0) {
    digits = digits.slice(0, -1)
    shift += 1
  }
  return { kind: 'decimal', coefficient: BigInt(`${sign === '-' ? '-' : ''}${digits}`), exponent: shift }
}

function negated(number: ExactNumber): ExactNumber {
  if (number.kind === 'integer') return { kind: 'integer', value: -number.value }
  if (number.kind === 'double') return { kind: 'double', value: -number.value }
  return { ...number, coefficient: -number.coefficient }
}

function asDecimal(number: ExactNumber): { coefficient: bigint; exponent: number } {
  if (number.kind === 'decimal') return number
  if (number.kind === 'integer') return { coefficient: number.value, exponent: 0 }
  return asDecimal(parseDecimal(number.value.toPrecision(15)) as ExactNumber)
}

function isSpecial(number: ExactNumber): number | undefined {
  return number.kind === 'double' && !Number.isFinite(number.value) ? number.value : undefined
}

/** What doubles would answer as soon as a NaN or an infinity is in play. */
function special(a: ExactNumber, b: ExactNumber, operate: (x: number, y: number) => number): Decimal128 | undefined {
  if (isSpecial(a) === undefined && isSpecial(b) === undefined) return undefined
  return makeDecimal({ kind: 'double', value: operate(rough(a), rough(b)) })
}

function rough(number: ExactNumber): number {
  if (number.kind === 'double') return number.value
  return Math.sign(Number(asDecimal(number).coefficient))
}

function addDecimals(a: ExactNumber, b: ExactNumber): Decimal128 {
  const answer = special(a, b, (x, y) => x + y)
  if (answer !== undefined) return answer
  const x = asDecimal(a)
  const y = asDecimal(b)
  if (x.coefficient === 0n && y.exponent <= x.exponent) return makeDecimal({ kind: 'decimal', ...y })
  if (y.coefficient === 0n && x.exponent <= y.exponent) return makeDecimal({ kind: 'decimal', ...x })
  const exponent = Math.min(x.exponent, y.exponent)
  const coefficient = x.coefficient * 10n ** BigInt(x.exponent - exponent) + y.coefficient * 10n ** BigInt(y.exponent - exponent)
  return makeDecimal({ kind: 'decimal', coefficient, exponent })
}

function multiplyDecimals(a: ExactNumber, b: ExactNumber): Decimal128 {
  const answer = special(a, b, (x, y) => x * y)
  if (answer !== undefined) return answer
  const x = asDecimal(a)
  const y = asDecimal(b)
  return makeDecimal({ kind: 'decimal', coefficient: x.coefficient * y.coefficient, exponent: x.exponent + y.exponent })
}

function divideDecimals(a: ExactNumber, b: ExactNumber): Decimal128 {
  const answer = special(a, b, (x, y) => x / y)
  if (answer !== undefined) return answer
  const x = asDecimal(a)
  const y = asDecimal(b)
  // 36 digits more than the divisor has leave enough to round to 34; an exact quotient loses its zeros again.
  const shift = Math.max(0, 36 + digitCount(y.coefficient) - digitCount(x.coefficient))
  const dividend = x.coefficient * 10n ** BigInt(shift)
  let coefficient = dividend / y.coefficient
  let exponent = x.exponent - y.exponent - shift
  const rest = dividend % y.coefficient
  if (rest === 0n) {
    const wanted = x.exponent - y.exponent
    while (exponent < wanted && coefficient % 10n === 0n && coefficient !== 0n) {
      coefficient /= 10n
      exponent += 1
    }
  } else {
    // A last digit that is not zero keeps a tie from looking exact.
    coefficient = coefficient * 10n + (rest < 0n !== y.coefficient < 0n ? -1n : 1n)
    exponent -= 1
  }
  return makeDecimal({ kind: 'decimal', coefficient, exponent })
}

function digitCount(value: bigint): number {
  return value === 0n ? 1 : (value < 0n ? -value : value).toString().length
}

/** Rounded half to even. */
export function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  const rest = dividend % divisor
  const twice = (rest < 0n ? -rest : rest) * 2n
  if (twice < divisor || (twice === divisor && quotient % 2n === 0n)) return quotient
  return quotient + (dividend < 0n ? -1n : 1n)
}
