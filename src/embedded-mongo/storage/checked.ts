import { type Key, maxKeyBytes } from '../keys.ts'
import type { Pair, Storage, StorageSnapshot, Write } from './storage.ts'

/**
 * Holds a storage, and whoever uses it, to the contract: for tests, because it remembers everything that was ever committed. A snapshot
 * shows all that was committed before it, of what was under way the whole or nothing, and never changes.
 * @param onViolation told in plain words what was broken
 */
export function checkedStorage(storage: Storage, onViolation: (what: string) => void): Storage {
  const committed = new Map<Key, Buffer>()
  const underWay = new Set<ReadonlyMap<Key, Buffer | null>>()
  const open = new Set<StorageSnapshot>()
  let closed = false
  return Object.freeze({ snapshot, commit, stats: storage.stats, close })

  async function commit(writes: readonly Write[]): Promise<void> {
    if (closed) onViolation('a commit after the close')
    for (const { key } of writes) if (key.length === 0 || key.length > maxKeyBytes) onViolation(`a key of ${key.length} bytes was to be written`)
    const batch = new Map(writes.map(({ key, value }) => [key, value]))
    if (batch.size !== writes.length) onViolation('one commit writes a key twice')
    underWay.add(batch)
    try {
      await storage.commit(writes)
      for (const [key, value] of batch) {
        if (value) committed.set(key, value)
        else committed.delete(key)
      }
    } finally {
      underWay.delete(batch)
    }
  }

  function snapshot(): StorageSnapshot {
    if (closed) onViolation('a snapshot after the close')
    const inner = storage.snapshot()
    const before = new Map(committed)
    const maybe = [...underWay].map((batch) => ({ batch, shown: undefined as boolean | undefined }))
    const seen = new Map<Key, Buffer | undefined>()
    let released = false
    const held: StorageSnapshot = Object.freeze({ get, range, release })
    open.add(held)
    return held

    function get(key: Key): Buffer | undefined {
      ensureHeld()
      const value = inner.get(key)
      judge(key, value)
      return value
    }

    function* range(start: Key, end: Key, reverse: boolean): Iterable<Pair> {
      ensureHeld()
      let last: Key | undefined
      for (const pair of inner.range(start, end, reverse)) {
        if (pair.key < start || pair.key >= end) onViolation('a range gave a key outside of its bounds')
        if (last !== undefined && (reverse ? pair.key >= last : pair.key <= last)) onViolation('a range gave keys out of order')
        judgeGap(last, pair.key, start, end, reverse)
        judge(pair.key, pair.value)
        last = pair.key
        yield pair
        ensureHeld()
      }
      judgeGap(last, undefined, start, end, reverse)
    }

    // What lies between two neighbours must be absent.
    function judgeGap(last: Key | undefined, next: Key | undefined, start: Key, end: Key, reverse: boolean): void {
      const from = reverse ? next : last
      const to = reverse ? last : next
      for (const key of before.keys()) if (key >= start && key < end && (from === undefined || key > from) && (to === undefined || key < to)) judge(key, undefined)
    }

    function judge(key: Key, value: Buffer | undefined): void {
      if (seen.has(key) && !same(seen.get(key), value)) onViolation(`a snapshot changed its mind about ${show(key)}`)
      seen.set(key, value)
      const writers = maybe.filter(({ batch }) => batch.has(key))
      if (writers.length === 0) {
        // A store that was opened with content in it knows more than was committed here.
        if ((before.has(key) || value === undefined) && !same(before.get(key), value)) onViolation(`a snapshot does not show what was committed to ${show(key)}`)
        return
      }
      for (const writer of writers) {
        const shown = same(writer.batch.get(key) ?? undefined, value)
        const unshown = same(before.get(key), value)
        if (shown === unshown) continue
        if (writer.shown !== undefined && writer.shown !== shown) onViolation(`a snapshot shows one half of a commit, but not ${show(key)}`)
        writer.shown = shown
      }
    }

    function ensureHeld(): void {
      if (released) onViolation('a snapshot was used after its release')
    }

    function release(): void {
      released = true
      open.delete(held)
      inner.release()
    }
  }

  async function close(): Promise<void> {
    if (open.size > 0) onViolation(`${open.size} snapshots were never released`)
    closed = true
    await storage.close()
  }
}

function same(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b)
}

function show(key: Key): string {
  return Buffer.from(key, 'latin1').toString('hex').slice(0, 80)
}
