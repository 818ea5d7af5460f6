import Joi from 'joi'
import { currency, cursor, id, instant, limit, minorUnits, page } from '../../kernel/schema.ts'
import type { AdminTransaction, Checkout, InboxEvent, Payment, PaymentFacts, PaymentStatus, TransactionQuery, WebhookOutcome, WebhookQuery } from './contract.ts'

export const status = Joi.string<PaymentStatus>().valid('pending', 'success', 'failed')

export const paymentId = Joi.object<{ payment_id: string }, true>({ payment_id: id.required() })
export const topUp = Joi.object<{ amount: number; currency: string }, true>({
  amount: minorUnits.required(),
  currency: currency.required(),
})

export const checkoutShape = { payment_id: id.required(), status: status.required(), mobile_money_url: Joi.string().required() }
export const checkout = Joi.object<Checkout, true>(checkoutShape)

export const payment = Joi.object<Payment, true>({
  payment_id: id.required(),
  status: status.required(),
  state: Joi.string().required(),
  purpose: Joi.string<Payment['purpose']>().valid('tip', 'top-up', 'membership').required(),
  amount: minorUnits.required(),
  currency: currency.required(),
  creator_id: id.allow(null).required(),
  provider: Joi.string().required(),
  mobile_money_url: Joi.string().allow(null).required(),
  failure_reason: Joi.string().allow(null).required(),
  created_at: instant.required(),
  updated_at: instant.required(),
})

export const paymentUpdated = Joi.object<PaymentFacts['payment:updated'], true>({
  payment_id: id.required(),
  status: status.required(),
  state: Joi.string().required(),
  version: Joi.number().integer().min(1).required(),
})

export const transactionsQuery = Joi.object<TransactionQuery, true>({ status, limit, cursor })
export const transactionPage = page(
  Joi.object<AdminTransaction, true>({
    id: id.required(),
    amount: minorUnits.required(),
    currency: currency.required(),
    type: Joi.string<'payment'>().valid('payment').required(),
    status: status.required(),
    state: Joi.string().required(),
    payment_id: id.required(),
    purpose: Joi.string<Payment['purpose']>().valid('tip', 'top-up', 'membership').required(),
    payer_id: id.required(),
    creator_id: id.allow(null).required(),
    provider: Joi.string().required(),
    provider_payment_id: Joi.string().allow(null).required(),
    failure_reason: Joi.string().allow(null).required(),
    created_at: instant.required(),
  }),
)

const outcome = Joi.string<WebhookOutcome>().valid('received', 'applied', 'superfluous', 'ignored', 'parked', 'mismatch')
const inboxId = Joi.string().min(1).max(320)

export const webhookQuery = Joi.object<WebhookQuery, true>({ outcome, limit, cursor })
export const replay = Joi.object<{ inbox_id: string }, true>({ inbox_id: inboxId.required() })
export const inboxEvent = Joi.object<InboxEvent, true>({
  inbox_id: inboxId.required(),
  provider: Joi.string().required(),
  payment_id: Joi.string().required(),
  status: Joi.string().required(),
  outcome: outcome.required(),
  entry_ids: Joi.array<string[]>().items(id).required(),
  attempts: Joi.number().integer().min(0).required(),
  last_error: Joi.string().allow(null, '').required(),
  received_at: instant.required(),
})
export const webhookPage = page(inboxEvent)
