import type { Payment } from './contract.ts'
import type { PaymentRow } from './model.ts'
import { statusOf } from './states.ts'

export function presentPayment(row: PaymentRow): Payment {
  return {
    payment_id: row._id,
    status: statusOf(row.state),
    state: row.state,
    purpose: row.purpose,
    amount: row.amount,
    currency: row.currency,
    creator_id: row.creator_id,
    provider: row.provider,
    mobile_money_url: row.checkout_url ?? null,
    failure_reason: row.failure_reason ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}
