import type { QueryFilter } from 'mongoose'
import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import { type Page, type PageQuery, pageOf } from '../../kernel/page.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { Profiles, Relations } from '../profiles/index.ts'
import type { Charging } from './charging.ts'
import type { AdminMembership, AdminMembershipQuery, Member, Membership, MembershipStatus, Subscribe } from './contract.ts'
import type { MembershipModels, MembershipRow, TierRow } from './model.ts'
import type { Moving } from './moving.ts'
import { daysLater, startOfPeriod } from './period.ts'
import { canEnd, canJoin } from './policy.ts'
import { type Around, presentForAdmin, presentMember, presentMembership } from './present.ts'
import type { TierService } from './tiers.ts'

const defaultLimit = 50
const maxExported = 10_000

export interface MembershipDependencies {
  models: MembershipModels
  tiers: TierService
  moving: Moving
  charging: Charging
  accounts: Pick<AccountService, 'namesOf'>
  profiles: Pick<Profiles, 'creator'>
  relations: Relations
  unitOfWork: UnitOfWork
  audit: Audit
  cursors: Cursors
  clock: Clock
  context: () => Context
}

export type MembershipService = ReturnType<typeof createMembershipService>

export function createMembershipService({ models, tiers, moving, charging, accounts, profiles, relations, unitOfWork, audit, cursors, clock, context }: MembershipDependencies) {
  const { Memberships } = models

  return Object.freeze({ subscribe, list, read, cancel, uncancel, members, all, present, endAll, endBetween, endRefunded, ownersOf, changedBy, allOf, makeRoom })

  /**
   * @throws AppError `conflict` for who is a member of this creator already, or when no seat is left; `insufficient-funds`, `payment-declined`
   * when it can't be paid: then there is no membership
   */
  async function subscribe(ctx: Context, { tier_id, interval, pay_with }: Subscribe): Promise<Membership> {
    const { user_id } = userOf(ctx)
    const tier = (await tiers.of([tier_id])).get(tier_id)
    ensure(tier, 'not-found')
    const creator = await profiles.creator(tier.creator_id)
    ensure(canJoin(ctx.actor, creator), 'self')
    const pair = { by: creator._id, whom: user_id }
    ensure(!(await relations.between(pair)).blocked, 'blocked')
    await charging.ensureUsable(user_id, pay_with)
    const price = tier.prices.find((each) => each.interval === interval)
    ensure(price && tier.state === 'open', 'stale-state', tier.state === 'open' ? `It has no price for a ${interval}` : 'Nobody joins this tier any more')
    const now = clock.now()
    const cycle = { anchor: now, zone: creator.time_zone ?? 'UTC', interval }
    const wished = { fan_id: user_id, creator_id: creator._id, tier_id, pay_with, ...price, ...cycle }
    const isTrial = tier.trial_days > 0 && !(await wasMember(user_id, creator._id))
    const make = async (tx: Tx): Promise<MembershipRow> => {
      // A block that is made at this moment waits for this, or this for it.
      await relations.takeTurn(tx, pair)
      ensure(!(await relations.between(pair)).blocked, 'blocked')
      await makeRoom(tx, user_id, creator._id)
      await tiers.takeSeat(tx, (await tiers.of([tier_id])).get(tier_id) ?? tier)
      if (isTrial) return moving.open(tx, trial(wished, tier.trial_days, now))
      const row = firstPeriod(wished, now)
      const change = await charging.within(tx, row, { kind: 'first', period: 0, due: row.amount })
      return moving.open(tx, { ...row, ...(change.charge ? { charge: change.charge } : {}), charges: 1 })
    }
    if (pay_with === 'wallet' || isTrial) return unitOfWork.run(ctx, async (tx) => present(await make(tx)), user_id)
    return unitOfWork.staged(ctx, { intend: async (tx) => (await make(tx))._id, settle: (membershipId) => charging.collect(ctx, membershipId, present) })
  }

  async function list(ctx: Context, { limit = defaultLimit, cursor }: PageQuery): Promise<Page<Membership>> {
    const { user_id } = userOf(ctx)
    const name = `membership:list|${user_id}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const rows = await Memberships.find({ fan_id: user_id, ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    return { ...page, data: await presentAll(page.data) }
  }

  async function read(ctx: Context, { membership_id }: { membership_id: string }): Promise<Membership> {
    return present(await seen(ctx, membership_id))
  }

  /** The members of a creator, the newest first. */
  async function members(ctx: Context, { status, limit = defaultLimit, cursor }: { status?: MembershipStatus } & PageQuery): Promise<Page<Member>> {
    const { user_id } = userOf(ctx)
    const { data, ...page } = await roll(`member:list|${user_id}|${status ?? ''}`, { creator_id: user_id, status: status ?? { $ne: 'incomplete' } }, { limit, cursor })
    return { ...page, data: data.map(([row, around]) => presentMember(row, around)) }
  }

  /** Everybody's, the newest first. */
  async function all(_ctx: Context, { status, user_id, creator_id, limit = defaultLimit, cursor }: AdminMembershipQuery): Promise<Page<AdminMembership>> {
    const filter = { ...(status ? { status } : {}), ...(user_id ? { fan_id: user_id } : {}), ...(creator_id ? { creator_id } : {}) }
    const { data, ...page } = await roll(`admin:memberships|${JSON.stringify(filter)}`, filter, { limit, cursor })
    return { ...page, data: data.map(([row, around]) => presentForAdmin(row, around)) }
  }

  async function roll(name: string, filter: QueryFilter<MembershipRow>, { limit, cursor }: { limit: number; cursor: string | undefined }): Promise<Page<[MembershipRow, Pick<Around, 'tiers' | 'names'>]>> {
    const [after] = cursor ? cursors.read(name, cursor) : []
    const rows = await Memberships.find({ ...filter, ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    const [names, ofTiers] = await Promise.all([accounts.namesOf([...new Set(page.data.flatMap((row) => [row.fan_id, row.creator_id]))]), tiers.of(page.data.map((row) => row.tier_id))])
    return { ...page, data: page.data.map((row) => [row, { tiers: ofTiers, names }]) }
  }

  /**
   * At the end of the period: what was paid stays open until then. What is not paid any more ends at once either way, and no more is tried to
   * be charged. Asked again, it answers the same.
   */
  async function cancel(ctx: Context, { membership_id, at, reason }: { membership_id: string; at: 'period_end' | 'now'; reason?: string }): Promise<Membership> {
    return unitOfWork.run(ctx, async (tx) => {
      const row = await seen(ctx, membership_id)
      ensure(row.status !== 'expired', 'stale-state', 'It has ended already')
      if (row.status === 'cancelled') return present(row)
      const cause = row.fan_id === userOf(ctx).user_id ? 'fan' : 'admin'
      const waits = at === 'period_end' && (row.status === 'active' || row.status === 'trialing')
      const why = reason === undefined ? {} : { reason }
      const moved = waits ? await moving.move(tx, row, { cancel_at_period_end: true, pending_change: null, ...why }, { cause }) : await moving.move(tx, row, why, { to: 'cancelled', cause })
      if (cause === 'admin') await audit.record(tx, ctx, { action: 'membership.cancelled', subject: membership_id, details: { at } })
      return present(moved ?? fail('conflict'))
    })
  }

  /** @throws AppError `stale-state` when it has ended */
  async function uncancel(ctx: Context, { membership_id }: { membership_id: string }): Promise<Membership> {
    return unitOfWork.run(ctx, async (tx) => {
      const row = await own(ctx, membership_id)
      ensure(row.live, 'stale-state', 'It has ended: join again')
      ensure(row.given_by === undefined, 'stale-state', 'It was given for a fixed time: join when that is over')
      if (!row.cancel_at_period_end) return present(row)
      return present((await moving.move(tx, row, { cancel_at_period_end: false, reason: null }, { cause: 'fan' })) ?? fail('conflict'))
    })
  }

  /** Of somebody else's nobody learns that it is there. */
  async function seen(ctx: Context, membershipId: string): Promise<MembershipRow> {
    const row = await Memberships.findById(membershipId).lean()
    return row && canEnd(ctx.actor, row) ? row : fail('not-found')
  }

  async function own(ctx: Context, membershipId: string): Promise<MembershipRow> {
    return (await Memberships.findOne({ _id: membershipId, fan_id: userOf(ctx).user_id }).lean()) ?? fail('not-found')
  }

  async function wasMember(fanId: string, creatorId: string): Promise<boolean> {
    return (await Memberships.exists({ fan_id: fanId, creator_id: creatorId, 'transitions.to': { $in: ['trialing', 'active'] } })) !== null
  }

  // A first payment that was never made stands in nobody's way.
  async function makeRoom(tx: Tx, fanId: string, creatorId: string): Promise<void> {
    const prior = await Memberships.findOne({ fan_id: fanId, creator_id: creatorId, live: true }).lean()
    if (!prior) return
    ensure(prior.status === 'incomplete', 'conflict', 'You are a member already: change your membership instead')
    ensure(await moving.move(tx, prior, {}, { to: 'cancelled', cause: 'fan' }), 'conflict')
  }

  async function present(row: MembershipRow): Promise<Membership> {
    return (await presentAll([row]))[0] as Membership
  }

  async function presentAll(rows: readonly MembershipRow[]): Promise<Membership[]> {
    const [names, ofTiers, urls] = await Promise.all([
      accounts.namesOf([...new Set(rows.map((row) => row.creator_id))]),
      tiers.of(rows.flatMap((row) => [row.tier_id, ...(row.pending_change ? [row.pending_change.tier_id] : [])])),
      charging.checkoutsOf(rows),
    ])
    const now = clock.now()
    return rows.map((row) => {
      const checkout_url = urls.get(row._id)
      return presentMembership(row, { tiers: ofTiers, names, now, ...(checkout_url === undefined ? {} : { checkout_url }) })
    })
  }

  /** Of whoever leaves: nobody is charged for him, and nobody pays him, any more. */
  async function endAll(userId: string): Promise<void> {
    await end({ $or: [{ fan_id: userId }, { creator_id: userId }] }, 'farewell')
  }

  /** A block ends what there is between two people, whoever of them made it. */
  async function endBetween(one: string, other: string): Promise<void> {
    await end({ $or: [{ fan_id: one, creator_id: other }, { fan_id: other, creator_id: one }] }, 'block')
  }

  /** An upgrade that was given back takes nothing away but itself: only whoever has not paid for the period itself is out. */
  async function endRefunded(membershipId: string, effectKey: string): Promise<void> {
    const [, , kind, period] = effectKey.split(':')
    if (kind !== 'upgrade') await end({ _id: membershipId, period: Number(period) }, 'refund')
  }

  async function end(whose: QueryFilter<MembershipRow>, cause: string): Promise<void> {
    for await (const { _id } of Memberships.find({ ...whose, live: true }, { _id: 1 }).lean().cursor())
      await unitOfWork.run(context(), async (tx) => {
        const row = await Memberships.findOne({ _id, live: true }).lean()
        if (row && !(await moving.move(tx, row, {}, { to: 'cancelled', cause }))) fail('retry')
      })
  }

  async function ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Memberships.find({ _id: { $in: ids } }, { fan_id: 1 }).lean()
    return new Map(rows.map((row) => [row._id, row.fan_id]))
  }

  /** A membership is changed many times, so many keys name it. */
  async function changedBy(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    return new Map([...(await ownersOf(ids))].map(([id, owner]) => [id, [owner]]))
  }

  /** For whoever takes his data along. */
  async function allOf(userId: string): Promise<Membership[]> {
    return presentAll(await Memberships.find({ fan_id: userId }).limit(maxExported).lean())
  }
}

type Wished = Pick<MembershipRow, 'fan_id' | 'creator_id' | 'tier_id' | 'pay_with' | 'amount' | 'currency' | 'anchor' | 'zone' | 'interval'> & Partial<TierRow>

function firstPeriod(wished: Wished, now: Date): MembershipRow {
  return newMembership(wished, wished.pay_with === 'wallet' ? 'active' : 'incomplete', { period: 0, current_period_start: now, current_period_end: startOfPeriod(wished, 1) }, now)
}

/** Free days; the first period that is paid begins when they are over. */
function trial(wished: Wished, days: number, now: Date): MembershipRow {
  const end = daysLater(now, wished.zone, days)
  return newMembership({ ...wished, anchor: end }, 'trialing', { period: -1, current_period_start: now, current_period_end: end }, now)
}

function newMembership({ fan_id, creator_id, tier_id, pay_with, amount, currency, anchor, zone, interval }: Wished, status: MembershipStatus, period: Pick<MembershipRow, 'period' | 'current_period_start' | 'current_period_end'>, now: Date): MembershipRow {
  return {
    _id: newId('mbr'),
    fan_id,
    creator_id,
    tier_id,
    status,
    live: true,
    interval,
    amount,
    currency,
    pay_with,
    zone,
    anchor,
    ...period,
    attempts: 0,
    cancel_at_period_end: false,
    charges: 0,
    version: 1,
    transitions: [{ from: null, to: status, cause: 'fan', at: now }],
    created_at: now,
  }
}
