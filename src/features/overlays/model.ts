import { type Connection, Schema } from 'mongoose'
import { rowOptions } from '../../platform/mongo.ts'
import type { AlertKind } from './contract.ts'

export interface OverlayRow {
  _id: string
  creator_id: string
  name: string
  /** SHA-256 of the token in the page's address */
  token_hash: string
  /** rises with each rotation: sockets of an older one are closed */
  epoch: number
  /** the last position given to an alert */
  position: number
  /** the alert that is being played, by whom, and until when it is believed */
  current: string | null
  holder: string | null
  lease_until: Date | null
  /** live overlay sockets, the newest last */
  players: string[]
  last_connected_at: Date | null
  created_at: Date
}

export type AlertState = 'queued' | 'playing' | 'played' | 'missed' | 'failed'

export interface AlertRow {
  _id: string
  overlay_id: string
  position: number
  kind: AlertKind
  /** the tip behind it; absent for a test */
  source_id?: string
  amount: number
  currency: string
  name: string | null
  message: string
  duration_ms: number
  is_test: boolean
  is_replay: boolean
  state: AlertState
  /** how often it was handed to a socket that did not finish it in time */
  attempts: number
  queued_at: Date
  started_at?: Date
  finished_at?: Date
  failure_reason?: string
}

export type OverlayModels = ReturnType<typeof createOverlayModels>

export function createOverlayModels(db: Connection) {
  const Overlays = db.model<OverlayRow>(
    'Overlay',
    new Schema<OverlayRow>(
      {
        _id: String,
        creator_id: { type: String, required: true },
        name: { type: String, required: true },
        token_hash: { type: String, required: true },
        epoch: { type: Number, required: true },
        position: { type: Number, required: true },
        current: { type: String, default: null },
        holder: { type: String, default: null },
        lease_until: { type: Date, default: null },
        players: { type: [String], required: true },
        last_connected_at: { type: Date, default: null },
        created_at: { type: Date, required: true },
      },
      rowOptions<OverlayRow>('overlays'),
    )
      .index({ token_hash: 1 }, { unique: true })
      .index({ creator_id: 1, _id: 1 })
      .index({ lease_until: 1 }, { partialFilterExpression: { lease_until: { $type: 'date' } } }),
  )
  const Alerts = db.model<AlertRow>(
    'Alert',
    new Schema<AlertRow>(
      {
        _id: String,
        overlay_id: { type: String, required: true },
        position: { type: Number, required: true },
        kind: { type: String, enum: ['tip'], required: true },
        source_id: String,
        amount: { type: Number, required: true },
        currency: { type: String, required: true },
        name: { type: String, default: null },
        message: { type: String, default: '' },
        duration_ms: { type: Number, required: true },
        is_test: { type: Boolean, required: true },
        is_replay: { type: Boolean, required: true },
        state: { type: String, enum: ['queued', 'playing', 'played', 'missed', 'failed'], required: true },
        attempts: { type: Number, required: true },
        queued_at: { type: Date, required: true },
        started_at: Date,
        finished_at: Date,
        failure_reason: String,
      },
      rowOptions<AlertRow>('alerts'),
    )
      .index({ overlay_id: 1, state: 1, position: 1 })
      // A tip is shown once on each overlay, however often its news comes.
      .index({ overlay_id: 1, source_id: 1 }, { unique: true, partialFilterExpression: { source_id: { $exists: true } } }),
  )
  return { Overlays, Alerts }
}
