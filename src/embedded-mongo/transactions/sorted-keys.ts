import type { Key } from '../keys.ts'

const maxChunk = 512

/** A set of keys in order. Adding one costs a search and the move of at most a chunk, however many there are. */
export interface SortedKeys {
  /** no effect on one that is in already */
  add(key: Key): void
  remove(key: Key): void
  /** from `start` (inclusive) to `end` (exclusive), as they are now */
  between(start: Key, end: Key): Key[]
}

export function createSortedKeys(): SortedKeys {
  const chunks: Key[][] = [[]]
  return Object.freeze({ add, remove, between })

  function add(key: Key): void {
    const at = chunkOf(key)
    const chunk = chunks[at] as Key[]
    const place = firstAtLeast(chunk, key)
    if (chunk[place] === key) return
    chunk.splice(place, 0, key)
    if (chunk.length > maxChunk) chunks.splice(at + 1, 0, chunk.splice(maxChunk / 2))
  }

  function remove(key: Key): void {
    const at = chunkOf(key)
    const chunk = chunks[at] as Key[]
    const place = firstAtLeast(chunk, key)
    if (chunk[place] !== key) return
    chunk.splice(place, 1)
    if (chunk.length === 0 && chunks.length > 1) chunks.splice(at, 1)
  }

  function between(start: Key, end: Key): Key[] {
    const found: Key[] = []
    for (let at = chunkOf(start); at < chunks.length; at++) {
      const chunk = chunks[at] as Key[]
      const from = firstAtLeast(chunk, start)
      const to = firstAtLeast(chunk, end)
      for (let place = from; place < to; place++) found.push(chunk[place] as Key)
      if (to < chunk.length) break
    }
    return found
  }

  /** the last chunk that begins at the key or before it */
  function chunkOf(key: Key): number {
    let low = 0
    let high = chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((chunks[middle]?.[0] as Key) <= key) low = middle
      else high = middle - 1
    }
    return low
  }
}

function firstAtLeast(keys: readonly Key[], key: Key): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as Key) < key) low = middle + 1
    else high = middle
  }
  return low
}
