import { ObjectId } from 'bson'
import type { Catalog, Collection, Index } from './catalog.ts'
import { decode, type Doc, encode, isDocument, maxDocumentBytes } from './document.ts'
import { MongoError, mongoError } from './errors.ts'
import { after, keyOf, rangeOf, shortened } from './keys.ts'
import { indexKeys } from './query/index-keys.ts'
import { encodeKey } from './query/key-string.ts'
import { compileFilter } from './query/match.ts'
import { planQuery, type Plan } from './query/plan.ts'
import { compileSort } from './query/sort.ts'
import type { Transaction } from './transactions/engine.ts'

export interface StoredRecord {
  recordKey: Buffer
  bytes: Buffer
  doc: Doc
}

export interface Selection {
  filter: Doc
  sort?: Doc | undefined
  hint?: string | Doc | undefined
  let?: Doc | undefined
  skip?: number
  /** 0: all */
  limit?: number
}

/** Where a scan stopped, so that it can go on later on another snapshot. */
export interface ScanState {
  after?: Buffer
  seen?: Set<string>
}

/** Counts of one scan, for explain. */
export interface Work {
  plan?: Plan
  keys: number
  documents: number
}

const emptyKey = Buffer.alloc(0)
const scanChunk = 128

export type Records = ReturnType<typeof createRecords>

