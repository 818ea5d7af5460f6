import type { Page } from '../../kernel/page.ts'
import type { Routes } from '../../kernel/operation.ts'
import type { LiveFigures, PublicGoal } from '../tips/contract.ts'

/** The token and the address that holds it are answered once, here, and never again. */
export interface OverlayLink {
  overlay_id: string
  token: string
  url: string
}

export interface Overlay {
  overlay_id: string
  name: string
  /** whether a page of it is connected */
  online: boolean
  paused: boolean
  muted: boolean
  queued: number
  last_connected_at: string | null
  created_at: string
}

export type Animation = 'slide' | 'pop' | 'fade' | 'shake'
/** where the picture stands: over the text, beside it, or behind it */
export type Layout = 'above' | 'beside' | 'behind'
/** one of our own, nothing, or an https address */
export type Sound = 'chime' | 'fanfare' | 'none' | (string & {})

/** All that is given must hold; nothing given holds always. The same least and most is an exact amount. */
export interface VariationCondition {
  min_amount?: number
  max_amount?: number
  /** the fan's first tip to this creator, or not the first */
  first_tip?: boolean
}

export interface Variation {
  variation_id: string
  name: string
  when: VariationCondition
  image_url: string | null
  sound: Sound
  animation: Animation
  layout: Layout
  /** among variations with the same condition, how many of all turns this one gets */
  weight: number
  duration_ms: number
  /** text with `{name}`, `{amount}` and `{message}` in it */
  template: string
}

/** What an overlay writes besides alerts and goals, of the stream that runs or ran last. */
export type Label = 'latest-tip' | 'top-tippers' | 'stream-total'

/** The first variation that fits is played, or by weight one of those with the same condition; when none fits, the built-in one. */
export interface OverlayConfig {
  variations: Variation[]
  /** smaller tips make no alert here */
  min_alert_amount: number
  /** the rest between two alerts */
  gap_ms: number
  /** 0 to 100 */
  volume: number
  /** null: every goal that wants to be shown here */
  goal_ids: string[] | null
  labels: Label[]
}

export interface OverlayDetail extends Overlay {
  /** rises with each change of the configuration */
  version: number
  config: OverlayConfig
}

export interface ConfigureOverlay {
  overlay_id: string
  variations: (Omit<Variation, 'variation_id' | 'image_url' | 'layout' | 'weight'> & Partial<Pick<Variation, 'variation_id' | 'image_url' | 'layout' | 'weight'>>)[]
  min_alert_amount?: number
  gap_ms: number
  volume: number
  goal_ids?: string[] | null
  labels?: Label[]
}

export type AlertKind = 'tip'
export type AlertState = 'queued' | 'playing' | 'played' | 'missed' | 'failed' | 'skipped' | 'cleared'
export type ControlAction = 'pause' | 'resume' | 'skip' | 'mute' | 'unmute' | 'replay' | 'play-next' | 'clear'

export interface ControlAlert {
  overlay_id: string
  action: ControlAction
  /** which one to skip, to play again or to play next; the running, the last played or the first that waits when left out */
  alert_id?: string
}

export interface QueueState {
  overlay_id: string
  queued: number
  /** the alert that is being played */
  current: string | null
  paused: boolean
  muted: boolean
}

export interface AlertPlay {
  alert_id: string
  position: number
  kind: AlertKind
  amount: number
  currency: string
  /** null: from somebody who stays anonymous */
  name: string | null
  message: string
  variation_id: string
  template: string
  animation: Animation
  layout: Layout
  media: { image_url: string | null; sound: Sound; volume: number }
  duration_ms: number
  is_test: boolean
  is_replay: boolean
}

/** An alert as its creator finds it in the list. */
export interface Alert {
  alert_id: string
  position: number
  kind: AlertKind
  state: AlertState
  amount: number
  currency: string
  name: string | null
  message: string
  variation_id: string
  is_test: boolean
  is_replay: boolean
  tip_id: string | null
  replay_of: string | null
  queued_at: string
  started_at: string | null
  finished_at: string | null
}

/** What a page draws besides alerts, and how loud it is. */
export interface OverlayView {
  overlay_id: string
  version: number
  volume: number
  muted: boolean
  goals: PublicGoal[]
  labels: Label[]
  /** what the labels write; null without any */
  live: LiveFigures | null
}

type OverlayId = { overlay_id: string }
type Nothing = Record<string, never>

export interface OverlayOperations {
  'overlay:create': { input: { name?: string }; output: OverlayLink }
  'overlay:list': { input: Nothing; output: { data: Overlay[]; has_more: boolean; next: null } }
  'overlay:read': { input: OverlayId; output: OverlayDetail }
  'overlay:configure': { input: ConfigureOverlay; output: OverlayDetail }
  'overlay:rotate': { input: OverlayId; output: OverlayLink }
  'alert:test': { input: { overlay_id: string; kind?: AlertKind; amount?: number; message?: string }; output: { alert_id: string } }
  'alert:control': { input: ControlAlert; output: QueueState & { alert_id: string | null } }
  'alert:list': { input: { overlay_id: string; state?: AlertState; limit?: number; cursor?: string }; output: Page<Alert> }
  'alert:started': { input: { alert_id: string }; output: Nothing }
  'alert:finished': { input: { alert_id: string }; output: Nothing }
  'alert:failed': { input: { alert_id: string; reason?: string }; output: Nothing }
}

export const overlayRoutes = {
  'overlay:create': 'POST /api/v1/overlays',
  'overlay:list': 'GET /api/v1/overlays',
  'overlay:read': 'GET /api/v1/overlays/:overlay_id',
  'overlay:configure': 'PUT /api/v1/overlays/:overlay_id/config',
  'overlay:rotate': 'POST /api/v1/overlays/:overlay_id/rotate',
  'alert:test': 'POST /api/v1/overlays/:overlay_id/test',
  'alert:control': 'POST /api/v1/overlays/:overlay_id/control',
  'alert:list': 'GET /api/v1/overlays/:overlay_id/alerts',
  'alert:started': 'socket-only',
  'alert:finished': 'socket-only',
  'alert:failed': 'socket-only',
} as const satisfies Routes<OverlayOperations>

export interface OverlayFacts {
  /** to the overlay when it joins */
  'overlay:state': OverlayView & { queued: number; current: AlertPlay | null; position: number; paused: boolean }
  /** to the overlay and the creator */
  'overlay:config-updated': OverlayView
  'alert:play': AlertPlay
  /** to the overlay: take it off the screen, nobody waits for its end */
  'alert:skip': { alert_id: string }
  /** to the overlay before its sockets are closed */
  'overlay:token-rotated': { overlay_id: string }
  /** to the creator */
  'overlay:connected': { overlay_id: string; online: boolean }
  /** to the creator */
  'alert:queue-updated': QueueState
}
