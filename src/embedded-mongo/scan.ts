import type { Collection, Index } from './catalog.ts'
import { decode, type Doc } from './document.ts'
import { mongoError } from './errors.ts'
import { asKey, type Key, keyOf, rangeOf, restOf } from './keys.ts'
import { isOperators } from './query/match.ts'
import type { Plan } from './query/plan.ts'
import type { Transaction } from './transactions/engine.ts'

export interface StoredRecord {
  recordKey: Key
  bytes: Buffer
  /** decoded when it is looked at for the first time */
  readonly doc: Doc
}

/** Where a scan stopped, so that it can go on later on another snapshot. */
export interface Position {
  after?: Key
  seen?: Set<Key>
}

/** What one scan has cost, for explain, and until when it may go on (of `performance.now()`). */
export interface Work {
  plan?: Plan
  keys: number
  documents: number
  deadline: number
}

const clockEvery = 256

/** The documents that a plan leads to, each once. Goes on behind `position` and moves it along. */
export function* scan(transaction: Transaction, collection: Collection, plan: Plan, work: Work, position: Position): Generator<StoredRecord> {
  const index = plan.index === null ? undefined : collection.indexes.find((each) => each.spec.name === plan.index)
  const byRecord = index === undefined || index.spec.name === '_id_'
  const ranges = (plan.index === null ? [everything] : plan.ranges.map(({ lower, upper }) => ({ lower: asKey(lower), upper: asKey(upper) })))
  // A document with several keys, or one that fits two ranges, is met more than once.
  if (index && (index.multikey || ranges.length > 1)) position.seen ??= new Set<Key>()
  for (const { lower, upper } of plan.reverse ? ranges.toReversed() : ranges) {
    const { start, end } = byRecord ? rangeOf.within('record', collection.id, lower, upper) : rangeOf.within('index', index.id, lower, upper)
    const rest = remaining(start, end, plan.reverse, position.after)
    if (!rest) continue
    const isPoint = byRecord && plan.points && lower.length < uncutBytes && rest.start === start && rest.end === end
    for (const pair of isPoint ? pairAt(transaction, start) : transaction.range(rest.start, rest.end, plan.reverse)) {
      if (work.keys++ % clockEvery === 0 && performance.now() > work.deadline) throw mongoError('MaxTimeMSExpired', 'operation exceeded time limit')
      position.after = pair.key
      const recordKey = byRecord ? restOf(pair.key) : asKey(pair.value)
      if (position.seen?.has(recordKey)) continue
      position.seen?.add(recordKey)
      yield recordOf(recordKey, byRecord ? pair.value : fetch(transaction, collection, index, recordKey))
    }
  }
}

/** True when whatever the plan leads to matches the filter, so that no document has to be read to know it. */
export function isCovered(plan: Plan, filter: Doc): boolean {
  const fields = Object.keys(filter)
  if (fields.length === 0) return true
  const id = filter['_id']
  const isPoint = typeof id === 'string' || (typeof id === 'object' && id !== null && !Array.isArray(id) && !isOperators(id) && '_bsontype' in id && id['_bsontype'] === 'ObjectId')
  return fields.length === 1 && isPoint && plan.index === '_id_' && plan.ranges.length === 1 && (plan.ranges[0] as { lower: Buffer }).lower.length < uncutBytes
}

const everything = { lower: '', upper: '\xff' }
/** keys below this length are stored whole, so equal keys are equal values */
const uncutBytes = 900

/** A record by its whole key: to look it up costs a fraction of a walk to it. */
function pairAt(transaction: Transaction, key: Key): { key: Key; value: Buffer }[] {
  const value = transaction.get(key)
  return value ? [{ key, value }] : []
}

function fetch(transaction: Transaction, collection: Collection, index: Index, recordKey: Key): Buffer {
  const bytes = transaction.get(keyOf.record(collection.id, recordKey))
  if (!bytes) throw mongoError('InternalError', `The index ${index.spec.name} of ${collection.namespace} leads to a document that is not there`)
  return bytes
}

export function recordOf(recordKey: Key, bytes: Buffer): StoredRecord {
  let doc: Doc | undefined
  return {
    recordKey,
    bytes,
    get doc() {
      return (doc ??= decode(bytes))
    },
  }
}

function remaining(start: Key, end: Key, reverse: boolean, done: Key | undefined): { start: Key; end: Key } | undefined {
  if (done === undefined) return { start, end }
  if (reverse) return done <= start ? undefined : { start, end: done < end ? done : end }
  const next = `${done}\0`
  return next >= end ? undefined : { start: next > start ? next : start, end }
}
