import Joi from 'joi'
import { currency, cursor, id, instant, limit, minorUnits, page, text } from '../../kernel/schema.ts'
import type { AdminTransaction, Checkout, CreatePaymentMethod, CreateRefund, InboxEvent, Payment, PaymentFacts, PaymentMethod, PaymentStatus, Refund, TransactionQuery, WebhookOutcome, WebhookQuery } from './contract.ts'

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

const methodKind = Joi.string<'card'>().valid('card')
export const createMethod = Joi.object<CreatePaymentMethod, true>({
  kind: methodKind.required(),
  behaviour: Joi.string()
    .pattern(/^(success|decline|requires_action|decline_after:\d{1,4})$/)
    .example('success')
    .required(),
})
export const methodId = Joi.object<{ payment_method_id: string }, true>({ payment_method_id: id.required() })
export const method = Joi.object<PaymentMethod, true>({ payment_method_id: id.required(), kind: methodKind.required(), provider: Joi.string().required(), label: Joi.string().required(), created_at: instant.required() })
export const methodList = Joi.object<{ data: PaymentMethod[] }, true>({ data: Joi.array<PaymentMethod[]>().items(method).required() })

const refundTo = Joi.string<Refund['to']>().valid('source', 'wallet')
const refundReason = text(500).min(1)
export const createRefund = Joi.object<CreateRefund, true>({ payment_id: id.required(), amount: minorUnits, reason: refundReason.required(), to: refundTo.required() })
export const decideRefund = Joi.object<{ refund_id: string; decision: 'approve' | 'reject' }, true>({ refund_id: id.required(), decision: Joi.string<'approve' | 'reject'>().valid('approve', 'reject').required() })
export const refund = Joi.object<Refund, true>({
  refund_id: id.required(),
  payment_id: id.required(),
  status: Joi.string<Refund['status']>().valid('requested', 'processing', 'succeeded', 'failed', 'rejected').required(),
  amount: minorUnits.required(),
  currency: currency.required(),
  to: refundTo.required(),
  reason: Joi.string().allow('').required(),
  failure_reason: Joi.string().allow(null).required(),
  created_at: instant.required(),
})
export const refundList = Joi.object<{ data: Refund[] }, true>({ data: Joi.array<Refund[]>().items(refund).required() })
