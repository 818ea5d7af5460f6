import { expect } from 'chai'
import type { Db } from 'mongodb'
import { MongoClient } from 'mongodb'
import { createLedger } from '../../src/features/ledger/index.ts'
import { account, type Ledger } from '../../src/features/ledger/index.ts'
import { systemContext } from '../../src/kernel/context.ts'
import type { Feature, Violation } from '../../src/kernel/feature.ts'
import { newId, randomHex } from '../../src/kernel/ids.ts'
import { createFailpoints } from '../../src/platform/failpoint.ts'
import { createIdempotency } from '../../src/platform/idempotency.ts'
import { createLeases } from '../../src/platform/lease.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { buildIndexes, connectDatabase, type Database } from '../../src/platform/mongo.ts'
import { createOutbox } from '../../src/platform/outbox.ts'
import { createUnitOfWork, type UnitOfWork } from '../../src/platform/unit-of-work.ts'
import { createMovableClock, type MovableClock } from '../support/clock.ts'
import { sharedStoreUri } from '../support/store.ts'
import { watchWrites } from '../support/writes.ts'

interface Books {
  ledger: Ledger
  second: Ledger
  unitOfWork: UnitOfWork
  feature: Feature
  db: Db
  wall: MovableClock
  close(): Promise<void>
}

describe('the ledger', () => {
  let books: Books
  const fan = newId('usr')
  const creator = newId('usr')
  let n = 0

  beforeEach(async () => {
    books = await openBooks()
  })
  afterEach(() => books.close())

  it('keeps every balance the fold of its postings, before and after sealing', async () => {
    await topUp(1_000)
    await tip(400)
    expect(await books.ledger.balanceOf(account.cash(fan), 'ZMW')).to.equal(600)
    expect(await books.ledger.balanceOf(account.pending(creator), 'ZMW')).to.equal(380)
    expect(await books.ledger.sealAll()).to.equal(2)
    expect(await books.ledger.balanceOf(account.pending(creator), 'ZMW')).to.equal(380)
    expect(await books.ledger.balanceOf(account.revenue('tip'), 'ZMW')).to.equal(20)
    expect(await check()).to.deep.equal([])
  })

  it('writes nothing of an entry that a guarded account can not pay', async () => {
    await topUp(100)
    const error = await tip(101).catch((failure: unknown) => failure)
    expect(error).to.include({ code: 'insufficient-funds' })
    expect(await books.db.collection('entries').countDocuments()).to.equal(1)
    expect(await check()).to.deep.equal([])
  })

  it('refuses entries that do not balance, name an account twice or an account that is none', async () => {
    const wrong = [
      [{ account: account.cash(fan), side: 'credit', amount: 1 }],
      [
        { account: account.clearing('sandbox'), side: 'debit', amount: 2 },
        { account: account.cash(fan), side: 'credit', amount: 1 },
      ],
      [
        { account: account.cash(fan), side: 'debit', amount: 1 },
        { account: account.cash(fan), side: 'credit', amount: 1 },
      ],
      [
        { account: account.clearing('sandbox'), side: 'debit', amount: 1 },
        { account: 'user:somebody:cash', side: 'credit', amount: 1 },
      ],
      [
        { account: account.clearing('sandbox'), side: 'debit', amount: 1.5 },
        { account: account.cash(fan), side: 'credit', amount: 1.5 },
      ],
    ] as const
    for (const postings of wrong) expect(await post('wrong', [...postings]).catch((error: unknown) => error)).to.be.an('error')
    expect(await books.db.collection('entries').countDocuments()).to.equal(0)
  })

  it('has no path that edits or deletes an entry', async () => {
    await topUp(100)
    const [entries] = books.feature.models as unknown as { updateOne(filter: object, change: object): Promise<unknown>; deleteMany(filter: object): Promise<unknown> }[]
    expect(await entries?.updateOne({}, { $set: { reason: 'other' } }).catch((error: unknown) => error)).to.be.an('error')
    expect(await entries?.deleteMany({}).catch((error: unknown) => error)).to.be.an('error')
  })

  describe('when two act at once', () => {
    const races: [string, () => Promise<unknown>[]][] = [
      ['credits of one accrual account', () => many(20, () => tip(10))],
      ['a debit and credits of an accrual account', () => [...many(10, () => tip(10)), ...many(3, () => mature(100))]],
      ['debits of an accrual account', () => many(6, () => mature(150))],
      ['a seal and a debit of an accrual account', () => [...many(4, () => mature(50)), ...many(4, () => books.ledger.sealAll())]],
      ['a seal and credits of an accrual account', () => [...many(15, () => tip(10)), ...many(4, () => books.ledger.sealAll())]],
      ['debits and credits of a guarded account', () => [...many(10, () => tip(30)), ...many(10, () => topUp(30))]],
      ['two sealers', () => [...many(6, () => tip(10)), books.ledger.sealAll(), books.second.sealAll(), books.ledger.sealAll(), books.second.sealAll()]],
    ]
    for (const [what, start] of races)
      it(`${what}: the books agree afterwards, whoever won`, async () => {
        await topUp(1_000)
        await tip(500)
        const outcomes = await Promise.allSettled(start())
        const odd = outcomes.filter((each) => each.status === 'rejected' && (each.reason as { code?: string }).code !== 'insufficient-funds')
        expect(odd).to.deep.equal([])
        await books.ledger.sealAll()
        expect(await check()).to.deep.equal([])
      })

    it('a balance read during seals is the same every time', async () => {
      await topUp(1_000)
      for (let tips = 0; tips < 20; tips++) await tip(10)
      const reads = Promise.all(many(30, () => books.ledger.balanceOf(account.pending(creator), 'ZMW')))
      await Promise.all([books.ledger.sealAll(), books.second.sealAll()])
      expect(new Set(await reads)).to.deep.equal(new Set([200]))
    })

    it('a thousandth of money is never spent twice: exactly as many debits win as there is money for', async () => {
      await topUp(100)
      const outcomes = await Promise.allSettled(many(10, () => tip(30)))
      expect(outcomes.filter((each) => each.status === 'fulfilled')).to.have.length(3)
    })
  })

  it('is looked at again from its first batch only when everything is asked for', async () => {
    await topUp(1_000)
    await books.ledger.sealAll()
    expect(await check()).to.deep.equal([])
    await books.db.collection('entries').updateOne({}, { $set: { actor: 'somebody else' } })
    const named = async (full: boolean) => (await check(full)).map((each) => each.check)
    expect(await named(false)).to.deep.equal([])
    expect(await named(true)).to.deep.equal(['ledger.batches'])
  })

  function topUp(amount: number): Promise<string> {
    return post('top-up', [
      { account: account.clearing('sandbox'), side: 'debit', amount },
      { account: account.cash(fan), side: 'credit', amount },
    ])
  }

  function tip(amount: number): Promise<string> {
    const fee = Math.floor(amount / 20)
    return post('tip', [
      { account: account.cash(fan), side: 'debit', amount },
      { account: account.pending(creator), side: 'credit', amount: amount - fee },
      ...(fee > 0 ? [{ account: account.revenue('tip'), side: 'credit' as const, amount: fee }] : []),
    ])
  }

  function mature(amount: number): Promise<string> {
    return post('mature', [
      { account: account.pending(creator), side: 'debit', amount },
      { account: account.available(creator), side: 'credit', amount },
    ])
  }

  function post(reason: string, postings: { account: string; side: 'debit' | 'credit'; amount: number }[]): Promise<string> {
    const reference = `${reason}:${++n}`
    const ctx = systemContext('test', newId('req'), createLogger('silent'))
    return books.unitOfWork.run(ctx, (tx) => books.ledger.post(tx, { reference, reason, currency: 'ZMW', source: reference, actor: 'test', postings }))
  }

  function many<T>(times: number, act: () => Promise<T>): Promise<T>[] {
    return Array.from({ length: times }, act)
  }

  async function check(full = true): Promise<Violation[]> {
    const found: Violation[] = []
    for (const each of books.feature.checks) found.push(...(await each.run({ full })))
    return found
  }
})

