import type { MembershipRow } from './model.ts'

/** The tiers in which a membership takes a seat: its own, and one that it was promised. */
export function seatsOf({ live, tier_id, pending_change, charge }: Pick<MembershipRow, 'live' | 'tier_id' | 'pending_change' | 'charge'>): string[] {
  if (!live) return []
  const promised = [pending_change?.tier_id, charge?.tier_id].filter((each) => each !== undefined)
  return [...new Set([tier_id, ...promised])]
}
