import { randomInt } from 'node:crypto'
import { Decimal128, Double, Int32, Long } from 'bson'
import { dateFromMillis, dateMillis } from '../../document.ts'
import { type CodeName, mongoError } from '../../errors.ts'
import { type ExactNumber, compareNumbers, doubleParts, exactNumber, isNumeric, smallNumber, typeOf, types } from '../compare.ts'
import { add, divide, integer, makeDecimal, maxLong, minLong, multiply, roundedQuotient, subtract, toNumber, truncated, widerType } from '../numbers.ts'
import { typeName } from '../show.ts'
import { type Builder, fixed, integerArgument, isNullish, variadic } from './operator.ts'

export const arithmeticOperators: { readonly [name: string]: Builder } = {
  $add: variadic(0, Number.POSITIVE_INFINITY, addAll),
  $subtract: fixed(2, subtractTwo),
  $multiply: variadic(0, Number.POSITIVE_INFINITY, multiplyAll),
  $divide: fixed(2, divideTwo),
  $mod: fixed(2, modulo),
  $abs: numeric('$abs', (value) => (compareNumbers(value, 0) < 0 ? (subtract(new Int32(0), value) ?? overflow("can't take $abs of long long min")) : value)),
  $ceil: numeric('$ceil', (value) => rounded(value, 0, 'up')),
  $floor: numeric('$floor', (value) => rounded(value, 0, 'down')),
  $round: variadic(1, 2, ([value, place]) => roundTo('$round', value, place, 'even')),
  $trunc: variadic(1, 2, ([value, place]) => roundTo('$trunc', value, place, 'zero')),
  $sqrt: real('$sqrt', Math.sqrt, { least: 0, code: 'Location28714', message: "$sqrt's argument must be greater than or equal to 0" }),
  $exp: real('$exp', Math.exp),
  $ln: real('$ln', Math.log, { least: Number.MIN_VALUE, code: 'Location28766', message: "$ln's argument must be a positive number" }),
  $log10: real('$log10', Math.log10, { least: Number.MIN_VALUE, code: 'Location28761', message: "$log10's argument must be a positive number" }),
  $log: fixed(2, logarithm),
  $pow: fixed(2, power),
  $sin: real('$sin', Math.sin),
  $cos: real('$cos', Math.cos),
  $tan: real('$tan', Math.tan),
  $asin: real('$asin', Math.asin),
  $acos: real('$acos', Math.acos),
  $atan: real('$atan', Math.atan),
  $sinh: real('$sinh', Math.sinh),
  $cosh: real('$cosh', Math.cosh),
  $tanh: real('$tanh', Math.tanh),
  $asinh: real('$asinh', Math.asinh),
  $acosh: real('$acosh', Math.acosh),
  $atanh: real('$atanh', Math.atanh),
  $degreesToRadians: real('$degreesToRadians', (degrees) => (degrees * Math.PI) / 180),
  $radiansToDegrees: real('$radiansToDegrees', (radians) => (radians * 180) / Math.PI),
  $atan2: fixed(2, (y, x) => (isNullish(y) || isNullish(x) ? null : new Double(Math.atan2(plainNumber('$atan2', y), plainNumber('$atan2', x))))),
  $bitAnd: bitwise('$bitAnd', -1n, (a, b) => a & b),
  $bitOr: bitwise('$bitOr', 0n, (a, b) => a | b),
  $bitXor: bitwise('$bitXor', 0n, (a, b) => a ^ b),
  $bitNot: fixed(1, (value) => (isNullish(value) ? null : wholeType('$bitNot', value, (whole) => ~whole))),
  $rand: () => () => new Double(randomInt(2 ** 48 - 1) / 2 ** 48),
}

/** Sums what $add sums: integers that outgrow 64 bits go on as a double. */
export function sumOf(a: unknown, b: unknown): unknown {
  return add(a, b) ?? new Double(toNumber(a) + toNumber(b))
}

/** A number rounded at a decimal place (negative: left of the point); integers keep their type. */
export function rounded(value: unknown, place: number, mode: 'even' | 'zero' | 'up' | 'down'): unknown {
  const type = typeOf(value)
  const exact = exactNumber(value)
  if (exact.kind === 'double' && !Number.isFinite(exact.value)) return value
  if ((type === types.int || type === types.long) && place >= 0) return value
  const whole = scaledQuotient(exact, place, mode)
  if (type === types.decimal) return makeDecimal({ kind: 'decimal', coefficient: whole, exponent: -place })
  if (type === types.double) return new Double(negativeZero(whole, value) ?? Number(`${whole}e${-place}`))
  const result = whole * 10n ** BigInt(-place)
  if (result < minLong || result > maxLong) throw mongoError('Location51080', 'invalid conversion to 64-bit integer in rounding')
  return type === types.long ? Long.fromBigInt(result) : integer(result)
}

