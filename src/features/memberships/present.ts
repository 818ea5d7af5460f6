import { answerOf } from './access.ts'
import type { AdminMembership, Member, Membership, Tier } from './contract.ts'
import { nextDue } from './dunning.ts'
import type { MembershipRow, TierRow } from './model.ts'

export function presentTier(row: TierRow): Tier {
  return {
    tier_id: row._id,
    creator_id: row.creator_id,
    name: row.name,
    rank: row.rank,
    benefits: row.benefits,
    prices: row.prices.map(({ interval, amount, currency }) => ({ interval, amount, currency })),
    seats: row.seats,
    seats_left: row.seats_left,
    trial_days: row.trial_days,
    state: row.state,
  }
}

export interface Around {
  tiers: ReadonlyMap<string, TierRow>
  names: ReadonlyMap<string, string>
  now: Date
  /** where its payment waits, when one does */
  checkout_url?: string
}

export function presentMembership(row: MembershipRow, { tiers, names, now, checkout_url }: Around): Membership {
  const { pending_change: change } = row
  return {
    membership_id: row._id,
    creator_id: row.creator_id,
    creator_name: names.get(row.creator_id) ?? '',
    tier_id: row.tier_id,
    tier_name: tiers.get(row.tier_id)?.name ?? '',
    rank: tiers.get(row.tier_id)?.rank ?? 0,
    status: row.status,
    interval: row.interval,
    amount: row.amount,
    currency: row.currency,
    pay_with: row.pay_with,
    current_period_start: row.current_period_start.toISOString(),
    current_period_end: row.current_period_end.toISOString(),
    cancel_at_period_end: row.cancel_at_period_end,
    pending_change: change ? { ...change, tier_name: tiers.get(change.tier_id)?.name ?? '', at: row.current_period_end.toISOString() } : null,
    price_change: row.price_change ? { amount: row.price_change.amount, from: row.price_change.from.toISOString() } : null,
    resume_at: row.resume_at?.toISOString() ?? null,
    access_until: answerOf(row, now).until?.toISOString() ?? null,
    next_charge_at: nextChargeAt(row)?.toISOString() ?? null,
    mobile_money_url: checkout_url ?? null,
    reason: row.reason ?? null,
    created_at: row.created_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
    version: row.version,
  }
}

export function presentMember(row: MembershipRow, { tiers, names }: Pick<Around, 'tiers' | 'names'>): Member {
  return {
    membership_id: row._id,
    user_id: row.fan_id,
    name: names.get(row.fan_id) ?? '',
    tier_id: row.tier_id,
    tier_name: tiers.get(row.tier_id)?.name ?? '',
    status: row.status,
    interval: row.interval,
    amount: row.amount,
    currency: row.currency,
    current_period_end: row.current_period_end.toISOString(),
    cancel_at_period_end: row.cancel_at_period_end,
    since: row.created_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
  }
}

export function presentForAdmin(row: MembershipRow, around: Pick<Around, 'tiers' | 'names'>): AdminMembership {
  const isMethod = row.pay_with.startsWith('pmt_')
  return { ...presentMember(row, around), creator_id: row.creator_id, creator_name: around.names.get(row.creator_id) ?? '', paid_by: isMethod ? 'card' : row.pay_with, reason: row.reason ?? null }
}

function nextChargeAt(row: MembershipRow): Date | undefined {
  if (row.cancel_at_period_end || row.charge) return undefined
  if (row.status === 'trialing' || row.status === 'active') return row.resume_at ?? row.current_period_end
  return row.status === 'past_due' || row.status === 'paused' ? nextDue(row) : undefined
}
