import type { Key } from '../keys.ts'

/** What the engine asks of a disk: ordered keys, views that stand still, commits that are on disk when they resolve. */
export interface Storage {
  /** A view that no later commit changes; it holds every commit that has resolved. Everything read through it agrees. */
  snapshot(): StorageSnapshot
  /** All or nothing; resolves when it is on disk and seen by new snapshots. Commits that wait at the same time share a flush. */
  commit(writes: readonly Write[]): Promise<void>
  stats(): StorageStats
  /** Waits for the commits under way. Snapshots must have been released. */
  close(): Promise<void>
}

export interface StorageSnapshot {
  /** bytes of the caller's own */
  get(key: Key): Buffer | undefined
  /** from `start` (inclusive) to `end` (exclusive), or the same backwards */
  range(start: Key, end: Key, reverse: boolean): Iterable<Pair>
  /** Nothing may be asked of it any more; releasing twice is no fault. */
  release(): void
}

export interface StorageStats {
  /** since the process started */
  commits: number
  flushes: number
  open_snapshots: number
}

export interface Pair {
  key: Key
  value: Buffer
}

export interface Write {
  key: Key
  /** null deletes */
  value: Buffer | null
}
