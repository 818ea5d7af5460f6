/** MongoDB's total order over BSON values, and the type numbers it rests on. */
import { type BSONRegExp, type BSONSymbol, type Binary, type Code, Decimal128, Double, Int32, Long, type ObjectId, type Timestamp, bsonType } from 'bson'
import { type Doc, dateMillis } from '../document.ts'

/** BSON's type numbers (`$type`); 0 stands for a value that is not there. */
export const types = {
  missing: 0,
  double: 1,
  string: 2,
  object: 3,
  array: 4,
  binData: 5,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  regex: 11,
  javascript: 13,
  symbol: 14,
  javascriptWithScope: 15,
  int: 16,
  timestamp: 17,
  long: 18,
  decimal: 19,
  minKey: -1,
  maxKey: 127,
} as const

/** The BSON type number of a value; plain numbers count as what they would be stored as. */
export function typeOf(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return types.string
    case 'number':
      return isInt32(value) ? types.int : types.double
    case 'boolean':
      return types.bool
    case 'bigint':
      return types.long
    case 'undefined':
      return types.missing
    default:
      if (value === null) return types.null
      return typeOfObject(value as object)
  }
}

/** Rank of a value's type in the order across types; all four number types share one. Values of one rank form a type bracket. */
export function rankOf(value: unknown): number {
  return ranks.get(typeOf(value)) as number
}

export const numberRank = 10

/** Below 0, 0 or above 0 as `a` sorts before, with or after `b`. A value that is not there sorts below null. */
export function compareValues(a: unknown, b: unknown): number {
  if (a === b) return 0
  const typeA = typeOf(a)
  const typeB = typeOf(b)
  if (typeA !== typeB) {
    const difference = (ranks.get(typeA) as number) - (ranks.get(typeB) as number)
    if (difference !== 0) return difference
  }
  return compareWithin(a, b, typeA)
}

export function equalValues(a: unknown, b: unknown): boolean {
  return compareValues(a, b) === 0
}

/** Same order as the UTF-8 bytes: code units disagree with that only where a surrogate meets U+E000 to U+FFFF. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index += 1) {
    const x = a.charCodeAt(index)
    const y = b.charCodeAt(index)
    if (x !== y) {
      const surrogateX = x >= 0xd800 && x <= 0xdfff
      const surrogateY = y >= 0xd800 && y <= 0xdfff
      if (surrogateX !== surrogateY) return surrogateX ? (y >= 0xe000 ? 1 : x - y) : x >= 0xe000 ? -1 : x - y
      return x - y
    }
  }
  return a.length - b.length
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

export function isNumeric(value: unknown): boolean {
  return rankOf(value) === numberRank
}

/** What counts as true in conditions: all but false, null, a missing value and zero. */
export function truthy(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  if (value === true || typeof value === 'string') return true
  return rankOf(value) !== numberRank || compareNumbers(value, 0) !== 0
}

/** The value of an Int32, Double or plain number; undefined for what does not fit a double exactly by its type (Long, Decimal128). */
export function smallNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (value instanceof Int32 || value instanceof Double) return value.value
  return undefined
}

/** A number without loss: a double (also NaN and infinities), an integer, or coefficient × 10^exponent. */
export type ExactNumber =
  | { kind: 'double'; value: number }
  | { kind: 'integer'; value: bigint }
  | { kind: 'decimal'; coefficient: bigint; exponent: number }

/** Reads any of the four number types (or a plain number or bigint) exactly. */
export function exactNumber(value: unknown): ExactNumber {
  const double = smallNumber(value)
  if (double !== undefined) return { kind: 'double', value: double }
  if (typeof value === 'bigint') return { kind: 'integer', value }
  if (value instanceof Long) return { kind: 'integer', value: value.toBigInt() }
  return decimalParts(value as Decimal128)
}

/** Sign and size of a Decimal128 from its bytes (IEEE 754-2008, binary integer coefficient). */
export function decimalParts(decimal: Decimal128): ExactNumber {
  const bytes = Buffer.from(decimal.bytes.buffer, decimal.bytes.byteOffset, 16)
  const low = bytes.readBigUInt64LE(0)
  const high = bytes.readBigUInt64LE(8)
  const negative = high >> 63n === 1n
  const combination = Number((high >> 58n) & 0x1fn)
  if (combination === 0x1f) return { kind: 'double', value: Number.NaN }
  if (combination === 0x1e) return { kind: 'double', value: negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY }
  let exponent: number
  let coefficient: bigint
  if (combination >> 3 === 3) {
    // This form could only hold coefficients above the permitted 34 digits, which count as zero.
    exponent = Number((high >> 47n) & 0x3fffn)
    coefficient = 0n
  } else {
    exponent = Number((high >> 49n) & 0x3fffn)
    coefficient = ((high & 0x1ffffffffffffn) << 64n) | low
    if (coefficient >= decimalLimit) coefficient = 0n
  }
  return { kind: 'decimal', coefficient: negative ? -coefficient : coefficient, exponent: exponent - 6176 }
}

