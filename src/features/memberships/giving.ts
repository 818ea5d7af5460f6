import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import type { Audit } from '../../platform/audit.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { Payments } from '../payments/index.ts'
import type { ProfileRow, Profiles, Relations } from '../profiles/index.ts'
import type { Comp, Gift, Member, Membership } from './contract.ts'
import type { Letters } from './letters.ts'
import type { MembershipModels, MembershipRow, TierRow } from './model.ts'
import type { Moving } from './moving.ts'
import { startOfPeriod } from './period.ts'
import { presentMember } from './present.ts'
import type { MembershipService } from './service.ts'
import type { TierService } from './tiers.ts'

const longestMs = 5 * 366 * 24 * 3600_000

export interface GivingDependencies {
  models: MembershipModels
  memberships: Pick<MembershipService, 'present' | 'makeRoom'>
  tiers: TierService
  moving: Moving
  letters: Letters
  accounts: Pick<AccountService, 'find' | 'namesOf'>
  profiles: Pick<Profiles, 'creator'>
  relations: Relations
  payments: Pick<Payments, 'fromWallet' | 'use'>
  unitOfWork: UnitOfWork
  audit: Audit
  clock: Clock
  feeBps: number
}

export type Giving = ReturnType<typeof createGiving>

/** Memberships that somebody else pays for, or nobody: for a fixed time, after which they are over and nobody is charged. */
export function createGiving({ models: { Memberships }, memberships, tiers, moving, letters, accounts, profiles, relations, payments, unitOfWork, audit, clock, feeBps }: GivingDependencies) {
  return Object.freeze({ gift, comp, giversOf })

  /**
   * One period for somebody else, out of the giver's wallet.
   * @throws AppError `self` for oneself or the creator, `blocked`, `conflict` for who is a member already, `insufficient-funds`
   */
  async function gift(ctx: Context, { tier_id, user_id, interval }: Gift): Promise<Membership> {
    const giver = userOf(ctx).user_id
    const { tier, creator } = await offered(tier_id)
    ensure(!(await relations.between({ by: creator._id, whom: giver })).blocked, 'blocked')
    ensure(user_id !== giver && user_id !== creator._id && giver !== creator._id, 'self')
    const price = tier.prices.find((each) => each.interval === interval)
    ensure(price, 'stale-state', `It has no price for a ${interval}`)
    const now = clock.now()
    const cycle = { anchor: now, zone: creator.time_zone ?? 'UTC', interval }
    return unitOfWork.run(
      ctx,
      async (tx) => {
        await makeRoom(tx, tier, creator._id, user_id, giver)
        const row = given({ fan_id: user_id, tier, pay_with: 'gift', given_by: giver, ...price, ...cycle, period: 0, current_period_start: now, current_period_end: startOfPeriod(cycle, 1) })
        const purchase = { payer_id: giver, creator_id: creator._id, purpose: 'membership' as const, amount: row.amount, currency: row.currency, fee_bps: feeBps, effect_key: `membership:${row._id}:gift:0:0`, subject: row._id }
        await payments.use(tx, await payments.fromWallet(tx, purchase, giver))
        const opened = await moving.open(tx, { ...row, charges: 1 })
        await letters.given(tx, opened)
        return memberships.present(opened)
      },
      giver,
    )
  }

  /**
   * Until a day, for nothing.
   * @throws AppError `self`, `blocked`, `conflict` for who is a member already, `validation` for a day that is over or years away
   */
  async function comp(ctx: Context, { tier_id, user_id, until }: Comp): Promise<Member> {
    const creatorId = userOf(ctx).user_id
    const { tier, creator } = await offered(tier_id)
    ensure(creator._id === creatorId, 'not-found')
    ensure(user_id !== creatorId, 'self')
    const now = clock.now()
    const end = new Date(until)
    ensure(end > now && end.getTime() - now.getTime() <= longestMs, 'validation', { errors: [{ path: 'until', code: 'range', detail: 'is to come, and within five years' }] })
    const [price] = tier.prices
    return unitOfWork.run(ctx, async (tx) => {
      await makeRoom(tx, tier, creatorId, user_id, creatorId)
      // No period that is paid has begun, as in a trial.
      const terms = { interval: price?.interval ?? 'month', currency: price?.currency ?? 'ZMW', amount: 0, anchor: end, zone: creator.time_zone ?? 'UTC', period: -1, current_period_start: now, current_period_end: end }
      const row = await moving.open(tx, given({ fan_id: user_id, tier, pay_with: 'comp', given_by: creatorId, ...terms } as Given))
      await audit.record(tx, ctx, { action: 'membership.given', subject: row._id, details: { until } })
      await letters.given(tx, row)
      return presentMember(row, { tiers: new Map([[tier._id, tier]]), names: await accounts.namesOf([user_id]) })
    })
  }

  async function offered(tierId: string): Promise<{ tier: TierRow; creator: ProfileRow }> {
    const tier = (await tiers.of([tierId])).get(tierId)
    ensure(tier, 'not-found')
    const creator = await profiles.creator(tier.creator_id)
    ensure(tier.state === 'open', 'stale-state', 'Nobody joins this tier any more')
    return { tier, creator }
  }

  /** A seat for somebody who is there, whom nobody concerned has blocked, and who is no member yet. */
  async function makeRoom(tx: Tx, tier: TierRow, creatorId: string, userId: string, giver: string): Promise<void> {
    const person = await accounts.find(userId)
    ensure(person && !person.erased_at && !person.suspended_at, 'not-found')
    const pairs = [{ by: creatorId, whom: userId }, ...(giver === creatorId ? [] : [{ by: creatorId, whom: giver }, { by: userId, whom: giver }])]
    for (const pair of pairs) {
      await relations.takeTurn(tx, pair)
      ensure(!(await relations.between(pair)).blocked, 'blocked')
    }
    await memberships.makeRoom(tx, userId, creatorId)
    await tiers.takeSeat(tx, (await tiers.of([tier._id])).get(tier._id) ?? tier)
  }

  function given({ tier, ...terms }: Given): MembershipRow {
    const now = clock.now()
    return {
      _id: newId('mbr'),
      creator_id: tier.creator_id,
      tier_id: tier._id,
      status: 'active',
      live: true,
      ...terms,
      attempts: 0,
      cancel_at_period_end: true,
      charges: 0,
      version: 1,
      transitions: [{ from: null, to: 'active', cause: terms.pay_with, at: now }],
      created_at: now,
    }
  }

  async function giversOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Memberships.find({ _id: { $in: ids } }, { given_by: 1 }).lean()
    return new Map(rows.flatMap((row) => (row.given_by === undefined ? [] : [[row._id, row.given_by] as const])))
  }
}

type Given = { tier: TierRow; pay_with: 'gift' | 'comp' } & Required<Pick<MembershipRow, 'fan_id' | 'given_by' | 'amount' | 'currency' | 'anchor' | 'zone' | 'interval' | 'period' | 'current_period_start' | 'current_period_end'>>
