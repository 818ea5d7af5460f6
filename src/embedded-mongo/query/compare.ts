import { BSONRegExp, BSONSymbol, Binary, Code, MaxKey, MinKey, ObjectId, Timestamp } from 'bson'
import { dateMillis, type Doc, isDocument } from '../document.ts'
import { compareNumbers, isNumeric } from './numbers.ts'

/** The order of kinds in BSON's comparison; numbers are one kind, strings and symbols are one. */
export function rankOf(value: unknown): number {
  if (value === undefined || value === null) return 5
  if (isNumeric(value)) return 10
  if (typeof value === 'string' || value instanceof BSONSymbol) return 15
  if (Array.isArray(value)) return 25
  if (value instanceof Binary || value instanceof Uint8Array) return 30
  if (value instanceof ObjectId) return 35
  if (typeof value === 'boolean') return 40
  if (value instanceof Date) return 45
  if (value instanceof Timestamp) return 47
  if (value instanceof BSONRegExp || value instanceof RegExp) return 50
  if (value instanceof Code) return 60
  if (value instanceof MinKey) return 1
  if (value instanceof MaxKey) return 127
  return 20
}

/** BSON's order over all values: first the kind, then the value. */
export function compareValues(a: unknown, b: unknown): number {
  const rank = rankOf(a)
  const difference = rank - rankOf(b)
  if (difference !== 0) return difference < 0 ? -1 : 1
  switch (rank) {
    case 10:
      return compareNumbers(a, b)
    case 15:
      return compareTexts(textOf(a), textOf(b))
    case 20:
      return compareDocs(a as Doc, b as Doc)
    case 25:
      return compareArrays(a as unknown[], b as unknown[])
    case 30:
      return compareBinaries(a, b)
    case 35:
      return Buffer.compare((a as ObjectId).id, (b as ObjectId).id)
    case 40:
      return Number(a) - Number(b)
    case 45:
      return order(dateMillis(a as Date), dateMillis(b as Date))
    case 47:
      return order((a as Timestamp).toBigInt() & 0xffffffffffffffffn, (b as Timestamp).toBigInt() & 0xffffffffffffffffn)
    case 50:
      return compareTexts(regexText(a), regexText(b))
    case 60:
      return compareTexts(codeText(a as Code), codeText(b as Code))
    default:
      return 0
  }
}

export function equals(a: unknown, b: unknown): boolean {
  return compareValues(a, b) === 0
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (value as BSONSymbol).value
}

export function regexText(value: unknown): string {
  if (value instanceof RegExp) return `${value.source}\0${value.flags}`
  return `${(value as BSONRegExp).pattern}\0${(value as BSONRegExp).options}`
}

export function codeText(value: Code): string {
  return `${value.code}\0${value.scope ? JSON.stringify(value.scope) : ''}`
}

export function binaryParts(value: unknown): { subType: number; bytes: Buffer } {
  if (value instanceof Binary) return { subType: value.sub_type, bytes: Buffer.from(value.buffer.subarray(0, value.position)) }
  return { subType: 0, bytes: Buffer.from(value as Uint8Array) }
}

// By code points, as the bytes of UTF-8 are ordered; JavaScript's own order differs above the surrogates.
function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function compareDocs(a: Doc, b: Doc): number {
  const [left, right] = [Object.keys(a), Object.keys(b)]
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [x, y] = [left[at] as string, right[at] as string]
    const byRank = rankOf(a[x]) - rankOf(b[y])
    if (byRank !== 0) return Math.sign(byRank)
    const byName = compareTexts(x, y)
    if (byName !== 0) return byName
    const byValue = compareValues(a[x], b[y])
    if (byValue !== 0) return byValue
  }
  return Math.sign(left.length - right.length)
}

function compareArrays(a: readonly unknown[], b: readonly unknown[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const byValue = compareValues(a[at], b[at])
    if (byValue !== 0) return byValue
  }
  return Math.sign(a.length - b.length)
}

function compareBinaries(a: unknown, b: unknown): number {
  const [x, y] = [binaryParts(a), binaryParts(b)]
  return Math.sign(x.bytes.length - y.bytes.length) || Math.sign(x.subType - y.subType) || Buffer.compare(x.bytes, y.bytes)
}

function order(a: bigint, b: bigint): number {
  return a === b ? 0 : a < b ? -1 : 1
}

export { isDocument }
