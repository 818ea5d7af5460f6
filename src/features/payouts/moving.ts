import type { Clock } from '../../kernel/clock.ts'
import { type Context, principalOf } from '../../kernel/context.ts'
import { fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { account, type Ledger, type Posting } from '../ledger/index.ts'
import type { PayoutState } from './contract.ts'
import type { Letters } from './letters.ts'
import type { PayoutModels, PayoutRow } from './model.ts'
import { openStates, payoutStates, statusOf } from './states.ts'

/** What changes; null takes a field away. */
export type Change = { [Name in keyof PayoutRow]?: PayoutRow[Name] | null }

export type Moving = ReturnType<typeof createMoving>

/** What each step moves: nothing where it is not named. */
const accounts: Partial<Record<PayoutState, (row: PayoutRow) => [from: string, to: string]>> = {
  processing: (row) => [account.reserved(row.creator_id), account.payoutsInTransit],
  completed: (row) => [account.payoutsInTransit, account.clearing(row.provider)],
  rejected: (row) => [account.reserved(row.creator_id), account.available(row.creator_id)],
  cancelled: (row) => [account.reserved(row.creator_id), account.available(row.creator_id)],
  failed: (row) => [account.payoutsInTransit, account.available(row.creator_id)],
  returned: (row) => [account.clearing(row.provider), account.available(row.creator_id)],
}

/** The only hand that writes a payout: by compare-and-set, with its money, its line in the wallet and whoever is to know, in one transaction. */
export function createMoving({ models: { Payouts }, ledger, letters, clock }: { models: PayoutModels; ledger: Pick<Ledger, 'post' | 'openLines' | 'moveLine'>; letters: Letters; clock: Clock }) {
  return Object.freeze({ open, move, note })

  async function open(tx: Tx, ctx: Context, row: PayoutRow): Promise<PayoutRow> {
    await post(tx, ctx, row, `payout:${row._id}`, [account.available(row.creator_id), account.reserved(row.creator_id)])
    tx.insert(Payouts, [row])
    await ledger.openLines(tx, [{ wallet_id: row.creator_id, source_id: row._id, payout_id: row._id, type: 'payout', status: 'pending', amount: -row.amount, currency: row.currency }])
    await tell(tx, row)
    return row
  }

  /** Of a row that was read in this transaction. @throws AppError `stale-state` for a step that its state does not allow */
  async function move(tx: Tx, ctx: Context, row: PayoutRow, to: PayoutState, change: Change = {}): Promise<PayoutRow> {
    if (!payoutStates.may(row.state, to)) fail('stale-state', `It is ${row.state}`)
    const after = await write(row, { ...change, state: to, ...(openStates.includes(to) ? {} : { open: null }) }, { from: row.state, to, by: principalOf(ctx.actor), at: clock.now() })
    const between = accounts[to]?.(row)
    if (between) await post(tx, ctx, row, `payout:${row._id}:${to}`, between)
    const status = to === 'completed' ? 'success' : openStates.includes(to) ? 'pending' : 'failed'
    await ledger.moveLine(tx, { wallet_id: row.creator_id, source_id: row._id, payout_id: row._id, type: 'payout', status, amount: -row.amount, currency: row.currency })
    await tell(tx, after)
    await letters.tell(tx, after)
    return after
  }

  /** A change that is no step. */
  async function note(row: PayoutRow, change: Change): Promise<PayoutRow> {
    return write(row, change)
  }

  async function write(row: PayoutRow, change: Change, step?: PayoutRow['transitions'][number]): Promise<PayoutRow> {
    const all: Change = { ...change, version: row.version + 1, updated_at: clock.now() }
    const set = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && value !== undefined))
    const unset = Object.fromEntries(Object.entries(all).filter(([, value]) => value === null).map(([name]) => [name, 1 as const]))
    const after = await Payouts.findOneAndUpdate(
      { _id: row._id, version: row.version },
      { $set: set, ...(Object.keys(unset).length > 0 ? { $unset: unset } : {}), ...(step ? { $push: { transitions: step } } : {}) },
      { returnDocument: 'after' },
    ).lean()
    return after ?? fail('retry', { retry_after_ms: 500 })
  }

  async function post(tx: Tx, ctx: Context, { _id, amount, currency }: PayoutRow, reference: string, [from, to]: [string, string]): Promise<void> {
    const postings: Posting[] = [
      { account: from, side: 'debit', amount },
      { account: to, side: 'credit', amount },
    ]
    await ledger.post(tx, { reference, reason: 'payout', currency, source: _id, actor: principalOf(ctx.actor), postings })
  }

  async function tell(tx: Tx, { _id, creator_id, state, version }: PayoutRow): Promise<void> {
    await tx.publish('payout.updated', { payout_id: _id, creator_id, status: statusOf(state), state, version })
  }
}
