import { expect } from 'chai'
import type { Db, MongoClient, MongoClientBulkWriteError } from 'mongodb'
import { refusalOf, type ServedStore, serveStore } from './support.ts'

describe('a write into several collections at once', () => {
  let store: ServedStore
  let client: MongoClient
  let db: Db

  before(async () => {
    store = await serveStore()
    client = store.client
    db = client.db('bulk')
    await db.collection('mails').createIndex({ mail: 1 }, { unique: true })
  })
  beforeEach(async () => {
    for (const name of ['people', 'mails']) await db.collection(name).deleteMany({})
  })
  after(() => store.close())

  it('inserts, changes and deletes, and tells what each did', async () => {
    await db.collection<{ _id: number }>('people').insertMany([{ _id: 1 }, { _id: 2 }])
    const done = await client.bulkWrite(
      [
        { name: 'insertOne', namespace: 'bulk.mails', document: { _id: 1 as never, mail: 'a' } },
        { name: 'updateOne', namespace: 'bulk.people', filter: { _id: 1 as never }, update: { $set: { age: 30 } } },
        { name: 'updateOne', namespace: 'bulk.people', filter: { _id: 3 as never }, update: { $set: { age: 50 } }, upsert: true },
        { name: 'deleteOne', namespace: 'bulk.people', filter: { _id: 2 as never } },
      ],
      { verboseResults: true },
    )
    expect(done).to.include({ insertedCount: 1, matchedCount: 1, modifiedCount: 1, upsertedCount: 1, deletedCount: 1 })
    expect(done.updateResults?.get(2)).to.include({ upsertedId: 3 })
    expect(await db.collection('people').find().toArray()).to.deep.equal([
      { _id: 1, age: 30 },
      { _id: 3, age: 50 },
    ])
  })

  it('outside of a transaction keeps what came before the refused one, and in a transaction nothing', async () => {
    const models = (from: number) => [
      { name: 'insertOne' as const, namespace: 'bulk.people', document: { _id: from as never } },
      { name: 'insertOne' as const, namespace: 'bulk.mails', document: { _id: from as never, mail: 'same' } },
      { name: 'insertOne' as const, namespace: 'bulk.mails', document: { _id: (from + 1) as never, mail: 'same' } },
      { name: 'insertOne' as const, namespace: 'bulk.people', document: { _id: (from + 1) as never } },
    ]
    const refusal = (await refusalOf(client.bulkWrite(models(1)))) as unknown as MongoClientBulkWriteError
    expect(refusal.writeErrors.get(2)).to.include({ code: 11000 })
    expect(await db.collection('people').countDocuments()).to.equal(1)
    const inside = (await refusalOf(client.withSession((session) => session.withTransaction(() => client.bulkWrite(models(5).slice(0, 2), { session }))))) as unknown as MongoClientBulkWriteError
    expect(inside.cause).to.include({ code: 11000 })
    expect(await db.collection('people').countDocuments()).to.equal(1)
  })

  it('is refused outside of the admin database, and where an operation names no collection', async () => {
    expect(await refusalOf(db.command({ bulkWrite: 1, ops: [{ insert: 0, document: {} }], nsInfo: [{ ns: 'bulk.people' }] }))).to.include({ code: 13 })
    expect(await refusalOf(client.db('admin').command({ bulkWrite: 1, ops: [{ insert: 1, document: {} }], nsInfo: [{ ns: 'bulk.people' }] }))).to.include({ code: 2 })
  })
})
