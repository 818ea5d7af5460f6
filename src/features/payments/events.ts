import type { Payment, PaymentStatus } from './contract.ts'
import type { PaymentState } from './states.ts'

declare module '../../kernel/events.ts' {
  interface DomainEvents {
    'payment.changed': { payment_id: string; payer_id: string; status: PaymentStatus; state: PaymentState; version: number }
    'payment.succeeded': { payment_id: string; purpose: Payment['purpose'] }
    'payment.refunded': { payment_id: string; refund_id: string; purpose: Payment['purpose']; subject: string | null; effect_key: string | null; in_full: boolean }
    'payment.failed': { payment_id: string; purpose: Payment['purpose'] }
  }
}
