/**
 * Index keys: a list of BSON values as bytes whose order under memcmp is BSON's order. Each component is prefix-free, so compound keys
 * need no separators, and values that compare equal (1 as Int32, Long, Double or Decimal128) have the same bytes.
 *
 * A component is the type's rank, then its payload:
 * - numbers: class (NaN < negative < zero < positive), then the nearest double towards zero, then 0 when that is the number, or 1 and its
 *   decimal digits when it lies beyond; all of it inverted for negative numbers;
 * - texts: UTF-8 with 00 written as 00 ff and ended by 00 01; names and patterns, which cannot hold 00, are ended by 00;
 * - documents: rank, name and payload of each field, ended by 00; arrays the same without names.
 */
import type { Code, ObjectId, Timestamp } from 'bson'
import { type Doc, dateMillis } from '../document.ts'
import { type ExactNumber, binaryOf, compareExact, exactNumber, rankOf, regexOf, text, typeOf, types } from './compare.ts'

/** The key of `values`, one direction each; `undefined` is the key of an empty array, which sorts below null. */
export function encodeKey(values: readonly unknown[], directions: readonly (1 | -1)[]): Buffer {
  writer.at = 0
  for (let index = 0; index < values.length; index += 1) {
    const start = writer.at
    writeValue(values[index])
    if (directions[index] === -1) invert(start)
  }
  return Buffer.from(writer.buffer.subarray(0, writer.at))
}

/** The first key above all keys that start with `prefix`, as an exclusive upper bound; for a prefix of only ff bytes, one byte more of them. */
export function keyAfterPrefix(prefix: Buffer): Buffer {
  const after = Buffer.from(prefix)
  for (let index = after.length - 1; index >= 0; index -= 1) {
    if (after[index] !== 0xff) {
      after[index] = (after[index] as number) + 1
      return after.subarray(0, index + 1)
    }
  }
  return Buffer.concat([prefix, Buffer.from([0xff])])
}

/** The byte that all values of one type bracket start with. */
export function rankByte(rank: number): number {
  return rank === -1 ? 0x01 : rank === 127 ? 0xfe : rank + 0x10
}

/** The bytes that every string starting with `prefix` begins with, in ascending direction. */
export function stringPrefixKey(prefix: string): Buffer {
  writer.at = 0
  writeByte(rankByte(15))
  writeEscaped(prefix)
  return Buffer.from(writer.buffer.subarray(0, writer.at))
}

/** All bits of a key turned, which is the same component in the other direction. */
export function invertKey(key: Buffer): Buffer {
  const inverted = Buffer.allocUnsafe(key.length)
  for (let index = 0; index < key.length; index += 1) inverted[index] = ~(key[index] as number)
  return inverted
}

// One buffer for all keys: nothing here yields, and what is returned is copied.
const writer = { buffer: Buffer.allocUnsafe(16 * 1024), at: 0 }

function ensureRoom(bytes: number): void {
  if (writer.at + bytes <= writer.buffer.length) return
  const grown = Buffer.allocUnsafe(Math.max(writer.buffer.length * 2, writer.at + bytes))
  writer.buffer.copy(grown, 0, 0, writer.at)
  writer.buffer = grown
}

function writeByte(byte: number): void {
  ensureRoom(1)
  writer.buffer[writer.at++] = byte
}

function writeBytes(bytes: Uint8Array): void {
  ensureRoom(bytes.length)
  writer.buffer.set(bytes, writer.at)
  writer.at += bytes.length
}

function invert(start: number): void {
  for (let index = start; index < writer.at; index += 1) writer.buffer[index] = ~(writer.buffer[index] as number)
}

function writeValue(value: unknown): void {
  writeByte(rankByte(rankOf(value)))
  writePayload(value)
}

function writePayload(value: unknown): void {
  switch (typeOf(value)) {
    case types.int:
    case types.double:
    case types.long:
    case types.decimal:
      return writeNumber(exactNumber(value))
    case types.string:
    case types.symbol:
      writeEscaped(text(value))
      writeByte(0)
      return writeByte(1)
    case types.object:
      return writeFields(value as Doc)
    case types.array:
      for (const item of value as unknown[]) writeValue(item ?? null)
      return writeByte(0)
    case types.objectId:
      return writeBytes((value as ObjectId).id)
    case types.bool:
      return writeByte(value === true ? 1 : 0)
    case types.date:
      ensureRoom(8)
      // The sign bit turned makes signed order the order of the bytes.
      writer.at = writer.buffer.writeBigUInt64BE(BigInt.asUintN(64, dateMillis(value as Date) ^ (1n << 63n)), writer.at)
      return
    case types.timestamp:
      ensureRoom(8)
      writer.at = writer.buffer.writeUInt32BE((value as Timestamp).t, writer.at)
      writer.at = writer.buffer.writeUInt32BE((value as Timestamp).i, writer.at)
      return
    case types.binData: {
      const { subType, bytes } = binaryOf(value)
      ensureRoom(5)
      writer.at = writer.buffer.writeUInt32BE(bytes.length, writer.at)
      writer.buffer[writer.at++] = subType
      return writeBytes(bytes)
    }
    case types.regex: {
      const { pattern, options } = regexOf(value)
      writeName(pattern)
      return writeName(options)
    }
    case types.javascript:
    case types.javascriptWithScope: {
      const { code, scope } = value as Code
      writeEscaped(code)
      writeByte(0)
      writeByte(1)
      if (scope !== null && scope !== undefined) writeFields(scope as Doc)
      return
    }
    default:
      return
  }
}

