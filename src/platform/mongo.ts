import { type Connection, Mongoose, type Schema, type SchemaOptions } from 'mongoose'
import type { Gauge, IndexedModel } from '../kernel/feature.ts'
import { createInsert, type Insert } from './insertions.ts'

/** One Mongoose a server: its settings are its own, so that two servers can live in one process. */
export interface Database {
  readonly connection: Connection
  readonly insert: Insert
  close(): Promise<void>
}

/**
 * @param uri of a replica set (or the embedded store, which plays one)
 * @param options.watched for tests: listeners hear each command, and every row that is inserted is held to its schema
 * @throws when no primary answers within 15 s, or when it can't do transactions
 */
export async function connectDatabase(uri: string, dbName: string, { watched = false }: { watched?: boolean } = {}): Promise<Database> {
  const mongoose = new Mongoose()
  mongoose.set('transactionAsyncLocalStorage', true)
  mongoose.set('autoIndex', false)
  mongoose.set('autoCreate', false)
  mongoose.set('strictQuery', 'throw')
  mongoose.set('sanitizeFilter', false)
  const connection = mongoose.createConnection(uri, {
    dbName,
    serverSelectionTimeoutMS: 15_000,
    maxPoolSize: 100,
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'majority' },
    monitorCommands: watched,
  })
  await connection.asPromise()
  await ensureTransactions(connection)
  return Object.freeze({ connection, insert: await createInsert(connection, { checked: watched }), close: () => connection.close() })
}

/**
 * What every schema has in common: unknown fields are refused, ids are our own strings, nothing is built behind our back. Rows are read
 * lean; `updateOne` with the guard in its filter changes them.
 */
export function rowOptions<T>(collection: string): SchemaOptions<T> {
  return { collection, strict: 'throw', strictQuery: 'throw', versionKey: false, autoIndex: false, autoCreate: false, minimize: false, id: false, _id: false } as SchemaOptions<T>
}

// No code path edits such rows; a hook makes sure that none is ever written.
export function insertOnly<T>(schema: Schema<T>): Schema<T> {
  const refuse = (): never => {
    throw new Error('These rows are insert-only')
  }
  schema.pre(['updateOne', 'updateMany', 'findOneAndUpdate', 'findOneAndReplace', 'replaceOne', 'deleteOne', 'deleteMany', 'findOneAndDelete'] as never, refuse)
  return schema
}

export type RowSchema<T> = Schema<T>

/** Makes collections and indexes before anything listens: a missing unique index would be a missing promise. */
export async function buildIndexes(models: readonly IndexedModel[]): Promise<void> {
  // Side by side: what one waits for at the disk, all wait for together. And all of one in one command, which makes its collection too.
  await Promise.all(
    models.map(async (model) => {
      const indexes = model.schema.indexes().map(([key, options]) => ({ ...options, key }))
      if (indexes.length > 0) await model.collection.createIndexes(indexes as never[])
      else await model.createCollection()
    }),
  )
}

/** What the store says of itself: the embedded one and MongoDB count their flushes under different names. */
export function storeGauges(connection: Connection): Gauge[] {
  return [
    {
      name: 'ovation_store_flushes',
      help: 'Flushes to disk since the store started',
      async read() {
        const status = await connection.db?.admin().command({ serverStatus: 1 })
        const own = status?.['ovation'] as { flushes?: number } | undefined
        const log = (status?.['wiredTiger'] as { log?: Record<string, number> } | undefined)?.log
        return own?.flushes ?? log?.['log sync operations'] ?? 0
      },
    },
  ]
}

async function ensureTransactions(connection: Connection): Promise<void> {
  const hello = await connection.db?.admin().command({ hello: 1 })
  if (typeof hello?.['setName'] !== 'string')
    throw new Error('MONGODB_URI: money needs multi-document transactions, and this MongoDB is no replica set. Run `mongod --replSet rs0` and `rs.initiate()`')
}
