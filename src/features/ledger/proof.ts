import { createHash, createPublicKey, verify } from 'node:crypto'
import type { BatchHeader, LedgerProof, Party, SealedEntry, SignedRoot } from './contract.ts'
import { canonicalEntry, commit, type EntryRow, sealEntry } from './entry.ts'
import { leafHash, rootOfPath } from './merkle.ts'
import type { BatchRow, RootRow } from './model.ts'

/** Everything that it takes to check a proof with nothing but a public key. No database, no clock, no secret. */

// RFC 8410: the DER bytes before the 32 of an Ed25519 public key.
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

export function leafOf(row: EntryRow): Buffer {
  return leafHash(canonicalEntry(sealEntry(row)))
}

export function headerOf({ _id, prev, root, count, sealed_at }: BatchRow): BatchHeader {
  return { n: _id, prev, root, count, sealed_at: sealed_at.toISOString() }
}

/** A batch's hash covers its number, the batch before it, the root and the count: order and completeness. */
export function hashBatch({ n, prev, root, count, sealed_at }: BatchHeader): string {
  return createHash('sha256').update(JSON.stringify(['v1', n, prev, root, count, sealed_at])).digest('hex')
}

export function presentRoot({ _id, hash, day, signed_at, key_id, signature }: RootRow): SignedRoot {
  return { n: _id, hash, day, signed_at: signed_at.toISOString(), key_id, signature }
}

/** What a root's signature covers. */
export function signedBytes({ n, hash, day, signed_at, key_id }: Omit<SignedRoot, 'signature'>): Buffer {
  return Buffer.from(JSON.stringify(['ovation-ledger-root', 'v1', n, hash, day, signed_at, key_id]))
}

export function keyIdOf(publicKey: Buffer): string {
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 16)
}

/** @param publicKey 32 bytes, base64url */
export function verifyRoot(root: SignedRoot, publicKey: string): boolean {
  const raw = Buffer.from(publicKey, 'base64url')
  if (raw.length !== 32) return false
  const key = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' })
  const signature = Buffer.from(root.signature, 'base64url')
  // The same bytes in another spelling would be another document.
  return signature.toString('base64url') === root.signature && verify(null, signedBytes(root), key, signature)
}

/**
 * Says what is wrong with a proof, or nothing when it holds: this entry, byte for byte, is one of the entries of that batch, and that batch
 * stands in the chain that was signed with this key.
 */
export function faultOfProof(proof: LedgerProof, publicKey: string): string | undefined {
  const unnamed = partiesOf(proof.entry).find(({ name, blinding, commitment }) => (name === undefined) !== (blinding === undefined) || (name !== undefined && commit(name, blinding ?? '') !== commitment))
  if (unnamed) return 'a party of the entry is named otherwise than it was sealed'
  const { index, path, batch, chain, root } = proof
  const leaf = leafHash(canonicalEntry(proof.entry))
  const reached = rootOfPath(leaf, index, batch.count, path.map(bytesOf))
  if (!reached || reached.toString('hex') !== batch.root) return 'the entry does not lead to the root of its batch'
  let prev = hashBatch(batch)
  let n = batch.n
  for (const next of chain) {
    if (next.n !== n + 1 || next.prev !== prev) return `batch ${next.n} does not follow batch ${n}`
    prev = hashBatch(next)
    n = next.n
  }
  if (root.n !== n || root.hash !== prev) return 'the chain does not lead to the signed root'
  return verifyRoot(root, publicKey) ? undefined : 'the signature under the root does not hold'
}

function partiesOf(entry: SealedEntry): Party[] {
  return [entry.actor, ...entry.postings.map((posting) => posting.account)]
}

// Anything but lower-case hex of the right length would let one proof have two spellings.
function bytesOf(hex: string): Buffer {
  return /^[0-9a-f]{64}$/.test(hex) ? Buffer.from(hex, 'hex') : Buffer.alloc(0)
}