function writeFields(doc: Doc): void {
  for (const name of Object.keys(doc)) {
    const value = doc[name]
    if (value === undefined) continue
    writeByte(rankByte(rankOf(value)))
    writeName(name)
    writePayload(value)
  }
  writeByte(0)
}

function writeName(name: string): void {
  ensureRoom(name.length * 3 + 1)
  writer.at += writer.buffer.write(name, writer.at, 'utf8')
  writer.buffer[writer.at++] = 0
}

function writeEscaped(value: string): void {
  let from = 0
  for (;;) {
    const zero = value.indexOf('\0', from)
    const part = zero < 0 ? (from === 0 ? value : value.slice(from)) : value.slice(from, zero)
    ensureRoom(part.length * 3 + 2)
    writer.at += writer.buffer.write(part, writer.at, 'utf8')
    if (zero < 0) return
    writer.buffer[writer.at++] = 0
    writer.buffer[writer.at++] = 0xff
    from = zero + 1
  }
}

const notANumber = 0x10
const negative = 0x20
const zero = 0x30
const positive = 0x40

function writeNumber(number: ExactNumber): void {
  if (number.kind === 'double') {
    if (number.value > 0 || number.value < 0) return writeSized(number.value, undefined)
    return writeByte(number.value === 0 ? zero : notANumber)
  }
  const size = number.kind === 'integer' ? number.value : number.coefficient
  if (size === 0n) return writeByte(zero)
  if (number.kind === 'integer' && size >= -9007199254740992n && size <= 9007199254740992n) return writeSized(Number(size), undefined)
  const nearest = towardsZero(number)
  writeSized(nearest.value === 0 && size < 0n ? -0 : nearest.value, nearest.exact ? undefined : number)
}

/** The class, the double and, for numbers that are not that double, their digits. A zero double belongs to a number too small for one. */
function writeSized(value: number, beyond: ExactNumber | undefined): void {
  const below = value < 0 || Object.is(value, -0)
  writeByte(below ? negative : positive)
  ensureRoom(9)
  const start = writer.at
  writer.at = writer.buffer.writeDoubleBE(Math.abs(value), writer.at)
  if (beyond === undefined) writeByte(0)
  else {
    writeByte(1)
    writeDigits(beyond)
  }
  if (below) invert(start)
}

/** The exponent, then the digits without trailing zeros, each above 0 so that 0 ends them. */
function writeDigits(number: ExactNumber): void {
  const integer = number.kind === 'integer' ? number.value : number.kind === 'decimal' ? number.coefficient : 0n
  const digits = (integer < 0n ? -integer : integer).toString()
  const exponent = digits.length + (number.kind === 'decimal' ? number.exponent : 0)
  ensureRoom(2 + digits.length + 1)
  writer.at = writer.buffer.writeUInt16BE(exponent + 0x4000, writer.at)
  let end = digits.length
  while (digits.charCodeAt(end - 1) === 0x30) end -= 1
  for (let index = 0; index < end; index += 1) writer.buffer[writer.at++] = digits.charCodeAt(index)
  writer.buffer[writer.at++] = 0
}

/** The double of the same sign whose size is the largest that does not exceed the number's. */
function towardsZero(number: ExactNumber): { value: number; exact: boolean } {
  const rounded =
    number.kind === 'integer' ? Number(number.value) : number.kind === 'decimal' ? Number(`${number.coefficient}e${number.exponent}`) : number.value
  let value = rounded
  if (!Number.isFinite(value)) value = Math.sign(value) * Number.MAX_VALUE
  let order = compareExact({ kind: 'double', value }, number)
  if (value > 0 ? order > 0 : value < 0 && order < 0) {
    value = previousTowardsZero(value)
    order = compareExact({ kind: 'double', value }, number)
  }
  return { value, exact: order === 0 }
}

const bits = new DataView(new ArrayBuffer(8))

function previousTowardsZero(value: number): number {
  bits.setFloat64(0, value)
  bits.setBigUint64(0, bits.getBigUint64(0) - 1n)
  return bits.getFloat64(0)
}
