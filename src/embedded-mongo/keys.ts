import { createHash } from 'node:crypto'

/**
 * How everything lies in one ordered space of bytes: a kind, a number, the ordered key. LMDB takes keys of up to 1,978 bytes; longer ones
 * keep their beginning and end in a hash, so that they stay near their place and are compared again on the document.
 */
const maxKey = 1_978
const keptPrefix = 1_900
/** shorter than anything that is ever cut off, so that a bound is a true prefix of every key that it stands for */
const keptBound = 900

const kinds = { catalog: 1, record: 2, index: 3, session: 4, counter: 5 } as const

export const keyOf = Object.freeze({
  catalog: (namespace: string) => join(kinds.catalog, 0, Buffer.from(namespace)),
  record: (collectionId: number, recordKey: Buffer) => join(kinds.record, collectionId, recordKey),
  /** an index entry: the ordered key, then the record's own, so that equal keys of several records stand side by side */
  index: (indexId: number, indexKey: Buffer, recordKey: Buffer) => join(kinds.index, indexId, Buffer.concat([indexKey, recordKey])),
  session: (lsid: Buffer) => join(kinds.session, 0, lsid),
  counter: () => join(kinds.counter, 0, Buffer.alloc(0)),
})

export interface Range {
  start: Buffer
  end: Buffer
}

export const rangeOf = Object.freeze({
  catalog: () => everything(kinds.catalog, 0),
  records: (collectionId: number) => everything(kinds.record, collectionId),
  index: (indexId: number) => everything(kinds.index, indexId),
  sessions: () => everything(kinds.session, 0),
  /** from a lower bound to an upper one of ordered keys; a bound that is too long is cut to the side that lets more through */
  within(kind: 'record' | 'index', id: number, lower: Buffer, upper: Buffer): Range {
    const end = cut(upper)
    return { start: head(kinds[kind], id, cut(lower)), end: end.length < upper.length ? head(kinds[kind], id, after(end)) : head(kinds[kind], id, upper) }
  },
})

/** The first key behind all that begin with these bytes. */
export function after(prefix: Buffer): Buffer {
  const next = Buffer.from(prefix)
  for (let at = next.length - 1; at >= 0; at--) {
    if ((next[at] as number) < 255) {
      next[at] = (next[at] as number) + 1
      return next.subarray(0, at + 1)
    }
  }
  return Buffer.from([255])
}

/** What a record goes by: its ordered _id, cut like everything that is too long. */
export function shortened(key: Buffer): Buffer {
  return key.length <= keptBound + 32 ? key : Buffer.concat([key.subarray(0, keptBound), createHash('sha256').update(key).digest()])
}

function join(kind: number, id: number, rest: Buffer): Buffer {
  const key = head(kind, id, rest)
  if (key.length <= maxKey) return key
  return Buffer.concat([key.subarray(0, keptPrefix), createHash('sha256').update(rest).digest()])
}

function head(kind: number, id: number, rest: Buffer): Buffer {
  const key = Buffer.allocUnsafe(5 + rest.length)
  key[0] = kind
  key.writeUInt32BE(id, 1)
  rest.copy(key, 5)
  return key
}

function cut(bound: Buffer): Buffer {
  return bound.length > keptBound ? bound.subarray(0, keptBound) : bound
}

function everything(kind: number, id: number): Range {
  return { start: head(kind, id, Buffer.alloc(0)), end: after(head(kind, id, Buffer.alloc(0))) }
}
