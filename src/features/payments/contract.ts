import type { Routes } from '../../kernel/operation.ts'

/** 001's word for a payment's state. */
export type PaymentStatus = 'pending' | 'success' | 'failed'

export interface Payment {
  payment_id: string
  status: PaymentStatus
  /** the state behind the word */
  state: string
  purpose: 'tip' | 'top-up'
  amount: number
  currency: string
  creator_id: string | null
  provider: string
  mobile_money_url: string | null
  failure_reason: string | null
  created_at: string
  updated_at: string
}

/** What starting a checkout answers: where the payer goes now. */
export interface Checkout {
  payment_id: string
  status: PaymentStatus
  mobile_money_url: string
}

export interface PaymentOperations {
  'payment:read': { input: { payment_id: string }; output: Payment }
  'wallet:top-up': { input: { amount: number; currency: string }; output: Checkout }
}

export const paymentRoutes = {
  'payment:read': 'GET /api/v1/payments/:payment_id',
  'wallet:top-up': 'POST /api/v1/wallets/me/top-ups',
} as const satisfies Routes<PaymentOperations>

export interface PaymentFacts {
  'payment:updated': { payment_id: string; status: PaymentStatus; state: string; version: number }
}
