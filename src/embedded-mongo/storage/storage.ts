/** What the engine asks of a disk. Keys and values are bytes; keys are ordered by them. */
export interface Storage {
  /** A view that no later commit changes. Everything read through it agrees. */
  snapshot(): StorageSnapshot
  /** All or nothing; resolves when it is on disk. Commits that wait at the same time share a flush. */
  commit(writes: readonly Write[]): Promise<void>
  stats(): { commits: number; flushes: number }
  close(): Promise<void>
}

export interface StorageSnapshot {
  get(key: Buffer): Buffer | undefined
  /** from `start` (inclusive) to `end` (exclusive), or the same backwards */
  range(start: Buffer, end: Buffer, reverse: boolean): Iterable<Pair>
  release(): void
}

export interface Pair {
  key: Buffer
  value: Buffer
}

export interface Write {
  key: Buffer
  /** null deletes */
  value: Buffer | null
}
