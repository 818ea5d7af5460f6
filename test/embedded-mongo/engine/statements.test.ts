import { expect } from 'chai'
import { type ClientSession, type Db, Long, type MongoClient, type MongoBulkWriteError, UUID } from 'mongodb'
import { refusalOf, type ServedStore, serveStore, sessionNamed } from './support.ts'

describe('statements on the embedded store', () => {
  let store: ServedStore
  let client: MongoClient
  let db: Db

  before(async () => {
    store = await serveStore()
    client = store.client
    db = client.db('statements')
  })
  after(() => store.close())

  it('leave nothing in one index when another refuses them', async () => {
    const people = db.collection<{ _id: number; age: number; mail: string }>('people')
    await people.createIndex({ age: 1 })
    await people.createIndex({ mail: 1 }, { unique: true })
    await people.insertOne({ _id: 1, age: 30, mail: 'a' })
    const refusal = (await refusalOf(
      people.insertMany(
        [
          { _id: 2, age: 31, mail: 'b' },
          { _id: 3, age: 32, mail: 'a' },
          { _id: 4, age: 33, mail: 'd' },
        ],
        { ordered: false },
      ),
    )) as unknown as MongoBulkWriteError
    expect(refusal.insertedCount).to.equal(2)
    expect((await people.find({ age: { $gt: 0 } }).hint('age_1').sort({ age: 1 }).toArray()).map(({ _id }) => _id)).to.deep.equal([1, 2, 4])
  })

  it('make a collection again that went with the refusal of its first', async () => {
    const rows = db.collection<{ _id: number | number[] }>('made-again')
    const refusal = (await refusalOf(rows.insertMany([{ _id: [1] }, { _id: 2 }, { _id: 3 }], { ordered: false }))) as unknown as MongoBulkWriteError
    expect(refusal.insertedCount).to.equal(2)
    expect(await rows.find().toArray()).to.deep.equal([{ _id: 2 }, { _id: 3 }])
    expect(await rows.updateOne({ _id: 3 }, { $set: { _id: 3 } })).to.include({ matchedCount: 1, modifiedCount: 0 })
  })

  it('find by its _id one document, and by the beginning of an _id all that begin so', async () => {
    const names = db.collection<{ _id: string }>('names')
    await names.insertMany(['ab', 'abc', 'abd', 'b'].map((_id) => ({ _id })))
    expect(await names.find({ _id: 'ab' }).toArray()).to.deep.equal([{ _id: 'ab' }])
    expect(await names.find({ _id: /^ab/ }).toArray()).to.deep.equal([{ _id: 'ab' }, { _id: 'abc' }, { _id: 'abd' }])
    expect(await names.find({ _id: { $in: ['b', 'x', 'ab'] } }).sort({ _id: -1 }).toArray()).to.deep.equal([{ _id: 'b' }, { _id: 'ab' }])
    expect(await names.find({ _id: { $in: ['b', 'abd', 'ab'] } }).batchSize(1).toArray()).to.deep.equal([{ _id: 'ab' }, { _id: 'abd' }, { _id: 'b' }])
  })

  it('change no document of a multi-document update that a unique index refuses', async () => {
    const seats = db.collection<{ _id: number; row: number; seat: number }>('seats')
    await seats.createIndex({ row: 1 })
    await seats.createIndex({ seat: 1 }, { unique: true })
    await seats.insertMany([1, 2, 3].map((n) => ({ _id: n, row: n, seat: n })))
    expect(await refusalOf(seats.updateMany({}, { $set: { row: 9, seat: 9 } }))).to.include({ code: 11000 })
    expect(await seats.find({ row: { $gt: 0 } }).hint('row_1').sort({ _id: 1 }).toArray()).to.deep.equal([1, 2, 3].map((n) => ({ _id: n, row: n, seat: n })))
  })

  it('tell a duplicate with its key', async () => {
    const people = db.collection<{ _id: number; name: { last: string } }>('named')
    await people.createIndex({ 'name.last': 1 }, { unique: true })
    await people.insertOne({ _id: 1, name: { last: 'Banda' } })
    expect(await refusalOf(people.insertOne({ _id: 2, name: { last: 'Banda' } }))).to.deep.include({ code: 11000, keyPattern: { 'name.last': 1 }, keyValue: { 'name.last': 'Banda' } })
  })

  it('free a unique key for the next statement of the same transaction', async () => {
    const people = db.collection<{ _id: number; mail: string }>('moving')
    await people.createIndex({ mail: 1 }, { unique: true })
    await people.insertOne({ _id: 1, mail: 'a' })
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await people.deleteOne({ _id: 1 }, { session })
        await people.insertOne({ _id: 2, mail: 'a' }, { session })
      }),
    )
    expect(await people.find().toArray()).to.deep.equal([{ _id: 2, mail: 'a' }])
  })

  it('keep apart what differs only beyond the longest key, and find it again', async () => {
    const texts = db.collection<{ _id: string; text: string }>('long')
    await texts.createIndex({ text: 1 }, { unique: true })
    const long = (end: string) => `${'x'.repeat(5_000)}${end}`
    await texts.insertMany(['a', 'b', 'c'].map((end) => ({ _id: long(end), text: long(end) })))
    expect(await texts.findOne({ text: long('b') })).to.deep.equal({ _id: long('b'), text: long('b') })
    expect(await texts.findOne({ _id: long('c') })).to.deep.equal({ _id: long('c'), text: long('c') })
    expect(await refusalOf(texts.insertOne({ _id: 'other', text: long('a') }))).to.include({ code: 11000 })
    expect(await refusalOf(texts.insertOne({ _id: long('a'), text: 'other' }))).to.include({ code: 11000 })
    expect(await texts.countDocuments({ text: { $gt: 'x' } })).to.equal(3)
  })

  it('are done once, when the same retryable write comes twice at the same time', async () => {
    const things = db.collection('once')
    const id = newId()
    const command = { update: 'once', updates: [{ q: { name: 'tip' }, u: { $inc: { n: 1 } }, upsert: true }], txnNumber: Long.fromNumber(7) }
    const answers = await Promise.all([1, 2, 3].map(() => db.command(command, { session: sessionNamed(client, id) })))
    expect(new Set(answers.map(({ upserted }) => String(upserted[0]._id))).size).to.equal(1)
    expect(await things.find({}, { projection: { _id: 0 } }).toArray()).to.deep.equal([{ name: 'tip', n: 1 }])
  })

  it('answer a commit that is asked for twice at the same time with the same end', async () => {
    const id = newId()
    const part = { txnNumber: Long.fromNumber(1), autocommit: false }
    await db.command({ insert: 'twice', documents: [{ _id: 1 }], ...part, startTransaction: true }, { session: sessionNamed(client, id) })
    const commit = () => client.db('admin').command({ commitTransaction: 1, ...part }, { session: sessionNamed(client, id, 1) })
    await Promise.all([commit(), commit(), commit()])
    expect(await db.collection('twice').countDocuments()).to.equal(1)
    await store.restart()
    await commit()
    expect(await db.collection('twice').countDocuments()).to.equal(1)
  })

  it('stop waiting when their time is up, and do nothing afterwards', async () => {
    const counters = db.collection<{ _id: string; n: number }>('timed')
    await counters.insertOne({ _id: 'a', n: 0 })
    const session = client.startSession()
    session.startTransaction()
    await counters.updateOne({ _id: 'a' }, { $inc: { n: 1 } }, { session })
    expect(await refusalOf(counters.updateOne({ _id: 'a' }, { $inc: { n: 10 } }, { maxTimeMS: 30 }))).to.include({ code: 50 })
    await session.commitTransaction()
    await session.endSession()
    await counters.updateOne({ _id: 'a' }, { $inc: { n: 100 } })
    expect(await counters.findOne({ _id: 'a' })).to.deep.equal({ _id: 'a', n: 101 })
  })

  it('wait for their turn at one document, and are done once each', async () => {
    const counters = db.collection<{ _id: string; log: number[] }>('turns')
    await counters.insertOne({ _id: 'a', log: [] })
    const session = client.startSession()
    session.startTransaction()
    await counters.updateOne({ _id: 'a' }, { $push: { log: -1 } }, { session })
    const waiting = Array.from({ length: 40 }, (_each, n) => counters.updateOne({ _id: 'a' }, { $push: { log: n } }))
    const waits = async () => ((await client.db('admin').command({ serverStatus: 1 }))['ovation'] as { waits: number }).waits
    const before = await waits()
    while ((await waits()) < before + 1 && (await waits()) < 40);
    await session.commitTransaction()
    await session.endSession()
    await Promise.all(waiting)
    const { log } = (await counters.findOne({ _id: 'a' })) as { log: number[] }
    expect(log).to.have.length(41)
    expect(new Set(log).size).to.equal(41)
  })

  it('insert ten thousand documents with a unique index in one batch without getting slower with each', async () => {
    const rows = db.collection<{ _id: number; n: number }>('batch')
    await rows.createIndex({ n: 1 }, { unique: true })
    await rows.insertMany(Array.from({ length: 10_000 }, (_each, n) => ({ _id: n, n: 10_000 - n })))
    expect(await rows.countDocuments({ n: { $lte: 10 } })).to.equal(10)
  })

  function newId(): ClientSession['id'] {
    return { id: new UUID().toBinary() } as ClientSession['id']
  }
})
