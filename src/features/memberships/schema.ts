import Joi from 'joi'
import type { PageQuery } from '../../kernel/page.ts'
import { currency, cursor, id, instant, limit, minorUnits, name, page, signedMinorUnits, text } from '../../kernel/schema.ts'
import { type AdminMembership, type AdminMembershipQuery, type AccessAnswer, type ChangeMembership, type ChangePreview, type Comp, type CreateTier, type Gift, type Interval, intervals, type Member, type Membership, type MembershipFacts, type MembershipStatus, type PendingChange, type Price, type Subscribe, type Tier, type UpdateTier } from './contract.ts'

const interval = Joi.string<Interval>().valid(...intervals)
const status = Joi.string<MembershipStatus>().valid('incomplete', 'trialing', 'active', 'past_due', 'suspended', 'paused', 'cancelled', 'expired')
const rank = Joi.number().integer().min(0).max(1_000)
const seats = Joi.number().integer().min(1).max(1_000_000)
const trialDays = Joi.number().integer().min(0).max(90)
const tierName = name(60).min(1)
const benefits = Joi.array<string[]>().items(text(200).min(1)).max(20)
const price = Joi.object<Price, true>({ interval: interval.required(), amount: minorUnits.required(), currency: currency.required() })
/** `wallet`, `checkout` or the id of a payment method */
const payWith = Joi.string().min(1).max(64)
const version = Joi.number().integer().min(1)
const reason = text(500)

export const createTier = Joi.object<CreateTier, true>({
  name: tierName.required(),
  rank: rank.required(),
  benefits: benefits.required(),
  prices: Joi.array<Price[]>().items(price).min(1).max(intervals.length).required(),
  seats,
  trial_days: trialDays,
})
export const updateTier = Joi.object<UpdateTier, true>({
  tier_id: id.required(),
  name: tierName,
  benefits,
  seats,
  trial_days: trialDays,
  prices: Joi.array<Price[]>().items(price).min(1).max(intervals.length),
  members_pay: Joi.string<'agreed' | 'new'>().valid('agreed', 'new'),
})
export const tierId = Joi.object<{ tier_id: string }, true>({ tier_id: id.required() })
export const creatorId = Joi.object<{ creator_id: string }, true>({ creator_id: id.required() })
const seatCount = Joi.number().integer().min(0).allow(null).required()
export const tier = Joi.object<Tier, true>({
  tier_id: id.required(),
  creator_id: id.required(),
  name: Joi.string().required(),
  rank: rank.required(),
  benefits: Joi.array<string[]>().items(Joi.string()).required(),
  prices: Joi.array<Price[]>().items(price).required(),
  seats: seatCount,
  seats_left: seatCount,
  trial_days: trialDays.required(),
  state: Joi.string<Tier['state']>().valid('open', 'archived').required(),
})
export const tierList = Joi.object<{ data: Tier[] }, true>({ data: Joi.array<Tier[]>().items(tier).required() })

export const subscribe = Joi.object<Subscribe, true>({ tier_id: id.required(), interval: interval.required(), pay_with: payWith.required() })
export const gift = Joi.object<Gift, true>({ tier_id: id.required(), user_id: id.required(), interval: interval.required() })
export const comp = Joi.object<Comp, true>({ tier_id: id.required(), user_id: id.required(), until: instant.required() })
export const membershipId = Joi.object<{ membership_id: string }, true>({ membership_id: id.required() })
export const cancel = Joi.object<{ membership_id: string; at: 'period_end' | 'now'; reason?: string }, true>({
  membership_id: id.required(),
  at: Joi.string<'period_end' | 'now'>().valid('period_end', 'now').required(),
  reason,
})
export const change = Joi.object<ChangeMembership, true>({ membership_id: id.required(), tier_id: id, interval })
export const pay = Joi.object<{ membership_id: string; pay_with?: string }, true>({ membership_id: id.required(), pay_with: payWith })
export const pause = Joi.object<{ membership_id: string; until: string }, true>({ membership_id: id.required(), until: instant.required() })
export const pageQuery = Joi.object<PageQuery, true>({ limit, cursor })
export const memberQuery = Joi.object<{ status?: MembershipStatus } & PageQuery, true>({ status, limit, cursor })

export const membership = Joi.object<Membership, true>({
  membership_id: id.required(),
  creator_id: id.required(),
  creator_name: Joi.string().allow('').required(),
  tier_id: id.required(),
  tier_name: Joi.string().allow('').required(),
  rank: rank.required(),
  status: status.required(),
  interval: interval.required(),
  amount: signedMinorUnits.required(),
  currency: currency.required(),
  pay_with: payWith.required(),
  current_period_start: instant.required(),
  current_period_end: instant.required(),
  cancel_at_period_end: Joi.boolean().required(),
  pending_change: Joi.object<PendingChange, true>({ tier_id: id.required(), tier_name: Joi.string().allow('').required(), interval: interval.required(), amount: minorUnits.required(), at: instant.required() })
    .allow(null)
    .required(),
  price_change: Joi.object<NonNullable<Membership['price_change']>, true>({ amount: minorUnits.required(), from: instant.required() }).allow(null).required(),
  resume_at: instant.allow(null).required(),
  access_until: instant.allow(null).required(),
  next_charge_at: instant.allow(null).required(),
  mobile_money_url: Joi.string().allow(null).required(),
  reason: Joi.string().allow(null, '').required(),
  created_at: instant.required(),
  ended_at: instant.allow(null).required(),
  version: version.required(),
})
export const membershipPage = page(membership)
export const preview = Joi.object<ChangePreview, true>({
  takes_effect: Joi.string<ChangePreview['takes_effect']>().valid('now', 'period_end', 'undo').required(),
  at: instant.required(),
  tier_id: id.required(),
  interval: interval.required(),
  due_now: signedMinorUnits.required(),
  currency: currency.required(),
  amount: minorUnits.required(),
  next_charge_at: instant.required(),
})
const memberShape = {
  membership_id: id.required(),
  user_id: id.required(),
  name: Joi.string().allow('').required(),
  tier_id: id.required(),
  tier_name: Joi.string().allow('').required(),
  status: status.required(),
  interval: interval.required(),
  amount: signedMinorUnits.required(),
  currency: currency.required(),
  current_period_end: instant.required(),
  cancel_at_period_end: Joi.boolean().required(),
  since: instant.required(),
  ended_at: instant.allow(null).required(),
}
export const member = Joi.object<Member, true>(memberShape)
export const memberPage = page(member)
export const adminMembershipQuery = Joi.object<AdminMembershipQuery, true>({ status, user_id: id, creator_id: id, limit, cursor })
export const adminMembershipPage = page(
  Joi.object<AdminMembership, true>({ ...memberShape, creator_id: id.required(), creator_name: Joi.string().allow('').required(), paid_by: Joi.string().required(), reason: Joi.string().allow(null).required() }),
)
export const access = Joi.object<AccessAnswer, true>({
  allowed: Joi.boolean().required(),
  why: Joi.string<AccessAnswer['why']>().valid('owner', 'member', 'trial', 'grace', 'none', 'blocked', 'suspended', 'paused').required(),
  until: instant,
  rank,
  tier_id: id,
})
export const membershipChanged = Joi.object<MembershipFacts['membership:changed'], true>({ membership_id: id.required(), fan_id: id.required(), creator_id: id.required(), tier_id: id.required(), status: status.required(), version: version.required() })
