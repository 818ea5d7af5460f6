import type { Pair, StorageSnapshot, Write } from '../storage/storage.ts'

/** The writes of an open transaction, in key order, laid over its snapshot: a transaction reads its own writes, also in scans. */
export interface Overlay {
  get(key: Buffer): Buffer | undefined
  range(start: Buffer, end: Buffer, reverse: boolean): Iterable<Pair>
  put(key: Buffer, value: Buffer | null): void
  writes(): Write[]
  isEmpty(): boolean
}

export function createOverlay(snapshot: StorageSnapshot): Overlay {
  const written = new Map<string, Write>()
  let ordered: Write[] = []
  let sorted = true

  return Object.freeze({ get, range, put, writes: () => [...written.values()], isEmpty: () => written.size === 0 })

  function get(key: Buffer): Buffer | undefined {
    const own = written.get(key.toString('latin1'))
    return own ? (own.value ?? undefined) : snapshot.get(key)
  }

  function put(key: Buffer, value: Buffer | null): void {
    const name = key.toString('latin1')
    const known = written.get(name)
    if (known) {
      known.value = value
      return
    }
    const write = { key, value }
    written.set(name, write)
    ordered.push(write)
    sorted = false
  }

  function* range(start: Buffer, end: Buffer, reverse: boolean): Iterable<Pair> {
    if (written.size === 0) {
      yield* snapshot.range(start, end, reverse)
      return
    }
    const own = ownBetween(start, end)
    if (reverse) own.reverse()
    const before = (a: Buffer, b: Buffer) => (reverse ? Buffer.compare(a, b) > 0 : Buffer.compare(a, b) < 0)
    let next = 0
    for (const pair of snapshot.range(start, end, reverse)) {
      for (; next < own.length && before((own[next] as Write).key, pair.key); next++) yield* present(own[next] as Write)
      if (next < own.length && (own[next] as Write).key.equals(pair.key)) yield* present(own[next++] as Write)
      else yield pair
    }
    for (; next < own.length; next++) yield* present(own[next] as Write)
  }

  function ownBetween(start: Buffer, end: Buffer): Write[] {
    if (!sorted) {
      ordered = ordered.toSorted((a, b) => Buffer.compare(a.key, b.key))
      sorted = true
    }
    return ordered.slice(firstAtLeast(ordered, start), firstAtLeast(ordered, end))
  }
}

function* present({ key, value }: Write): Iterable<Pair> {
  if (value !== null) yield { key, value }
}

function firstAtLeast(writes: readonly Write[], key: Buffer): number {
  let low = 0
  let high = writes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (Buffer.compare((writes[middle] as Write).key, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
