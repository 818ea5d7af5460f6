import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { open } from 'lmdb'
import { MongoError } from '../errors.ts'
import { type Key, keyOf, maxKeyBytes, rangeOf } from '../keys.ts'
import { nameOf, withChecksum, withoutChecksum } from './checksum.ts'
import { misplacedPage } from './pages.ts'
import { StoreRefused } from './refusal.ts'
import type { Pair, Storage, StorageSnapshot, StorageStats, Write } from './storage.ts'

const maxReaders = 2_048
const maxCommitsPerFlush = 2_000
const maxBytesPerFlush = 64 * 1024 * 1024
/** Address space that the file may grow into, not memory. */
const mapBytes = 2 ** 40
export const freeSpaceFloorBytes = 200 * 1024 * 1024
const lookAtSpaceEveryMs = 1_000
const causeWithinMs = 1_000

export interface LmdbStorage extends Storage {
  /**
   * Walks all pages, then all records in order, and looks each one up again, for `budgetMs` at most. @returns whether it saw them all
   * @throws StoreRefused at the first that is wrong
   */
  verify(budgetMs: number): boolean
  /** how many flushes the file has seen since it exists */
  generation(): number
  /** resolves when no commit is under way */
  idle(): Promise<void>
}

export interface LmdbOptions {
  /** told after each flush, for the manifest */
  onFlushed?: () => void
  /** below this much free space on the disk writes are refused, so that reading and stopping still work */
  floorBytes?: number
}

interface Waiting {
  writes: readonly Write[]
  resolve: () => void
  reject: (error: unknown) => void
}

/**
 * Opens or makes the LMDB file; only the process that holds the folder's lock may.
 *
 * `overlappingSync` is off, so a commit is visible only after its flush: nobody reads, and acts upon, what a power cut could undo. `noSync`
 * and `useWritemap` stay off: the first loses what was acknowledged, the second makes a full disk a SIGBUS.
 */
