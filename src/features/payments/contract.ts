import type { Page } from '../../kernel/page.ts'
import type { Routes } from '../../kernel/operation.ts'

/** 001's word for a payment's state. */
export type PaymentStatus = 'pending' | 'success' | 'failed'

export interface Payment {
  payment_id: string
  status: PaymentStatus
  /** the state behind the word */
  state: string
  purpose: 'tip' | 'top-up' | 'membership'
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

/** 001's transaction, with what an admin needs to find it again. */
export interface AdminTransaction {
  id: string
  amount: number
  currency: string
  type: 'payment'
  status: PaymentStatus
  state: string
  payment_id: string
  purpose: Payment['purpose']
  payer_id: string
  creator_id: string | null
  provider: string
  provider_payment_id: string | null
  failure_reason: string | null
  created_at: string
}

export interface TransactionQuery {
  status?: PaymentStatus
  limit?: number
  cursor?: string
}

export type WebhookOutcome = 'received' | 'applied' | 'superfluous' | 'ignored' | 'parked' | 'mismatch'

/** One webhook as it was kept, and what became of it. */
export interface InboxEvent {
  inbox_id: string
  provider: string
  payment_id: string
  /** the provider's word */
  status: string
  outcome: WebhookOutcome
  entry_ids: string[]
  attempts: number
  last_error: string | null
  received_at: string
}

export interface WebhookQuery {
  outcome?: WebhookOutcome
  limit?: number
  cursor?: string
}

/** Money that goes back. `requested`: whoever received it decides, or an admin. */
export interface Refund {
  refund_id: string
  payment_id: string
  status: 'requested' | 'processing' | 'succeeded' | 'failed' | 'rejected'
  amount: number
  currency: string
  to: 'source' | 'wallet'
  reason: string
  failure_reason: string | null
  created_at: string
}

export interface CreateRefund {
  payment_id: string
  /** all that is left, unless it is told */
  amount?: number
  reason: string
  to: 'source' | 'wallet'
}

/** A saved way to pay. */
export interface PaymentMethod {
  payment_method_id: string
  kind: 'card'
  provider: string
  label: string
  created_at: string
}

export interface CreatePaymentMethod {
  kind: 'card'
  /** the sandbox's: `success`, `decline`, `decline_after:N`, `requires_action` */
  behaviour: string
}

export interface PaymentOperations {
  'refund:create': { input: CreateRefund; output: Refund }
  'refund:list': { input: { payment_id: string }; output: { data: Refund[] } }
  'refund:decide': { input: { refund_id: string; decision: 'approve' | 'reject' }; output: Refund }
  'payment-method:create': { input: CreatePaymentMethod; output: PaymentMethod }
  'payment-method:list': { input: Record<string, never>; output: { data: PaymentMethod[] } }
  'payment-method:remove': { input: { payment_method_id: string }; output: PaymentMethod }
  'payment:read': { input: { payment_id: string }; output: Payment }
  'wallet:top-up': { input: { amount: number; currency: string }; output: Checkout }
  'admin:transactions': { input: TransactionQuery; output: Page<AdminTransaction> }
  'webhook:list': { input: WebhookQuery; output: Page<InboxEvent> }
  'webhook:replay': { input: { inbox_id: string }; output: InboxEvent }
}

export const paymentRoutes = {
  'refund:create': { route: 'POST /api/v1/payments/:payment_id/refunds', once: 'required' },
  'refund:list': 'GET /api/v1/payments/:payment_id/refunds',
  'refund:decide': { route: 'POST /api/v1/refunds/:refund_id/decide', once: 'required' },
  'payment-method:create': { route: 'POST /api/v1/payment-methods', once: 'optional' },
  'payment-method:list': 'GET /api/v1/payment-methods',
  'payment-method:remove': 'DELETE /api/v1/payment-methods/:payment_method_id',
  'payment:read': 'GET /api/v1/payments/:payment_id',
  'wallet:top-up': { route: 'POST /api/v1/wallets/me/top-ups', once: 'required' },
  'admin:transactions': 'GET /api/v1/admin/transactions',
  'webhook:list': 'GET /api/v1/admin/webhooks',
  'webhook:replay': 'POST /api/v1/admin/webhooks/:inbox_id/replay',
} as const satisfies Routes<PaymentOperations>

export interface PaymentFacts {
  'payment:updated': { payment_id: string; status: PaymentStatus; state: string; version: number }
}
