import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import type { Wall } from '../../kernel/clock.ts'
import type { Leases } from '../../platform/lease.ts'
import type { LedgerModels, RootRow } from './model.ts'
import { keyIdOf, presentRoot, signedBytes } from './proof.ts'

const everyMs = 60_000
const leaseMs = 30_000
// RFC 8410: the DER bytes before the 32 of an Ed25519 private key.
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

export type Roots = ReturnType<typeof createRoots>

/**
 * Signs the head of the chain once a minute while it grows, and the last batch of every day. Tampering is provable for all that stands
 * under a signed root; what was sealed since then only by comparing with somebody's copy.
 * @param seed 32 bytes, derived from the secret
 */
export function createRoots({ models, leases, wall, seed }: { models: LedgerModels; leases: Leases; wall: Wall; seed: Buffer }) {
  const { Batches, Roots, Keys } = models
  const privateKey = privateKeyOf(seed)
  const publicKey = rawPublicKey(privateKey)
  const keyId = keyIdOf(publicKey)

  return Object.freeze({ tick, signHead, after })

  async function tick(): Promise<void> {
    if (!(await leases.hold('ledger-roots', leaseMs))) return
    const last = await Roots.findOne({}).sort({ _id: -1 }).lean()
    const head = await Batches.findOne({}, { _id: 1, sealed_at: 1 }).sort({ _id: -1 }).lean()
    if (!head || head._id <= (last?._id ?? 0)) return
    if (last && last.day < dayOf(head.sealed_at)) await signEndOf(last.day)
    if (!last || wall.now().getTime() - last.signed_at.getTime() >= everyMs) await signHead()
  }

  /** Signs the last batch there is, unless it is signed already. */
  async function signHead(): Promise<void> {
    const head = await Batches.findOne({}).sort({ _id: -1 }).lean()
    if (head) await signBatch(head)
  }

  /** The first root that covers a batch. */
  async function after(n: number): Promise<RootRow | null> {
    return Roots.findOne({ _id: { $gte: n } }).sort({ _id: 1 }).lean()
  }

  async function signEndOf(day: string): Promise<void> {
    const midnight = new Date(Date.parse(`${day}T00:00:00.000Z`) + 24 * 3600_000)
    const end = await Batches.findOne({ sealed_at: { $lt: midnight } }).sort({ _id: -1 }).lean()
    if (end) await signBatch(end)
  }

  async function signBatch({ _id, hash, sealed_at }: { _id: number; hash: string; sealed_at: Date }): Promise<void> {
    await Keys.updateOne({ _id: keyId }, { $setOnInsert: { public_key: publicKey.toString('base64url'), since: wall.now() } }, { upsert: true })
    const unsigned = { _id, hash, day: dayOf(sealed_at), signed_at: wall.now(), key_id: keyId }
    const signature = sign(null, signedBytes(presentRoot({ ...unsigned, signature: '' })), privateKey).toString('base64url')
    try {
      await Roots.insertMany([{ ...unsigned, signature }])
    } catch (error) {
      // Another process signed the same batch: its signature is as good.
      if ((error as { code?: unknown }).code !== 11000) throw error
    }
  }
}

/** @returns 32 bytes, base64url */
export function publicKeyOfSeed(seed: Buffer): string {
  return rawPublicKey(privateKeyOf(seed)).toString('base64url')
}

function privateKeyOf(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' })
}

function rawPublicKey(privateKey: KeyObject): Buffer {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return der.subarray(der.length - 32)
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10)
}
