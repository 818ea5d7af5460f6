import { type Connection, Schema } from 'mongoose'
import { rowOptions } from '../../platform/mongo.ts'
import type { AlertKind, AlertState, Animation, Layout, OverlayConfig, Sound } from './contract.ts'

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
  /** the alert that is being played, and by whom */
  current: string | null
  holder: string | null
  /** while one plays: until when its holder is believed; after it: until when the gap lasts. A sweep looks at what is past it. */
  lease_until: Date | null
  /** since when nothing more is handed out */
  paused_at: Date | null
  muted: boolean
  config: OverlayConfig
  /** rises with each change of the configuration and of the sound */
  config_version: number
  /** live overlay sockets as `process/socket`, the newest last */
  players: string[]
  last_connected_at: Date | null
  created_at: Date
}

export interface AlertRow {
  _id: string
  overlay_id: string
  position: number
  kind: AlertKind
  /** the tip behind it; absent for a test and a replay */
  source_id?: string
  /** of a replay: the alert that is played again, and the tip behind that */
  replay_of?: string
  replayed_source_id?: string
  /** who tipped; absent for a test. Never told to the page */
  sender_id?: string
  amount: number
  currency: string
  name: string | null
  message: string
  /** what the variation that fitted when it was queued looks and sounds like */
  variation_id: string
  image_url: string | null
  sound: Sound
  animation: Animation
  /** missing in alerts from before there were layouts */
  layout?: Layout
  template: string
  duration_ms: number
  is_test: boolean
  is_replay: boolean
  state: AlertState
  /** the higher goes first, whatever the position */
  priority: number
  /** how often it was handed to a socket that did not finish it in time */
  attempts: number
  queued_at: Date
  started_at?: Date
  finished_at?: Date
  failure_reason?: string
}

const alertStates: AlertState[] = ['queued', 'playing', 'played', 'missed', 'failed', 'skipped', 'cleared']

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
        paused_at: { type: Date, default: null },
        muted: { type: Boolean, required: true },
        config: { type: Schema.Types.Mixed, required: true },
        config_version: { type: Number, required: true },
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
        replay_of: String,
        replayed_source_id: String,
        sender_id: String,
        amount: { type: Number, required: true },
        currency: { type: String, required: true },
        name: { type: String, default: null },
        message: { type: String, default: '' },
        variation_id: { type: String, required: true },
        image_url: { type: String, default: null },
        sound: { type: String, required: true },
        animation: { type: String, required: true },
        layout: String,
        template: { type: String, required: true },
        duration_ms: { type: Number, required: true },
        is_test: { type: Boolean, required: true },
        is_replay: { type: Boolean, required: true },
        state: { type: String, enum: alertStates, required: true },
        priority: { type: Number, required: true },
        attempts: { type: Number, required: true },
        queued_at: { type: Date, required: true },
        started_at: Date,
        finished_at: Date,
        failure_reason: String,
      },
      rowOptions<AlertRow>('alerts'),
    )
      .index({ overlay_id: 1, state: 1, priority: -1, position: 1 })
      .index({ overlay_id: 1, position: -1 })
      .index({ sender_id: 1 }, { sparse: true })
      // Longer than events live: news of a tip that comes again still finds the alert it made.
      .index({ queued_at: 1 }, { expireAfterSeconds: 180 * 24 * 3600 })
      // A tip is shown once on each overlay, however often its news comes.
      .index({ overlay_id: 1, source_id: 1 }, { unique: true, partialFilterExpression: { source_id: { $exists: true } } }),
  )
  return { Overlays, Alerts }
}
