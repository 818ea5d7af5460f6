import { type Connection, Mongoose, type Schema, type SchemaOptions } from 'mongoose'
import type { IndexedModel } from '../kernel/feature.ts'

/** One Mongoose a server: its settings are its own, so that two servers can live in one process. */
export interface Database {
  readonly connection: Connection
  close(): Promise<void>
}

/**
 * @param uri of a replica set (or the embedded store, which plays one)
 * @throws when no primary answers within 15 s, or when it can't do transactions
 */
export async function connectDatabase(uri: string, dbName: string): Promise<Database> {
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
    monitorCommands: true,
  })
  await connection.asPromise()
  await ensureTransactions(connection)
  return Object.freeze({ connection, close: () => connection.close() })
}

/**
 * What every schema has in common: unknown fields are refused, ids are our own strings, nothing is built behind our back. Rows are read
 * lean; `updateOne` with the guard in its filter changes them.
 */
export function rowOptions<T>(collection: string): SchemaOptions<T> {
  return { collection, strict: 'throw', strictQuery: 'throw', versionKey: false, autoIndex: false, autoCreate: false, minimize: false, id: false, _id: false } as SchemaOptions<T>
}

export type RowSchema<T> = Schema<T>

/** Makes collections and indexes before anything listens: a missing unique index would be a missing promise. */
export async function buildIndexes(models: readonly IndexedModel[]): Promise<void> {
  for (const model of models) {
    await model.createCollection()
    await model.createIndexes()
  }
}

async function ensureTransactions(connection: Connection): Promise<void> {
  const hello = await connection.db?.admin().command({ hello: 1 })
  if (typeof hello?.['setName'] !== 'string')
    throw new Error('MONGODB_URI: money needs multi-document transactions, and this MongoDB is no replica set. Run `mongod --replSet rs0` and `rs.initiate()`')
}
