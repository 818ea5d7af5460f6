import type { Clock, Wall } from '../../kernel/clock.ts'
import { fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId, randomHex } from '../../kernel/ids.ts'
import type { Currency } from '../../kernel/currency.ts'
import { balanceId, kindOf, splitBalanceId } from './chart.ts'
import { type Delta, deltasOf, ensureBalanced, type Entry, type EntryRow, type Posting } from './entry.ts'
import type { LedgerModels } from './model.ts'

export interface Poster {
  /**
   * Writes one entry and what it does to balances, in the caller's transaction.
   * @returns the entry's id
   * @throws AppError `insufficient-funds` when a guarded or accrual account would fall below zero: nothing is written
   */
  post(tx: Tx, entry: Entry): Promise<string>
  /** What an account holds, as the caller's transaction sees it: whoever takes from it at the same time makes one of the two run again. */
  holds(tx: Tx, name: string, currency: Currency): Promise<number>
  /** What was credited to an account at that time and later, in the caller's transaction. */
  creditedSince(name: string, currency: Currency, since: Date): Promise<number>
  /** when the first credit at that time or later was posted */
  firstCredit(name: string, currency: Currency, since: Date): Promise<Date | undefined>
  /** Entries that touch one of these accounts at that time or later. */
  entriesOf(names: readonly string[], currency: Currency, since: Date): AsyncIterable<Pick<EntryRow, 'reason' | 'at' | 'postings'>>
  isPosted(reference: string): Promise<boolean>
  /** when the last entry was posted whose reference begins so */
  lastPosted(beginning: string): Promise<Date | undefined>
  /** of an entry that is there */
  postingsOf(reference: string): Promise<Posting[]>
}

export function createPoster({ models, clock, wall, onPosted }: { models: LedgerModels; clock: Clock; wall: Wall; /** told before it is committed */ onPosted: () => void }): Poster {
  const { Entries, Balances, Unsealed } = models

  return Object.freeze({ post, holds, creditedSince, firstCredit, entriesOf, isPosted, lastPosted, postingsOf })

  async function post(tx: Tx, entry: Entry): Promise<string> {
    ensureBalanced(entry)
    const entryId = newId('ent')
    const pending: Delta[] = []
    // Balance documents are taken in the order of their ids, so that two transactions can't each hold what the other wants.
    for (const change of deltasOf(entry).toSorted((a, b) => (a.balance < b.balance ? -1 : 1))) {
      const written = await move(tx, change)
      if (!written) pending.push(change)
    }
    tx.insert(Entries, [{ ...entry, _id: entryId, at: clock.now(), nonce: randomHex(16) }])
    // One row for every entry, also when nothing in it waits: the sealer finds entries by these rows.
    tx.insert(Unsealed, [{ _id: entryId, deltas: pending, since: wall.now() }])
    onPosted()
    return entryId
  }

  async function holds(tx: Tx, name: string, currency: Currency): Promise<number> {
    await tx.flush()
    return totalOf(models, balanceId(name, currency))
  }

  async function creditedSince(name: string, currency: Currency, since: Date): Promise<number> {
    let total = 0
    for await (const { postings } of Entries.find({ 'postings.account': name, currency, at: { $gte: since } }, { postings: 1 }).lean().cursor())
      for (const each of postings) if (each.account === name && each.side === 'credit') total += each.amount
    return total
  }

  async function firstCredit(name: string, currency: Currency, since: Date): Promise<Date | undefined> {
    const entry = await Entries.findOne({ postings: { $elemMatch: { account: name, side: 'credit' } }, 'postings.account': name, currency, at: { $gte: since } }, { at: 1 }).sort({ at: 1 }).lean()
    return entry?.at
  }

  function entriesOf(names: readonly string[], currency: Currency, since: Date): AsyncIterable<Pick<EntryRow, 'reason' | 'at' | 'postings'>> {
    return Entries.find({ 'postings.account': { $in: names }, currency, at: { $gte: since } }, { reason: 1, at: 1, postings: 1 }).lean().cursor()
  }

  async function lastPosted(beginning: string): Promise<Date | undefined> {
    const entry = await Entries.findOne({ reference: { $gte: beginning, $lt: `${beginning}~` } }, { at: 1 }).sort({ reference: -1 }).lean()
    return entry?.at
  }

  async function isPosted(reference: string): Promise<boolean> {
    return (await Entries.exists({ reference })) !== null
  }

  async function postingsOf(reference: string): Promise<Posting[]> {
    const entry = await Entries.findOne({ reference }, { postings: 1 }).lean()
    if (!entry) throw new Error(`There is no entry ${reference}`)
    return entry.postings.map(({ account, side, amount }) => ({ account, side, amount }))
  }

  /** True when the balance document moved with this transaction; false when the delta waits for the sealer. */
  async function move(tx: Tx, { balance, delta }: Delta): Promise<boolean> {
    const kind = kindOf(splitBalanceId(balance).name)
    if (kind.class === 'open') return false
    if (kind.class === 'accrual') {
      if (delta > 0) return false
      await debitAccrual(tx, balance, delta)
      return true
    }
    if (delta > 0) await Balances.updateOne({ _id: balance }, { $inc: { posted: delta }, $setOnInsert: { class: kind.class } }, { upsert: true })
    else await debitGuarded(balance, delta)
    return true
  }

  async function debitGuarded(balance: string, delta: number): Promise<void> {
    // The guard is in the filter, not in an if: two debits may read the same balance at once.
    const spent = await Balances.updateOne({ _id: balance, posted: { $gte: -delta } }, { $inc: { posted: delta } })
    if (spent.modifiedCount !== 1) fail('insufficient-funds')
  }

  async function debitAccrual(tx: Tx, balance: string, delta: number): Promise<void> {
    // An entry before this one in the same transaction may have credited it.
    await tx.flush()
    if ((await totalOf(models, balance)) + delta < 0) fail('insufficient-funds')
    // `posted` alone may fall below zero here. Writing the document is what makes two debits, or a debit and the sealer, conflict.
    await Balances.updateOne({ _id: balance }, { $inc: { posted: delta }, $setOnInsert: { class: 'accrual' } }, { upsert: true })
  }
}

/** What accounts hold in the caller's snapshot, in the order in which they were named: two questions, however many they are. */
export async function totalsOf({ Balances, Unsealed }: Pick<LedgerModels, 'Balances' | 'Unsealed'>, balances: readonly string[]): Promise<number[]> {
  const rows = await Balances.find({ _id: { $in: balances } }).lean()
  const totals = new Map(rows.map(({ _id, posted }) => [_id, posted]))
  // What is guarded moves at once, so nothing of it ever waits.
  const waiting = new Set(balances.filter((balance) => kindOf(splitBalanceId(balance).name).class !== 'guarded'))
  if (waiting.size > 0)
    for (const { deltas } of await Unsealed.find({ 'deltas.balance': { $in: [...waiting] } }, { deltas: 1 }).lean())
      for (const { balance, delta } of deltas) if (waiting.has(balance)) totals.set(balance, (totals.get(balance) ?? 0) + delta)
  return balances.map((balance) => totals.get(balance) ?? 0)
}

async function totalOf(models: Pick<LedgerModels, 'Balances' | 'Unsealed'>, balance: string): Promise<number> {
  return (await totalsOf(models, [balance]))[0] as number
}
