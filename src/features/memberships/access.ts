import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { userOf } from '../accounts/index.ts'
import type { Profiles, Relations } from '../profiles/index.ts'
import type { AccessAnswer, AccessReason } from './contract.ts'
import { graceUntil } from './dunning.ts'
import type { MembershipModels, MembershipRow } from './model.ts'

export type Access = ReturnType<typeof createAccess>

/** The one place that knows whether somebody may have what a creator keeps for members. Whatever is gated asks here, at the time of use. */
export function createAccess({ models, profiles, relations, clock }: { models: MembershipModels; profiles: Pick<Profiles, 'creator'>; relations: Relations; clock: Clock }) {
  const { Memberships, Tiers } = models

  return Object.freeze({ check, of })

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
