import { type Connection, Schema } from 'mongoose'
import type { Currency } from '../../kernel/currency.ts'
import { rowOptions } from '../../platform/mongo.ts'

export interface TipRow {
  _id: string
  payment_id: string
  fan_id: string
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
  sent_at?: Date
}

export function createTipModel(db: Connection) {
  return db.model<TipRow>(
    'Tip',
    new Schema<TipRow>(
      {
        _id: String,
        payment_id: { type: String, required: true },
        fan_id: { type: String, required: true },
        fan_name: { type: String, required: true },
        creator_id: { type: String, required: true },
        amount: { type: Number, required: true },
        currency: { type: String, required: true },
        message: { type: String, default: '' },
        anonymous: { type: Boolean, required: true },
        state: { type: String, enum: ['pending', 'sent', 'failed'], required: true },
        created_at: { type: Date, required: true },
        sent_at: Date,
      },
      rowOptions<TipRow>('tips'),
    )
      .index({ payment_id: 1 }, { unique: true })
      .index({ creator_id: 1, state: 1, _id: -1 }),
  )
}

export type TipModel = ReturnType<typeof createTipModel>
