import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import type { Currency } from '../../kernel/currency.ts'
import { fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { Page } from '../../kernel/page.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { account, balanceId, splitBalanceId } from './chart.ts'
import type { Wallet, WalletTransaction } from './contract.ts'
import type { LedgerModels, WalletLineRow } from './model.ts'
import { totalsOf } from './post.ts'

const newest = 10
const defaultLimit = 20
const maxExported = 10_000

export interface WalletLine {
  wallet_id: string
  source_id: string
  type: WalletLineRow['type']
  status: WalletLineRow['status']
  amount: number
  currency: Currency
  payment_id?: string
  payout_id?: string
}

export type Wallets = ReturnType<typeof createWallets>

/** What people see of the ledger: buckets that are folds of postings, and lines that follow the documents behind them. */
export function createWallets({ models, unitOfWork, clock, defaultCurrency }: { models: LedgerModels; unitOfWork: UnitOfWork; clock: Clock; defaultCurrency: Currency }) {
  const { Balances, WalletLines } = models

  return Object.freeze({ mine, transactions, openLines, moveLine, balanceOf, earningsOf, moneyOf, accruing, allOf })

  async function mine(ctx: Context): Promise<Wallet> {
    const userId = ownerOf(ctx)
    // One snapshot: a balance is never half of before and half of after a seal.
    return unitOfWork.read(async () => {
      const [cash, held, pending, available, payout_reserved, debt] = (await totals(
        [account.cash, account.held, account.pending, account.available, account.reserved, account.debt].map((nameOf) => nameOf(userId)),
        defaultCurrency,
      )) as [number, number, number, number, number, number]
      const lines = await WalletLines.find({ wallet_id: userId }).sort({ created_at: -1, _id: -1 }).limit(newest).lean()
      return { balance: cash + pending + available, currency: defaultCurrency, buckets: { cash, held, pending, available, payout_reserved, debt }, transactions: lines.map(presentLine) }
    })
  }

  async function transactions(ctx: Context, { limit = defaultLimit, offset = 0 }: { limit?: number; offset?: number }): Promise<Page<WalletTransaction>> {
    const rows = await WalletLines.find({ wallet_id: ownerOf(ctx) })
      .sort({ created_at: -1, _id: -1 })
      .skip(offset)
      .limit(limit + 1)
      .lean()
    return { data: rows.slice(0, limit).map(presentLine), has_more: rows.length > limit, next: null }
  }

  /** Writes the lines of a document that is new itself, one for each wallet that it touches, and tells their owners. */
  async function openLines(tx: Tx, lines: readonly WalletLine[]): Promise<void> {
    const created_at = clock.now()
    tx.insert(WalletLines, lines.map((line) => ({ ...line, _id: lineId(line), created_at })))
    for (const { wallet_id } of lines) await tx.publish('wallet.changed', { wallet_id })
  }

  /** Moves on, or writes, the one line that a wallet has for a document, and tells its owner. */
  async function moveLine(tx: Tx, line: WalletLine): Promise<void> {
    const { status, ...rest } = line
    await WalletLines.updateOne({ _id: lineId(line) }, { $set: { status }, $setOnInsert: { ...rest, created_at: clock.now() } }, { upsert: true })
    await tx.publish('wallet.changed', { wallet_id: line.wallet_id })
  }

  /** What one account holds now, posted and unsealed in one snapshot. */
  async function balanceOf(name: string, currency: Currency): Promise<number> {
    return unitOfWork.read(async () => (await totals([name], currency))[0] as number)
  }

  async function earningsOf(creatorId: string): Promise<number> {
    return sumOf([account.pending(creatorId), account.available(creatorId)])
  }

  /** Whose earnings are pending, as far as they are sealed: never by a row that each of them would have to touch. */
  async function* accruing(): AsyncGenerator<{ creator_id: string; currency: Currency; sealed: number }> {
    for await (const { _id, posted } of Balances.find({ _id: { $gte: 'creator:', $lt: 'creator;' }, class: 'accrual', posted: { $gt: 0 } }).lean().cursor()) {
      const { name, currency } = splitBalanceId(_id)
      const creator_id = name.split(':')[1]
      if (creator_id !== undefined && name === account.pending(creator_id)) yield { creator_id, currency, sealed: posted }
    }
  }

  /** For whoever takes his data along. Lines hold ids and amounts: erasure leaves them. */
  async function allOf(userId: string): Promise<WalletTransaction[]> {
    return (await WalletLines.find({ wallet_id: userId }).limit(maxExported).lean()).map(presentLine)
  }

  /** All that somebody has here or is owed, in the default currency. */
  async function moneyOf(userId: string): Promise<number> {
    return sumOf([account.cash(userId), account.held(userId), account.pending(userId), account.available(userId), account.reserved(userId)])
  }

  async function sumOf(names: string[]): Promise<number> {
    return (await unitOfWork.read(() => totals(names, defaultCurrency))).reduce((sum, each) => sum + each, 0)
  }

  async function totals(names: string[], currency: Currency): Promise<number[]> {
    return totalsOf(models, names.map((name) => balanceId(name, currency)))
  }
}

function ownerOf(ctx: Context): string {
  return ctx.actor.kind === 'user' ? ctx.actor.user_id : fail('unauthenticated')
}

function lineId({ wallet_id, source_id }: WalletLine): string {
  return `${wallet_id}:${source_id}`
}

export function presentLine(row: WalletLineRow): WalletTransaction {
  return {
    id: row._id,
    amount: row.amount,
    type: row.type,
    status: row.status,
    ...(row.payment_id ? { payment_id: row.payment_id } : {}),
    ...(row.payout_id ? { payout_id: row.payout_id } : {}),
    created_at: row.created_at.toISOString(),
  }
}
