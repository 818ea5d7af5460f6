import { type Connection, Schema } from 'mongoose'
import type { Currency } from '../../kernel/currency.ts'
import { rowOptions } from '../../platform/mongo.ts'
import type { GoalKind, ModerationState, TipSettings } from './contract.ts'

export interface TipRow {
  _id: string
  payment_id: string
  /** a user; a guest has an id that nobody else has, used once */
  fan_id: string
  guest?: true
  /** the fan's name as it was then */
  fan_name: string
  creator_id: string
  amount: number
  currency: Currency
  message: string
  anonymous: boolean
  /** pending until its payment succeeds */
  state: 'pending' | 'sent' | 'failed'
  created_at: Date
  /** the rest is told when it is sent */
  sent_at?: Date
  first_tip?: boolean
  moderation?: ModerationState
  /** what the audience sees, once it does */
  shown_name?: string | null
  shown_message?: string
  announced_at?: Date
}

/** A tip whose money is there. */
export type SentTipRow = TipRow & Required<Pick<TipRow, 'sent_at' | 'first_tip' | 'moderation' | 'shown_message'>> & { shown_name: string | null }

/** A creator's settings, in a row of their own: nothing that tips write touches it. */
export interface TipSettingsRow {
  _id: string
  settings: TipSettings
  updated_at: Date
}

export interface GoalRow {
  _id: string
  creator_id: string
  title: string
  kind: GoalKind
  target: number
  currency: Currency
  state: 'open' | 'closed'
  started_at: Date
  ends_at: Date | null
  closed_at: Date | null
  shown_on: string[] | 'all'
  /** Σ value of its `GoalTipRow`s */
  current: number
  version: number
}

/** One tip in one goal: the row's being there is the counting, so news that comes twice counts once. */
export interface GoalTipRow {
  /** goal/tip */
  _id: string
  goal_id: string
  tip_id: string
  value: number
}

export interface StreamRow {
  _id: string
  creator_id: string
  state: 'live' | 'ended'
  started_at: Date
  /** the start, or the last reset */
  counted_from: Date
  ended_at: Date | null
  /** rises with each reset; what was counted before belongs to an earlier one */
  round: number
  currency: Currency
  /** Σ of its `StreamTipRow`s of this round */
  amount: number
  count: number
  version: number
}

/** One tip in one stream. */
export interface StreamTipRow {
  /** stream/tip */
  _id: string
  stream_id: string
  round: number
  tip_id: string
  fan_id: string
  amount: number
  /** whether it stands under the fan's shown name */
  named: boolean
}

/** What one fan gave under a shown name in one round of a stream. Anonymous tips are in no such row. */
export interface StreamFanRow {
  /** stream/round/fan */
  _id: string
  stream_id: string
  round: number
  name: string
  amount: number
}

export type TipModels = ReturnType<typeof createTipModels>

const kinds = ['amount', 'count']
const moderations: ModerationState[] = ['shown', 'text_hidden', 'masked', 'dropped', 'pending', 'rejected']

