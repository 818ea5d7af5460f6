import { type Db, type Document, type IndexDescriptionInfo } from 'mongodb'
import { EJSON } from 'bson'

type Rows = Document & { _id: unknown }

interface Saved {
  name: string
  rows: Rows[]
  indexes: IndexDescriptionInfo[]
}

/** Breaks something in the database on purpose, looks, and puts back what is not as it was, indexes too. */
export async function broken<T>(db: Db, tamper: () => Promise<unknown>, look: () => Promise<T>, collections: readonly string[]): Promise<T> {
  const saved = await Promise.all(collections.map((name) => save(db, name)))
  try {
    await tamper()
    return await look()
  } finally {
    await Promise.all(saved.map((each) => restore(db, each)))
  }
}

async function save(db: Db, name: string): Promise<Saved> {
  const [rows, indexes] = await Promise.all([db.collection<Rows>(name).find().toArray(), db.collection(name).indexes()])
  return { name, rows, indexes }
}

async function restore(db: Db, was: Saved): Promise<void> {
  const is = await save(db, was.name)
  const collection = db.collection<Rows>(was.name)
  if (EJSON.stringify(is.rows) !== EJSON.stringify(was.rows)) {
    await collection.deleteMany({})
    if (was.rows.length > 0) await collection.insertMany(was.rows)
  }
  const present = new Set(is.indexes.map((index) => index.name))
  for (const { v: _version, key, ...rest } of was.indexes) if (!present.has(rest.name)) await collection.createIndex(key, rest)
}
