import { type Connection, Schema } from 'mongoose'
import { rowOptions } from '../../platform/mongo.ts'

/** The last day whose maturation is done. */
export interface ProgressRow {
  _id: 'maturation'
  /** UTC, `2026-11-22` */
  day: string
}

export type PayoutModels = ReturnType<typeof createPayoutModels>

export function createPayoutModels(db: Connection) {
  const Progress = db.model<ProgressRow>('MaturationProgress', new Schema<ProgressRow>({ _id: String, day: { type: String, required: true } }, rowOptions<ProgressRow>('maturation_progress')))
  return { Progress }
}
