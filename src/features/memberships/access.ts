import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { userOf } from '../accounts/index.ts'
import type { Payments } from '../payments/index.ts'
import type { Profiles, Relations } from '../profiles/index.ts'
import type { AccessAnswer, AccessReason } from './contract.ts'
import { graceUntil } from './dunning.ts'
import type { MembershipModels, MembershipRow } from './model.ts'

export type Access = ReturnType<typeof createAccess>

/** The one place that knows whether somebody may have what a creator keeps for members. Whatever is gated asks here, at the time of use. */
export function createAccess({ models, profiles, relations, payments, clock }: { models: MembershipModels; profiles: Pick<Profiles, 'creator'>; relations: Relations; payments: Pick<Payments, 'hasPaid'>; clock: Clock }) {
  const { Memberships, Tiers } = models

  return Object.freeze({ check, of, standing, membersAfter, membersAmong, countMembers })

  async function check(ctx: Context, { creator_id }: { creator_id: string }): Promise<AccessAnswer> {
    const creator = await profiles.creator(creator_id)
    return of(userOf(ctx).user_id, creator._id)
  }

  async function of(fanId: string, creatorId: string): Promise<AccessAnswer> {
    if (fanId === creatorId) return { allowed: true, why: 'owner' }
    const [{ blocked }, row] = await Promise.all([relations.between({ by: creatorId, whom: fanId }), Memberships.findOne({ fan_id: fanId, creator_id: creatorId, live: true }).lean()])
    if (blocked) return { allowed: false, why: 'blocked' }
    const answer = row ? answerOf(row, clock.now()) : none
    if (!row || !answer.until) return { allowed: false, why: answer.why }
    const tier = await Tiers.findById(row.tier_id, { rank: 1 }).lean()
    return { allowed: true, why: answer.why, until: answer.until.toISOString(), rank: tier?.rank ?? 0, tier_id: row.tier_id }
  }

  /** What somebody is to a creator, for whoever lets people in or not. */
  async function standing(fanId: string, creatorId: string): Promise<{ rank: number | null; hasPaid: boolean }> {
    const [{ allowed, rank }, hasPaid] = await Promise.all([of(fanId, creatorId), payments.hasPaid(fanId, creatorId)])
    return { rank: allowed && rank !== undefined ? rank : null, hasPaid }
  }

  /** Page by page, in the order in which they joined. `last` is undefined at the end. */
  async function membersAfter(creatorId: string, { after, limit, rank }: Page): Promise<{ user_ids: string[]; last: string | undefined }> {
    const rows = await Memberships.find({ creator_id: creatorId, live: true, _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(limit)
      .lean()
    return { user_ids: await entitled(rows, rank), last: rows.length === limit ? rows.at(-1)?._id : undefined }
  }

  async function membersAmong(creatorId: string, userIds: readonly string[], rank: number): Promise<Set<string>> {
    return new Set(await entitled(await Memberships.find({ creator_id: creatorId, fan_id: { $in: [...userIds] }, live: true }).lean(), rank))
  }

  async function countMembers(creatorId: string): Promise<number> {
    return Memberships.countDocuments({ creator_id: creatorId, live: true })
  }

  async function entitled(rows: readonly MembershipRow[], rank: number): Promise<string[]> {
    const ranks = new Map((await Tiers.find({ _id: { $in: [...new Set(rows.map((row) => row.tier_id))] } }, { rank: 1 }).lean()).map((tier) => [tier._id, tier.rank]))
    const now = clock.now()
    return rows.filter((row) => answerOf(row, now).until && (ranks.get(row.tier_id) ?? 0) >= rank).map((row) => row.fan_id)
  }
}

/** Who may see what a creator keeps for members of a rank. */
interface Page {
  after: string
  limit: number
  rank: number
}

/** Without `until` there is none. A renewal that is late, because the server was away, is in its grace like one that was refused. */
export function answerOf(row: Pick<MembershipRow, 'status' | 'zone' | 'current_period_end' | 'cancel_at_period_end'>, now: Date): { why: AccessReason; until?: Date } {
  const { status, current_period_end: end, cancel_at_period_end: ends } = row
  if (status === 'suspended' || status === 'paused') return { why: status }
  if (status !== 'active' && status !== 'trialing' && status !== 'past_due') return none
  if (status !== 'past_due' && now < end) return { why: status === 'trialing' ? 'trial' : 'member', until: end }
  const grace = graceUntil(row)
  return now < grace && !ends ? { why: 'grace', until: grace } : none
}

const none: { why: AccessReason; until?: Date } = Object.freeze({ why: 'none' })
