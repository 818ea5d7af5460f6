import { crc32 } from 'node:zlib'
import { StoreRefused } from './refusal.ts'

const size = 4

/** The checksum covers the key too: a record that turns up under another key is as wrong as a flipped bit. */
export function withChecksum(key: Buffer, payload: Buffer): Buffer {
  const value = Buffer.allocUnsafe(size + payload.length)
  value.writeUInt32BE(crc32(payload, crc32(key)), 0)
  payload.copy(value, size)
  return value
}

/** @throws StoreRefused naming the record */
export function withoutChecksum(key: Buffer, value: Buffer, file: string): Buffer {
  const payload = value.subarray(size)
  if (value.length < size || value.readUInt32BE(0) !== crc32(payload, crc32(key)))
    throw new StoreRefused(`${file}: the record ${key.toString('hex').slice(0, 120)} is corrupt. Restore the store from a backup; nothing was changed.`)
  return payload
}