export function createTipModels(db: Connection) {
  const Tips = db.model<TipRow>(
    'Tip',
    new Schema<TipRow>(
      {
        _id: String,
        payment_id: { type: String, required: true },
        fan_id: { type: String, required: true },
        guest: Boolean,
        fan_name: { type: String, default: '' },
        creator_id: { type: String, required: true },
        amount: { type: Number, required: true },
        currency: { type: String, required: true },
        message: { type: String, default: '' },
        anonymous: { type: Boolean, required: true },
        state: { type: String, enum: ['pending', 'sent', 'failed'], required: true },
        created_at: { type: Date, required: true },
        sent_at: Date,
        first_tip: Boolean,
        moderation: { type: String, enum: moderations },
        shown_name: { type: String },
        shown_message: { type: String },
        announced_at: Date,
      },
      rowOptions<TipRow>('tips'),
    )
      .index({ payment_id: 1 }, { unique: true })
      .index({ creator_id: 1, state: 1, _id: -1 })
      // Goals and streams count by it.
      .index({ creator_id: 1, sent_at: 1 })
      .index({ fan_id: 1, _id: -1 })
      .index({ creator_id: 1, announced_at: -1, _id: -1 }, { partialFilterExpression: { announced_at: { $exists: true } } })
      // Only one tip can be somebody's first to a creator: two that are sent at once conflict here, and one looks again.
      .index({ creator_id: 1, fan_id: 1 }, { unique: true, partialFilterExpression: { first_tip: true } }),
  )
  const Settings = db.model<TipSettingsRow>(
    'TipSettings',
    new Schema<TipSettingsRow>({ _id: String, settings: { type: Schema.Types.Mixed, required: true }, updated_at: { type: Date, required: true } }, rowOptions<TipSettingsRow>('tip_settings')),
  )
  const Goals = db.model<GoalRow>(
    'Goal',
    new Schema<GoalRow>(
      {
        _id: String,
        creator_id: { type: String, required: true },
        title: { type: String, required: true },
        kind: { type: String, enum: kinds, required: true },
        target: { type: Number, required: true },
        currency: { type: String, required: true },
        state: { type: String, enum: ['open', 'closed'], required: true },
        started_at: { type: Date, required: true },
        ends_at: { type: Date, default: null },
        closed_at: { type: Date, default: null },
        shown_on: { type: Schema.Types.Mixed, required: true },
        current: { type: Number, required: true },
        version: { type: Number, required: true },
      },
      rowOptions<GoalRow>('goals'),
    )
      .index({ creator_id: 1, _id: -1 })
      .index({ creator_id: 1, started_at: 1 }),
  )
  const GoalTips = db.model<GoalTipRow>(
    'GoalTip',
    new Schema<GoalTipRow>(
      { _id: String, goal_id: { type: String, required: true }, tip_id: { type: String, required: true }, value: { type: Number, required: true } },
      rowOptions<GoalTipRow>('goal_tips'),
    ).index({ goal_id: 1 }),
  )
  const Streams = db.model<StreamRow>(
    'Stream',
    new Schema<StreamRow>(
      {
        _id: String,
        creator_id: { type: String, required: true },
        state: { type: String, enum: ['live', 'ended'], required: true },
        started_at: { type: Date, required: true },
        counted_from: { type: Date, required: true },
        ended_at: { type: Date, default: null },
        round: { type: Number, required: true },
        currency: { type: String, required: true },
        amount: { type: Number, required: true },
        count: { type: Number, required: true },
        version: { type: Number, required: true },
      },
      rowOptions<StreamRow>('streams'),
    )
      .index({ creator_id: 1, counted_from: -1 })
      .index({ creator_id: 1, state: 1 }, { unique: true, partialFilterExpression: { state: 'live' } }),
  )
  const StreamTips = db.model<StreamTipRow>(
    'StreamTip',
    new Schema<StreamTipRow>(
      {
        _id: String,
        stream_id: { type: String, required: true },
        round: { type: Number, required: true },
        tip_id: { type: String, required: true },
        fan_id: { type: String, required: true },
        amount: { type: Number, required: true },
        named: { type: Boolean, required: true },
      },
      rowOptions<StreamTipRow>('stream_tips'),
    ).index({ stream_id: 1, round: 1 }),
  )
  const StreamFans = db.model<StreamFanRow>(
    'StreamFan',
    new Schema<StreamFanRow>(
      { _id: String, stream_id: { type: String, required: true }, round: { type: Number, required: true }, name: { type: String, required: true }, amount: { type: Number, required: true } },
      rowOptions<StreamFanRow>('stream_fans'),
    ).index({ stream_id: 1, round: 1, amount: -1 }),
  )
  return { Tips, Settings, Goals, GoalTips, Streams, StreamTips, StreamFans }
}
