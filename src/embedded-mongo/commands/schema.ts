import { type Collection, idIndex, plainSpec } from '../catalog.ts'
import { type Doc, encode } from '../document.ts'
import { mongoError } from '../errors.ts'
import { sourceOf } from '../cursors.ts'
import { type IndexSpec, validateIndexSpec } from '../query/index-keys.ts'
import { compileFilter } from '../query/match.ts'
import type { Transaction } from '../transactions/engine.ts'
import { asArray, type Call, change, type CommandSpec, docField, findCollection, look, namespaceOf, numberField, refuseCollation, write } from './command.ts'

const indexFields = ['key', 'name', 'unique', 'sparse', 'partialFilterExpression', 'expireAfterSeconds', 'background', 'v', 'ns', 'hidden', 'collation']

export const create: CommandSpec = {
  fields: ['capped', 'size', 'max', 'validator', 'validationLevel', 'validationAction', 'collation', 'indexOptionDefaults', 'timeseries', 'viewOn', 'pipeline', 'expireAfterSeconds', 'clusteredIndex', 'changeStreamPreAndPostImages', 'encryptedFields'],
  inTransaction: true,
  run: (call) => {
    const unsupported = ['capped', 'validator', 'timeseries', 'viewOn', 'clusteredIndex', 'changeStreamPreAndPostImages', 'encryptedFields'].find((field) => call.command[field] !== undefined && call.command[field] !== false)
    if (unsupported) throw mongoError('CommandNotSupported', `create: ${unsupported} is not supported`)
    refuseCollation(call.command)
    return write(call, (transaction) => {
      if (findCollection(call, transaction)) throw mongoError('NamespaceExists', `Collection ${namespaceOf(call)} already exists.`)
      call.store.catalog.create(transaction, namespaceOf(call))
      return {}
    })
  },
}

export const drop: CommandSpec = {
  fields: [],
  run: (call) =>
    change(call, namespaceOf(call), (transaction) => {
      const collection = findCollection(call, transaction)
      // Since 7.0 the server answers ok for one that is not there.
      if (!collection) return {}
      call.store.catalog.drop(transaction, collection)
      return { ns: collection.namespace, nIndexesWas: collection.indexes.length }
    }),
}

export const dropDatabase: CommandSpec = {
  fields: [],
  run: async (call) => {
    const { store, database } = call
    // One after the other, as MongoDB does it too: to hold them all at once could take for ever among writers.
    for (const { namespace } of store.engine.look((transaction) => store.catalog.list(transaction, database)))
      await change(call, namespace, (transaction) => {
        const collection = store.catalog.find(transaction, namespace)
        if (collection) store.catalog.drop(transaction, collection)
      })
    return { dropped: database }
  },
}

export const createIndexes: CommandSpec = {
  fields: ['indexes', 'commitQuorum'],
  inTransaction: true,
  run: (call) => {
    const specs = asArray(call.command['indexes'], 'indexes').map(specOf)
    return change(call, namespaceOf(call), (transaction) => build(call, transaction, specs))
  },
}

function build(call: Call, transaction: Transaction, specs: readonly IndexSpec[]): Doc {
  const { catalog, records } = call.store
  const present = findCollection(call, transaction)
  let collection: Collection = present ?? catalog.create(transaction, namespaceOf(call))
  const before = collection.indexes.length
  for (const spec of specs) {
    const added = catalog.addIndex(transaction, collection, spec)
    if (!added) continue
    const isEmpty = [...records.select(transaction, collection, { filter: {}, limit: 1 })].length === 0
    if (call.transaction && present && !isEmpty) throw mongoError('OperationNotSupportedInTransaction', `Cannot create new indexes on existing collection ${collection.namespace} in a multi-document transaction.`)
    records.fill(transaction, added.collection, added.index)
    collection = added.collection
  }
  return { numIndexesBefore: before, numIndexesAfter: collection.indexes.length, createdCollectionAutomatically: !present, ...(collection.indexes.length === before ? { note: 'all indexes already exist' } : {}) }
}

export const dropIndexes: CommandSpec = {
  fields: ['index'],
  run: (call) =>
    change(call, namespaceOf(call), (transaction) => {
      let collection = existing(call, transaction)
      const before = collection.indexes.length
      for (const spec of named(collection, call.command['index'])) {
        const index = collection.indexes.find((each) => each.spec === spec)
        if (index) collection = call.store.catalog.dropIndex(transaction, collection, index)
      }
      return { nIndexesWas: before }
    }),
}