function addAll(values: unknown[]): unknown {
  let total: unknown = new Int32(0)
  let date: Date | undefined
  for (const value of values) {
    if (isNullish(value)) return null
    if (value instanceof Date) {
      if (date !== undefined) throw mongoError('Location16612', 'only one date allowed in an $add expression')
      date = value
    } else if (!isNumeric(value)) throw mongoError('TypeMismatch', `$add only supports numeric or date types, not ${typeName(value)}`)
    else total = sumOf(total, value)
  }
  return date === undefined ? total : moved(date, total)
}

function moved(date: Date, by: unknown): Date {
  const type = typeOf(by)
  const millis = type === types.int || type === types.long ? truncated(by) : (truncated(rounded(by, 0, 'even')) ?? overflow('date overflow in $add'))
  return dateFromMillis(dateMillis(date) + (millis as bigint))
}

function subtractTwo(a: unknown, b: unknown): unknown {
  if (isNullish(a) || isNullish(b)) return null
  if (a instanceof Date) {
    if (b instanceof Date) return Long.fromBigInt(dateMillis(a) - dateMillis(b))
    if (isNumeric(b)) return moved(a, subtract(new Int32(0), b))
  }
  if (!isNumeric(a) || !isNumeric(b)) throw mongoError('TypeMismatch', `can't $subtract ${typeName(b)} from ${typeName(a)}`)
  return subtract(a, b) ?? overflow('long overflow in $subtract')
}

function multiplyAll(values: unknown[]): unknown {
  let product: unknown = new Int32(1)
  for (const value of values) {
    if (isNullish(value)) return null
    if (!isNumeric(value)) throw mongoError('TypeMismatch', `$multiply only supports numeric types, not ${typeName(value)}`)
    product = multiply(product, value) ?? new Double(toNumber(product) * toNumber(value))
  }
  return product
}

function divideTwo(a: unknown, b: unknown): unknown {
  if (isNullish(a) || isNullish(b)) return null
  if (!isNumeric(a) || !isNumeric(b)) throw mongoError('TypeMismatch', `$divide only supports numeric types, not ${typeName(a)} and ${typeName(b)}`)
  if (compareNumbers(b, 0) === 0) throw mongoError('BadValue', "can't $divide by zero")
  return divide(a, b)
}

function modulo(a: unknown, b: unknown): unknown {
  if (isNullish(a) || isNullish(b)) return null
  if (!isNumeric(a) || !isNumeric(b)) throw mongoError('Location16611', `$mod only supports numeric types, not ${typeName(a)} and ${typeName(b)}`)
  if (compareNumbers(b, 0) === 0) throw mongoError('Location16610', "can't $mod by zero")
  const type = widerType(a, b)
  if (type === types.decimal) return decimalRemainder(exactNumber(a), exactNumber(b))
  if (type === types.double) return new Double(toNumber(a) % toNumber(b))
  const rest = (truncated(a) as bigint) % (truncated(b) as bigint)
  return type === types.long ? Long.fromBigInt(rest) : integer(rest)
}

function decimalRemainder(a: ExactNumber, b: ExactNumber): Decimal128 {
  const x = decimalOf(a)
  const y = decimalOf(b)
  if (x === undefined) return Decimal128.fromString('NaN')
  if (y === undefined) return makeDecimal(a)
  const exponent = Math.min(x.exponent, y.exponent)
  return makeDecimal({ kind: 'decimal', coefficient: (x.coefficient * 10n ** BigInt(x.exponent - exponent)) % (y.coefficient * 10n ** BigInt(y.exponent - exponent)), exponent })
}

function decimalOf(number: ExactNumber): { coefficient: bigint; exponent: number } | undefined {
  if (number.kind === 'decimal') return number
  if (number.kind === 'integer') return { coefficient: number.value, exponent: 0 }
  const made = exactNumber(makeDecimal(number))
  return made.kind === 'decimal' ? made : undefined
}

function roundTo(name: string, value: unknown, place: unknown, mode: 'even' | 'zero'): unknown {
  if (isNullish(value) || place === null) return null
  if (!isNumeric(value)) throw mongoError('Location51081', `${name} only supports numeric types, not ${typeName(value)}`)
  const at = place === undefined ? 0 : integerArgument(place, `precision argument to ${name}`)
  if (at < -20 || at > 100) throw mongoError('Location51083', `cannot apply ${name} with precision value ${at} value must be in [-20, 100]`)
  return rounded(value, at, mode)
}

