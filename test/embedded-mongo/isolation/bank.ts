import { expect } from 'chai'
import type { ClientSession, MongoClient } from 'mongodb'
import { attempt, ChangedMind } from './attempt.ts'
import type { Outcome } from './attempt.ts'
import type { Budget } from './budget.ts'
import type { Random } from '../../../scripts/random.ts'

interface Account {
  _id: number
  balance: number
  /** What moves with the balance, so that an index on it must follow every write. */
  band: number
}

interface Transfer {
  _id: string
  reference: string
  from: number
  to: number
  amount: number
}

const accountCount = 8
const openingBalance = 1_000

/**
 * Sessions move money between a few accounts, one row a transfer under a unique reference, a sixth of them with a reference used before; others audit.
 * Asserts, in every snapshot: the money is constant, no balance is below nothing, balances and rows agree, and what indexes answer is what a scan of the
 * whole collection answers. Returns how many of each outcome there were.
 */
export async function moveMoney(options: {
  client: MongoClient
  database: string
  sessions: number
  random: Random
  budget: Budget
}): Promise<Record<Outcome, number>> {
  const { client, sessions, random, budget } = options
  const accounts = client.db(options.database).collection<Account>('accounts')
  const transfers = client.db(options.database).collection<Transfer>('transfers')
  const outcomes: Record<Outcome, number> = { committed: 0, aborted: 0, unknown: 0 }
  const references: string[] = []

  await accounts.createIndex({ band: 1, balance: -1 })
  await transfers.createIndex({ reference: 1 }, { unique: true })
  await transfers.createIndex({ from: 1, amount: 1 })
  await accounts.insertMany(
    Array.from({ length: accountCount }, (_, _id) => ({ _id, balance: openingBalance, band: bandOf(openingBalance) })),
  )
  await Promise.all(Array.from({ length: sessions }, (_, number) => work(number, random.stream(number))))
  await attempt(client, audit)
  return outcomes

  async function work(number: number, own: Random): Promise<void> {
    for (let turn = 0; budget.spend(); turn++) {
      outcomes[await attempt(client, own.chance(0.3) ? audit : (session) => transfer(session, own, `${number}-${turn}`))]++
    }
  }

  async function transfer(session: ClientSession, own: Random, id: string): Promise<void> {
    const from = own.below(accountCount)
    const to = (from + 1 + own.below(accountCount - 1)) % accountCount
    const amount = 1 + own.below(openingBalance / 2)
    const reference = references.length > 0 && own.chance(1 / 6) ? own.pick(references) : id
    const paid = await accounts.findOneAndUpdate(
      { _id: from, balance: { $gte: amount } },
      { $inc: { balance: -amount } },
      { session, returnDocument: 'after' },
    )
    if (!paid) throw new ChangedMind()
    const received = await accounts.findOneAndUpdate({ _id: to }, { $inc: { balance: amount } }, { session, returnDocument: 'after' })
    for (const account of [paid, received!])
      await accounts.updateOne({ _id: account._id }, { $set: { band: bandOf(account.balance) } }, { session })
    await transfers.insertOne({ _id: id, reference, from, to, amount }, { session })
    references.push(reference)
    // What it wrote and has not committed must show in its own queries, by index and by scan alike.
    if (own.chance(0.2)) await audit(session)
  }

  async function audit(session: ClientSession): Promise<void> {
    const everyAccount = await accounts.find({}, { session }).toArray()
    const everyTransfer = await transfers.find({}, { session }).toArray()
    expect(
      everyAccount.reduce((sum, { balance }) => sum + balance, 0),
      'all money',
    ).to.equal(accountCount * openingBalance)
    for (const { _id, balance } of everyAccount) {
      expect(balance, `balance of ${_id}`).to.be.at.least(0)
      expect(balance, `balance of ${_id} by its transfers`).to.equal(openingBalance + flowOf(everyTransfer, _id))
    }
    expect(new Set(everyTransfer.map(({ reference }) => reference)).size, 'references').to.equal(everyTransfer.length)
    await compareIndexes(session, everyAccount, everyTransfer)
  }

  async function compareIndexes(session: ClientSession, everyAccount: Account[], everyTransfer: Transfer[]): Promise<void> {
    const band = bandOf(openingBalance)
    const banded = await accounts.find({ band }, { session }).sort({ balance: -1 }).toArray()
    expect(banded.map(({ balance }) => balance)).to.deep.equal(
      everyAccount
        .filter((account) => account.band === band)
        .map(({ balance }) => balance)
        .toSorted((a, b) => b - a),
    )
    const large = await transfers.find({ from: 0, amount: { $gte: 100, $lt: 300 } }, { session }).toArray()
    const scanned = everyTransfer.filter(({ from, amount }) => from === 0 && amount >= 100 && amount < 300)
    expect(large.map(({ _id }) => _id).toSorted()).to.deep.equal(scanned.map(({ _id }) => _id).toSorted())
    const one = everyTransfer.at(-1)
    if (one) expect(await transfers.findOne({ reference: one.reference }, { session })).to.deep.equal(one)
  }
}

function bandOf(balance: number): number {
  return Math.floor(balance / 500)
}

function flowOf(transfers: Transfer[], account: number): number {
  return transfers.reduce((sum, { from, to, amount }) => sum + (to === account ? amount : 0) - (from === account ? amount : 0), 0)
}
