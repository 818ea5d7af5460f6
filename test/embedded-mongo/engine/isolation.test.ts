import { expect } from 'chai'
import type { Collection } from 'mongodb'
import { openStore, type OpenStore, signal } from './support.ts'

interface Counter {
  _id: string
  n: number
}

const sessions = 8

describe('concurrent sessions on the embedded store', () => {
  let open: OpenStore
  let counters: Collection<Counter>

  before(async () => {
    open = await openStore()
    counters = open.client.db('isolation').collection<Counter>('counters')
  })
  after(() => open.close())

  it('lose no update when all increment the same document in transactions', async () => {
    await counters.insertOne({ _id: 'shared', n: 0 })
    await inParallel(async () => {
      for (let round = 0; round < 25; round++)
        await open.client.withSession((session) =>
          session.withTransaction(async () => {
            const { n } = (await counters.findOne({ _id: 'shared' }, { session })) as Counter
            await counters.updateOne({ _id: 'shared' }, { $set: { n: n + 1 } }, { session })
          }),
        )
    })
    expect((await counters.findOne({ _id: 'shared' }))?.n).to.equal(sessions * 25)
  })

  it('make no second document with one unique key, through different documents', async () => {
    const tickets = open.client.db('isolation').collection<{ _id: string; seat: number }>('tickets')
    await tickets.createIndex({ seat: 1 }, { unique: true })
    const outcomes = { won: 0, lost: 0 }
    await inParallel(async (who) => {
      for (let seat = 0; seat < 40; seat++) {
        try {
          await open.client.withSession((session) => session.withTransaction(() => tickets.insertOne({ _id: `${who}-${seat}`, seat }, { session })))
          outcomes.won++
        } catch (error) {
          expect((error as { code?: number }).code).to.equal(11000)
          outcomes.lost++
        }
      }
    })
    expect(outcomes).to.deep.equal({ won: 40, lost: 40 * (sessions - 1) })
    const seats = await tickets.find().toArray()
    expect(new Set(seats.map((each) => each.seat)).size).to.equal(40)
    expect(seats).to.have.length(40)
  })

  it('answer WriteConflict to the transaction that writes second, at the write', async () => {
    await counters.insertOne({ _id: 'contended', n: 0 })
    const [first, second] = [open.client.startSession(), open.client.startSession()]
    first.startTransaction()
    second.startTransaction()
    await counters.updateOne({ _id: 'contended' }, { $inc: { n: 1 } }, { session: first })
    const refusal = await counters.updateOne({ _id: 'contended' }, { $inc: { n: 1 } }, { session: second }).catch((error: unknown) => error)
    expect(refusal).to.include({ code: 112 })
    expect((refusal as { hasErrorLabel(label: string): boolean }).hasErrorLabel('TransientTransactionError')).to.equal(true)
    await first.commitTransaction()
    await second.abortTransaction()
    await Promise.all([first.endSession(), second.endSession()])
    expect((await counters.findOne({ _id: 'contended' }))?.n).to.equal(1)
  })

  it('let a plain write wait for an open transaction instead of failing', async () => {
    await counters.insertOne({ _id: 'awaited', n: 0 })
    const session = open.client.startSession()
    session.startTransaction()
    await counters.updateOne({ _id: 'awaited' }, { $inc: { n: 1 } }, { session })
    const done = signal()
    let ended = false
    const plain = counters.updateOne({ _id: 'awaited' }, { $inc: { n: 10 } }).then(() => {
      ended = true
      done.resolve()
    })
    // Anything else goes through meanwhile, which also shows that the plain write had its chance.
    await counters.insertOne({ _id: 'bystander', n: 0 })
    expect(ended).to.equal(false)
    expect((await counters.findOne({ _id: 'awaited' }))?.n).to.equal(0)
    await session.commitTransaction()
    await session.endSession()
    await Promise.all([plain, done.promise])
    expect((await counters.findOne({ _id: 'awaited' }))?.n).to.equal(11)
  })

  it('show a transaction one snapshot and its own writes, also through an index', async () => {
    const people = open.client.db('isolation').collection<{ _id: number; age: number }>('people')
    await people.createIndex({ age: 1 })
    await people.insertMany([
      { _id: 1, age: 30 },
      { _id: 2, age: 40 },
    ])
    const session = open.client.startSession()
    session.startTransaction()
    await people.updateOne({ _id: 1 }, { $set: { age: 50 } }, { session })
    await people.insertOne({ _id: 3, age: 45 })
    const seen = await people.find({ age: { $gt: 35 } }, { session }).sort({ age: -1 }).toArray()
    expect(seen.map((each) => each._id)).to.deep.equal([1, 2])
    await session.abortTransaction()
    await session.endSession()
    expect((await people.find({ age: { $gt: 35 } }).sort({ age: 1 }).toArray()).map((each) => each._id)).to.deep.equal([2, 3])
  })

  it('share flushes: fewer than one a commit when 64 write at once', async () => {
    const status = async () => (await open.client.db('admin').command({ serverStatus: 1 }))['ovation'] as { commits: number; flushes: number }
    const before = await status()
    await Promise.all(
      Array.from({ length: 64 }, async (_each, who) => {
        for (let round = 0; round < 10; round++) await counters.insertOne({ _id: `flush-${who}-${round}`, n: 0 })
      }),
    )
    const after = await status()
    expect(after.commits - before.commits).to.be.at.least(640)
    expect((after.flushes - before.flushes) / (after.commits - before.commits)).to.be.below(1)
  })

  it('look through an index at no more than they return', async () => {
    const { executionStats } = (await counters.find({ _id: { $gte: 'flush-1', $lt: 'flush-2' } }).explain('executionStats')) as unknown as {
      executionStats: { nReturned: number; totalDocsExamined: number }
    }
    expect(executionStats.nReturned).to.be.above(0)
    expect(executionStats.totalDocsExamined).to.be.at.most(executionStats.nReturned * 1.1 + 1)
  })

  async function inParallel(work: (who: number) => Promise<void>): Promise<void> {
    await Promise.all(Array.from({ length: sessions }, (_each, who) => work(who)))
  }
})
