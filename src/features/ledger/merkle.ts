import { createHash } from 'node:crypto'

/** RFC 6962 section 2.1: leaves and nodes are hashed under different prefixes, so that neither can pass for the other. */
export function leafHash(data: string): Buffer {
  return createHash('sha256').update(Buffer.from([0])).update(data, 'utf8').digest()
}

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return createHash('sha256').update(Buffer.from([1])).update(left).update(right).digest()
}

/** The root over leaves in their order; the left subtree is the largest power of two that is smaller than the whole. */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest()
  if (leaves.length === 1) return leaves[0] as Buffer
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return nodeHash(merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split)))
}