/** Documents and the index entries that lead to them. Everything here runs inside one turn of the loop, on one snapshot. */
export function createRecords(catalog: Catalog) {
  return Object.freeze({ insert, replace, remove, select, plan, fill })

  /** @returns the document with its _id first @throws MongoError DuplicateKey, WriteConflict, BSONObjectTooLarge */
  function insert(transaction: Transaction, collection: Collection, given: Doc): Doc {
    const doc = withId(given)
    const bytes = sized(doc)
    const recordKey = recordKeyOf(doc)
    const key = keyOf.record(collection.id, recordKey)
    transaction.claim(subjectOf(collection, recordKey))
    const present = transaction.get(key)
    if (present) throw duplicate(collection, collection.indexes[0] as Index, decode(present))
    for (const index of secondary(collection)) addEntries(transaction, collection, index, doc, recordKey, undefined)
    transaction.put(key, bytes)
    return doc
  }

  /** Puts `doc` in the place of `old`; its _id is the same. */
  function replace(transaction: Transaction, collection: Collection, old: StoredRecord, doc: Doc): void {
    const bytes = sized(doc)
    transaction.claim(subjectOf(collection, old.recordKey))
    for (const index of secondary(collection)) addEntries(transaction, collection, index, doc, old.recordKey, old.doc)
    transaction.put(keyOf.record(collection.id, old.recordKey), bytes)
  }

  function remove(transaction: Transaction, collection: Collection, old: StoredRecord): void {
    transaction.claim(subjectOf(collection, old.recordKey))
    for (const index of secondary(collection)) for (const key of indexKeys(index.spec, old.doc).keys) removeEntry(transaction, index, key, old.recordKey)
    transaction.put(keyOf.record(collection.id, old.recordKey), null)
  }

  function plan(collection: Collection, { filter, sort, hint }: Selection): Plan {
    return planQuery(filter, collection.indexes, { sort, hint })
  }

  /** The records that match, in order; lazily where no sort has to see them all first. */
  function* select(transaction: Transaction, collection: Collection, selection: Selection, work: Work = { keys: 0, documents: 0 }, state: ScanState = {}): Generator<StoredRecord> {
    const chosen = plan(collection, selection)
    work.plan = chosen
    const matches = compileFilter(selection.filter, { let: selection.let })
    const skip = selection.skip ?? 0
    const stop = selection.limit ? skip + selection.limit : Number.POSITIVE_INFINITY
    const mustSort = selection.sort && Object.keys(selection.sort).length > 0 && !chosen.sorted
    const found = matching(transaction, collection, chosen, matches, work, state)
    if (mustSort) {
      const order = compileSort(selection.sort as Doc)
      const all = [...found].toSorted((a, b) => order(a.doc, b.doc))
      yield* all.slice(skip, stop === Number.POSITIVE_INFINITY ? undefined : stop)
      return
    }
    let at = 0
    for (const record of found) {
      if (at >= stop) return
      if (at >= skip) yield record
      at += 1
      if (at >= stop) return
    }
  }

  function* matching(transaction: Transaction, collection: Collection, chosen: Plan, matches: (doc: Doc) => boolean, work: Work, state: ScanState): Generator<StoredRecord> {
    for (const { recordKey, bytes } of scan(transaction, collection, chosen, work, state)) {
      work.documents += 1
      const doc = decode(bytes)
      if (matches(doc)) yield { recordKey, bytes, doc }
    }
  }

  function* scan(transaction: Transaction, collection: Collection, chosen: Plan, work: Work, state: ScanState): Generator<{ recordKey: Buffer; bytes: Buffer }> {
    const index = chosen.index === null ? undefined : collection.indexes.find((each) => each.spec.name === chosen.index)
    const byRecord = index === undefined || index.spec.name === '_id_'
    const ranges = chosen.index === null ? [{ lower: emptyKey, upper: Buffer.from([255]) }] : chosen.reverse ? chosen.ranges.toReversed() : chosen.ranges
    // A document with several keys, or one that fits two ranges, is met more than once.
    if (index && (index.multikey || ranges.length > 1)) state.seen ??= new Set<string>()
    const seen = state.seen
    for (const { lower, upper } of ranges) {
      const { start, end } = byRecord ? rangeOf.within('record', collection.id, lower, upper) : rangeOf.within('index', index.id, lower, upper)
      const rest = remaining(start, end, chosen.reverse, state.after)
      if (!rest) continue
      for (const pair of transaction.range(rest.start, rest.end, chosen.reverse)) {
        work.keys += 1
        state.after = pair.key
        if (byRecord) {
          const recordKey = pair.key.subarray(5)
          if (!isOnce(seen, recordKey)) continue
          yield { recordKey, bytes: pair.value }
          continue
        }
        const recordKey = pair.value
        if (!isOnce(seen, recordKey)) continue
        const bytes = transaction.get(keyOf.record(collection.id, recordKey))
        if (!bytes) throw mongoError('InternalError', `The index ${index.spec.name} of ${collection.namespace} leads to a document that is not there`)
        yield { recordKey, bytes }
      }
    }
  }

  /** Enters every document of the collection into a new index. @throws MongoError DuplicateKey */
  function fill(transaction: Transaction, collection: Collection, index: Index): void {
    const { start, end } = rangeOf.records(collection.id)
    const pairs = [...transaction.range(start, end)]
    for (let at = 0; at < pairs.length; at += scanChunk)
      for (const { key, value } of pairs.slice(at, at + scanChunk)) addEntries(transaction, collection, index, decode(value), key.subarray(5), undefined)
  }

  function addEntries(transaction: Transaction, collection: Collection, index: Index, doc: Doc, recordKey: Buffer, old: Doc | undefined): void {
    const { keys, multikey } = indexKeys(index.spec, doc)
    if (multikey) catalog.markMultikey(transaction, collection, index)
    const before = old ? indexKeys(index.spec, old).keys : []
    for (const key of before) if (!keys.some((each) => each.equals(key))) removeEntry(transaction, index, key, recordKey)
    for (const key of keys) {
      if (before.some((each) => each.equals(key))) continue
      if (index.spec.unique) ensureUnique(transaction, collection, index, key, recordKey, doc)
      transaction.put(keyOf.index(index.id, key, recordKey), recordKey)
    }
  }

  // Whoever frees a unique key decides about it too: an insert that wants it must see that decision or conflict with it.
  function removeEntry(transaction: Transaction, index: Index, key: Buffer, recordKey: Buffer): void {
    if (index.spec.unique) transaction.claim(uniqueSubject(index, key))
    transaction.put(keyOf.index(index.id, key, recordKey), null)
  }

  function ensureUnique(transaction: Transaction, collection: Collection, index: Index, key: Buffer, recordKey: Buffer, doc: Doc): void {
    transaction.claim(uniqueSubject(index, key))
    const { start, end } = rangeOf.within('index', index.id, key, after(key))
    for (const { value } of transaction.range(start, end)) {
      if (value.equals(recordKey)) continue
      const other = transaction.get(keyOf.record(collection.id, value))
      // Keys that were cut to length share a range without being equal.
      if (other && indexKeys(index.spec, decode(other)).keys.some((each) => each.equals(key))) throw duplicate(collection, index, doc)
    }
  }
}

