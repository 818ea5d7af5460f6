import type { Page, PageQuery } from '../../kernel/page.ts'
import type { Routes } from '../../kernel/operation.ts'

export const intervals = ['week', 'month', 'year'] as const
export type Interval = (typeof intervals)[number]

export interface Price {
  interval: Interval
  /** minor units a period */
  amount: number
  currency: string
}

/** A level of membership that a creator offers. */
export interface Tier {
  tier_id: string
  creator_id: string
  name: string
  /** who is of a higher rank has what a lower one has */
  rank: number
  benefits: string[]
  /** at most one for each interval */
  prices: Price[]
  /** how many there can be; null for as many as come */
  seats: number | null
  seats_left: number | null
  /** free days for whoever has never been a member of this creator; 0 for none */
  trial_days: number
  state: 'open' | 'archived'
}

export interface CreateTier {
  name: string
  rank: number
  benefits: string[]
  prices: Price[]
  seats?: number
  trial_days?: number
}

export interface UpdateTier {
  tier_id: string
  name?: string
  benefits?: string[]
  seats?: number
  trial_days?: number
  /** all of them anew, for whoever joins from now on */
  prices?: Price[]
  /** what members pay: as agreed, which is what goes without saying, or the new prices, of which they are told 30 days before */
  members_pay?: 'agreed' | 'new'
}

/** One period of a tier for somebody else. */
export interface Gift {
  tier_id: string
  user_id: string
  interval: Interval
}

/** A tier for nothing, until a day. */
export interface Comp {
  tier_id: string
  user_id: string
  until: string
}

export type MembershipStatus = 'incomplete' | 'trialing' | 'active' | 'past_due' | 'suspended' | 'paused' | 'cancelled' | 'expired'

export interface PendingChange {
  tier_id: string
  tier_name: string
  interval: Interval
  amount: number
  /** when it takes effect */
  at: string
}

export interface Membership {
  membership_id: string
  creator_id: string
  creator_name: string
  tier_id: string
  tier_name: string
  rank: number
  status: MembershipStatus
  interval: Interval
  /** minor units a period, as they were agreed */
  amount: number
  currency: string
  /** `wallet`, `checkout` or a payment method's id; `gift` or `comp` where somebody else gave it */
  pay_with: string
  current_period_start: string
  current_period_end: string
  cancel_at_period_end: boolean
  pending_change: PendingChange | null
  /** what it costs from its first period after that day on */
  price_change: { amount: number; from: string } | null
  /** of one that is paused, or will be at the end of its period: when it goes on */
  resume_at: string | null
  /** until when what it gives stays open; null when it gives nothing */
  access_until: string | null
  /** when it is charged next, or was to be; null when it never will be */
  next_charge_at: string | null
  /** where a payment waits for the fan */
  mobile_money_url: string | null
  reason: string | null
  created_at: string
  ended_at: string | null
  version: number
}

/** What a creator sees of a member: no address, and nothing of how it is paid. */
export interface Member {
  membership_id: string
  user_id: string
  name: string
  tier_id: string
  tier_name: string
  status: MembershipStatus
  interval: Interval
  amount: number
  currency: string
  current_period_end: string
  cancel_at_period_end: boolean
  since: string
  ended_at: string | null
}

/** What an admin sees of a membership: between whom it is, too, and why it ended. */
export interface AdminMembership extends Member {
  creator_id: string
  creator_name: string
  /** `wallet`, `checkout`, `gift`, `comp` or `card` */
  paid_by: string
  reason: string | null
}

export interface AdminMembershipQuery extends PageQuery {
  status?: MembershipStatus
  user_id?: string
  creator_id?: string
}

export interface Subscribe {
  tier_id: string
  interval: Interval
  pay_with: string
}

export interface ChangeMembership {
  membership_id: string
  tier_id?: string
  interval?: Interval
}

export interface ChangePreview {
  /** `now`: at once, against the difference for the rest of the period; `period_end`: then; `undo`: it stays as it is */
  takes_effect: 'now' | 'period_end' | 'undo'
  at: string
  tier_id: string
  interval: Interval
  /** what is charged at once */
  due_now: number
  currency: string
  /** what a period costs from then on */
  amount: number
  next_charge_at: string
}

