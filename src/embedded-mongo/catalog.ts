import { randomUUID } from 'node:crypto'
import { Binary } from 'bson'
import { decode, type Doc, encode } from './document.ts'
import { mongoError } from './errors.ts'
import { after, idOf, type Key, keyOf, rangeOf, restOf } from './keys.ts'
import type { IndexSpec } from './query/index-keys.ts'
import type { Engine, Transaction } from './transactions/engine.ts'

export interface Index {
  id: number
  spec: IndexSpec
  /** some document has more than one key in it: bounds of two predicates must not be intersected */
  readonly multikey: boolean
}

export interface Collection {
  id: number
  namespace: string
  database: string
  name: string
  uuid: Binary
  options: Doc
  indexes: Index[]
}

interface CatalogRow {
  ns: string
  id: number
  uuid: Binary
  options: Doc
  indexes: { id: number; spec: Doc }[]
}

export const idIndex: IndexSpec = Object.freeze({ name: '_id_', key: { _id: 1 }, unique: true })
const maxIndexes = 64
const maxKnown = 10_000
const changed = Symbol('changed by the transaction itself')

export type Catalog = ReturnType<typeof createCatalog>

/**
 * Which collections and indexes there are. A transaction sees those of its own snapshot, never those of now: an index that was built since
 * has nothing in it for an older snapshot, and a scan along it would find nothing and call that an answer.
 */
