import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { userOf } from '../accounts/index.ts'
import { bought, dueNext, termsOf } from './bought.ts'
import type { Charging } from './charging.ts'
import type { ChangeMembership, ChangePreview, Membership } from './contract.ts'
import type { MembershipModels, MembershipRow, TierRow } from './model.ts'
import type { Moving } from './moving.ts'
import { differenceDue, effectOf } from './proration.ts'
import { seatsOf } from './seats.ts'
import type { MembershipService } from './service.ts'
import type { TierService } from './tiers.ts'

const longestPauseMs = 366 * 24 * 3600_000

export interface ChangingDependencies {
  models: MembershipModels
  memberships: Pick<MembershipService, 'present'>
  tiers: TierService
  moving: Moving
  charging: Charging
  unitOfWork: UnitOfWork
  clock: Clock
}

export type Changing = ReturnType<typeof createChanging>

interface Plan {
  row: MembershipRow
  tier: TierRow
  preview: ChangePreview
}

/** A membership that becomes another one, or one again. What is shown before is what happens: both are the same plan. */
export function createChanging({ models: { Memberships }, memberships, tiers, moving, charging, unitOfWork, clock }: ChangingDependencies) {
  return Object.freeze({ preview, change, pay, pause, resume })

  async function preview(ctx: Context, input: ChangeMembership): Promise<ChangePreview> {
    return (await planOf(ctx, input)).preview
  }

  /**
   * @throws AppError `stale-state` unless it is active or in its trial, `insufficient-funds` or `payment-declined` for the difference: then
   * nothing has changed
   */
  async function change(ctx: Context, input: ChangeMembership): Promise<Membership> {
    const { row, preview: shown } = await planOf(ctx, input)
    return carryOut(ctx, shown.due_now > 0 ? row.pay_with : 'wallet', async (tx) => apply(tx, await planOf(ctx, input)))
  }

  async function apply(tx: Tx, { row, tier, preview: { takes_effect, due_now, amount, interval } }: Plan): Promise<MembershipRow> {
    const cause = 'fan'
    if (takes_effect === 'undo') return moving.must(tx, row, { pending_change: null }, { cause })
    if (!seatsOf(row).includes(tier._id)) await tiers.takeSeat(tx, tier)
    if (takes_effect === 'period_end') return moving.must(tx, row, { pending_change: { tier_id: tier._id, interval, amount }, cancel_at_period_end: false }, { cause })
    const wanted = { kind: 'upgrade' as const, period: row.period, due: due_now, tier_id: tier._id, amount }
    const became = due_now > 0 ? await charging.within(tx, row, wanted) : bought(row, wanted, clock.now())
    return moving.must(tx, row, became, { cause })
  }

  /** @throws AppError `stale-state` when nothing is owed */
  async function pay(ctx: Context, { membership_id, pay_with }: { membership_id: string; pay_with?: string }): Promise<Membership> {
    if (pay_with !== undefined) await charging.ensureUsable(userOf(ctx).user_id, pay_with)
    const present = await mine(ctx, membership_id)
    return carryOut(ctx, pay_with ?? present.pay_with, async (tx) => {
      const found = await mine(ctx, membership_id)
      ensure(found.status === 'past_due' || found.status === 'suspended', 'stale-state', 'Nothing is owed')
      ensure(!found.charge, 'stale-state', 'A payment is under way already')
      const row = { ...found, ...(pay_with === undefined ? {} : { pay_with }) }
      const kind = row.status === 'suspended' ? ('recovery' as const) : ('period' as const)
      const wanted = { kind, period: kind === 'period' ? dueNext(row, clock.now()) : 0, due: kind === 'period' ? termsOf(row).amount : row.amount }
      const became = await charging.within(tx, row, wanted)
      return moving.must(tx, row, { ...became, pay_with: row.pay_with }, { to: became.charge ? row.status : 'active', cause: 'fan' })
    })
  }

  /**
   * From the end of the period until a day: nothing is charged, and what is for members is closed. Asked again, the day is another one.
   * @throws AppError `stale-state` unless it is active and renews, `validation` for a day before its period is over or over a year later
   */
  async function pause(ctx: Context, { membership_id, until }: { membership_id: string; until: string }): Promise<Membership> {
    return unitOfWork.run(ctx, async (tx) => {
      const row = await mine(ctx, membership_id)
      ensure(row.status === 'active' && !row.charge && !row.cancel_at_period_end, 'stale-state', 'It can be paused while it is active')
      const at = new Date(until)
      ensure(at > row.current_period_end && at.getTime() - row.current_period_end.getTime() <= longestPauseMs, 'validation', { errors: [{ path: 'until', code: 'range', detail: 'is after the end of the period, and within a year of it' }] })
      return memberships.present(await moving.must(tx, row, { resume_at: at, pending_change: null }, { cause: 'fan' }))
    })
  }

  /** A pause that has not begun does not; one that has is over, and a period is paid from now on. @throws AppError `stale-state` without one */
  async function resume(ctx: Context, { membership_id }: { membership_id: string }): Promise<Membership> {
    const present = await mine(ctx, membership_id)
    return carryOut(ctx, present.status === 'paused' ? present.pay_with : 'wallet', async (tx) => {
      const row = await mine(ctx, membership_id)
      ensure(row.resume_at && !row.charge, 'stale-state', row.charge ? 'A payment is under way already' : 'It is not paused')
      if (row.status !== 'paused') return moving.must(tx, row, { resume_at: null }, { cause: 'fan' })
      const became = await charging.within(tx, row, { kind: 'recovery', period: 0, due: row.amount })
      return moving.must(tx, row, became, { to: became.charge ? row.status : 'active', cause: 'fan' })
    })
  }

  /** From the wallet in one transaction; by a company in stages, since it is asked in between. */
  async function carryOut(ctx: Context, payWith: string, make: (tx: Tx) => Promise<MembershipRow>): Promise<Membership> {
    const { user_id } = userOf(ctx)
    if (payWith === 'wallet') return unitOfWork.run(ctx, async (tx) => memberships.present(await make(tx)), user_id)
    return unitOfWork.staged(ctx, { intend: async (tx) => (await make(tx))._id, settle: (membershipId) => charging.collect(ctx, membershipId, memberships.present) })
  }

  async function planOf(ctx: Context, { membership_id, tier_id, interval: wished }: ChangeMembership): Promise<Plan> {
    const row = await mine(ctx, membership_id)
    ensure(row.given_by === undefined, 'stale-state', 'It was given for a fixed time')
    ensure((row.status === 'active' || row.status === 'trialing') && !row.charge, 'stale-state', 'It can be changed while it is active')
    const known = await tiers.of([row.tier_id, ...(tier_id === undefined ? [] : [tier_id])])
    const tier = known.get(tier_id ?? row.tier_id)
    const present = known.get(row.tier_id)
    ensure(tier && present && tier.creator_id === row.creator_id, 'not-found')
    const interval = wished ?? row.interval
    const amount = tier._id === row.tier_id && interval === row.interval ? row.amount : tier.prices.find((price) => price.interval === interval)?.amount
    ensure(amount !== undefined && (tier.state === 'open' || tier._id === row.tier_id), 'stale-state', tier.state === 'open' ? `It has no price for a ${interval}` : 'Nobody joins this tier any more')
    const takes_effect = effectOf({ ...row, rank: present.rank }, { tier_id: tier._id, rank: tier.rank, interval, amount })
    const now = clock.now()
    const isPaid = takes_effect === 'now' && row.status === 'active'
    const due_now = isPaid ? differenceDue(row, { amount }, { start: row.current_period_start, end: row.current_period_end }, now) : 0
    const end = row.current_period_end.toISOString()
    return { row, tier, preview: { takes_effect, at: takes_effect === 'period_end' ? end : now.toISOString(), tier_id: tier._id, interval, due_now, currency: row.currency, amount, next_charge_at: end } }
  }

  async function mine(ctx: Context, membershipId: string): Promise<MembershipRow> {
    return (await Memberships.findOne({ _id: membershipId, fan_id: userOf(ctx).user_id }).lean()) ?? fail('not-found')
  }
}