/** Exact comparison across the number types; NaN equals itself and lies below everything. */
export function compareNumbers(a: unknown, b: unknown): number {
  const x = smallNumber(a)
  const y = smallNumber(b)
  if (x !== undefined && y !== undefined) return compareDoubles(x, y)
  if (a instanceof Long && b instanceof Long) return a.compare(b)
  return compareExact(exactNumber(a), exactNumber(b))
}

export function compareExact(a: ExactNumber, b: ExactNumber): number {
  if (a.kind === 'double' && b.kind === 'double') return compareDoubles(a.value, b.value)
  if (a.kind === 'integer' && b.kind === 'integer') return a.value < b.value ? -1 : a.value > b.value ? 1 : 0
  if (a.kind === 'double' && !Number.isFinite(a.value)) return a.value > 0 ? 1 : -1
  if (b.kind === 'double' && !Number.isFinite(b.value)) return b.value > 0 ? -1 : 1
  // Far apart in size is the usual case, and spares the large integers.
  const roughA = roughLog10(a)
  const roughB = roughLog10(b)
  if (roughA.sign !== roughB.sign) return roughA.sign - roughB.sign
  if (roughA.sign === 0) return 0
  if (Math.abs(roughA.log - roughB.log) > 1) return roughA.log < roughB.log ? -roughA.sign : roughA.sign
  const [m, n] = commonScale(toFraction(a), toFraction(b))
  return m < n ? -1 : m > n ? 1 : 0
}

const ranks = new Map<number, number>([
  [types.minKey, -1],
  [types.missing, 0],
  [types.null, 5],
  [types.int, numberRank],
  [types.double, numberRank],
  [types.long, numberRank],
  [types.decimal, numberRank],
  [types.string, 15],
  [types.symbol, 15],
  [types.object, 20],
  [types.array, 25],
  [types.binData, 30],
  [types.objectId, 35],
  [types.bool, 40],
  [types.date, 45],
  [types.timestamp, 47],
  [types.regex, 50],
  [types.javascript, 60],
  [types.javascriptWithScope, 65],
  [types.maxKey, 127],
])

const decimalLimit = 10n ** 34n

const typeByTag: { readonly [tag: string]: number } = {
  Int32: types.int,
  Double: types.double,
  Long: types.long,
  Decimal128: types.decimal,
  ObjectId: types.objectId,
  Binary: types.binData,
  Timestamp: types.timestamp,
  BSONRegExp: types.regex,
  BSONSymbol: types.symbol,
  MinKey: types.minKey,
  MaxKey: types.maxKey,
}

function typeOfObject(value: object): number {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) return types.object
  if (Array.isArray(value)) return types.array
  const tag = (value as { [bsonType]?: string })[bsonType]
  if (tag === 'Code') return (value as Code).scope === null || (value as Code).scope === undefined ? types.javascript : types.javascriptWithScope
  if (tag !== undefined) return typeByTag[tag] ?? types.object
  if (value instanceof Date) return types.date
  if (value instanceof Uint8Array) return types.binData
  if (value instanceof RegExp) return types.regex
  return types.object
}

function isInt32(value: number): boolean {
  return (value | 0) === value && !Object.is(value, -0)
}

function compareWithin(a: unknown, b: unknown, type: number): number {
  switch (type) {
    case types.int:
    case types.double:
    case types.long:
    case types.decimal:
      return compareNumbers(a, b)
    case types.string:
    case types.symbol:
      return compareStrings(text(a), text(b))
    case types.object:
      return compareDocuments(a as Doc, b as Doc)
    case types.array:
      return compareArrays(a as unknown[], b as unknown[])
    case types.objectId:
      return compareBytes((a as ObjectId).id, (b as ObjectId).id)
    case types.bool:
      return Number(a) - Number(b)
    case types.date: {
      const x = dateMillis(a as Date)
      const y = dateMillis(b as Date)
      return x < y ? -1 : x > y ? 1 : 0
    }
    case types.timestamp:
      return (a as Timestamp).t - (b as Timestamp).t || (a as Timestamp).i - (b as Timestamp).i
    case types.binData:
      return compareBinary(binaryOf(a), binaryOf(b))
    case types.regex: {
      const x = regexOf(a)
      const y = regexOf(b)
      return compareStrings(x.pattern, y.pattern) || compareStrings(x.options, y.options)
    }
    case types.javascript:
      return compareStrings((a as Code).code, (b as Code).code)
    case types.javascriptWithScope:
      return compareStrings((a as Code).code, (b as Code).code) || compareDocuments((a as Code).scope as Doc, (b as Code).scope as Doc)
    default:
      return 0
  }
}