export function createCatalog(engine: Engine) {
  const known = new Map<string, { bytes: Buffer; collection: Collection }>()
  // What a transaction has looked up stays so in its snapshot; only what it changes itself must be read each time, as a savepoint may take it back.
  const looked = new WeakMap<Transaction, Map<string, Collection | undefined | typeof changed>>()
  // Never taken back while the process runs: it only makes plans more careful. It may be known before its transaction is on disk.
  const multikey = new Set<number>()
  const multikeyOnDisk = new Set<number>()
  const garbage = new Set<Key>()
  let nextId = 1
  load()

  return Object.freeze({ find, list, create, drop, addIndex, dropIndex, changeIndex, markMultikey, takeGarbage, garbage: () => garbage.size })

  function find(transaction: Transaction, namespace: string): Collection | undefined {
    const own = lookedBy(transaction)
    const before = own.get(namespace)
    if (before !== changed && transaction.isOpen && own.has(namespace)) return before
    const bytes = transaction.get(keyOf.catalog(namespace))
    const collection = bytes && read(namespace, bytes)
    if (before !== changed) own.set(namespace, collection)
    return collection
  }

  function lookedBy(transaction: Transaction): Map<string, Collection | undefined | typeof changed> {
    const own = looked.get(transaction)
    if (own) return own
    const none = new Map<string, Collection | undefined | typeof changed>()
    looked.set(transaction, none)
    return none
  }

  function list(transaction: Transaction, database?: string): Collection[] {
    const { start, end } = rangeOf.catalog()
    const prefix = database === undefined ? undefined : keyOf.catalog(`${database}.`)
    const found: Collection[] = []
    for (const { key, value } of transaction.range(prefix ?? start, prefix ? after(prefix) : end)) {
      const namespace = Buffer.from(restOf(key), 'latin1').toString()
      if (!isMarker(namespace)) found.push(read(namespace, value))
    }
    return found
  }

  function create(transaction: Transaction, namespace: string, options: Doc = {}): Collection {
    ensureName(namespace)
    transaction.claim(subjectOf(namespace))
    return write(transaction, {
      id: nextId++,
      ...namesOf(namespace),
      uuid: new Binary(Buffer.from(randomUUID().replaceAll('-', ''), 'hex'), 4),
      options,
      indexes: [indexOf(nextId++, idIndex)],
    })
  }

  /** Takes the collection away; what is in it goes little by little, see `takeGarbage`. */
  function drop(transaction: Transaction, collection: Collection): void {
    transaction.claim(subjectOf(collection.namespace))
    for (const index of collection.indexes) discard(transaction, collection, index)
    discardRange(transaction, collection.id)
    put(transaction, collection.namespace, null)
  }

  /** Adds an index that is empty yet. @returns undefined when the very same one is there already */
  function addIndex(transaction: Transaction, collection: Collection, spec: IndexSpec): { collection: Collection; index: Index } | undefined {
    const same = collection.indexes.find(({ spec: each }) => each.name === spec.name || sameKey(each, spec))
    if (same && isSame(same.spec, spec)) return undefined
    if (same?.spec.name === spec.name)
      throw sameKey(same.spec, spec)
        ? mongoError('IndexOptionsConflict', `An equivalent index already exists with the same name but different options. Requested index: ${spec.name}`)
        : mongoError('IndexKeySpecsConflict', `An existing index has the same name as the requested index. Requested index: ${spec.name}`)
    if (same) throw mongoError('IndexOptionsConflict', `Index already exists with a different name: ${same.spec.name}`)
    if (collection.indexes.length >= maxIndexes) throw mongoError('CannotCreateIndex', `add index fails, too many indexes for ${collection.namespace}`)
    transaction.claim(subjectOf(collection.namespace))
    const index = indexOf(nextId++, spec)
    return { collection: write(transaction, { ...collection, indexes: [...collection.indexes, index] }), index }
  }

  function dropIndex(transaction: Transaction, collection: Collection, index: Index): Collection {
    transaction.claim(subjectOf(collection.namespace))
    discard(transaction, collection, index)
    return write(transaction, { ...collection, indexes: collection.indexes.filter((each) => each.id !== index.id) })
  }

  function changeIndex(transaction: Transaction, collection: Collection, index: Index, spec: IndexSpec): void {
    transaction.claim(subjectOf(collection.namespace))
    write(transaction, { ...collection, indexes: collection.indexes.map((each) => (each.id === index.id ? indexOf(each.id, spec) : each)) })
  }

  function markMultikey(transaction: Transaction, collection: Collection, index: Index): void {
    multikey.add(index.id)
    if (multikeyOnDisk.has(index.id)) return
    transaction.put(markerOf(collection, index), Buffer.from([1]))
    transaction.onCommit(() => multikeyOnDisk.add(index.id))
  }

  /** Deletes up to `limit` entries that a dropped collection or index has left. @returns whether there may be more */
  async function takeGarbage(limit: number): Promise<boolean> {
    const [key] = garbage
    if (key === undefined) return false
    await engine.alone((transaction) => {
      const id = idOf(key)
      let left = limit
      for (const { start, end } of [rangeOf.records(id), rangeOf.index(id)])
        for (const pair of transaction.range(start, end)) {
          if (left-- === 0) return
          transaction.put(pair.key, null)
        }
      transaction.put(key, null)
      transaction.onCommit(() => garbage.delete(key))
    })
    return garbage.size > 0
  }

  function discard(transaction: Transaction, collection: Collection, index: Index): void {
    discardRange(transaction, index.id)
    transaction.put(markerOf(collection, index), null)
  }

  function discardRange(transaction: Transaction, id: number): void {
    const key = keyOf.garbage(id)
    transaction.put(key, Buffer.from([1]))
    transaction.onCommit(() => garbage.add(key))
  }

  function write(transaction: Transaction, collection: Collection): Collection {
    const row: CatalogRow = { ns: collection.namespace, id: collection.id, uuid: collection.uuid, options: collection.options, indexes: collection.indexes.map(({ id, spec }) => ({ id, spec: { ...spec } })) }
    const bytes = encode(row as unknown as Doc)
    put(transaction, collection.namespace, bytes)
    return read(collection.namespace, bytes)
  }

  function put(transaction: Transaction, namespace: string, bytes: Buffer | null): void {
    lookedBy(transaction).set(namespace, changed)
    transaction.put(keyOf.catalog(namespace), bytes)
  }

  function indexOf(id: number, spec: IndexSpec): Index {
    return {
      id,
      spec,
      get multikey() {
        return multikey.has(id)
      },
    }
  }

  // The same bytes give the same objects, on which the planner keeps what it has worked out.
  function read(namespace: string, bytes: Buffer): Collection {
    const before = known.get(namespace)
    if (before?.bytes.equals(bytes)) return before.collection
    const row = decode(bytes)
    const indexes = (row['indexes'] as Doc[]).map((each): Index => {
      const id = Number(each['id'])
      const spec = each['spec'] as Doc
      return indexOf(id, spec['name'] === idIndex.name ? idIndex : plainSpec(spec))
    })
    const collection: Collection = { id: Number(row['id']), ...namesOf(namespace), uuid: row['uuid'] as Binary, options: row['options'] as Doc, indexes }
    if (known.size >= maxKnown) known.clear()
    known.set(namespace, { bytes, collection })
    return collection
  }

  function load(): void {
    engine.look((transaction) => {
      const { start, end } = rangeOf.catalog()
      for (const { key } of transaction.range(start, end)) {
        const [, marked] = Buffer.from(restOf(key), 'latin1').toString().split('\0')
        if (marked !== undefined) multikeyOnDisk.add(Number(marked))
      }
      for (const id of multikeyOnDisk) multikey.add(id)
      for (const collection of list(transaction)) for (const id of [collection.id, ...collection.indexes.map((index) => index.id)]) nextId = Math.max(nextId, id + 1)
      const dropped = rangeOf.garbage()
      for (const { key } of transaction.range(dropped.start, dropped.end)) {
        garbage.add(key)
        nextId = Math.max(nextId, idOf(key) + 1)
      }
    })
  }
}

