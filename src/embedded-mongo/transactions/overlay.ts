import type { Key } from '../keys.ts'
import type { Pair, StorageSnapshot, Write } from '../storage/storage.ts'
import { createSortedKeys } from './sorted-keys.ts'

/** The writes of an open transaction, in key order, laid over its snapshot: a transaction reads its own writes, also in scans. */
export interface Overlay {
  get(key: Key): Buffer | undefined
  /** A scan does not meet what is written while it runs. */
  range(start: Key, end: Key, reverse: boolean): Iterable<Pair>
  put(key: Key, value: Buffer | null): void
  /** @returns what takes back everything that was put since; until the next savepoint */
  savepoint(): () => void
  writes(): Write[]
  isEmpty(): boolean
}

export function createOverlay(snapshot: StorageSnapshot): Overlay {
  const written = new Map<Key, Buffer | null>()
  const keys = createSortedKeys()
  let undoLog: { key: Key; before: Buffer | null | undefined }[] | undefined

  return Object.freeze({ get, range, put, savepoint, writes, isEmpty: () => written.size === 0 })

  function get(key: Key): Buffer | undefined {
    const own = written.get(key)
    return own === undefined ? snapshot.get(key) : (own ?? undefined)
  }

  function put(key: Key, value: Buffer | null): void {
    const before = written.get(key)
    undoLog?.push({ key, before })
    if (before === undefined) keys.add(key)
    written.set(key, value)
  }

  function savepoint(): () => void {
    const log: { key: Key; before: Buffer | null | undefined }[] = []
    undoLog = log
    return () => {
      for (const { key, before } of log.toReversed()) {
        if (before !== undefined) {
          written.set(key, before)
          continue
        }
        written.delete(key)
        keys.remove(key)
      }
      log.length = 0
    }
  }

  function writes(): Write[] {
    return [...written].map(([key, value]) => ({ key, value }))
  }

  function range(start: Key, end: Key, reverse: boolean): Iterable<Pair> {
    if (written.size === 0) return snapshot.range(start, end, reverse)
    const own = keys.between(start, end)
    if (own.length === 0) return snapshot.range(start, end, reverse)
    const pairs = own.map((key) => ({ key, value: written.get(key) ?? null }))
    return merged(reverse ? pairs.reverse() : pairs, snapshot.range(start, end, reverse), reverse)
  }
}

function* merged(own: readonly Write[], stored: Iterable<Pair>, reverse: boolean): Iterable<Pair> {
  let next = 0
  for (const pair of stored) {
    for (; next < own.length && isBefore((own[next] as Write).key, pair.key, reverse); next++) yield* present(own[next] as Write)
    if (own[next]?.key === pair.key) yield* present(own[next++] as Write)
    else yield pair
  }
  for (; next < own.length; next++) yield* present(own[next] as Write)
}

function isBefore(a: Key, b: Key, reverse: boolean): boolean {
  return reverse ? a > b : a < b
}

function* present({ key, value }: Write): Iterable<Pair> {
  if (value !== null) yield { key, value }
}
