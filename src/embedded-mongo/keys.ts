import { createHash } from 'node:crypto'

/**
 * How everything lies in one ordered space of bytes: a kind, a number, the ordered key. LMDB takes keys of up to 1,978 bytes; longer ones
 * keep their beginning and end in a hash, so that they stay near their place and are compared again on the document.
 *
 * Keys are byte strings held as latin1 text: JavaScript then compares them as their bytes compare, and they serve as keys of maps.
 */
export type Key = string

export const maxKeyBytes = 1_978
const keptPrefix = 1_900
/** shorter than anything that is ever cut off, so that a bound is a true prefix of every key that it stands for */
const keptBound = 900

const kinds = { meta: 0, catalog: 1, record: 2, index: 3, session: 4, garbage: 6 } as const

export const keyOf = Object.freeze({
  /** Kept by the storage floor itself. */
  identity: '\x00\x01',
  /** the number of the last flush, by which a commit that reported a failure is found to have happened all the same */
  flush: '\x00\x02',
  catalog: (namespace: string): Key => head(kinds.catalog, 0) + Buffer.from(namespace).toString('latin1'),
  record: (collectionId: number, recordKey: Key): Key => fitted(head(kinds.record, collectionId) + recordKey, recordKey),
  /** an index entry: the ordered key, then the record's own, so that equal keys of several records stand side by side */
  index: (indexId: number, indexKey: Key, recordKey: Key): Key => fitted(head(kinds.index, indexId) + indexKey + recordKey, indexKey + recordKey),
  session: (lsid: Buffer): Key => head(kinds.session, 0) + lsid.toString('latin1'),
  /** stands for a dropped collection or index whose content is still to be taken away */
  garbage: (id: number): Key => head(kinds.garbage, id),
})

export interface Range {
  start: Key
  end: Key
}

export const rangeOf = Object.freeze({
  everything: (): Range => ({ start: '\x00', end: '\xff' }),
  catalog: (): Range => everything(kinds.catalog, 0),
  records: (collectionId: number): Range => everything(kinds.record, collectionId),
  index: (indexId: number): Range => everything(kinds.index, indexId),
  sessions: (): Range => everything(kinds.session, 0),
  garbage: (): Range => ({ start: head(kinds.garbage, 0), end: String.fromCharCode(kinds.garbage + 1) }),
  /** from a lower bound to an upper one of ordered keys; a bound that is too long is cut to the side that lets more through */
  within(kind: 'record' | 'index', id: number, lower: Key, upper: Key): Range {
    const end = cut(upper)
    return { start: head(kinds[kind], id) + cut(lower), end: head(kinds[kind], id) + (end.length < upper.length ? after(end) : upper) }
  },
})

const headBytes = 5

/** What stands behind the kind and the number. */
export function restOf(key: Key): Key {
  return key.slice(headBytes)
}

/** The number in a key: of a collection, an index, a piece of garbage. */
export function idOf(key: Key): number {
  return ((key.charCodeAt(1) << 24) | (key.charCodeAt(2) << 16) | (key.charCodeAt(3) << 8) | key.charCodeAt(4)) >>> 0
}

export function asKey(bytes: Buffer): Key {
  return bytes.toString('latin1')
}

/** The first key behind all that begin with these bytes. */
export function after(prefix: Key): Key {
  for (let at = prefix.length - 1; at >= 0; at--) {
    const byte = prefix.charCodeAt(at)
    if (byte < 255) return prefix.slice(0, at) + String.fromCharCode(byte + 1)
  }
  return '\xff'
}

/** What a record goes by: its ordered _id, cut like everything that is too long. */
export function shortened(key: Key): Key {
  return key.length <= keptBound + 32 ? key : key.slice(0, keptBound) + hashOf(key)
}

function fitted(key: Key, rest: Key): Key {
  return key.length <= maxKeyBytes ? key : key.slice(0, keptPrefix) + hashOf(rest)
}

function hashOf(key: Key): Key {
  return asKey(createHash('sha256').update(key, 'latin1').digest())
}

function head(kind: number, id: number): Key {
  return String.fromCharCode(kind, id >>> 24, (id >>> 16) & 255, (id >>> 8) & 255, id & 255)
}

function cut(bound: Key): Key {
  return bound.length > keptBound ? bound.slice(0, keptBound) : bound
}

function everything(kind: number, id: number): Range {
  return { start: head(kind, id), end: after(head(kind, id)) }
}
