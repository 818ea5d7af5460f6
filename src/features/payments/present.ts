import type { AdminTransaction, InboxEvent, Payment } from './contract.ts'
import type { InboxRow, PaymentRow } from './model.ts'
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

export function presentTransaction(row: PaymentRow): AdminTransaction {
  return {
    id: row._id,
    amount: row.amount,
    currency: row.currency,
    type: 'payment',
    status: statusOf(row.state),
    state: row.state,
    payment_id: row._id,
    purpose: row.purpose,
    payer_id: row.payer_id,
    creator_id: row.creator_id,
    provider: row.provider,
    provider_payment_id: row.provider_payment_id ?? null,
    failure_reason: row.failure_reason ?? null,
    created_at: row.created_at.toISOString(),
  }
}

export function presentInbox(row: InboxRow): InboxEvent {
  return {
    inbox_id: row._id,
    provider: row.provider,
    payment_id: row.reference,
    status: row.status,
    outcome: row.outcome,
    entry_ids: row.entry_ids,
    attempts: row.attempts,
    last_error: row.last_error ?? null,
    received_at: row.received_at.toISOString(),
  }
}
