import { defineStates } from '../../kernel/states.ts'
import type { PayoutState, PayoutStatus } from './contract.ts'

export const payoutStates = defineStates<PayoutState>({
  pending: ['held', 'approved', 'rejected', 'cancelled'],
  held: ['pending', 'rejected', 'cancelled'],
  approved: ['processing'],
  processing: ['completed', 'failed'],
  completed: ['returned'],
})

/** While one is in these, there is no other. */
export const openStates: readonly PayoutState[] = ['pending', 'held', 'approved', 'processing']

const words: Record<PayoutState, PayoutStatus> = { pending: 'pending', held: 'pending', approved: 'approved', processing: 'approved', completed: 'completed', rejected: 'rejected', cancelled: 'rejected', failed: 'rejected', returned: 'rejected' }

export function statusOf(state: PayoutState): PayoutStatus {
  return words[state]
}

export function statesOf(status: PayoutStatus): PayoutState[] {
  return payoutStates.all.filter((state) => words[state] === status)
}
