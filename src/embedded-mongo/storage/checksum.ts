import { crc32 } from 'node:zlib'
import type { Key } from '../keys.ts'
import { StoreRefused } from './refusal.ts'

const size = 4

/**
 * LMDB has no checksums of its own: a flipped bit would come back as a wrong balance, without an error. The checksum covers the key too: a
 * record that turns up under another key is as wrong as a flipped bit.
 */
export function withChecksum(key: Key, payload: Buffer): Buffer {
  const value = Buffer.allocUnsafe(size + payload.length)
  value.writeUInt32BE(sumOf(key, payload), 0)
  payload.copy(value, size)
  return value
}

/** @throws StoreRefused naming the record */
export function withoutChecksum(key: Key, value: Buffer, file: string): Buffer {
  const payload = value.subarray(size)
  if (value.length < size || value.readUInt32BE(0) !== sumOf(key, payload))
    throw new StoreRefused(`${file}: the record ${nameOf(key)} is corrupt. Restore the store from a backup; nothing was changed.`)
  return payload
}

export function nameOf(key: Key): string {
  return Buffer.from(key, 'latin1').toString('hex').slice(0, 120)
}

function sumOf(key: Key, payload: Buffer): number {
  return crc32(payload, crc32(Buffer.from(key, 'latin1')))
}
