import type { Db, Document, IndexDescriptionInfo } from 'mongodb'

type Rows = Document & { _id: unknown }

/** Breaks something in the database on purpose, looks, and puts everything back as it was, indexes too. */
export async function broken<T>(db: Db, tamper: () => Promise<unknown>, look: () => Promise<T>, collections: readonly string[]): Promise<T> {
  const saved = await Promise.all(collections.map(async (name) => ({ name, rows: await db.collection<Rows>(name).find().toArray(), indexes: await db.collection(name).indexes() })))
  try {
    await tamper()
    return await look()
  } finally {
    for (const { name, rows, indexes } of saved) await restore(db, name, rows, indexes)
  }
}

async function restore(db: Db, name: string, rows: Rows[], indexes: IndexDescriptionInfo[]): Promise<void> {
  const collection = db.collection<Rows>(name)
  await collection.deleteMany({})
  if (rows.length > 0) await collection.insertMany(rows)
  const present = new Set((await collection.indexes()).map((index) => index.name))
  for (const { v: _version, key, ...rest } of indexes) if (!present.has(rest.name)) await collection.createIndex(key, rest)
}
