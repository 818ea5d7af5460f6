import { type Connection, Schema } from 'mongoose'
import { rowOptions } from '../../platform/mongo.ts'
import type { ClockRun } from './contract.ts'

export interface RunRow {
  _id: string
  by: string
  from: Date
  to: Date
  state: ClockRun['state']
  /** wall time, as is its end */
  started_at: Date
  finished_at?: Date
  ran: ClockRun['ran']
  stuck?: string
}

export type RunModel = ReturnType<typeof createRunModel>

export function createRunModel(db: Connection) {
  const count = new Schema<ClockRun['ran'][number]>({ table: { type: String, required: true }, rows: { type: Number, required: true } }, { _id: false })
  return db.model<RunRow>(
    'ClockRun',
    new Schema<RunRow>(
      {
        _id: String,
        by: { type: String, required: true },
        from: { type: Date, required: true },
        to: { type: Date, required: true },
        state: { type: String, enum: ['running', 'done', 'stuck', 'cut'], required: true },
        started_at: { type: Date, required: true },
        finished_at: Date,
        ran: { type: [count], required: true },
        stuck: String,
      },
      rowOptions<RunRow>('clock_runs'),
    ).index({ started_at: 1 }, { expireAfterSeconds: 90 * 24 * 3600 }),
  )
}
