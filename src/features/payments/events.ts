import type { Payment, PaymentStatus } from './contract.ts'
import type { PaymentState } from './states.ts'

declare module '../../kernel/events.ts' {
  interface DomainEvents {
    'payment.changed': { payment_id: string; payer_id: string; status: PaymentStatus; state: PaymentState; version: number }
    'payment.succeeded': { payment_id: string; purpose: Payment['purpose'] }
    'payment.failed': { payment_id: string; purpose: Payment['purpose'] }
  }
}
