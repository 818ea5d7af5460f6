import { expect } from 'chai'
import type { ClientSession, Db } from 'mongodb'
import { refusalOf, type ServedStore, serveStore } from './support.ts'

describe('changes of collections and indexes on the embedded store', () => {
  let store: ServedStore
  let db: Db
  let session: ClientSession

  before(async () => {
    store = await serveStore()
  })
  after(() => store.close())
  beforeEach(async () => {
    db = store.client.db(`schema-${Math.floor(performance.now() * 1000)}`)
    session = store.client.startSession()
    await db.collection('people').insertMany([
      { _id: 1 as never, age: 30 },
      { _id: 2 as never, age: 40 },
    ])
  })
  afterEach(() => session.endSession())

  it('put a document into a new index whose transaction was open while it was built', async () => {
    const people = db.collection('people')
    session.startTransaction()
    await people.insertOne({ _id: 3 as never, age: 50 }, { session })
    const built = people.createIndex({ age: 1 })
    await session.commitTransaction()
    await built
    expect(await people.find({ age: 50 }).hint('age_1').toArray()).to.have.length(1)
  })

  it('answer an older snapshot without the index that it has nothing in', async () => {
    const people = db.collection('people')
    session.startTransaction({ readConcern: { level: 'snapshot' } })
    expect(await people.countDocuments({}, { session })).to.equal(2)
    await people.createIndex({ age: 1 })
    expect(await people.find({ age: 40 }, { session }).toArray()).to.have.length(1)
    await session.commitTransaction()
  })

  it('let an older snapshot read on from a collection that was dropped since', async () => {
    const people = db.collection('people')
    session.startTransaction({ readConcern: { level: 'snapshot' } })
    expect(await people.countDocuments({}, { session })).to.equal(2)
    await people.drop()
    expect(await people.countDocuments({}, { session })).to.equal(2)
    await session.commitTransaction()
    expect(await people.countDocuments()).to.equal(0)
  })

  it('refuse a transaction that would write into a collection dropped since its snapshot', async () => {
    const people = db.collection('people')
    session.startTransaction()
    await people.findOne({}, { session })
    await people.drop()
    const refusal = await refusalOf(people.insertOne({ _id: 3 as never }, { session }))
    expect(refusal.hasErrorLabel('TransientTransactionError')).to.equal(true)
  })

  it('wait with a drop for whoever writes into the collection', async () => {
    const people = db.collection('people')
    session.startTransaction()
    await people.insertOne({ _id: 3 as never }, { session })
    const dropped = people.drop()
    await people.insertOne({ _id: 4 as never }, { session })
    await session.commitTransaction()
    await dropped
    expect(await people.countDocuments()).to.equal(0)
  })

  it('build an index under a load of writers that never pauses, and miss none of them', async () => {
    const people = db.collection<{ _id: string; age: number }>('busy')
    let on = true
    const writers = Array.from({ length: 16 }, async (_each, who) => {
      for (let n = 0; on; n++) await people.insertOne({ _id: `${who}-${n}`, age: who })
    })
    await people.createIndex({ age: 1 })
    on = false
    await Promise.all(writers)
    const byIndex = await people.find({ age: { $gte: 0 } }).hint('age_1').toArray()
    expect(byIndex).to.have.length(await people.countDocuments({}, { hint: '_id_' }))
  })

  it('refuse a unique index over documents that are not, and leave nothing of it', async () => {
    const people = db.collection('people')
    await people.insertOne({ _id: 3 as never, age: 40 })
    expect(await refusalOf(people.createIndex({ age: 1 }, { unique: true }))).to.include({ code: 11000 })
    expect(await people.indexes()).to.have.length(1)
    await people.createIndex({ age: 1 })
  })

  it('remember through a restart that an index has several keys of one document', async () => {
    const people = db.collection<{ _id: number; tags: number[] }>('tagged')
    await people.createIndex({ tags: 1 })
    session.startTransaction()
    await people.insertOne({ _id: 1, tags: [1, 10] }, { session })
    await session.abortTransaction()
    await people.insertOne({ _id: 2, tags: [1, 10] })
    await store.restart()
    expect(await people.find({ tags: { $gt: 0 } }).toArray()).to.have.length(1)
  })

  it('end a cursor whose collection was dropped, by name', async () => {
    const many = db.collection<{ _id: number }>('many')
    await many.insertMany(Array.from({ length: 50 }, (_each, n) => ({ _id: n })))
    const cursor = many.find().batchSize(10)
    await cursor.next()
    await many.drop()
    await many.insertMany(Array.from({ length: 50 }, (_each, n) => ({ _id: n })))
    expect(await refusalOf(cursor.toArray())).to.include({ code: 175 })
  })

  it('go on with a cursor by the plan that it began with, when a better index appears', async () => {
    const many = db.collection<{ _id: number; back: number }>('steady')
    await many.insertMany(Array.from({ length: 300 }, (_each, n) => ({ _id: n, back: 300 - n })))
    const cursor = many.find({ back: { $gt: 0 } }).batchSize(10)
    const seen = [(await cursor.next())?._id]
    await many.createIndex({ back: 1 })
    for await (const { _id } of cursor) seen.push(_id)
    expect(seen).to.deep.equal(Array.from({ length: 300 }, (_each, n) => n))
  })

  it('take away what a drop has left, also after a restart', async () => {
    const many = db.collection<{ _id: number }>('large')
    await many.createIndex({ n: 1 })
    await many.insertMany(Array.from({ length: 2_500 }, (_each, n) => ({ _id: n, n })))
    await many.drop()
    await store.restart()
    const garbage = async () => (await store.client.db('admin').command({ serverStatus: 1 }))['ovation'] as { garbage: number }
    while ((await garbage()).garbage > 0);
    expect(await many.countDocuments()).to.equal(0)
  })
})