/** Subtype and bytes of a Binary or of plain bytes. */
export function binaryOf(value: unknown): { subType: number; bytes: Uint8Array } {
  if (value instanceof Uint8Array) return { subType: 0, bytes: value }
  const binary = value as Binary
  return { subType: binary.sub_type, bytes: binary.buffer.subarray(0, binary.position) }
}

/** Pattern and options of a BSONRegExp or of a JavaScript one. */
export function regexOf(value: unknown): { pattern: string; options: string } {
  if (value instanceof RegExp) {
    return { pattern: value.source, options: `${value.ignoreCase ? 'i' : ''}${value.multiline ? 'm' : ''}${value.dotAll ? 's' : ''}` }
  }
  return value as BSONRegExp
}

/** The text of a string or of the old symbol type, which compare as one type. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : (value as BSONSymbol).value
}

function compareBinary(a: { subType: number; bytes: Uint8Array }, b: { subType: number; bytes: Uint8Array }): number {
  return a.bytes.length - b.bytes.length || a.subType - b.subType || compareBytes(a.bytes, b.bytes)
}

function compareArrays(a: unknown[], b: unknown[]): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index += 1) {
    const order = compareValues(a[index], b[index])
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Field by field: first the type, then the name, then the value; a document that ends first is the smaller one. */
function compareDocuments(a: Doc, b: Doc): number {
  const namesA = Object.keys(a)
  const namesB = Object.keys(b)
  const length = Math.min(namesA.length, namesB.length)
  for (let index = 0; index < length; index += 1) {
    const nameA = namesA[index] as string
    const nameB = namesB[index] as string
    const x = a[nameA]
    const y = b[nameB]
    const order = rankOf(x) - rankOf(y) || compareStrings(nameA, nameB) || compareValues(x, y)
    if (order !== 0) return order
  }
  return namesA.length - namesB.length
}

function compareDoubles(x: number, y: number): number {
  if (x < y) return -1
  if (x > y) return 1
  if (x === y) return 0
  return Number(Number.isNaN(y)) - Number(Number.isNaN(x))
}

function roughLog10(number: ExactNumber): { sign: number; log: number } {
  if (number.kind === 'double') return { sign: Math.sign(number.value) || 0, log: Math.log10(Math.abs(number.value)) }
  const size = number.kind === 'integer' ? number.value : number.coefficient
  if (size === 0n) return { sign: 0, log: 0 }
  const log = Math.log10(Math.abs(Number(size)))
  return { sign: size < 0n ? -1 : 1, log: number.kind === 'integer' ? log : log + number.exponent }
}

/** value = numerator × 2^twos × 10^tens */
interface Fraction {
  numerator: bigint
  twos: number
  tens: number
}

function toFraction(number: ExactNumber): Fraction {
  if (number.kind === 'integer') return { numerator: number.value, twos: 0, tens: 0 }
  if (number.kind === 'decimal') return { numerator: number.coefficient, twos: 0, tens: number.exponent }
  return { ...doubleParts(number.value), tens: 0 }
}

const doubleBytes = new DataView(new ArrayBuffer(8))

/** The integer mantissa and the power of two of a finite double. */
export function doubleParts(value: number): { numerator: bigint; twos: number } {
  doubleBytes.setFloat64(0, value)
  const high = doubleBytes.getUint32(0)
  const exponent = (high >>> 20) & 0x7ff
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(doubleBytes.getUint32(4))
  const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n)
  return { numerator: high >>> 31 === 1 ? -mantissa : mantissa, twos: (exponent === 0 ? 1 : exponent) - 1075 }
}

function commonScale(a: Fraction, b: Fraction): [bigint, bigint] {
  const twos = Math.min(a.twos, b.twos)
  const tens = Math.min(a.tens, b.tens)
  return [scale(a, twos, tens), scale(b, twos, tens)]
}

function scale(fraction: Fraction, twos: number, tens: number): bigint {
  return (fraction.numerator << BigInt(fraction.twos - twos)) * 10n ** BigInt(fraction.tens - tens)
}
