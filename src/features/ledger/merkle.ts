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
  const split = splitOf(leaves.length)
  return nodeHash(merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split)))
}

/** RFC 6962 section 2.1.1: what a leaf needs to lead to the root, the nearest neighbour first. */
export function merklePath(leaves: readonly Buffer[], index: number): Buffer[] {
  if (leaves.length <= 1) return []
  const split = splitOf(leaves.length)
  if (index < split) return [...merklePath(leaves.slice(0, split), index), merkleRoot(leaves.slice(split))]
  return [...merklePath(leaves.slice(split), index - split), merkleRoot(leaves.slice(0, split))]
}

/** The root that a leaf and its path lead to; undefined when the path has not the length that its place asks for. */
export function rootOfPath(leaf: Buffer, index: number, count: number, path: readonly Buffer[]): Buffer | undefined {
  if (count === 1) return path.length === 0 && index === 0 ? leaf : undefined
  const sibling = path.at(-1)
  if (!sibling || index < 0 || index >= count) return undefined
  const split = splitOf(count)
  const left = index < split
  const own = left ? rootOfPath(leaf, index, split, path.slice(0, -1)) : rootOfPath(leaf, index - split, count - split, path.slice(0, -1))
  return own && (left ? nodeHash(own, sibling) : nodeHash(sibling, own))
}

function splitOf(count: number): number {
  return 2 ** Math.floor(Math.log2(count - 1))
}