/** value × 10^place as a whole number, rounded as `mode` says. */
function scaledQuotient(exact: ExactNumber, place: number, mode: 'even' | 'zero' | 'up' | 'down'): bigint {
  let numerator: bigint
  let divisor = 1n
  if (exact.kind === 'integer') numerator = exact.value
  else if (exact.kind === 'decimal') {
    numerator = exact.exponent > 0 ? exact.coefficient * 10n ** BigInt(exact.exponent) : exact.coefficient
    divisor = exact.exponent < 0 ? 10n ** BigInt(-exact.exponent) : 1n
  } else {
    const parts = doubleParts(exact.value)
    numerator = parts.twos > 0 ? parts.numerator << BigInt(parts.twos) : parts.numerator
    divisor = parts.twos < 0 ? 1n << BigInt(-parts.twos) : 1n
  }
  if (place > 0) numerator *= 10n ** BigInt(place)
  else divisor *= 10n ** BigInt(-place)
  if (mode === 'even') return roundedQuotient(numerator, divisor)
  const quotient = numerator / divisor
  if (mode === 'zero' || quotient * divisor === numerator) return quotient
  if (mode === 'up') return numerator > 0n ? quotient + 1n : quotient
  return numerator < 0n ? quotient - 1n : quotient
}

function negativeZero(whole: bigint, value: unknown): number | undefined {
  const number = smallNumber(value)
  return whole === 0n && number !== undefined && (number < 0 || Object.is(number, -0)) ? -0 : undefined
}

function logarithm(value: unknown, base: unknown): unknown {
  if (isNullish(value) || isNullish(base)) return null
  const x = plainNumber('$log', value)
  const y = plainNumber('$log', base)
  if (!(x > 0)) throw mongoError('Location28758', "$log's argument must be a positive number")
  if (!(y > 0) || y === 1) throw mongoError('Location28759', "$log's base must be a positive number not equal to 1")
  return new Double(Math.log(x) / Math.log(y))
}

function power(base: unknown, exponent: unknown): unknown {
  if (isNullish(base) || isNullish(exponent)) return null
  const type = widerType(base, exponent)
  const x = plainNumber("$pow's base", base)
  const y = plainNumber("$pow's exponent", exponent)
  if (x === 0 && y < 0) throw mongoError('Location28764', '$pow cannot take a base of 0 and a negative exponent')
  if ((type === types.int || type === types.long) && y >= 0 && (y <= 64 || Math.abs(x) <= 1)) {
    const result = (truncated(base) as bigint) ** (Math.abs(x) <= 1 ? BigInt(y % 2) + (y > 0 ? 2n : 0n) : BigInt(y))
    if (result >= minLong && result <= maxLong) return type === types.long ? Long.fromBigInt(result) : integer(result)
  }
  return new Double(x ** y)
}

function numeric(name: string, compute: (value: unknown) => unknown): Builder {
  return fixed(1, (value) => {
    if (isNullish(value)) return null
    if (!isNumeric(value)) throw mongoError('Location28765', `${name} only supports numeric types, not ${typeName(value)}`)
    return compute(value)
  })
}

function real(name: string, compute: (value: number) => number, bound?: { least: number; code: CodeName; message: string }): Builder {
  return fixed(1, (value) => {
    if (isNullish(value)) return null
    const number = plainNumber(name, value)
    if (bound !== undefined && number < bound.least) throw mongoError(bound.code, bound.message)
    return new Double(compute(number))
  })
}

/** Decimals are refused where 34 digits cannot be honoured, rather than answered with 15. */
function plainNumber(name: string, value: unknown): number {
  if (!isNumeric(value)) throw mongoError('Location28765', `${name} only supports numeric types, not ${typeName(value)}`)
  if (value instanceof Decimal128) throw mongoError('NotImplemented', `${name} of a decimal is not supported by this server`)
  return toNumber(value)
}

function bitwise(name: string, start: bigint, operate: (a: bigint, b: bigint) => bigint): Builder {
  return variadic(0, Number.POSITIVE_INFINITY, (values) => {
    if (values.some(isNullish)) return null
    let result = start
    let long = false
    for (const value of values) {
      wholeType(name, value, (whole) => (result = operate(result, whole)))
      long ||= typeOf(value) === types.long
    }
    return long ? Long.fromBigInt(result) : integer(result)
  })
}

function wholeType(name: string, value: unknown, operate: (whole: bigint) => bigint): unknown {
  const type = typeOf(value)
  if (type !== types.int && type !== types.long) throw mongoError('TypeMismatch', `${name} only supports int and long operands.`)
  const result = operate(truncated(value) as bigint)
  return type === types.long ? Long.fromBigInt(result) : new Int32(Number(result))
}

function overflow(message: string): never {
  throw mongoError('Overflow', message)
}