export type AccessReason = 'owner' | 'member' | 'trial' | 'grace' | 'none' | 'blocked' | 'suspended' | 'paused'

/** Whether a fan may see what a creator keeps for members, and why. */
export interface AccessAnswer {
  allowed: boolean
  why: AccessReason
  until?: string
  rank?: number
  tier_id?: string
}

export interface MembershipOperations {
  'tier:create': { input: CreateTier; output: Tier }
  'tier:update': { input: UpdateTier; output: Tier }
  'tier:archive': { input: { tier_id: string }; output: Tier }
  'tier:list': { input: { creator_id: string }; output: { data: Tier[] } }
  'tier:mine': { input: Record<string, never>; output: { data: Tier[] } }
  'membership:subscribe': { input: Subscribe; output: Membership }
  'membership:list': { input: PageQuery; output: Page<Membership> }
  'membership:read': { input: { membership_id: string }; output: Membership }
  'membership:cancel': { input: { membership_id: string; at: 'period_end' | 'now'; reason?: string }; output: Membership }
  'membership:uncancel': { input: { membership_id: string }; output: Membership }
  'membership:change': { input: ChangeMembership; output: Membership }
  'membership:preview-change': { input: ChangeMembership; output: ChangePreview }
  /** `until` is when it goes on */
  'membership:pause': { input: { membership_id: string; until: string }; output: Membership }
  'membership:resume': { input: { membership_id: string }; output: Membership }
  'membership:pay': { input: { membership_id: string; pay_with?: string }; output: Membership }
  'membership:gift': { input: Gift; output: Membership }
  'member:comp': { input: Comp; output: Member }
  'admin:memberships': { input: AdminMembershipQuery; output: Page<AdminMembership> }
  'member:list': { input: { status?: MembershipStatus } & PageQuery; output: Page<Member> }
  'access:check': { input: { creator_id: string }; output: AccessAnswer }
}

export const membershipRoutes = {
  'tier:create': { route: 'POST /api/v1/tiers', once: 'optional' },
  'tier:update': { route: 'PUT /api/v1/tiers/:tier_id', repeatable: true },
  'tier:archive': { route: 'POST /api/v1/tiers/:tier_id/archive', repeatable: true },
  'tier:list': 'GET /api/v1/creators/:creator_id/tiers',
  'tier:mine': 'GET /api/v1/tiers',
  'membership:subscribe': { route: 'POST /api/v1/memberships', once: 'required' },
  'membership:list': 'GET /api/v1/memberships',
  'membership:read': 'GET /api/v1/memberships/:membership_id',
  'membership:cancel': { route: 'POST /api/v1/memberships/:membership_id/cancel', repeatable: true },
  'membership:uncancel': { route: 'POST /api/v1/memberships/:membership_id/uncancel', repeatable: true },
  'membership:change': { route: 'POST /api/v1/memberships/:membership_id/change', once: 'required' },
  'membership:preview-change': 'GET /api/v1/memberships/:membership_id/preview-change',
  'membership:pause': { route: 'POST /api/v1/memberships/:membership_id/pause', repeatable: true },
  'membership:resume': { route: 'POST /api/v1/memberships/:membership_id/resume', once: 'required' },
  'membership:pay': { route: 'POST /api/v1/memberships/:membership_id/pay', once: 'required' },
  'membership:gift': { route: 'POST /api/v1/memberships/gifts', once: 'required' },
  'member:comp': { route: 'POST /api/v1/members', once: 'optional' },
  'admin:memberships': 'GET /api/v1/admin/memberships',
  'member:list': 'GET /api/v1/members',
  'access:check': 'GET /api/v1/creators/:creator_id/access',
} as const satisfies Routes<MembershipOperations>

export interface MembershipFacts {
  /** to the fan and to the creator */
  'membership:changed': { membership_id: string; fan_id: string; creator_id: string; tier_id: string; status: MembershipStatus; version: number }
}