function remaining(start: Buffer, end: Buffer, reverse: boolean, done: Buffer | undefined): { start: Buffer; end: Buffer } | undefined {
  if (!done) return { start, end }
  if (reverse) return Buffer.compare(done, start) <= 0 ? undefined : { start, end: Buffer.compare(done, end) < 0 ? done : end }
  const next = Buffer.concat([done, Buffer.from([0])])
  return Buffer.compare(next, end) >= 0 ? undefined : { start: Buffer.compare(next, start) > 0 ? next : start, end }
}

export function recordKeyOf(doc: Doc): Buffer {
  return shortened(encodeKey([doc['_id']], [1]))
}

export function withId(doc: Doc): Doc {
  if (doc['_id'] === undefined) {
    const { _id: _none, ...rest } = doc
    return { _id: new ObjectId(), ...rest }
  }
  const id = doc['_id']
  if (Array.isArray(id)) throw mongoError('InvalidIdField', "The '_id' value cannot be of type array")
  if (isDocument(id)) {
    const dollar = Object.keys(id).find((name) => name.startsWith('$'))
    if (dollar !== undefined) throw mongoError('DollarPrefixedFieldName', `_id fields may not contain '$'-prefixed fields: ${dollar} is not valid for storage.`)
  }
  if (Object.keys(doc)[0] === '_id') return doc
  const { _id, ...rest } = doc
  return { _id, ...rest }
}

function sized(doc: Doc): Buffer {
  const bytes = encode(doc)
  if (bytes.length > maxDocumentBytes) throw mongoError('BSONObjectTooLarge', `object to insert too large. size in bytes: ${bytes.length}, max size: ${maxDocumentBytes}`)
  return bytes
}

function secondary(collection: Collection): Index[] {
  return collection.indexes.filter((index) => index.spec.name !== '_id_')
}

function subjectOf(collection: Collection, recordKey: Buffer): string {
  return `d${collection.id} ${recordKey.toString('latin1')}`
}

function uniqueSubject(index: Index, key: Buffer): string {
  return `u${index.id} ${key.toString('latin1')}`
}

function isOnce(seen: Set<string> | undefined, recordKey: Buffer): boolean {
  if (!seen) return true
  const name = recordKey.toString('latin1')
  if (seen.has(name)) return false
  seen.add(name)
  return true
}

function duplicate(collection: Collection, index: Index, doc: Doc): MongoError {
  const fields = Object.keys(index.spec.key)
  const keyValue: Doc = {}
  for (const field of fields) keyValue[field] = field.split('.').reduce<unknown>((value, part) => (value as Doc | undefined)?.[part], doc) ?? null
  return mongoError('DuplicateKey', `E11000 duplicate key error collection: ${collection.namespace} index: ${index.spec.name} dup key: { ${fields.map((field) => `${field}: ${show(keyValue[field])}`).join(', ')} }`, {
    info: { keyPattern: index.spec.key, keyValue },
  })
}

function show(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`
  if (value === null || typeof value !== 'object') return `${value as string}`
  return JSON.stringify(value)
}
