import { randomUUID } from 'node:crypto'
import { Binary } from 'bson'
import { decode, type Doc, encode } from './document.ts'
import { mongoError } from './errors.ts'
import { keyOf, rangeOf } from './keys.ts'
import type { IndexSpec } from './query/index-keys.ts'
import type { Engine, Transaction } from './transactions/engine.ts'

export interface Index {
  id: number
  spec: IndexSpec
  /** some document has more than one key in it: bounds of two predicates must not be intersected */
  multikey: boolean
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

export type Catalog = ReturnType<typeof createCatalog>

/** Which collections and indexes there are. Changes belong to a transaction and are seen by others once it is on disk. */
export function createCatalog(engine: Engine) {
  const committed = new Map<string, Collection>()
  const own = new WeakMap<Transaction, Map<string, Collection | null>>()
  let nextId = 1
  load()

  return Object.freeze({ find, list, create, drop, addIndex, dropIndex, changeIndex, markMultikey })

  function find(transaction: Transaction, namespace: string): Collection | undefined {
    const mine = own.get(transaction)?.get(namespace)
    return mine === undefined ? committed.get(namespace) : (mine ?? undefined)
  }

  function list(transaction: Transaction): Collection[] {
    const all = new Map(committed)
    for (const [namespace, collection] of own.get(transaction) ?? []) {
      if (collection) all.set(namespace, collection)
      else all.delete(namespace)
    }
    return [...all.values()].toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1))
  }

  function create(transaction: Transaction, namespace: string, options: Doc = {}): Collection {
    ensureName(namespace)
    transaction.claim(`ns ${namespace}`)
    const cut = namespace.indexOf('.')
    const collection: Collection = {
      id: nextId++,
      namespace,
      database: namespace.slice(0, cut),
      name: namespace.slice(cut + 1),
      uuid: new Binary(Buffer.from(randomUUID().replaceAll('-', ''), 'hex'), 4),
      options,
      indexes: [{ id: nextId++, spec: idIndex, multikey: false }],
    }
    write(transaction, collection)
    return collection
  }

  /** Takes the collection away with all that is in it. */
  function drop(transaction: Transaction, collection: Collection): void {
    transaction.claim(`ns ${collection.namespace}`)
    for (const range of [rangeOf.records(collection.id), ...collection.indexes.map((index) => rangeOf.index(index.id))])
      for (const { key } of transaction.range(range.start, range.end)) transaction.put(key, null)
    for (const index of collection.indexes) transaction.put(keyOf.catalog(multikeyName(collection, index)), null)
    transaction.put(keyOf.catalog(collection.namespace), null)
    change(transaction, collection.namespace, null)
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
    transaction.claim(`ns ${collection.namespace}`)
    const index: Index = { id: nextId++, spec, multikey: false }
    const changed = { ...collection, indexes: [...collection.indexes, index] }
    write(transaction, changed)
    return { collection: changed, index }
  }

  function dropIndex(transaction: Transaction, collection: Collection, index: Index): Collection {
    transaction.claim(`ns ${collection.namespace}`)
    const { start, end } = rangeOf.index(index.id)
    for (const { key } of transaction.range(start, end)) transaction.put(key, null)
    transaction.put(keyOf.catalog(multikeyName(collection, index)), null)
    const changed = { ...collection, indexes: collection.indexes.filter((each) => each.id !== index.id) }
    write(transaction, changed)
    return changed
  }

  function changeIndex(transaction: Transaction, collection: Collection, index: Index, spec: IndexSpec): void {
    transaction.claim(`ns ${collection.namespace}`)
    write(transaction, { ...collection, indexes: collection.indexes.map((each) => (each.id === index.id ? { ...each, spec } : each)) })
  }

  // Never taken back: it only makes plans more careful, so it may be known before its transaction is on disk.
  function markMultikey(transaction: Transaction, collection: Collection, index: Index): void {
    if (index.multikey) return
    index.multikey = true
    transaction.put(keyOf.catalog(multikeyName(collection, index)), Buffer.from([1]))
  }

  function write(transaction: Transaction, collection: Collection): void {
    const row: CatalogRow = { ns: collection.namespace, id: collection.id, uuid: collection.uuid, options: collection.options, indexes: collection.indexes.map(({ id, spec }) => ({ id, spec: { ...spec } })) }
    transaction.put(keyOf.catalog(collection.namespace), encode(row as unknown as Doc))
    change(transaction, collection.namespace, collection)
  }

  function change(transaction: Transaction, namespace: string, collection: Collection | null): void {
    const mine = own.get(transaction) ?? new Map<string, Collection | null>()
    mine.set(namespace, collection)
    own.set(transaction, mine)
    transaction.onCommit(() => {
      if (collection) committed.set(namespace, collection)
      else committed.delete(namespace)
    })
  }

  function load(): void {
    engine.look((transaction) => {
      const { start, end } = rangeOf.catalog()
      const multikey = new Set<string>()
      for (const { key, value } of transaction.range(start, end)) {
        const name = key.subarray(5).toString()
        if (name.includes('\0')) {
          multikey.add(name)
          continue
        }
        const row = decode(value)
        const cut = name.indexOf('.')
        const indexes = (row['indexes'] as Doc[]).map((each) => ({ id: Number(each['id']), spec: plainSpec(each['spec'] as Doc), multikey: false }))
        const collection: Collection = { id: Number(row['id']), namespace: name, database: name.slice(0, cut), name: name.slice(cut + 1), uuid: row['uuid'] as Binary, options: row['options'] as Doc, indexes }
        committed.set(name, collection)
        nextId = Math.max(nextId, collection.id + 1, ...indexes.map((index) => index.id + 1))
      }
      for (const collection of committed.values()) for (const index of collection.indexes) index.multikey = multikey.has(multikeyName(collection, index))
    })
  }
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

function multikeyName(collection: Collection, index: Index): string {
  return `${collection.namespace}\0${index.id}`
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
