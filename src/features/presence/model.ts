import { type Connection, Schema } from 'mongoose'
import { rowOptions } from '../../platform/mongo.ts'

export interface PresenceRow {
  /** the user's id */
  _id: string
  /** missing for whoever has only set something */
  last_seen_at?: Date
  hides: boolean
}

export type PresenceModels = ReturnType<typeof createPresenceModels>

export function createPresenceModels(db: Connection) {
  const Rows = db.model<PresenceRow>('Presence', new Schema<PresenceRow>({ _id: String, last_seen_at: Date, hides: { type: Boolean, default: false } }, rowOptions<PresenceRow>('presence')))
  return { Rows }
}
