import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { userOf } from '../accounts/index.ts'
import type { Payments } from '../payments/index.ts'
import type { Profiles } from '../profiles/index.ts'
import type { CreateTier, Price, Tier, UpdateTier } from './contract.ts'
import type { MembershipModels, TierRow } from './model.ts'
import { presentTier } from './present.ts'

const most = 20

export interface TierDependencies {
  models: MembershipModels
  profiles: Pick<Profiles, 'creator'>
  payments: Pick<Payments, 'ensurePayable'>
  unitOfWork: UnitOfWork
  clock: Clock
}

export type TierService = ReturnType<typeof createTierService>

export function createTierService({ models: { Tiers }, profiles, payments, unitOfWork, clock }: TierDependencies) {
  return Object.freeze({ create, update, archive, list, mine, of, takeSeat, giveSeatBack, ownersOf })

  /** @throws AppError `conflict` for more than twenty that are open, or a second of the same rank */
  async function create(ctx: Context, { name, rank, benefits, prices, seats, trial_days = 0 }: CreateTier): Promise<Tier> {
    const { user_id } = userOf(ctx)
    const row: TierRow = { _id: newId('tir'), creator_id: user_id, name, rank, benefits, prices: checked(prices), seats: seats ?? null, seats_left: seats ?? null, trial_days, state: 'open', created_at: clock.now() }
    return unitOfWork.run(
      ctx,
      async () => {
        const open = await Tiers.find({ creator_id: user_id, state: 'open' }, { rank: 1 }).lean()
        ensure(open.length < most, 'conflict', `At most ${most} tiers at a time: archive one first`)
        ensure(!open.some((each) => each.rank === rank), 'conflict', 'Another tier has this rank')
        await Tiers.insertMany([row])
        return presentTier(row)
      },
      `tiers:${user_id}`,
    )
  }

  /** @throws AppError `stale-state` when it is archived, or seats are given to a tier that was made without: nobody counted who sits there */
  async function update(ctx: Context, { tier_id, seats, prices, members_pay = 'agreed', ...rest }: UpdateTier): Promise<Tier> {
    const mine = { _id: tier_id, creator_id: userOf(ctx).user_id }
    const newPrices = prices && checked(prices)
    return unitOfWork.run(ctx, async (tx) => {
      const row = (await Tiers.findOne(mine).lean()) ?? fail('not-found')
      ensure(row.state === 'open', 'stale-state', 'It is archived')
      ensure(seats === undefined || (row.seats !== null && row.seats_left !== null), 'stale-state', 'It was made without a number of seats: make another tier')
      const taken = (row.seats ?? 0) - (row.seats_left ?? 0)
      ensure(seats === undefined || seats >= taken, 'conflict', `${taken} seats are taken`)
      const changed = await Tiers.findOneAndUpdate(mine, { $set: { ...rest, ...(newPrices ? { prices: newPrices } : {}), ...(seats === undefined ? {} : { seats, seats_left: seats - taken }) } }, { returnDocument: 'after' }).lean()
      if (newPrices && members_pay === 'new') await tx.publish('tier.repriced', { tier_id, at: clock.now().toISOString() })
      return presentTier(changed ?? fail('not-found'))
    })
  }

  /** Nobody joins any more; who is a member stays one, at the price that was agreed. */
  async function archive(ctx: Context, { tier_id }: { tier_id: string }): Promise<Tier> {
    const row = await Tiers.findOneAndUpdate({ _id: tier_id, creator_id: userOf(ctx).user_id }, { $set: { state: 'archived' } }, { returnDocument: 'after' }).lean()
    return presentTier(row ?? fail('not-found'))
  }

  /** Those that one can join, the lowest rank first. */
  async function list(_ctx: Context, { creator_id }: { creator_id: string }): Promise<{ data: Tier[] }> {
    const creator = await profiles.creator(creator_id)
    const rows = await Tiers.find({ creator_id: creator._id, state: 'open' }).sort({ rank: 1, _id: 1 }).lean()
    return { data: rows.map(presentTier) }
  }

  async function mine(ctx: Context): Promise<{ data: Tier[] }> {
    const rows = await Tiers.find({ creator_id: userOf(ctx).user_id }).sort({ rank: 1, _id: 1 }).lean()
    return { data: rows.map(presentTier) }
  }

  async function of(ids: readonly string[]): Promise<ReadonlyMap<string, TierRow>> {
    const rows = await Tiers.find({ _id: { $in: [...new Set(ids)] } }).lean()
    return new Map(rows.map((row) => [row._id, row]))
  }

  /** @throws AppError `conflict` when none is left. The guard is in the filter: of two that take the last, one gets it */
  async function takeSeat(_tx: Tx, tier: TierRow): Promise<void> {
    if (tier.seats === null) return
    const taken = await Tiers.updateOne({ _id: tier._id, seats_left: { $gt: 0 } }, { $inc: { seats_left: -1 } })
    ensure(taken.modifiedCount === 1, 'conflict', 'All seats are taken')
  }

  async function giveSeatBack(_tx: Tx, tierId: string): Promise<void> {
    await Tiers.updateOne({ _id: tierId, seats: { $ne: null } }, { $inc: { seats_left: 1 } })
  }

  async function ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Tiers.find({ _id: { $in: ids } }, { creator_id: 1 }).lean()
    return new Map(rows.map((row) => [row._id, row.creator_id]))
  }

  function checked(prices: readonly Price[]): TierRow['prices'] {
    ensure(new Set(prices.map((price) => price.interval)).size === prices.length, 'validation', { errors: [{ path: 'prices', code: 'twice', detail: 'has two prices for one interval' }] })
    return prices.map((price) => ({ ...price, currency: payments.ensurePayable(price) }))
  }
}
