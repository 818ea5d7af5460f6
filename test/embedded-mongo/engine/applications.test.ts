import { MongoBackend } from '@agendajs/mongo-backend'
import { Agenda } from 'agenda'
import { expect } from 'chai'
import mongoose, { type Connection } from 'mongoose'
import { refusalOf, type ServedStore, serveStore, signal } from './support.ts'

describe('applications on the embedded store', () => {
  let store: ServedStore
  let connection: Connection

  before(async () => {
    store = await serveStore()
    connection = await mongoose.createConnection(store.uri, { dbName: 'applications' }).asPromise()
  })
  after(async () => {
    await connection.close()
    await store.close()
  })

  it('run Mongoose: schemas, unique indexes, population, versions and transactions', async () => {
    const Creators = connection.model('Creator', new mongoose.Schema({ name: { type: String, unique: true }, balance: Number, tags: [String] }, { optimisticConcurrency: true }))
    const Tips = connection.model('Tip', new mongoose.Schema({ creator: { type: mongoose.Schema.Types.ObjectId, ref: 'Creator' }, amount: Number }, { timestamps: true }))
    await Promise.all([Creators.syncIndexes(), Tips.syncIndexes()])
    const ada = await Creators.create({ name: 'Ada', balance: 0, tags: ['music'] })
    expect(await refusalOf(Creators.create({ name: 'Ada' }))).to.include({ code: 11000 })
    await connection.transaction(async (session) => {
      await Tips.create([{ creator: ada._id, amount: 500 }], { session })
      await Creators.updateOne({ _id: ada._id, balance: { $gte: 0 } }, { $inc: { balance: 500 }, $addToSet: { tags: 'live' } }, { session })
    })
    const failed = connection.transaction(async (session) => {
      await Tips.create([{ creator: ada._id, amount: 900 }], { session })
      throw new Error('changed its mind')
    })
    await refusalOf(failed)
    const tip = await Tips.findOne({ amount: { $gt: 100 } }).populate<{ creator: { name: string; balance: number } }>('creator')
    expect(tip?.creator).to.include({ name: 'Ada', balance: 500 })
    const stale = (await Creators.findOne({ name: 'Ada' })) as typeof ada
    await Creators.updateOne({ name: 'Ada' }, { $inc: { __v: 1 } })
    stale.balance = 1
    expect((await refusalOf(stale.save())).message).to.match(/No matching document/)
    const totals = await Tips.aggregate<{ _id: unknown; sum: number }>([{ $group: { _id: '$creator', sum: { $sum: '$amount' } } }, { $lookup: { from: 'creators', localField: '_id', foreignField: '_id', as: 'who' } }])
    expect(totals.map(({ sum }) => sum)).to.deep.equal([500])
    const changed = await Creators.findOneAndUpdate({ name: 'Bo' }, { $setOnInsert: { balance: 7 } }, { upsert: true, returnDocument: 'after' })
    expect(changed).to.include({ name: 'Bo', balance: 7 })
    expect(await Creators.distinct('name').exec()).to.have.members(['Ada', 'Bo'])
    const names: string[] = []
    for await (const { name } of Creators.find().sort({ name: -1 }).cursor()) names.push(name as string)
    expect(names).to.deep.equal(['Bo', 'Ada'])
  })

  it('run Agenda: a job is scheduled, locked, run once and finished', async () => {
    const backend = new MongoBackend({ mongo: connection.getClient().db('agenda'), collection: 'jobs', ensureIndex: true })
    const agenda = new Agenda({ backend, processEvery: 100 })
    const done = signal<unknown>()
    let runs = 0
    agenda.define('tip receipt', (job) => {
      runs += 1
      done.resolve(job.attrs.data)
    })
    const finished = new Promise((resolve) => agenda.on('complete:tip receipt', resolve))
    await agenda.start()
    await agenda.now('tip receipt', { tip_id: 'tip_1' })
    expect(await done.promise).to.deep.equal({ tip_id: 'tip_1' })
    await finished
    await agenda.every('1 hour', 'tip receipt')
    await agenda.drain(1_000)
    expect(runs).to.equal(1)
    expect(await connection.getClient().db('agenda').collection('jobs').countDocuments({ name: 'tip receipt', lockedAt: null })).to.be.above(0)
  })
})
