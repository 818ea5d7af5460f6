import { expect } from 'chai'
import type { ServedStore } from './support.ts'
import { serveStore } from './support.ts'

describe('what goes by itself on the embedded store', () => {
  let store: ServedStore
  let now = Date.now()

  before(async () => {
    store = await serveStore({ sweeps: { everyMs: 20, now: () => now } })
  })
  after(() => store.close())

  it('expires documents by their date, in a partial index only those in it, and keeps what has no date', async () => {
    const db = store.client.db('sweeps')
    const codes = db.collection<{ _id: string; at?: Date | string; kind: string }>('codes')
    await codes.createIndex({ at: 1 }, { expireAfterSeconds: 60, partialFilterExpression: { kind: 'code' } })
    const at = new Date(now)
    await codes.insertMany([
      { _id: 'old', at, kind: 'code' },
      { _id: 'other', at, kind: 'token' },
      { _id: 'text', at: 'soon', kind: 'code' },
      { _id: 'none', kind: 'code' },
      { _id: 'new', at: new Date(now + 120_000), kind: 'code' },
    ])
    now += 61_000
    while ((await codes.countDocuments({ _id: 'old' })) > 0);
    expect((await codes.find().sort({ _id: 1 }).toArray()).map(({ _id }) => _id)).to.deep.equal(['new', 'none', 'other', 'text'])
  })

  it('expires by the new time after collMod, and not before', async () => {
    const db = store.client.db('sweeps')
    const rows = db.collection<{ _id: number; at: Date }>('modified')
    await rows.createIndex({ at: 1 }, { expireAfterSeconds: 1_000_000 })
    await rows.insertOne({ _id: 1, at: new Date(now - 10_000) })
    expect(await db.command({ collMod: 'modified', index: { name: 'at_1', expireAfterSeconds: 5 } })).to.include({ expireAfterSeconds_new: 5 })
    while ((await rows.countDocuments()) > 0);
  })
})
