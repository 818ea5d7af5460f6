import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'

/** Every kind of thing has a prefix of its own, so that an id in a log says what it names and can't be taken for another's. */
export type IdPrefix = 'usr' | 'ses' | 'pay' | 'tip' | 'top' | 'ent' | 'evt' | 'ovl' | 'alr' | 'req' | 'prc' | 'inb' | 'aud' | 'mai' | 'gol' | 'str' | 'var' | 'fol' | 'gst' | 'con' | 'msg' | 'mov' | 'bar' | 'rep' | 'med' | 'rem' | 'ann' | 'run' | 'tir' | 'mbr' | 'pmt' | 'rfd' | 'pot'

/** `usr_0192f0c1…`: a prefix and a UUIDv7 in hex. Ids made later sort later, which keeps indexes dense and cursors cheap. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${uuidv7().replaceAll('-', '')}`
}

/** 256 random bits, base64url: tokens that are shown once and stored hashed. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}

/** Evenly spread in [0, 1): jitter and turns, never a secret. */
export function jitter(): number {
  return randomBytes(4).readUInt32BE() / 2 ** 32
}
