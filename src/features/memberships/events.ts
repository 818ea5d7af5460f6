import type { MembershipStatus } from './contract.ts'

declare module '../../kernel/events.ts' {
  interface DomainEvents {
    /** its members are to pay its new prices */
    'tier.repriced': { tier_id: string; at: string }
    'membership.changed': { membership_id: string; fan_id: string; creator_id: string; tier_id: string; status: MembershipStatus; version: number }
  }
}
