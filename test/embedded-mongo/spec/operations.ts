import type { AnyBulkWriteOperation, ClientBulkWriteModel, ClientSession, Collection, Db, MongoClient } from 'mongodb'
import { collectionExists, indexExists } from './deployment.ts'
import type { Deployment } from './deployment.ts'
import { driverOptions } from './entities.ts'
import type { EntityMap } from './entities.ts'
import type { Doc, EntitySpec, OperationSpec } from './format.ts'

export interface Stage {
  deployment: Deployment
  entities: EntityMap
}

/** What an operation gave: `documents` when it is a list of root documents, as a find gives. */
export type Result = { value: unknown } | { documents: unknown[] }

/**
 * Runs one operation of a case through the driver.
 * Rejects with the driver's error, or with one of its own when the operation or one of its arguments is unknown to the runner.
 */
export async function perform({ entities, deployment }: Stage, operation: OperationSpec): Promise<Result> {
  const args = argumentsOf(operation, entities)
  if (operation.object === 'testRunner') return known(runnerOperations, operation)({ entities, deployment }, args)
  const entity = entities.get(operation.object)
  switch (entity.kind) {
    case 'client':
      return known(clientOperations, operation)(entity.client, args)
    case 'database':
      return known(databaseOperations, operation)(entity.database, args)
    case 'collection':
      return known(collectionOperations, operation)(entity.collection, args)
    case 'session':
      return known(sessionOperations, operation)(entity.session, args)
    default:
      throw new Error(`${operation.object} has no operations`)
  }
}

type Handler<Target> = (target: Target, args: Doc) => Promise<Result>
type Handlers<Target> = Record<string, Handler<Target>>

function known<Target>(handlers: Handlers<Target>, { object, name }: OperationSpec): Handler<Target> {
  const handler = handlers[name]
  if (!handler) throw new Error(`the runner does not know ${object}.${name}`)
  return handler
}

function argumentsOf({ name, object, arguments: args = {} }: OperationSpec, entities: EntityMap): Doc {
  const unknown = Object.keys(args).filter((key) => !knownArguments.has(key))
  if (unknown.length > 0) throw new Error(`the runner does not know ${unknown.join(', ')} of ${object}.${name}`)
  const { session, ...others } = args
  // The two special operations that name a session mean its name.
  return session === undefined || object === 'testRunner' ? args : { ...others, session: entities.of('session', session as string).session }
}

const knownArguments = new Set(
  `allowDiskUse arrayFilters batchSize bypassDocumentValidation client collation collection collectionName command commandName comment databaseName
  document documents entities failPoint fieldName filter hint indexName keys let limit maxCommitTimeMS maxTimeMS models name ordered pipeline projection
  readConcern readPreference replacement requests returnDocument session skip sort state unique update upsert validator verboseResults viewOn
  writeConcern`.split(/\s+/),
)

const clientOperations: Handlers<MongoClient> = {
  async clientBulkWrite(client, { models, ...options }) {
    const flat = (models as Record<string, Doc>[]).map((model) => Object.entries(model).map(([name, rest]) => ({ name, ...rest }))[0])
    const result = await client.bulkWrite(flat as unknown as ClientBulkWriteModel[], options)
    return value(plain(result))
  },
}

const databaseOperations: Handlers<Db> = {
  aggregate: async (database, { pipeline, ...options }) => ({ documents: await database.aggregate(pipeline as Doc[], options).toArray() }),
  async createCollection(database, { collection, ...options }) {
    await database.createCollection(collection as string, options)
    return nothing
  },
  dropCollection: async (database, { collection, ...options }) => value(await database.dropCollection(collection as string, options)),
  modifyCollection: async (database, { collection, ...options }) => value(await database.command({ collMod: collection, ...options })),
  async runCommand(database, { command, commandName, ...options }) {
    const { [commandName as string]: first, ...others } = command as Doc
    return value(await database.command({ [commandName as string]: first, ...others }, driverOptions(options)))
  },
}

const collectionOperations: Handlers<Collection> = {
  find: async (collection, { filter, ...options }) => ({ documents: await collection.find(filter as Doc, options).toArray() }),
  aggregate: async (collection, { pipeline, ...options }) => ({
    documents: await collection.aggregate(pipeline as Doc[], options).toArray(),
  }),
  findOne: async (collection, { filter, ...options }) => value(await collection.findOne(filter as Doc, options)),
  distinct: async (collection, { fieldName, filter, ...options }) =>
    value(await collection.distinct(fieldName as string, filter as Doc, options)),
  count: async (collection, { filter, ...options }) => value(await collection.count(filter as Doc, options)),
  countDocuments: async (collection, { filter, ...options }) => value(await collection.countDocuments(filter as Doc, options)),
  estimatedDocumentCount: async (collection, options) => value(await collection.estimatedDocumentCount(options)),
  insertOne: async (collection, { document, ...options }) => value(await collection.insertOne(document as Doc, options)),
  insertMany: async (collection, { documents, ...options }) => value(await collection.insertMany(documents as Doc[], options)),
  updateOne: async (collection, { filter, update, ...options }) =>
    written(await collection.updateOne(filter as Doc, update as Doc, options)),
  updateMany: async (collection, { filter, update, ...options }) =>
    written(await collection.updateMany(filter as Doc, update as Doc, options)),
  replaceOne: async (collection, { filter, replacement, ...options }) =>
    written(await collection.replaceOne(filter as Doc, replacement as Doc, options)),
  deleteOne: async (collection, { filter, ...options }) => value(await collection.deleteOne(filter as Doc, options)),
  deleteMany: async (collection, { filter, ...options }) => value(await collection.deleteMany(filter as Doc, options)),
  findOneAndUpdate: async (collection, { filter, update, ...options }) =>
    value(await collection.findOneAndUpdate(filter as Doc, update as Doc, returning(options))),
  findOneAndReplace: async (collection, { filter, replacement, ...options }) =>
    value(await collection.findOneAndReplace(filter as Doc, replacement as Doc, returning(options))),
  findOneAndDelete: async (collection, { filter, ...options }) => value(await collection.findOneAndDelete(filter as Doc, options)),
  bulkWrite: async (collection, { requests, ...options }) =>
    value(plain(await collection.bulkWrite(requests as AnyBulkWriteOperation[], options))),
  createIndex: async (collection, { keys, ...options }) => value(await collection.createIndex(keys as { [key: string]: 1 }, options)),
}

