import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import type { Currency } from '../../kernel/currency.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import { type Page, pageOf, type PageQuery } from '../../kernel/page.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Vault } from '../../platform/vault.ts'
import { type StepUp, userOf } from '../accounts/index.ts'
import { account, type Ledger } from '../ledger/index.ts'
import type { Profiles } from '../profiles/index.ts'
import type { Payout, RequestPayout } from './contract.ts'
import type { PayoutModels, PayoutRow } from './model.ts'
import type { Moving } from './moving.ts'
import { presentPayout } from './present.ts'
import { termsOf } from './terms.ts'

const defaultLimit = 20
const maxExported = 10_000
/** after a bank account took the place of another one */
export const changedHoldMs = 72 * 3600_000

export interface RequestingDependencies {
  models: PayoutModels
  moving: Moving
  ledger: Pick<Ledger, 'holds'>
  profiles: Pick<Profiles, 'destinations'>
  stepUp: StepUp
  unitOfWork: UnitOfWork
  vault: Vault
  audit: Audit
  cursors: Cursors
  clock: Clock
  currency: Currency
  /** the name of the company that sends it */
  provider: string
  minimum: number
}

export type Requesting = ReturnType<typeof createRequesting>

/** What a creator does about payouts. */
export function createRequesting({ models: { Payouts }, moving, ledger, profiles, stepUp, unitOfWork, vault, audit, cursors, clock, currency, provider, minimum }: RequestingDependencies) {
  return Object.freeze({ request, mine, cancel, reserve, ownersOf, allOf })

  /**
   * Sets money aside for a payout. A bank account that is not the one of the profile takes its place there, with all that follows from it.
   * @throws AppError `step-up-required`, `amount` below the least, `insufficient-funds`, `conflict` while another one is open, `stale-state` for who owes
   */
  async function request(ctx: Context, { amount, bank_account, account_name }: RequestPayout): Promise<Payout> {
    const { user_id } = userOf(ctx)
    await stepUp.ensure(ctx)
    return unitOfWork.run(ctx, async (tx) => {
      await profiles.destinations.set(tx, ctx, user_id, bank_account)
      return presentPayout(await reserve(tx, ctx, { creator_id: user_id, amount, account_name, automatic: false }))
    })
  }

  async function reserve(tx: Tx, ctx: Context, { creator_id, amount, account_name, automatic }: { creator_id: string; amount: number; account_name: string; automatic: boolean }): Promise<PayoutRow> {
    ensure(amount >= minimum, 'amount', `The least that is paid out is ${minimum}`)
    const { bank_account, changed_at } = await profiles.destinations.of(creator_id)
    ensure(bank_account !== null, 'stale-state', 'There is no bank account yet')
    // Before the index that promises it would say so by ending the transaction.
    ensure(!(await Payouts.exists({ creator_id, open: true })), 'conflict', 'Another payout is open')
    const owed = await ledger.holds(tx, account.debt(creator_id), currency)
    ensure(owed === 0, 'stale-state', `${owed} are owed: what you earn next repays them`)
    const now = clock.now()
    const held_until = changed_at && changed_at.getTime() + changedHoldMs > now.getTime() ? new Date(changed_at.getTime() + changedHoldMs) : undefined
    const _id = newId('pot')
    const state = held_until ? 'held' : 'pending'
    const row: PayoutRow = {
      _id,
      creator_id,
      amount,
      currency,
      state,
      open: true,
      bank_account: vault.seal(bank_account, _id),
      account_name: vault.seal(account_name, _id),
      account_ending: bank_account.slice(-4),
      terms: termsOf({ payout_id: _id, amount, currency, bank_account, account_name }),
      automatic,
      approvals: [],
      ...(held_until ? { held_until, due_at: held_until, reason: 'The bank account was changed' } : {}),
      provider,
      asked: 0,
      transitions: [{ from: null, to: state, by: automatic ? 'system:payout-plan' : creator_id, at: now }],
      version: 1,
      created_at: now,
      updated_at: now,
    }
    await audit.record(tx, ctx, { action: 'payout.requested', subject: _id, details: { amount, currency, automatic } })
    return moving.open(tx, ctx, row)
  }

  /** Newest first. */
  async function mine(ctx: Context, { limit = defaultLimit, cursor }: PageQuery): Promise<Page<Payout>> {
    const { user_id } = userOf(ctx)
    const name = `payout:mine|${user_id}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const rows = await Payouts.find({ creator_id: user_id, ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    return { ...page, data: page.data.map(presentPayout) }
  }

  /** @throws AppError `stale-state` once it was approved */
  async function cancel(ctx: Context, { payout_id }: { payout_id: string }): Promise<Payout> {
    const { user_id } = userOf(ctx)
    return unitOfWork.run(ctx, async (tx) => {
      const row = (await Payouts.findOne({ _id: payout_id, creator_id: user_id }).lean()) ?? fail('not-found')
      if (row.state === 'cancelled') return presentPayout(row)
      await audit.record(tx, ctx, { action: 'payout.cancelled', subject: payout_id })
      return presentPayout(await moving.move(tx, ctx, row, 'cancelled', { due_at: null }))
    })
  }

  async function ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Payouts.find({ _id: { $in: ids } }, { creator_id: 1 }).lean()
    return new Map(rows.map((row) => [row._id, row.creator_id]))
  }

  async function allOf(userId: string): Promise<Payout[]> {
    return (await Payouts.find({ creator_id: userId }).limit(maxExported).lean()).map(presentPayout)
  }
}