/** What a writer into the collection shares, and whoever changes the collection itself claims. */
export function subjectOf(namespace: string): string {
  return `ns ${namespace}`
}

/** An index description as commands and rows hold it, with plain numbers and booleans where they mean settings. */
export function plainSpec(doc: Doc): IndexSpec {
  const spec: IndexSpec = { name: String(doc['name']), key: doc['key'] as Doc }
  if (truthy(doc['unique'])) spec.unique = true
  if (truthy(doc['sparse'])) spec.sparse = true
  if (doc['partialFilterExpression'] !== undefined) spec.partialFilterExpression = doc['partialFilterExpression'] as Doc
  if (doc['expireAfterSeconds'] !== undefined) spec.expireAfterSeconds = Number(doc['expireAfterSeconds'])
  return spec
}

function truthy(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && Number(value) !== 0
}

function namesOf(namespace: string): { namespace: string; database: string; name: string } {
  const cut = namespace.indexOf('.')
  return { namespace, database: namespace.slice(0, cut), name: namespace.slice(cut + 1) }
}

function markerOf(collection: Collection, index: Index): Key {
  return keyOf.catalog(`${collection.namespace}\0${index.id}`)
}

function isMarker(name: string): boolean {
  return name.includes('\0')
}

function sameKey(a: IndexSpec, b: IndexSpec): boolean {
  return keyText(a) === keyText(b) && filterText(a) === filterText(b)
}

function isSame(a: IndexSpec, b: IndexSpec): boolean {
  return a.name === b.name && sameKey(a, b) && Boolean(a.unique) === Boolean(b.unique) && Boolean(a.sparse) === Boolean(b.sparse) && a.expireAfterSeconds === b.expireAfterSeconds
}

function keyText(spec: IndexSpec): string {
  return JSON.stringify(Object.entries(spec.key).map(([field, direction]) => [field, Number(direction) || direction]))
}

function filterText(spec: IndexSpec): string {
  return spec.partialFilterExpression ? encode(spec.partialFilterExpression).toString('hex') : ''
}

function ensureName(namespace: string): void {
  const name = namespace.slice(namespace.indexOf('.') + 1)
  if (name === '' || name.includes('$') || name.includes('\0') || name.startsWith('.') || namespace.length > 255)
    throw mongoError('InvalidNamespace', `Invalid collection name specified '${namespace.replaceAll('\0', '')}'`)
}
