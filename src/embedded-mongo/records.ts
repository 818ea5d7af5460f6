import { ObjectId } from 'bson'
import { type Catalog, type Collection, type Index, subjectOf } from './catalog.ts'
import { decode, type Doc, encode, isDocument, maxDocumentBytes } from './document.ts'
import { MongoError, mongoError } from './errors.ts'
import { after, asKey, type Key, keyOf, rangeOf, restOf, shortened } from './keys.ts'
import { indexKeys } from './query/index-keys.ts'
import { encodeKey } from './query/key-string.ts'
import { compileFilter } from './query/match.ts'
import { planQuery, type Plan } from './query/plan.ts'
import { compileSort } from './query/sort.ts'
import { isCovered, type Position, scan, type StoredRecord, type Work } from './scan.ts'
import type { Transaction } from './transactions/engine.ts'

export interface Selection {
  filter: Doc
  sort?: Doc | undefined
  hint?: string | Doc | undefined
  let?: Doc | undefined
  skip?: number
  /** 0: all */
  limit?: number
  /** of `performance.now()` */
  deadline?: number
}

/** What a sort in memory may hold; MongoDB allows as much before it wants a disk. */
const maxSortBytes = 100 * 1024 * 1024
/** Beyond the wanted ones, how many are gathered before the rest is thrown away. */
const sortSlack = 1_000

export type Records = ReturnType<typeof createRecords>

/** Documents and the index entries that lead to them. Everything here runs inside one turn of the loop, on one snapshot. */
export function createRecords(catalog: Catalog) {
  return Object.freeze({ insert, replace, remove, touch, select, plan, fill })

  /** @returns the document with its _id first @throws MongoError DuplicateKey, WriteConflict, BSONObjectTooLarge */
  function insert(transaction: Transaction, collection: Collection, given: Doc): Doc {
    const doc = withId(given)
    const bytes = sized(doc)
    const recordKey = recordKeyOf(doc)
    const key = keyOf.record(collection.id, recordKey)
    claim(transaction, collection, recordKey)
    const present = transaction.get(key)
    if (present) throw duplicate(collection, collection.indexes[0] as Index, decode(present))
    for (const index of secondary(collection)) addEntries(transaction, collection, index, doc, recordKey, undefined)
    transaction.put(key, bytes)
    return doc
  }

  /** Puts another document, and the bytes that it is, in the place of `old`; its _id is the same. */
  function replace(transaction: Transaction, collection: Collection, old: StoredRecord, { doc, bytes }: { doc: Doc; bytes: Buffer }): void {
    claim(transaction, collection, old.recordKey)
    for (const index of secondary(collection)) addEntries(transaction, collection, index, doc, old.recordKey, old.doc)
    transaction.put(keyOf.record(collection.id, old.recordKey), bytes)
  }

  function remove(transaction: Transaction, collection: Collection, old: StoredRecord): void {
    claim(transaction, collection, old.recordKey)
    for (const index of secondary(collection)) for (const key of indexKeys(index.spec, old.doc).keys) removeEntry(transaction, index, asKey(key), old.recordKey)
    transaction.put(keyOf.record(collection.id, old.recordKey), null)
  }

  /** A decision about a document that leaves it as it is: somebody who changes it at the same time must conflict. */
  function touch(transaction: Transaction, collection: Collection, record: StoredRecord): void {
    claim(transaction, collection, record.recordKey)
  }

  function plan(collection: Collection, { filter, sort, hint }: Selection): Plan {
    return planQuery(filter, collection.indexes, { sort, hint })
  }

  /** The records that match, in order; lazily where no sort has to see them all first. `position` keeps the place for another time. */
  function* select(transaction: Transaction, collection: Collection, selection: Selection, work: Work = workOf(selection), position: Position = {}): Generator<StoredRecord> {
    work.plan ??= plan(collection, selection)
    const found = matching(transaction, collection, work.plan, selection, work, position)
    const skip = selection.skip ?? 0
    const stop = selection.limit ? skip + selection.limit : Number.POSITIVE_INFINITY
    const inOrder = needsSort(work.plan, selection) ? sorted(found, selection.sort as Doc, stop) : found
    let at = 0
    for (const record of inOrder) {
      if (at >= skip) yield record
      at += 1
      if (at >= stop) return
    }
  }

  function* matching(transaction: Transaction, collection: Collection, chosen: Plan, selection: Selection, work: Work, position: Position): Generator<StoredRecord> {
    const matches = isCovered(chosen, selection.filter) ? undefined : compileFilter(selection.filter, { let: selection.let })
    for (const record of scan(transaction, collection, chosen, work, position)) {
      work.documents += 1
      if (!matches || matches(record.doc)) yield record
    }
  }

  /** Enters every document of the collection into a new index. @throws MongoError DuplicateKey */
  function fill(transaction: Transaction, collection: Collection, index: Index): void {
    const { start, end } = rangeOf.records(collection.id)
    for (const { key, value } of transaction.range(start, end)) addEntries(transaction, collection, index, decode(value), restOf(key), undefined)
  }

  function claim(transaction: Transaction, collection: Collection, recordKey: Key): void {
    transaction.share(subjectOf(collection.namespace))
    transaction.claim(`d${collection.id} ${recordKey}`)
  }

  function addEntries(transaction: Transaction, collection: Collection, index: Index, doc: Doc, recordKey: Key, old: Doc | undefined): void {
    const { keys, multikey } = indexKeys(index.spec, doc)
    if (multikey) catalog.markMultikey(transaction, collection, index)
    const wanted = new Set(keys.map(asKey))
    const before = new Set(old ? indexKeys(index.spec, old).keys.map(asKey) : [])
    for (const key of before) if (!wanted.has(key)) removeEntry(transaction, index, key, recordKey)
    for (const key of wanted) {
      if (before.has(key)) continue
      if (index.spec.unique) ensureUnique(transaction, collection, index, key, recordKey, doc)
      transaction.put(keyOf.index(index.id, key, recordKey), Buffer.from(recordKey, 'latin1'))
    }
  }

  // Whoever frees a unique key decides about it too: an insert that wants it must see that decision or conflict with it.
  function removeEntry(transaction: Transaction, index: Index, key: Key, recordKey: Key): void {
    if (index.spec.unique) transaction.claim(uniqueSubject(index, key))
    transaction.put(keyOf.index(index.id, key, recordKey), null)
  }

  function ensureUnique(transaction: Transaction, collection: Collection, index: Index, key: Key, recordKey: Key, doc: Doc): void {
    transaction.claim(uniqueSubject(index, key))
    const { start, end } = rangeOf.within('index', index.id, key, after(key))
    for (const { value } of transaction.range(start, end)) {
      const otherKey = asKey(value)
      if (otherKey === recordKey) continue
      const other = transaction.get(keyOf.record(collection.id, otherKey))
      // Keys that were cut to length share a range without being equal.
      if (other && indexKeys(index.spec, decode(other)).keys.some((each) => asKey(each) === key)) throw duplicate(collection, index, doc)
    }
  }
}

