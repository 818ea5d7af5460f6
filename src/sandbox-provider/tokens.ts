import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'

/** `sbx_…` a charge, `sbm_…` a saved method, `sbr_…` a refund, `sbt_…` a transfer, `msg_…` a webhook: later ones sort later, so that a statement can be paged by id. */
export function newId(prefix: 'sbx' | 'sbm' | 'sbr' | 'sbt' | 'msg'): string {
  return `${prefix}_${uuidv7().replaceAll('-', '')}`
}

/** 256 random bits, base64url: whoever knows a checkout's token may decide it. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/** A key that nobody else has: what it signs is a forgery. */
export function strangersKey(): Buffer {
  return randomBytes(32)
}