async function openBooks(): Promise<Books> {
  const uri = sharedStoreUri()
  const name = `ledger_${randomHex(4)}`
  const database: Database = await connectDatabase(uri, name)
  const connection = database.connection
  const wall = createMovableClock()
  const clock = createMovableClock()
  const log = createLogger('silent')
  const idempotency = createIdempotency({ connection, wall })
  const outbox = createOutbox({ connection, wall })
  const unitOfWork = createUnitOfWork({ connection, outbox, idempotency, wall, onCommitted: () => {} })
  watchWrites(connection, unitOfWork)
  const leases = createLeases({ connection, wall, owner: 'test' })
  const common = { unitOfWork, leases, clock, wall, log, context: () => systemContext('test', newId('req'), log), failpoints: createFailpoints(undefined), defaultCurrency: 'ZMW' as const, rootSeed: Buffer.alloc(32, 7) }
  const { ledger, feature } = createLedger({ ...common, db: connection })
  // A second sealer as another process would have it: its own models over the same collections.
  const other = await connectDatabase(uri, name)
  const second = createLedger({
    ...common,
    db: other.connection,
    unitOfWork: createUnitOfWork({ connection: other.connection, outbox: createOutbox({ connection: other.connection, wall }), idempotency: createIdempotency({ connection: other.connection, wall }), wall, onCommitted: () => {} }),
  }).ledger
  await buildIndexes([idempotency.model, outbox.Events, outbox.Deliveries, leases.model, ...feature.models])
  const client = await new MongoClient(uri).connect()
  return {
    ledger,
    second,
    unitOfWork,
    feature,
    db: client.db(name),
    wall,
    async close() {
      await client.db(name).dropDatabase()
      await Promise.all([client.close(), database.close(), other.close()])
    },
  }
}
