import { type Connection, Schema } from 'mongoose'
import type { Currency } from '../../kernel/currency.ts'
import { rowOptions } from '../../platform/mongo.ts'
import type { PayoutPlan, PayoutState } from './contract.ts'
import { payoutStates } from './states.ts'

/** The last day whose maturation is done. */
export interface ProgressRow {
  _id: 'maturation'
  /** UTC, `2026-11-22` */
  day: string
}

export interface Approval {
  admin_id: string
  note: string
  at: Date
  /** of what was agreed to: amount, currency and destination */
  terms: string
}

export interface PayoutRow {
  _id: string
  creator_id: string
  amount: number
  currency: Currency
  state: PayoutState
  /** while it is: there is one for a creator */
  open?: true
  /** encrypted, as is the name */
  bank_account: string
  account_name: string
  account_ending: string
  /** hash of amount, currency and destination, as they were asked for */
  terms: string
  automatic: boolean
  approvals: Approval[]
  /** it can't be approved before: the destination was changed lately */
  held_until?: Date
  reason?: string
  provider: string
  provider_transfer_id?: string
  /** how often the company was asked what became of it */
  asked: number
  /** when it is looked at next, by business time */
  due_at?: Date
  transitions: { from: PayoutState | null; to: PayoutState; by: string; at: Date }[]
  version: number
  created_at: Date
  updated_at: Date
}

/** How a creator is paid out without asking. */
export interface PlanRow {
  /** the creator */
  _id: string
  mode: PayoutPlan['mode']
  weekday: number | null
  threshold: number | null
  /** encrypted */
  account_name: string
  due_at?: Date
}

/** Why nothing is paid out at present; there is one of these, or none. */
export interface FreezeRow {
  _id: 'freeze'
  reason: string
  since: Date
}

export type PayoutModels = ReturnType<typeof createPayoutModels>

export function createPayoutModels(db: Connection) {
  const text = { type: String, required: true }
  const at = { type: Date, required: true }
  const Progress = db.model<ProgressRow>('MaturationProgress', new Schema<ProgressRow>({ _id: String, day: text }, rowOptions<ProgressRow>('maturation_progress')))
  const Payouts = db.model<PayoutRow>(
    'Payout',
    new Schema<PayoutRow>(
      {
        _id: String,
        creator_id: text,
        amount: { type: Number, required: true },
        currency: text,
        state: { type: String, enum: [...payoutStates.all], required: true },
        open: Boolean,
        bank_account: text,
        account_name: text,
        account_ending: text,
        terms: text,
        automatic: { type: Boolean, required: true },
        approvals: [{ _id: false, admin_id: text, note: { type: String, default: '' }, at, terms: text }],
        held_until: Date,
        reason: String,
        provider: text,
        provider_transfer_id: String,
        asked: { type: Number, required: true },
        due_at: Date,
        transitions: [{ _id: false, from: { type: String, default: null }, to: text, by: text, at }],
        version: { type: Number, required: true },
        created_at: at,
        updated_at: at,
      },
      rowOptions<PayoutRow>('payouts'),
    )
      .index({ creator_id: 1 }, { unique: true, partialFilterExpression: { open: true } })
      .index({ creator_id: 1, _id: -1 })
      .index({ state: 1, _id: -1 })
      .index({ provider: 1, provider_transfer_id: 1 }, { unique: true, partialFilterExpression: { provider_transfer_id: { $exists: true } } })
      .index({ due_at: 1 }, { sparse: true }),
  )
  const Plans = db.model<PlanRow>(
    'PayoutPlan',
    new Schema<PlanRow>({ _id: String, mode: { type: String, enum: ['off', 'weekly', 'threshold'], required: true }, weekday: { type: Number, default: null }, threshold: { type: Number, default: null }, account_name: text, due_at: Date }, rowOptions<PlanRow>('payout_plans')).index(
      { due_at: 1 },
      { sparse: true },
    ),
  )
  const Freezes = db.model<FreezeRow>('PayoutFreeze', new Schema<FreezeRow>({ _id: String, reason: text, since: at }, rowOptions<FreezeRow>('payout_freezes')))
  return { Progress, Payouts, Plans, Freezes }
}
