import { Decimal128, Double, Int32, Long } from 'bson'

/**
 * Numbers of the four kinds compared by their value, exactly: each finite one is a sign, a string of decimal digits and the place of the
 * point in it. Every double has such a form, if a long one.
 */
export interface Exact {
  kind: 'nan' | 'finite' | 'infinite'
  negative: boolean
  /** without leading or trailing zeros; empty for zero */
  digits: string
  /** the value is 0.digits × 10^exponent */
  exponent: number
}

export function isNumeric(value: unknown): value is number | bigint | Int32 | Double | Long | Decimal128 {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Int32 || value instanceof Double || value instanceof Long || value instanceof Decimal128
}

/** The value as a double where that is exact: nearly always, and then it is all that a comparison needs. */
export function asExactDouble(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (value instanceof Int32 || value instanceof Double) return value.value
  if (value instanceof Long) {
    const number = value.toNumber()
    return Number.isSafeInteger(number) ? number : undefined
  }
  if (typeof value === 'bigint') return value >= -0x1fffffffffffffn && value <= 0x1fffffffffffffn ? Number(value) : undefined
  return undefined
}

/** The nearest double: for arithmetic that is not exact anyway. */
export function asDouble(value: unknown): number {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Long) return value.toNumber()
  if (value instanceof Decimal128) return Number(value.toString())
  return asExactDouble(value) ?? Number.NaN
}

export function exactOf(value: unknown): Exact {
  if (value instanceof Long) return fromInteger(value.toBigInt())
  if (typeof value === 'bigint') return fromInteger(value)
  if (value instanceof Decimal128) return fromText(value.toString())
  const number = asExactDouble(value) as number
  if (Number.isNaN(number)) return { kind: 'nan', negative: false, digits: '', exponent: 0 }
  if (!Number.isFinite(number)) return { kind: 'infinite', negative: number < 0, digits: '', exponent: 0 }
  if (Number.isSafeInteger(number)) return trimmed(number < 0, String(Math.abs(number)), undefined)
  return fromDouble(number)
}

export function compareNumbers(a: unknown, b: unknown): number {
  const [x, y] = [asExactDouble(a), asExactDouble(b)]
  if (x !== undefined && y !== undefined) {
    if (x === y) return 0
    if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : -1
    return Number.isNaN(y) || x > y ? 1 : -1
  }
  return compareExact(exactOf(a), exactOf(b))
}

function compareExact(a: Exact, b: Exact): number {
  const rank = rankOf(a) - rankOf(b)
  if (rank !== 0) return Math.sign(rank)
  if (a.kind !== 'finite' || a.digits === '') return 0
  const size = a.exponent === b.exponent ? (a.digits === b.digits ? 0 : a.digits < b.digits ? -1 : 1) : Math.sign(a.exponent - b.exponent)
  return a.negative ? -size : size
}

function rankOf({ kind, negative, digits }: Exact): number {
  if (kind === 'nan') return 0
  if (kind === 'infinite') return negative ? 1 : 5
  if (digits === '') return 3
  return negative ? 2 : 4
}

function fromInteger(value: bigint): Exact {
  return trimmed(value < 0n, (value < 0n ? -value : value).toString(), undefined)
}

function fromDouble(number: number): Exact {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, number)
  const bits = view.getBigUint64(0)
  const biased = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n
  const power = (biased === 0 ? 1 : biased) - 1075
  if (power >= 0) return trimmed(number < 0, (mantissa << BigInt(power)).toString(), undefined)
  // m / 2^p = m × 5^p / 10^p
  const digits = (mantissa * 5n ** BigInt(-power)).toString()
  return trimmed(number < 0, digits, digits.length + power)
}

function fromText(text: string): Exact {
  if (text === 'NaN') return { kind: 'nan', negative: false, digits: '', exponent: 0 }
  if (text.endsWith('Infinity')) return { kind: 'infinite', negative: text.startsWith('-'), digits: '', exponent: 0 }
  const [mantissa = '', power = '0'] = text.toUpperCase().replace(/^[+-]/, '').split('E')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return trimmed(text.startsWith('-'), whole + fraction, whole.length + Number(power))
}

function trimmed(negative: boolean, digits: string, point: number | undefined): Exact {
  const leading = /^0*/.exec(digits)?.[0].length ?? 0
  const kept = digits.slice(leading).replace(/0+$/, '')
  return { kind: 'finite', negative: negative && kept !== '', digits: kept, exponent: kept === '' ? 0 : (point ?? digits.length) - leading }
}
