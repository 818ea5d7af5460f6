import { defineStates } from '../../kernel/states.ts'
import type { PaymentStatus, Refund } from './contract.ts'

export type PaymentState = 'created' | 'requires_action' | 'processing' | 'succeeded' | 'failed' | 'abandoned' | 'late_success' | 'review' | 'partially_refunded' | 'refunded'

/** A payment never moves against this table; money moves only on the way into `late_success` and `succeeded`. */
export const paymentStates = defineStates<PaymentState>({
  created: ['requires_action', 'processing', 'succeeded', 'failed', 'abandoned', 'review'],
  requires_action: ['processing', 'succeeded', 'failed', 'abandoned', 'review'],
  processing: ['succeeded', 'failed', 'review'],
  failed: ['late_success', 'review'],
  abandoned: ['late_success', 'review'],
  late_success: ['succeeded'],
  succeeded: ['partially_refunded', 'refunded'],
  partially_refunded: ['refunded'],
})

/** The states in which the money has come. */
export const paidStates: readonly PaymentState[] = ['succeeded', 'partially_refunded', 'refunded']

export const refundStates = defineStates<Refund['status']>({
  requested: ['processing', 'succeeded', 'rejected'],
  processing: ['succeeded', 'failed'],
})

const words: Record<PaymentState, PaymentStatus> = {
  created: 'pending',
  requires_action: 'pending',
  processing: 'pending',
  late_success: 'pending',
  review: 'pending',
  succeeded: 'success',
  partially_refunded: 'success',
  refunded: 'success',
  failed: 'failed',
  abandoned: 'failed',
}

/** 001's word for a state. */
export function statusOf(state: PaymentState): PaymentStatus {
  return words[state]
}

/** All states that 001 calls by one word. */
export function statesOf(status: PaymentStatus): PaymentState[] {
  return paymentStates.all.filter((state) => words[state] === status)
}