export const collMod: CommandSpec = {
  fields: ['index'],
  run: (call) =>
    change(call, namespaceOf(call), (transaction) => {
      const collection = existing(call, transaction)
      const wanted = docField(call.command, 'index') ?? {}
      const seconds = numberField(wanted, 'expireAfterSeconds')
      const [spec] = named(collection, wanted['name'] ?? wanted['keyPattern'])
      const index = collection.indexes.find((each) => each.spec === spec)
      if (!index || seconds === undefined) throw mongoError('InvalidOptions', 'collMod changes expireAfterSeconds of an index and nothing else')
      call.store.catalog.changeIndex(transaction, collection, index, { ...index.spec, expireAfterSeconds: seconds })
      return index.spec.expireAfterSeconds === undefined ? { expireAfterSeconds_new: seconds } : { expireAfterSeconds_old: index.spec.expireAfterSeconds, expireAfterSeconds_new: seconds }
    }),
}

export const listCollections: CommandSpec = {
  fields: ['filter', 'nameOnly', 'cursor', 'authorizedCollections'],
  run: (call) =>
    look(call, (transaction) => {
      const matches = compileFilter(docField(call.command, 'filter') ?? {})
      const rows = call.store.catalog
        .list(transaction, call.database)
        .map((each): Doc => ({ name: each.name, type: 'collection', ...(call.command['nameOnly'] === true ? {} : { options: each.options, info: { readOnly: false, uuid: each.uuid }, idIndex: present(idIndex) }) }))
        .filter((row) => matches(row))
      return listing(call, `${call.database}.$cmd.listCollections`, rows)
    }),
}

export const listIndexes: CommandSpec = {
  fields: ['cursor', 'includeBuildUUIDs', 'includeIndexBuildInfo'],
  run: (call) => look(call, (transaction) => listing(call, namespaceOf(call), existing(call, transaction).indexes.map((index) => present(index.spec)))),
}

export const listDatabases: CommandSpec = {
  fields: ['filter', 'nameOnly', 'authorizedDatabases'],
  run: (call) =>
    look(call, (transaction) => {
      const matches = compileFilter(docField(call.command, 'filter') ?? {})
      const names = [...new Set(call.store.catalog.list(transaction).map((each) => each.database))]
      const databases = names.map((name): Doc => ({ name, ...(call.command['nameOnly'] === true ? {} : { sizeOnDisk: 0, empty: false }) })).filter((row) => matches(row))
      return { databases, ...(call.command['nameOnly'] === true ? {} : { totalSize: 0 }) }
    }),
}

function listing(call: Call, namespace: string, rows: Doc[]): Doc {
  const batchSize = numberField(docField(call.command, 'cursor') ?? {}, 'batchSize')
  return { cursor: call.store.cursors.open({ namespace, source: sourceOf(rows.map((row) => encode(row))), batchSize: batchSize ?? rows.length + 1, single: false, transaction: undefined, deadline: call.deadline }) }
}

function existing(call: Call, transaction: Transaction): Collection {
  const collection = findCollection(call, transaction)
  if (!collection) throw mongoError('NamespaceNotFound', `ns does not exist: ${namespaceOf(call)}`)
  return collection
}

function specOf(doc: Doc): IndexSpec {
  const unknown = Object.keys(doc).find((field) => !indexFields.includes(field))
  if (unknown) throw mongoError('InvalidOptions', `The field '${unknown}' is not valid for an index specification or not supported here`)
  refuseCollation(doc)
  const key = docField(doc, 'key')
  if (!key || Object.keys(key).length === 0) throw mongoError('CannotCreateIndex', 'Index keys cannot be an empty object')
  const name = doc['name'] ?? Object.entries(key).map(([field, direction]) => `${field}_${String(direction)}`).join('_')
  const spec = plainSpec({ ...doc, name })
  validateIndexSpec(spec)
  return spec
}

function named(collection: Collection, wanted: unknown): IndexSpec[] {
  const others = collection.indexes.map((index) => index.spec).filter((spec) => spec.name !== '_id_')
  if (wanted === '*') return others
  const names = Array.isArray(wanted) ? wanted : [wanted]
  return names.map((name) => {
    if (name === '_id_') throw mongoError('InvalidOptions', 'cannot drop _id index')
    const spec = typeof name === 'string' ? others.find((each) => each.name === name) : others.find((each) => text(each.key) === text(name as Doc))
    if (!spec) throw mongoError('IndexNotFound', `index not found with name [${typeof name === 'string' ? name : text(name as Doc)}]`)
    return spec
  })
}

function text(key: Doc): string {
  return JSON.stringify(Object.entries(key).map(([field, direction]) => [field, Number(direction)]))
}

function present(spec: IndexSpec): Doc {
  const { name, key, ...rest } = spec
  if (name === '_id_') return { v: 2, key, name }
  return { v: 2, key, name, ...rest }
}