export function workOf({ deadline }: { deadline?: number }): Work {
  return { keys: 0, documents: 0, deadline: deadline ?? Number.POSITIVE_INFINITY }
}

export function needsSort(plan: Plan, { sort }: Selection): boolean {
  return sort !== undefined && Object.keys(sort).length > 0 && !plan.sorted
}

/** The first `stop` of all in order; what can't be among them any more is let go on the way. */
function sorted(found: Iterable<StoredRecord>, sort: Doc, stop: number): StoredRecord[] {
  const compare = compileSort(sort)
  let kept: StoredRecord[] = []
  let bytes = 0
  for (const record of found) {
    kept.push(record)
    bytes += record.bytes.length
    if (kept.length >= stop + sortSlack && kept.length >= stop * 2) {
      kept = kept.sort((a, b) => compare(a.doc, b.doc)).slice(0, stop)
      bytes = kept.reduce((sum, each) => sum + each.bytes.length, 0)
    }
    if (bytes > maxSortBytes) throw mongoError('ExceededMemoryLimit', `Sort exceeded memory limit of ${maxSortBytes} bytes; an index on the sort key avoids it`)
  }
  return kept.sort((a, b) => compare(a.doc, b.doc)).slice(0, stop === Number.POSITIVE_INFINITY ? undefined : stop)
}

export function recordKeyOf(doc: Doc): Key {
  return shortened(asKey(encodeKey([doc['_id']], [1])))
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

function uniqueSubject(index: Index, key: Key): string {
  return `u${index.id} ${key}`
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
  if (value === null || typeof value !== 'object') return String(value)
  return JSON.stringify(value)
}
