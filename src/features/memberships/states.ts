import { defineStates } from '../../kernel/states.ts'
import type { MembershipStatus } from './contract.ts'

/** A membership never moves against this table. Renewals and changes of tier stay where they are. */
export const membershipStates = defineStates<MembershipStatus>({
  incomplete: ['active', 'trialing', 'expired', 'cancelled'],
  trialing: ['active', 'past_due', 'cancelled'],
  active: ['past_due', 'paused', 'cancelled', 'expired'],
  past_due: ['active', 'suspended', 'cancelled'],
  suspended: ['active', 'cancelled'],
  paused: ['active', 'past_due', 'cancelled'],
})

export function isLive(status: MembershipStatus): boolean {
  return !membershipStates.isTerminal(status)
}
