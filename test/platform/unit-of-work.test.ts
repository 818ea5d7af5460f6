import { expect } from 'chai'
import { type Model, Schema } from 'mongoose'
import { systemContext } from '../../src/kernel/context.ts'
import { newId, randomHex } from '../../src/kernel/ids.ts'
import { createIdempotency } from '../../src/platform/idempotency.ts'
import { insertByCollection } from '../../src/platform/insertions.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { buildIndexes, connectDatabase, type Database, rowOptions } from '../../src/platform/mongo.ts'
import { createOutbox } from '../../src/platform/outbox.ts'
import { createUnitOfWork, type UnitOfWork } from '../../src/platform/unit-of-work.ts'
import { createMovableClock } from '../support/clock.ts'
import { sharedStoreUri } from '../support/store.ts'

interface Row {
  _id: string
  text: string
}

for (const way of ['together', 'collection by collection'] as const)
  describe(`rows that are inserted ${way}`, () => {
    let database: Database
    let unitOfWork: UnitOfWork
    let rows: Model<Row>
    let notes: Model<Row>
    const ctx = systemContext('test', newId('req'), createLogger('silent'))

    before(async () => {
      database = await connectDatabase(sharedStoreUri(), `work_${randomHex(4)}`, { watched: true })
      const { connection } = database
      rows = connection.model<Row>('Row', schemaOf('rows'))
      notes = connection.model<Row>('Note', schemaOf('notes'))
      const wall = createMovableClock()
      const outbox = createOutbox({ connection, wall })
      const idempotency = createIdempotency({ connection, wall })
      const insert = way === 'together' ? database.insert : insertByCollection
      unitOfWork = createUnitOfWork({ connection, outbox, idempotency, wall, insert, onCommitted: () => {} })
      await buildIndexes([rows, notes, idempotency.model, outbox.Events, outbox.Deliveries])
    })
    after(async () => {
      await database.connection.dropDatabase()
      await database.close()
    })

    it('are there after the commit, in all their collections, and not before', async () => {
      await unitOfWork.run(ctx, async (tx) => {
        tx.insert(rows, [{ _id: 'a', text: 'one' }])
        tx.insert(notes, [{ _id: 'b', text: 'two' }])
        expect(await rows.exists({ _id: 'a' })).to.equal(null)
      })
      expect(await rows.findById('a').lean()).to.deep.equal({ _id: 'a', text: 'one' })
      expect(await notes.findById('b').lean()).to.deep.equal({ _id: 'b', text: 'two' })
    })

    it('are found in their own transaction after a flush, and gone when it fails', async () => {
      const failed = unitOfWork.run(ctx, async (tx) => {
        tx.insert(rows, [{ _id: 'c', text: 'three' }])
        await tx.flush()
        expect(await rows.exists({ _id: 'c' })).not.to.equal(null)
        throw new Error('changed my mind')
      })
      expect(await refusalOf(failed)).to.include({ message: 'changed my mind' })
      expect(await rows.exists({ _id: 'c' })).to.equal(null)
    })

    it('are of their own transaction, whichever others begin and end beside it', async () => {
      const names = Array.from({ length: 24 }, (_each, n) => `beside-${way}-${n}`)
      const isLost = (n: number) => n % 2 === 1
      const steps = (n: number) => Array.from({ length: 1 + (n % 5) }, (_each, step) => `${names[n]}-${step}`)
      const walk = async (n: number) => {
        const walked = unitOfWork.run(ctx, async () => {
          for (const _id of steps(n)) await rows.updateOne({ _id }, { $set: { text: 'step' } }, { upsert: true })
          if (isLost(n)) throw new Error('lost')
        })
        await walked.catch((error: Error) => expect(error.message).to.equal('lost'))
        expect(unitOfWork.isInside(), 'after it').to.equal(false)
      }
      const [alone, together] = [[0, 1, 2, 3], names.map((_name, n) => n).slice(4)]
      for (const n of alone) await walk(n)
      await Promise.all(together.map(walk))
      const kept = names.flatMap((_name, n) => (isLost(n) ? [] : steps(n)))
      expect((await rows.find({ _id: /^beside/ }).lean()).map(({ _id }) => _id)).to.have.members(kept)
    })

    it('under one key by two at once are there once: the other runs again and hears of the key', async () => {
      let attempts = 0
      let arrived = 0
      let open: () => void = () => {}
      const bothAreIn = new Promise<void>((resolve) => (open = resolve))
      const work = () =>
        unitOfWork.run(ctx, async (tx) => {
          attempts++
          // A look opens the snapshot: each begins before the other has written.
          await rows.exists({ _id: 'd' })
          if (++arrived === 2) open()
          await bothAreIn
          tx.insert(notes, [{ _id: `note-${attempts}`, text: '' }])
          tx.insert(rows, [{ _id: 'd', text: 'four' }])
        })
      const outcomes = await Promise.allSettled([work(), work()])
      const refused = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []))
      expect(refused).to.have.length(1)
      expect(refused[0]).to.include({ code: 11000 })
      // Once more for each time that it comes before the other's commit is through.
      expect(attempts).to.be.at.least(3)
      expect(await notes.countDocuments({ _id: /^note-/ })).to.equal(1)
    })
  })

function schemaOf(collection: string): Schema<Row> {
  return new Schema<Row>({ _id: String, text: { type: String, default: '' } }, rowOptions<Row>(collection))
}

async function refusalOf(act: Promise<unknown>): Promise<Error> {
  try {
    await act
  } catch (error) {
    return error as Error
  }
  throw new Error('it succeeded')
}
