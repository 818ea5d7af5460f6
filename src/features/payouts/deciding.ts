import type { Clock } from '../../kernel/clock.ts'
import { type Context, principalOf } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import { type Page, pageOf, type PageQuery } from '../../kernel/page.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Vault } from '../../platform/vault.ts'
import { type AccountService, type StepUp, userOf } from '../accounts/index.ts'
import type { AdminPayout, PayoutState, PayoutStatus } from './contract.ts'
import type { Freeze } from './freeze.ts'
import type { PayoutModels, PayoutRow } from './model.ts'
import type { Moving } from './moving.ts'
import { neededFor, presentForAdmin } from './present.ts'
import { statesOf } from './states.ts'

const defaultLimit = 50

export interface DecidingDependencies {
  models: PayoutModels
  moving: Moving
  freeze: Freeze
  accounts: Pick<AccountService, 'namesOf'>
  stepUp: StepUp
  unitOfWork: UnitOfWork
  vault: Vault
  audit: Audit
  cursors: Cursors
  clock: Clock
  /** two admins have to agree to more than this */
  secondAbove: number
  /** sends what was approved without waiting for the next look */
  ring: () => void
}

export type Deciding = ReturnType<typeof createDeciding>

/** What admins do about payouts. Whoever is paid agrees to nothing of it, nobody agrees twice, and nobody can change what was asked for. */
export function createDeciding({ models: { Payouts }, moving, freeze, accounts, stepUp, unitOfWork, vault, audit, cursors, clock, secondAbove, ring }: DecidingDependencies) {
  return Object.freeze({ list, approve, reject, hold, release })

  /** Newest first. */
  async function list(ctx: Context, { status, limit = defaultLimit, cursor }: { status?: PayoutStatus } & PageQuery): Promise<Page<AdminPayout>> {
    const name = `payout:list|${principalOf(ctx.actor)}|${status ?? ''}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const rows = await Payouts.find({ ...(status ? { state: { $in: statesOf(status) } } : {}), ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    const names = await accounts.namesOf(page.data.map((row) => row.creator_id))
    return { ...page, data: page.data.map((row) => presentForAdmin(row, { creator_name: names.get(row.creator_id) ?? '', vault, secondAbove })) }
  }

  /**
   * The last one that is needed sends it.
   * @throws AppError `step-up-required`, `self` for whoever is paid, `stale-state` when it was decided, is held, was agreed to by the same admin, or while the books do not add up
   */
  async function approve(ctx: Context, { payout_id, note }: { payout_id: string; note: string }): Promise<AdminPayout> {
    const { user_id } = userOf(ctx)
    await stepUp.ensure(ctx)
    const row = await decide(ctx, payout_id, 'payout.approved', async (tx, found) => {
      ensure(found.state === 'pending', 'stale-state', found.held_until && found.state === 'held' ? `It is held until ${found.held_until.toISOString()}: ${found.reason ?? ''}` : `It is ${found.state}`)
      ensure(!found.approvals.some((each) => each.admin_id === user_id), 'stale-state', 'You have agreed to it: another admin has to, too')
      const frozen = await freeze.reason()
      ensure(frozen === undefined, 'stale-state', `Nothing is paid out at present: ${frozen}`)
      const approvals = [...found.approvals, { admin_id: user_id, note, at: clock.now(), terms: found.terms }]
      return approvals.length < neededFor(found, secondAbove) ? moving.note(found, { approvals }) : moving.move(tx, ctx, found, 'approved', { approvals, due_at: clock.now(), reason: null })
    })
    if (row.state === 'approved') ring()
    return present(row)
  }

  async function reject(ctx: Context, { payout_id, reason }: { payout_id: string; reason: string }): Promise<AdminPayout> {
    return present(await step(ctx, payout_id, 'payout.rejected', 'rejected', { reason, due_at: null }))
  }

  /** Until somebody lets it go on. */
  async function hold(ctx: Context, { payout_id, reason }: { payout_id: string; reason: string }): Promise<AdminPayout> {
    return present(await step(ctx, payout_id, 'payout.held', 'held', { reason, held_until: null, due_at: null, approvals: [] }))
  }

  /** @throws AppError `stale-state` while its bank account is too new */
  async function release(ctx: Context, { payout_id }: { payout_id: string }): Promise<AdminPayout> {
    return present(
      await decide(ctx, payout_id, 'payout.released', async (tx, row) => {
        ensure(!row.held_until || row.held_until <= clock.now(), 'stale-state', `Its bank account was changed lately: it is held until ${row.held_until?.toISOString()}`)
        return moving.move(tx, ctx, row, 'pending', { reason: null, due_at: null })
      }),
    )
  }

  async function step(ctx: Context, payoutId: string, action: string, to: PayoutState, change: Parameters<Moving['move']>[4]): Promise<PayoutRow> {
    return decide(ctx, payoutId, action, (tx, row) => moving.move(tx, ctx, row, to, change))
  }

  async function decide(ctx: Context, payoutId: string, action: string, work: (tx: Parameters<Moving['move']>[0], row: PayoutRow) => Promise<PayoutRow>): Promise<PayoutRow> {
    return unitOfWork.run(ctx, async (tx) => {
      const row = (await Payouts.findById(payoutId).lean()) ?? fail('not-found')
      ensure(row.creator_id !== userOf(ctx).user_id, 'self')
      const after = await work(tx, row)
      await audit.record(tx, ctx, { action, subject: payoutId, details: { from: row.state, to: after.state, approvals: after.approvals.length } })
      return after
    })
  }

  async function present(row: PayoutRow): Promise<AdminPayout> {
    const names = await accounts.namesOf([row.creator_id])
    return presentForAdmin(row, { creator_name: names.get(row.creator_id) ?? '', vault, secondAbove })
  }
}
