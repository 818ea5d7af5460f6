import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Keys, KeyPurpose } from './keys.ts'

export interface Vault {
  /** @param owner bound into the seal: a ciphertext copied to another row does not open */
  seal(plain: string, owner: string): string
  /** @throws Error when no key opens it */
  open(sealed: string, owner: string): string
}

/** AES-256-GCM for fields that must not lie readable in a database or its backups. Old keys still open while a secret is replaced. */
export function createVault(keys: Keys, purpose: KeyPurpose): Vault {
  const ring = keys.keys(purpose)
  return Object.freeze({
    seal(plain: string, owner: string) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', ring[0] as Buffer, iv).setAAD(Buffer.from(owner))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return `v1.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    open(sealed: string, owner: string) {
      const bytes = Buffer.from(sealed.replace(/^v1\./, ''), 'base64url')
      for (const key of ring) {
        try {
          const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(owner))
          decipher.setAuthTag(bytes.subarray(12, 28))
          return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
        } catch {
          continue
        }
      }
      throw new Error('A sealed field does not open with any present key')
    },
  })
}
