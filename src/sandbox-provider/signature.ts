import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

const minSecretBytes = 24

/** @param secret base64, with or without the `whsec_` that Standard Webhooks puts before it */
export function readSecret(secret: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  if (key.length < minSecretBytes) throw new Error(`A webhook secret has fewer than ${minSecretBytes} bytes`)
  return key
}

/** One signature for every active secret, so that a receiver may change to the new one at any moment of a rotation. */
export function sign(keys: readonly Buffer[], message: { id: string; timestamp: number; body: string }): string {
  return keys
    .map((key) => `v1,${createHmac('sha256', key).update(`${message.id}.${message.timestamp}.${message.body}`).digest('base64')}`)
    .join(' ')
}

/** Compares hashes, so that neither content nor length shows in the time it takes. */
export function isSameSecret(given: string, own: string): boolean {
  return timingSafeEqual(createHash('sha256').update(given).digest(), createHash('sha256').update(own).digest())
}
