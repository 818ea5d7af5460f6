import { type ClientSession, MongoClientBulkWriteError, MongoServerError } from 'mongodb'
import type { Connection, Model } from 'mongoose'

export interface Insertion {
  into: Model<object>
  row: object
}

/** Inserts rows in one transaction. @throws MongoServerError, 11000 for a key that is there already */
export type Insert = (session: ClientSession, insertions: readonly Insertion[]) => Promise<void>

/**
 * Rows are sent as they are made: their types have held them to their schemas, and a Mongoose document for each would cost more than the
 * rest of the transaction.
 * @param options.checked for tests: each row must fit its schema all the same
 */
export async function createInsert(connection: Connection, { checked }: { checked: boolean }): Promise<Insert> {
  const insert = (await canWriteTogether(connection)) ? insertTogether(connection) : insertByCollection
  if (!checked) return insert
  return async (session, insertions) => {
    for (const { into, row } of insertions) await new into(row).validate()
    await insert(session, insertions)
  }
}

/** One command for each collection: every MongoDB takes it. */
export async function insertByCollection(session: ClientSession, insertions: readonly Insertion[]): Promise<void> {
  const rows = new Map<Model<object>, object[]>()
  for (const { into, row } of insertions) rows.set(into, [...(rows.get(into) ?? []), row])
  for (const [into, each] of rows) await into.insertMany(each, { lean: true, session })
}

/** One command for all: the server and the store spend more on a command than on a row. */
function insertTogether(connection: Connection): Insert {
  return async (session, insertions) => {
    const models = insertions.map(({ into, row }) => ({ name: 'insertOne' as const, namespace: `${into.db.name}.${into.collection.collectionName}`, document: row }))
    try {
      await connection.getClient().bulkWrite(models, { session })
    } catch (error) {
      throw causeOf(error)
    }
  }
}

// MongoDB 8 and the embedded store can, unless the former still plays an older version: only a try on nothing tells.
async function canWriteTogether(connection: Connection): Promise<boolean> {
  try {
    await connection.getClient().bulkWrite([{ name: 'deleteOne', namespace: `${connection.name}.events`, filter: { _id: 'no event' as never } }])
    return true
  } catch (error) {
    if (causeOf(error) instanceof MongoServerError) return false
    throw error
  }
}

// The driver wraps what the server says, and with it the label by which a transaction knows that it may run again.
function causeOf(error: unknown): unknown {
  if (!(error instanceof MongoClientBulkWriteError)) return error
  if (error.cause) return error.cause
  const [refused] = error.writeErrors.values()
  return refused ? new MongoServerError({ message: refused.message, code: refused.code }) : error
}