const sessionOperations: Handlers<ClientSession> = {
  async startTransaction(session, options) {
    session.startTransaction(driverOptions(options))
    return nothing
  },
  async commitTransaction(session) {
    await session.commitTransaction()
    return nothing
  },
  async abortTransaction(session) {
    await session.abortTransaction()
    return nothing
  },
  async endSession(session) {
    await session.endSession()
    return nothing
  },
}

const runnerOperations: Handlers<Stage> = {
  async createEntities({ entities }, { entities: specs }) {
    entities.create(specs as EntitySpec[])
    return nothing
  },
  async failPoint({ entities, deployment }, { client, failPoint }) {
    const { configureFailPoint, ...rest } = failPoint as Doc
    deployment.failPoints.add(configureFailPoint as string)
    await entities
      .of('client', client as string)
      .client.db('admin')
      .command({ configureFailPoint, ...rest })
    return nothing
  },
  async assertSessionTransactionState({ entities }, { session, state }) {
    const found = transactionStates[transactionStateOf(entities.of('session', session as string).session)]
    if (found !== state) throw new Error(`expected a transaction in state ${String(state)}, found ${found}`)
    return nothing
  },
  assertCollectionExists: async ({ deployment }, { databaseName, collectionName }) =>
    holds(await collectionExists(deployment.admin.db(databaseName as string), collectionName as string), `${collectionName} exists`),
  assertCollectionNotExists: async ({ deployment }, { databaseName, collectionName }) =>
    holds(
      !(await collectionExists(deployment.admin.db(databaseName as string), collectionName as string)),
      `${collectionName} does not exist`,
    ),
  assertIndexExists: async ({ deployment }, { databaseName, collectionName, indexName }) =>
    holds(
      await indexExists(deployment.admin.db(databaseName as string), collectionName as string, indexName as string),
      `${indexName} exists`,
    ),
  assertIndexNotExists: async ({ deployment }, { databaseName, collectionName, indexName }) =>
    holds(
      !(await indexExists(deployment.admin.db(databaseName as string), collectionName as string, indexName as string)),
      `${indexName} does not exist`,
    ),
}

const nothing: Result = { value: undefined }

function value(result: unknown): Result {
  return { value: result }
}

/** The format has no upserted id where nothing was upserted; the driver says null. */
function written(result: { upsertedId: unknown }): Result {
  const { upsertedId, ...others } = result
  return value(upsertedId === null ? others : { ...others, upsertedId })
}

function returning(options: Doc): Doc {
  const { returnDocument, ...others } = options
  return returnDocument === undefined ? others : { ...others, returnDocument: (returnDocument as string).toLowerCase() }
}

/** The driver's bulk results hold getters and maps keyed by position; the format speaks of plain documents. */
export function plain(result: object): Doc {
  const getters = ['insertedCount', 'matchedCount', 'modifiedCount', 'deletedCount', 'upsertedCount', 'insertedIds', 'upsertedIds']
  const named = Object.fromEntries(getters.map((name) => [name, Reflect.get(result, name)]))
  const own = Object.fromEntries(Object.entries(result).map(([key, part]) => [key, part instanceof Map ? positions(part) : part]))
  return { ...named, ...own }
}

/** A map keyed by position, as a document. */
export function positions(map: Map<unknown, object>): Doc {
  return Object.fromEntries([...map].map(([position, part]) => [String(position), { ...part }]))
}

// The driver keeps the state to itself; the format asserts it by name.
function transactionStateOf(session: ClientSession): string {
  return (Reflect.get(session, 'transaction') as { state: string }).state
}

const transactionStates: Record<string, string> = {
  NO_TRANSACTION: 'none',
  STARTING_TRANSACTION: 'starting',
  TRANSACTION_IN_PROGRESS: 'in_progress',
  TRANSACTION_COMMITTED: 'committed',
  TRANSACTION_COMMITTED_EMPTY: 'committed',
  TRANSACTION_ABORTED: 'aborted',
}

function holds(fact: boolean, statement: string): Result {
  if (!fact) throw new Error(`it is not so that ${statement}`)
  return nothing
}
