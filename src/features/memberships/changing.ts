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
import type { MembershipService } from './service.ts'
import type { TierService } from './tiers.ts'

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
  return Object.freeze({ preview, change, pay })

  async function preview(ctx: Context, input: ChangeMembership): Promise<ChangePreview> {
    return (await planOf(ctx, input)).preview
  }

  /** @throws AppError `stale-state` unless it is active or in its trial, `insufficient-funds` for the difference: then nothing has changed */
  async function change(ctx: Context, input: ChangeMembership): Promise<Membership> {
    return unitOfWork.run(
      ctx,
      async (tx) => {
        const plan = await planOf(ctx, input)
        return memberships.present((await apply(tx, plan)) ?? fail('conflict'))
      },
      userOf(ctx).user_id,
    )
  }

  async function apply(tx: Tx, { row, tier, preview: { takes_effect, due_now, amount, interval } }: Plan): Promise<MembershipRow | undefined> {
    const cause = 'fan'
    if (takes_effect === 'undo') return moving.move(tx, row, { pending_change: null }, { cause })
    const terms = { tier_id: tier._id, interval, amount }
    if (takes_effect === 'period_end') return moving.move(tx, row, { pending_change: terms, cancel_at_period_end: false }, { cause })
    await tiers.takeSeat(tx, tier)
    await tiers.giveSeatBack(tx, row.tier_id)
    const wanted = { kind: 'upgrade' as const, period: row.period, due: due_now, tier_id: tier._id, amount }
    if (due_now > 0) await charging.within(tx, row, wanted)
    return moving.move(tx, row, { ...bought(row, wanted, clock.now()), charges: row.charges + 1 }, { cause })
  }

  /** @throws AppError `stale-state` when nothing is owed */
  async function pay(ctx: Context, { membership_id, pay_with }: { membership_id: string; pay_with?: string }): Promise<Membership> {
    const { user_id } = userOf(ctx)
    if (pay_with !== undefined) await charging.ensureUsable(user_id, pay_with)
    return unitOfWork.run(
      ctx,
      async (tx) => {
        const row = await mine(ctx, membership_id)
        ensure(row.status === 'past_due' || row.status === 'suspended', 'stale-state', 'Nothing is owed')
        const kind = row.status === 'suspended' ? ('recovery' as const) : ('period' as const)
        const now = clock.now()
        const wanted = { kind, period: kind === 'period' ? dueNext(row, now) : 0, due: kind === 'period' ? termsOf(row).amount : row.amount }
        await charging.within(tx, row, wanted)
        const change = { ...bought(row, wanted, now), charges: row.charges + 1, ...(pay_with === undefined ? {} : { pay_with }) }
        return memberships.present((await moving.move(tx, row, change, { to: 'active', cause: 'fan' })) ?? fail('conflict'))
      },
      user_id,
    )
  }

  async function planOf(ctx: Context, { membership_id, tier_id, interval: wished }: ChangeMembership): Promise<Plan> {
    const row = await mine(ctx, membership_id)
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
