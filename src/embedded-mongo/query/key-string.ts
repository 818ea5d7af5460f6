import type { Code, ObjectId, Timestamp } from 'bson'
import { dateMillis, type Doc } from '../document.ts'
import { binaryParts, codeText, rankOf, regexText, textOf } from './compare.ts'
import { exactOf } from './numbers.ts'

/**
 * Values as bytes whose order, byte by byte, is BSON's order of the values. No component is the beginning of another, so components stand
 * behind each other; a descending one has its bytes turned over. Numbers of all kinds share one form: sign, place of the point, digits.
 */
export function encodeKey(values: readonly unknown[], directions: readonly (1 | -1)[]): Buffer {
  const parts = values.map((value, at) => {
    const component = Buffer.concat(componentOf(value))
    return directions[at] === -1 ? inverted(component) : component
  })
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
}

/** The first byte of every value of this kind, and of the kind behind it: the bounds of a type bracket. */
export function bracketOf(value: unknown): { lower: Buffer; upper: Buffer } {
  const rank = rankOf(value)
  return { lower: Buffer.from([rank]), upper: Buffer.from([rank + 1]) }
}

function componentOf(value: unknown): Buffer[] {
  const rank = rankOf(value)
  return [Buffer.from([rank]), ...payloadOf(rank, value)]
}

function payloadOf(rank: number, value: unknown): Buffer[] {
  switch (rank) {
    case 10:
      return [numberBytes(value)]
    case 15:
      return terminated(Buffer.from(textOf(value)))
    case 20:
      return [...Object.entries(value as Doc).flatMap(([name, item]) => [Buffer.from([1, rankOf(item)]), ...terminated(Buffer.from(name)), ...payloadOf(rankOf(item), item)]), zero]
    case 25:
      return [...(value as unknown[]).flatMap((item) => [one, ...componentOf(item)]), zero]
    case 30: {
      const { subType, bytes } = binaryParts(value)
      const head = Buffer.allocUnsafe(5)
      head.writeUInt32BE(bytes.length, 0)
      head[4] = subType
      return [head, bytes]
    }
    case 35:
      return [Buffer.from((value as ObjectId).id)]
    case 40:
      return [value === true ? one : zero]
    case 45:
      return [signed(dateMillis(value as Date))]
    case 47: {
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeBigUInt64BE((value as Timestamp).toBigInt() & 0xffffffffffffffffn)
      return [bytes]
    }
    case 50:
      return terminated(Buffer.from(regexText(value)))
    case 60:
      return terminated(Buffer.from(codeText(value as Code)))
    default:
      return []
  }
}

const zero = Buffer.from([0])
const one = Buffer.from([1])
const ends = Buffer.from([0, 0])

// 0x00 inside is written 0x00 0xff, so that the end, 0x00 0x00, sorts below whatever goes on.
function terminated(bytes: Buffer): Buffer[] {
  if (!bytes.includes(0)) return [bytes, ends]
  const escaped: number[] = []
  for (const byte of bytes) {
    escaped.push(byte)
    if (byte === 0) escaped.push(255)
  }
  return [Buffer.from(escaped), ends]
}

function numberBytes(value: unknown): Buffer {
  const { kind, negative, digits, exponent } = exactOf(value)
  if (kind === 'nan') return Buffer.from([1])
  if (kind === 'infinite') return Buffer.from([negative ? 2 : 6])
  if (digits === '') return Buffer.from([4])
  const bytes = Buffer.allocUnsafe(3 + Math.ceil(digits.length / 2) + 1)
  bytes[0] = 5
  bytes.writeUInt16BE(exponent + 0x8000, 1)
  let at = 3
  for (let digit = 0; digit < digits.length; digit += 2) bytes[at++] = Number(digits.slice(digit, digit + 2).padEnd(2, '0')) + 1
  bytes[at] = 0
  if (!negative) return bytes
  const turned = inverted(bytes)
  turned[0] = 3
  return turned
}

function signed(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value) ^ 0x8000000000000000n)
  return bytes
}

function inverted(bytes: Buffer): Buffer {
  const turned = Buffer.allocUnsafe(bytes.length)
  for (let at = 0; at < bytes.length; at++) turned[at] = 255 - (bytes[at] as number)
  return turned
}
