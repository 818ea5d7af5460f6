import { closeSync, openSync, readSync } from 'node:fs'

/**
 * The part of LMDB's file format (data version 2, little endian, 64 bit) that tells whether each page of the tree is the page that its
 * parent means. LMDB itself never compares the two: a page that a disk wrote to the wrong place, over one of the same tree, would come
 * back as older records whose checksums are right.
 */
const header = { pgno: 0, flags: 18, lower: 20, bytes: 24 }
const meta = { page_bytes: 48, depth: 102, root: 136, txnid: 152 }
const isBranch = 0x01
const isLeaf = 0x02
const isOverflow = 0x04
const hasOverflow = 0x01
const node = { flags: 4, key_bytes: 6, bytes: 8 }
const none = 2n ** 64n - 1n

/**
 * Walks the pages of the newest tree, from its root to the leaves and the overflow pages.
 * @param until stops at this time, by `performance.now()`
 * @returns what is wrong with the first page that is not where it belongs
 */
export function misplacedPage(file: string, until: number): string | undefined {
  const handle = openSync(file, 'r')
  try {
    const first = read(0n, 4_096)
    const pageBytes = first.readUInt32LE(meta.page_bytes)
    const metas = [first, read(BigInt(pageBytes), 4_096)]
    const newest = metas.reduce((one, other) => (other.readBigUInt64LE(meta.txnid) > one.readBigUInt64LE(meta.txnid) ? other : one))
    const root = newest.readBigUInt64LE(meta.root)
    return root === none ? undefined : walk(root, newest.readUInt16LE(meta.depth))

    function walk(pgno: bigint, level: number): string | undefined {
      if (performance.now() > until) return undefined
      const page = read(pgno * BigInt(pageBytes), pageBytes)
      const wrong = identify(page, pgno, level > 1 ? isBranch : isLeaf)
      if (wrong) return wrong
      const count = page.readUInt16LE(header.lower) >> 1
      for (let n = 0; n < count; n++) {
        const at = page.readUInt16LE(header.bytes + 2 * n) + header.bytes
        if (at + node.bytes > pageBytes) return `page ${pgno} has a record outside of itself`
        const found = level > 1 ? walk(childOf(page, at), level - 1) : lookBeside(page, at)
        if (found) return found
      }
      return undefined
    }

    function lookBeside(page: Buffer, at: number): string | undefined {
      if ((page.readUInt16LE(at + node.flags) & hasOverflow) === 0) return undefined
      const pgno = page.readBigUInt64LE(at + node.bytes + page.readUInt16LE(at + node.key_bytes))
      return identify(read(pgno * BigInt(pageBytes), header.bytes), pgno, isOverflow)
    }

    function identify(page: Buffer, pgno: bigint, kind: number): string | undefined {
      const told = page.readBigUInt64LE(header.pgno)
      if (told !== pgno) return `page ${pgno} says that it is page ${told}`
      return (page.readUInt16LE(header.flags) & kind) === 0 ? `page ${pgno} is of another kind than the tree means` : undefined
    }

    function read(from: bigint, bytes: number): Buffer {
      const page = Buffer.alloc(bytes)
      if (readSync(handle, page, 0, bytes, from) !== bytes) throw new Error(`the file ends before byte ${from + BigInt(bytes)}`)
      return page
    }
  } catch (error) {
    return error instanceof Error ? error.message : 'its pages can not be read'
  } finally {
    closeSync(handle)
  }
}

// A branch keeps a page number of 48 bits where a leaf keeps the length of a value and its flags.
function childOf(page: Buffer, at: number): bigint {
  return BigInt(page.readUInt16LE(at)) | (BigInt(page.readUInt16LE(at + 2)) << 16n) | (BigInt(page.readUInt16LE(at + node.flags)) << 32n)
}
