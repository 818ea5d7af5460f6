import { open, type RootDatabase } from 'lmdb'
import { mongoError } from '../errors.ts'
import { withChecksum, withoutChecksum } from './checksum.ts'
import type { Pair, Storage, StorageSnapshot, Write } from './storage.ts'

const maxReaders = 2_048
const maxCommitsPerFlush = 2_000

export interface LmdbStorage extends Storage {
  /** sees every record once; @throws StoreRefused at the first corrupt one */
  verify(): void
}

/** @param onFlushed told after each flush, for the manifest */
export function openLmdb(file: string, onFlushed: () => void): LmdbStorage {
  const db = open<Buffer, Buffer>({
    path: file,
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
    // lmdb's default answers at commit, before the flush; here acknowledged means flushed.
    overlappingSync: false,
    maxReaders,
    cache: false,
    mapSize: 2 ** 40,
  } as never) as unknown as RootDatabase<Buffer, Buffer>
  const queue: { writes: readonly Write[]; resolve: () => void; reject: (error: unknown) => void }[] = []
  let flushing = false
  let commits = 0
  let flushes = 0

  return Object.freeze({ snapshot, commit, stats: () => ({ commits, flushes }), verify, close })

  function snapshot(): StorageSnapshot {
    // Without this the snapshot could be one that an earlier read of this turn of the loop has left behind.
    db.resetReadTxn()
    const transaction = db.useReadTransaction()
    let released = false
    return Object.freeze({
      get(key: Buffer) {
        const value = db.get(key, { transaction }) as Buffer | undefined
        return value === undefined ? undefined : withoutChecksum(key, value, file)
      },
      *range(start: Buffer, end: Buffer, reverse: boolean): Iterable<Pair> {
        const options = reverse ? { start: end, end: start, reverse: true, exclusiveStart: true, inclusiveEnd: true } : { start, end }
        for (const { key, value } of db.getRange({ ...options, transaction } as never) as Iterable<Pair>) yield { key, value: withoutChecksum(key, value, file) }
      },
      release() {
        if (released) return
        released = true
        transaction.done()
      },
    })
  }

  function commit(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      queue.push({ writes, resolve, reject })
      if (!flushing) void flush()
    })
  }

  // One LMDB transaction for all commits that wait. LMDB has one writer; the disk is asked once for everybody.
  async function flush(): Promise<void> {
    flushing = true
    await new Promise((resolve) => setImmediate(resolve))
    while (queue.length > 0) {
      const group = queue.splice(0, maxCommitsPerFlush)
      try {
        await write(group.flatMap((each) => each.writes))
        commits += group.length
        flushes += 1
        for (const each of group) each.resolve()
        onFlushed()
      } catch (error) {
        const failure = mongoError('OperationFailed', `The store could not write: ${error instanceof Error ? error.message : 'unknown'}`)
        for (const each of group) each.reject(failure)
      }
    }
    flushing = false
  }

  async function write(writes: readonly Write[]): Promise<void> {
    let failed: unknown
    await db
      .transaction(() => {
        for (const { key, value } of writes) {
          // Each put has a promise of its own, which fails with the whole; a full disk must not end the process by it.
          const done = value === null ? db.remove(key) : db.put(key, withChecksum(key, value))
          done.catch((error: unknown) => (failed = error))
        }
      })
      .catch((error: unknown) => {
        ;(error as { commitError?: Promise<unknown> }).commitError?.catch?.(() => {})
        throw error
      })
    if (failed) throw failed
  }

  function verify(): void {
    const view = snapshot()
    try {
      for (const _pair of view.range(Buffer.from([0]), Buffer.from([255]), false));
    } finally {
      view.release()
    }
  }

  async function close(): Promise<void> {
    while (flushing) await new Promise((resolve) => setImmediate(resolve))
    await db.flushed
    await db.close()
  }
}
