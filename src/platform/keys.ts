import { hkdfSync } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newToken } from '../kernel/ids.ts'

export type KeyPurpose = 'access-token' | 'refresh-token' | 'cursor' | 'bank-account' | 'ledger-root' | 'mail' | 'mail-page' | 'media' | 'receipt' | 'sandbox-api' | 'sandbox-webhook'

export interface Keys {
  /** 32 bytes that serve one purpose only */
  key(purpose: KeyPurpose): Buffer
  /** the present key first, then that of SECRET_PREVIOUS while it is being replaced */
  keys(purpose: KeyPurpose): Buffer[]
}

/** One secret, a key of its own for every purpose (HKDF-SHA256): a leak of one says nothing of the others. */
export function createKeys(secret: string, previous?: string): Keys {
  const derive = (from: string, purpose: KeyPurpose) => Buffer.from(hkdfSync('sha256', from, 'ovation', purpose, 32))
  const secrets = previous ? [secret, previous] : [secret]
  return Object.freeze({
    key: (purpose: KeyPurpose) => derive(secret, purpose),
    keys: (purpose: KeyPurpose) => secrets.map((each) => derive(each, purpose)),
  })
}

/** Reads DATA_DIR/secret, or makes it once with mode 0600. `wx` makes two first starts at once agree on one. */
export function loadOrMakeSecret(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  chmodSync(dataDir, 0o700)
  const file = join(dataDir, 'secret')
  try {
    writeFileSync(file, newToken(), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(file, 'utf8').trim()
}
