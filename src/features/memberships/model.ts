import { type Connection, Schema } from 'mongoose'
import type { Currency } from '../../kernel/currency.ts'
import { rowOptions } from '../../platform/mongo.ts'
import { type Interval, intervals, type MembershipStatus, type Tier } from './contract.ts'
import { membershipStates } from './states.ts'

export interface TierRow {
  _id: string
  creator_id: string
  name: string
  rank: number
  benefits: string[]
  prices: { interval: Interval; amount: number; currency: Currency }[]
  seats: number | null
  /** moves with each membership of a tier that has seats; null in one that has none */
  seats_left: number | null
  trial_days: number
  state: Tier['state']
  created_at: Date
}

export interface Transition {
  from: MembershipStatus | null
  to: MembershipStatus
  /** `fan`, `due`, `payment`, `admin`, `block`, `creator-gone` */
  cause: string
  at: Date
}

/** A payment that is under way for a membership: at most one at a time. */
export interface Charge {
  payment_id: string
  kind: 'first' | 'period' | 'recovery' | 'upgrade'
  /** the period that it is for */
  period: number
  /** what an upgrade leads to */
  tier_id?: string
  amount?: number
}

export interface MembershipRow {
  _id: string
  fan_id: string
  creator_id: string
  tier_id: string
  status: MembershipStatus
  /** there while it has not ended: at most one of each fan and creator */
  live?: true
  interval: Interval
  amount: number
  currency: Currency
  pay_with: string
  zone: string
  anchor: Date
  /** number of the present period, from 0; -1 in a trial */
  period: number
  current_period_start: Date
  current_period_end: Date
  /** how often its next period was tried to be charged */
  attempts: number
  charge?: Charge
  cancel_at_period_end: boolean
  pending_change?: { tier_id: string; interval: Interval; amount: number }
  /** another price, from the first period that begins then or later */
  price_change?: { amount: number; from: Date }
  resume_at?: Date
  /** of one that somebody else gave: who; it is for a fixed time */
  given_by?: string
  reason?: string
  /** what its payments are called after, over and over again */
  charges: number
  /** business time: when it is looked at next */
  due_at?: Date
  version: number
  transitions: Transition[]
  created_at: Date
  ended_at?: Date
}

export type MembershipModels = ReturnType<typeof createMembershipModels>

const text = { type: String, required: true } as const
const number = { type: Number, required: true } as const
const date = { type: Date, required: true } as const
const interval = { type: String, enum: [...intervals], required: true } as const

export function createMembershipModels(db: Connection) {
  const price = new Schema<TierRow['prices'][number]>({ interval, amount: number, currency: text }, { _id: false })
  const transition = new Schema<Transition>({ from: String, to: text, cause: text, at: date }, { _id: false })
  const charge = new Schema<Charge>({ payment_id: text, kind: text, period: number, tier_id: String, amount: Number }, { _id: false })
  const change = new Schema<NonNullable<MembershipRow['pending_change']>>({ tier_id: text, interval, amount: number }, { _id: false })
  const priceChange = new Schema<NonNullable<MembershipRow['price_change']>>({ amount: number, from: date }, { _id: false })
  const Tiers = db.model<TierRow>(
    'Tier',
    new Schema<TierRow>(
      {
        _id: String,
        creator_id: text,
        name: text,
        rank: number,
        benefits: { type: [String], required: true },
        prices: { type: [price], required: true },
        seats: { type: Number, default: null },
        seats_left: { type: Number, default: null },
        trial_days: number,
        state: { type: String, enum: ['open', 'archived'], required: true },
        created_at: date,
      },
      rowOptions<TierRow>('tiers'),
    ).index({ creator_id: 1, rank: 1, _id: 1 }),
  )
  const Memberships = db.model<MembershipRow>(
    'Membership',
    new Schema<MembershipRow>(
      {
        _id: String,
        fan_id: text,
        creator_id: text,
        tier_id: text,
        status: { type: String, enum: [...membershipStates.all], required: true },
        live: Boolean,
        interval,
        amount: number,
        currency: text,
        pay_with: text,
        zone: text,
        anchor: date,
        period: number,
        current_period_start: date,
        current_period_end: date,
        attempts: number,
        charge,
        cancel_at_period_end: { type: Boolean, required: true },
        pending_change: change,
        price_change: priceChange,
        resume_at: Date,
        given_by: String,
        reason: String,
        charges: number,
        due_at: Date,
        version: number,
        transitions: { type: [transition], required: true },
        created_at: date,
        ended_at: Date,
      },
      rowOptions<MembershipRow>('memberships'),
    )
      .index({ fan_id: 1, creator_id: 1 }, { unique: true, partialFilterExpression: { live: true } })
      .index({ due_at: 1 }, { sparse: true })
      .index({ fan_id: 1, _id: -1 })
      .index({ creator_id: 1, status: 1, _id: -1 })
      .index({ status: 1, _id: -1 })
      .index({ tier_id: 1, live: 1 })
      .index({ 'charge.payment_id': 1 }, { sparse: true }),
  )
  return { Tiers, Memberships }
}
