import { type Connection, Schema } from 'mongoose'
import type { Currency } from '../../kernel/currency.ts'
import { rowOptions } from '../../platform/mongo.ts'
import type { Payment, Refund, WebhookOutcome } from './contract.ts'
import { type PaymentState, paymentStates, refundStates } from './states.ts'

export type Purpose = Payment['purpose']

export interface Transition {
  from: PaymentState | null
  to: PaymentState
  /** what caused it: an inbox row, `payer`, `provider` (it refused), `sweeper` */
  cause: string
  at: Date
}

export interface PaymentRow {
  _id: string
  payer_id: string
  /** null for a top-up: it is the payer's own */
  creator_id: string | null
  purpose: Purpose
  amount: number
  currency: Currency
  /** what it pays for, in the words of whose thing that is: nothing is paid twice under one */
  effect_key?: string
  /** the thing that it is for, when that is paid over and over again */
  subject?: string
  /** of what is paid over and over again: what was paid for was given */
  used?: true
  /** the split as it was agreed at the start */
  fee_bps: number
  /** `wallet` for what a wallet paid */
  provider: string
  provider_payment_id?: string
  checkout_url?: string
  /** the saved method that it is charged to; absent for a checkout and a wallet */
  method_id?: string
  /** business time: when a payer who did nothing has given it up */
  open_until?: Date
  failure_reason?: string
  state: PaymentState
  /** how much of it was given back, or is on its way there */
  refunded?: number
  version: number
  transitions: Transition[]
  /** when the sweeper asks the provider next; absent when nothing can change any more */
  next_query_at?: Date
  queries: number
  created_at: Date
  updated_at: Date
}

export interface RefundRow {
  _id: string
  payment_id: string
  payer_id: string
  creator_id: string | null
  amount: number
  currency: Currency
  to: Refund['to']
  reason: string
  state: Refund['status']
  requested_by: string
  decided_by?: string
  provider_refund_id?: string
  failure_reason?: string
  /** wall time: when the company is asked next what became of it */
  next_query_at?: Date
  version: number
  created_at: Date
  updated_at: Date
}

/** A way to pay that can be charged while its owner is away. */
export interface MethodRow {
  _id: string
  user_id: string
  kind: 'card'
  provider: string
  provider_method_id: string
  label: string
  created_at: Date
  /** charged no more; kept for the payments that name it */
  removed_at?: Date
}

export type InboxOutcome = WebhookOutcome

export interface InboxRow {
  /** provider and its event id */
  _id: string
  provider: string
  /** our payment id as the provider repeats it; a hint */
  reference: string
  status: string
  /** SHA-256 of the raw body: tells a true duplicate from another message under the same id */
  body_hash: string
  outcome: InboxOutcome
  /** the entries that applying it wrote */
  entry_ids: string[]
  attempts: number
  /** when a worker may claim it; absent once there is an outcome */
  due_at?: Date
  last_error?: string
  received_at: Date
}

export type PaymentModels = ReturnType<typeof createPaymentModels>

export function createPaymentModels(db: Connection) {
  const transition = new Schema<Transition>({ from: { type: String }, to: { type: String, required: true }, cause: { type: String, required: true }, at: { type: Date, required: true } }, { _id: false })
  const Payments = db.model<PaymentRow>(
    'Payment',
    new Schema<PaymentRow>(
      {
        _id: String,
        payer_id: { type: String, required: true },
        creator_id: { type: String, default: null },
        purpose: { type: String, enum: ['tip', 'top-up', 'membership'], required: true },
        amount: { type: Number, required: true },
        currency: { type: String, required: true },
        effect_key: String,
        subject: String,
        used: Boolean,
        fee_bps: { type: Number, required: true },
        provider: { type: String, required: true },
        provider_payment_id: String,
        checkout_url: String,
        method_id: String,
        open_until: Date,
        failure_reason: String,
        state: { type: String, enum: [...paymentStates.all], required: true },
        refunded: Number,
        version: { type: Number, required: true },
        transitions: { type: [transition], required: true },
        next_query_at: Date,
        queries: { type: Number, required: true },
        created_at: { type: Date, required: true },
        updated_at: { type: Date, required: true },
      },
      rowOptions<PaymentRow>('payments'),
    )
      .index({ provider: 1, provider_payment_id: 1 }, { unique: true, partialFilterExpression: { provider_payment_id: { $exists: true } } })
      .index({ effect_key: 1 }, { unique: true, sparse: true })
      .index({ subject: 1 }, { sparse: true })
      .index({ next_query_at: 1 }, { sparse: true })
      .index({ open_until: 1 }, { sparse: true })
      .index({ payer_id: 1, created_at: -1 })
      .index({ state: 1, _id: -1 }),
  )
  const Inbox = db.model<InboxRow>(
    'InboxEvent',
    new Schema<InboxRow>(
      {
        _id: String,
        provider: { type: String, required: true },
        reference: { type: String, required: true },
        status: { type: String, required: true },
        body_hash: { type: String, required: true },
        outcome: { type: String, enum: ['received', 'applied', 'superfluous', 'ignored', 'parked', 'mismatch'], required: true },
        entry_ids: { type: [String], required: true },
        attempts: { type: Number, required: true },
        due_at: Date,
        last_error: String,
        received_at: { type: Date, required: true },
      },
      rowOptions<InboxRow>('payment_inbox'),
    )
      .index({ due_at: 1 }, { sparse: true })
      .index({ received_at: -1, _id: -1 })
      .index({ outcome: 1, received_at: -1, _id: -1 })
      .index({ reference: 1 }),
  )
  const Methods = db.model<MethodRow>(
    'PaymentMethod',
    new Schema<MethodRow>(
      {
        _id: String,
        user_id: { type: String, required: true },
        kind: { type: String, enum: ['card'], required: true },
        provider: { type: String, required: true },
        provider_method_id: { type: String, required: true },
        label: { type: String, required: true },
        created_at: { type: Date, required: true },
        removed_at: Date,
      },
      rowOptions<MethodRow>('payment_methods'),
    ).index({ user_id: 1, _id: -1 }),
  )
  const Refunds = db.model<RefundRow>(
    'Refund',
    new Schema<RefundRow>(
      {
        _id: String,
        payment_id: { type: String, required: true },
        payer_id: { type: String, required: true },
        creator_id: { type: String, default: null },
        amount: { type: Number, required: true },
        currency: { type: String, required: true },
        to: { type: String, enum: ['source', 'wallet'], required: true },
        reason: { type: String, required: true },
        state: { type: String, enum: [...refundStates.all], required: true },
        requested_by: { type: String, required: true },
        decided_by: String,
        provider_refund_id: String,
        failure_reason: String,
        next_query_at: Date,
        version: { type: Number, required: true },
        created_at: { type: Date, required: true },
        updated_at: { type: Date, required: true },
      },
      rowOptions<RefundRow>('refunds'),
    )
      .index({ payment_id: 1, _id: 1 })
      .index({ next_query_at: 1 }, { sparse: true })
      .index({ payer_id: 1, _id: -1 })
      .index({ creator_id: 1, _id: -1 }),
  )
  return { Payments, Inbox, Methods, Refunds }
}