export function openLmdb(file: string, { onFlushed, floorBytes = freeSpaceFloorBytes }: LmdbOptions = {}): LmdbStorage {
  const db = open<Buffer, Key>({
    path: file,
    noSubdir: true,
    keyEncoder: latin1Keys,
    encoding: 'binary',
    overlappingSync: false,
    maxReaders,
    cache: false,
    mapSize: mapBytes,
    eventTurnBatching: false,
  })
  const queue: Waiting[] = []
  let flushing: Promise<void> | undefined
  let flushNumber = readFlushNumber()
  let spaceSeenAt = Number.NEGATIVE_INFINITY
  let commits = 0
  let flushes = 0
  let openSnapshots = 0
  let closed = false

  return Object.freeze({ snapshot, commit, stats, verify, generation: () => flushNumber, idle, close })

  function snapshot(): StorageSnapshot {
    if (closed) throw failure('the store is closed')
    // Without this the snapshot could be one that an earlier read of this turn of the loop has left behind.
    db.resetReadTxn()
    const transaction = db.useReadTransaction()
    let released = false
    openSnapshots += 1
    return Object.freeze({ get, range, release })

    function get(key: Key): Buffer | undefined {
      ensureHeld()
      const value = (db.get as GetWithin)(key, { transaction })
      return value === undefined ? undefined : withoutChecksum(key, value, file)
    }

    function* range(start: Key, end: Key, reverse: boolean): Iterable<Pair> {
      ensureHeld()
      if (start >= end) return
      const options = reverse ? { start: end, end: start, reverse: true, exclusiveStart: true, inclusiveEnd: true } : { start, end }
      for (const { key, value } of db.getRange({ ...options, transaction })) {
        yield { key, value: withoutChecksum(key, value, file) }
        ensureHeld()
      }
    }

    // Below JavaScript a read on an ended transaction is no error but a read of freed memory.
    function ensureHeld(): void {
      if (released || closed) throw new Error('a snapshot was used after its release')
    }

    function release(): void {
      if (released) return
      released = true
      openSnapshots -= 1
      if (!closed) transaction.done()
    }
  }

  function commit(writes: readonly Write[]): Promise<void> {
    if (closed) return Promise.reject(failure('the store is closed'))
    if (writes.length === 0) return Promise.resolve()
    // An error amid the handing over would leave half a batch to whoever commits next; so nothing goes there that could cause one.
    const unfit = writes.find(({ key }) => key.length === 0 || key.length > maxKeyBytes)
    if (unfit) return Promise.reject(failure(`a key has ${unfit.key.length} bytes`))
    return new Promise((resolve, reject) => {
      queue.push({ writes, resolve, reject })
      flushing ??= flushAll()
    })
  }

  // One LMDB transaction for all commits that wait: there is one writer, and the disk is asked once for everybody.
  async function flushAll(): Promise<void> {
    // What came in the same turn of the loop goes in the same flush.
    await new Promise((resolve) => setImmediate(resolve))
    while (queue.length > 0) await flushGroup(takeGroup())
    flushing = undefined
  }

  function takeGroup(): Waiting[] {
    let bytes = 0
    const end = queue.findIndex(({ writes }, at) => {
      bytes += writes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
      return at > 0 && (bytes > maxBytesPerFlush || at >= maxCommitsPerFlush)
    })
    return queue.splice(0, end === -1 ? queue.length : end)
  }

  async function flushGroup(group: readonly Waiting[]): Promise<void> {
    try {
      await ensureSpace()
      await write(group)
      commits += group.length
      flushes += 1
      for (const { resolve } of group) resolve()
      onFlushed?.()
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }

  async function write(group: readonly Waiting[]): Promise<void> {
    const next = flushNumber + 1
    try {
      // A batch is carried out whole by lmdb's own thread, or, after any error in it, not at all.
      await db.batch(() => {
        for (const { writes } of group) for (const { key, value } of writes) void (value === null ? db.remove(key) : db.put(key, withChecksum(key, value)))
        void db.put(keyOf.flush, withChecksum(keyOf.flush, Buffer.from(String(next))))
      })
    } catch (error) {
      const cause = await causeOf(error)
      // A commit that reports a failure may have got through all the same; the file knows.
      if (readFlushNumber() !== next) throw refusalOf(cause)
    }
    flushNumber = next
  }

  async function ensureSpace(): Promise<void> {
    if (floorBytes === 0 || performance.now() - spaceSeenAt < lookAtSpaceEveryMs) return
    const { bavail, bsize } = await statfs(dirname(file))
    if (bavail * bsize < floorBytes) throw outOfSpace(`less than ${Math.round(floorBytes / 1024 / 1024)} MiB are free`)
    spaceSeenAt = performance.now()
  }

  function refusalOf(cause: unknown): MongoError {
    const text = cause instanceof Error ? cause.message : String(cause)
    return /ENOSPC|EDQUOT|EFBIG|no space|too large|quota|MAP_FULL/i.test(text) ? outOfSpace(text) : failure(text)
  }

  function outOfSpace(why: string): MongoError {
    return new MongoError({ code: 14031, codeName: 'OutOfDiskSpace', message: `${file} can't grow: ${why}. Reading goes on; writing does when there is room again.`, labels: [], info: undefined })
  }

  function failure(why: string): MongoError {
    return new MongoError({ code: 96, codeName: 'OperationFailed', message: `${file} could not be written: ${why}`, labels: [], info: undefined })
  }

  function readFlushNumber(): number {
    db.resetReadTxn()
    const record = db.get(keyOf.flush)
    return record === undefined ? 0 : Number(withoutChecksum(keyOf.flush, record, file).toString())
  }

  function verify(budgetMs: number): boolean {
    const until = performance.now() + budgetMs
    const misplaced = misplacedPage(file, until)
    if (misplaced) throw corrupt(misplaced)
    let seen = 0
    let previous = ''
    for (const { key, value } of db.getRange(rangeOf.everything())) {
      if (key <= previous) throw corrupt(`the keys around ${nameOf(key)} are out of order`)
      withoutChecksum(key, value, file)
      // The walk goes along the leaves; only a look-up shows that the branches lead to them.
      if (!db.get(key)?.equals(value)) throw corrupt(`the record ${nameOf(key)} can't be looked up`)
      previous = key
      seen += 1
      if (seen % 256 === 0 && performance.now() > until) return false
    }
    const { entryCount } = db.getStats() as { entryCount: number }
    if (seen !== entryCount) throw corrupt(`it should hold ${entryCount} records and holds ${seen}`)
    return true
  }

  function corrupt(why: string): StoreRefused {
    return new StoreRefused(`${file} is corrupt: ${why}. Restore it from a backup; nothing was changed.`)
  }

  function stats(): StorageStats {
    return { commits, flushes, open_snapshots: openSnapshots }
  }

  async function close(): Promise<void> {
    if (closed) return
    await idle()
    closed = true
    await db.close()
  }

  async function idle(): Promise<void> {
    while (flushing) await flushing
  }
}

// lmdb rejects twice: the commit with a general error, and `commitError` behind it with the reason; unlooked at, that ends the process.
async function causeOf(failed: unknown): Promise<unknown> {
  const reason: unknown = (failed as { commitError?: unknown }).commitError
  if (!(reason instanceof Promise)) return failed
  const told = settled(reason)
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise((resolve) => (timer = setTimeout(() => resolve(undefined), causeWithinMs)))
  const cause = await Promise.race([told, patience])
  clearTimeout(timer)
  return cause ?? failed
}

async function settled(reason: Promise<unknown>): Promise<unknown> {
  try {
    await reason
    return undefined
  } catch (cause) {
    return cause
  }
}

// The package's types leave out what `get` takes beside the key.
type GetWithin = (key: Key, options: { transaction: unknown }) => Buffer | undefined

const latin1Keys = {
  // Buffers cut what does not fit without a word; the library makes room when it sees a RangeError, and only then.
  writeKey(key: Key, target: Buffer, start: number): number {
    if (key.length > maxKeyBytes || start + key.length > target.length) throw new RangeError('the key does not fit')
    return start + target.write(key, start, key.length, 'latin1')
  },
  readKey(source: Buffer, start: number, end: number): Key {
    return source.toString('latin1', start, end)
  },
}
