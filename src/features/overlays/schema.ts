import Joi from 'joi'
import { cursor, httpsUrl, id, instant, limit, minorUnits, name, page, text } from '../../kernel/schema.ts'
import { liveFigures, publicGoal } from '../tips/schema.ts'
import type {
  Alert,
  AlertKind,
  AlertPlay,
  AlertState,
  Animation,
  Label,
  Layout,
  ConfigureOverlay,
  ControlAlert,
  Overlay,
  OverlayConfig,
  OverlayDetail,
  OverlayFacts,
  OverlayLink,
  QueueState,
  Variation,
  VariationCondition,
} from './contract.ts'

const kind = Joi.string<AlertKind>().valid('tip')

export const createOverlay = Joi.object<{ name?: string }>({ name: name(60) })
export const overlayId = Joi.object<{ overlay_id: string }, true>({ overlay_id: id.required() })
export const testAlert = Joi.object<{ overlay_id: string; kind?: AlertKind; amount?: number; message?: string }>({
  overlay_id: id.required(),
  kind,
  amount: minorUnits.max(1_000_000_000),
  message: text(200),
})
export const alertId = Joi.object<{ alert_id: string }, true>({ alert_id: id.required() })
export const alertFailed = Joi.object<{ alert_id: string; reason?: string }>({ alert_id: id.required(), reason: text(200) })

export const overlayLink = Joi.object<OverlayLink, true>({
  overlay_id: id.required(),
  token: Joi.string().required(),
  url: Joi.string().required(),
})
const queued = Joi.number().integer().min(0)
const overlayShape = {
  overlay_id: id.required(),
  name: Joi.string().required(),
  online: Joi.boolean().required(),
  paused: Joi.boolean().required(),
  muted: Joi.boolean().required(),
  queued: queued.required(),
  last_connected_at: instant.allow(null).required(),
  created_at: instant.required(),
}
export const overlay = Joi.object<Overlay, true>(overlayShape)
export const overlayList = Joi.object<{ data: Overlay[]; has_more: boolean; next: null }>({
  data: Joi.array<Overlay[]>().items(overlay).required(),
  has_more: Joi.boolean().required(),
  next: Joi.valid(null).required(),
})
export const madeAlert = Joi.object<{ alert_id: string }, true>({ alert_id: id.required() })

const maxVariations = 20
const animation = Joi.string<Animation>().valid('slide', 'pop', 'fade', 'shake')
const layout = Joi.string<Layout>().valid('above', 'beside', 'behind')
const labels = Joi.array<Label[]>().items(Joi.string<Label>().valid('latest-tip', 'top-tippers', 'stream-total')).max(3).unique()
const weight = Joi.number().integer().min(1).max(100)
const sound = httpsUrl.allow('chime', 'fanfare', 'none')
const volume = Joi.number().integer().min(0).max(100)
const gap = Joi.number().integer().min(0).max(60_000)
const when = Joi.object<VariationCondition, true>({ min_amount: minorUnits, max_amount: minorUnits, first_tip: Joi.boolean() })
const look = {
  name: name(60).required(),
  when: when.required(),
  sound: sound.required(),
  animation: animation.required(),
  duration_ms: Joi.number().integer().min(2_000).max(20_000).required(),
  template: name(200).required(),
}
export const configureOverlay = Joi.object<ConfigureOverlay, true>({
  overlay_id: id.required(),
  variations: Joi.array<ConfigureOverlay['variations']>()
    .items(Joi.object({ ...look, variation_id: id, image_url: httpsUrl.allow(null), layout, weight }))
    .max(maxVariations)
    .required(),
  min_alert_amount: minorUnits,
  gap_ms: gap.required(),
  volume: volume.required(),
  goal_ids: Joi.array<string[]>().items(id).max(20).unique().allow(null),
  labels,
})
const config = Joi.object<OverlayConfig, true>({
  variations: Joi.array<Variation[]>()
    .items(Joi.object<Variation, true>({ ...look, variation_id: id.required(), image_url: httpsUrl.allow(null).required(), layout: layout.required(), weight: weight.required() }))
    .required(),
  min_alert_amount: minorUnits.required(),
  gap_ms: gap.required(),
  volume: volume.required(),
  goal_ids: Joi.array<string[]>().items(id).allow(null).required(),
  labels: labels.required(),
})
export const overlayDetail = Joi.object<OverlayDetail, true>({ ...overlayShape, version: Joi.number().integer().min(1).required(), config: config.required() })

export const controlAlert = Joi.object<ControlAlert, true>({
  overlay_id: id.required(),
  action: Joi.string<ControlAlert['action']>().valid('pause', 'resume', 'skip', 'mute', 'unmute', 'replay', 'play-next', 'clear').required(),
  alert_id: id,
})
const queueShape = { overlay_id: id.required(), queued: queued.required(), current: id.allow(null).required(), paused: Joi.boolean().required(), muted: Joi.boolean().required() }
export const queueUpdated = Joi.object<QueueState, true>(queueShape)
export const stepped = Joi.object<QueueState & { alert_id: string | null }, true>({ ...queueShape, alert_id: id.allow(null).required() })

const state = Joi.string<AlertState>().valid('queued', 'playing', 'played', 'missed', 'failed', 'skipped', 'cleared')
const alertShape = {
  alert_id: id.required(),
  position: Joi.number().integer().min(1).required(),
  kind: kind.required(),
  amount: minorUnits.required(),
  currency: Joi.string().length(3).required(),
  name: Joi.string().allow(null).required(),
  message: Joi.string().allow('').required(),
  variation_id: id.required(),
  is_test: Joi.boolean().required(),
  is_replay: Joi.boolean().required(),
}
export const alertQuery = Joi.object<{ overlay_id: string; state?: AlertState; limit?: number; cursor?: string }>({ overlay_id: id.required(), state, limit, cursor })
export const alertPage = page(
  Joi.object<Alert, true>({
    ...alertShape,
    state: state.required(),
    tip_id: id.allow(null).required(),
    replay_of: id.allow(null).required(),
    queued_at: instant.required(),
    started_at: instant.allow(null).required(),
    finished_at: instant.allow(null).required(),
  }),
)

export const alertPlay = Joi.object<AlertPlay, true>({
  ...alertShape,
  template: Joi.string().required(),
  animation: animation.required(),
  layout: layout.required(),
  media: Joi.object<AlertPlay['media'], true>({ image_url: httpsUrl.allow(null).required(), sound: sound.required(), volume: volume.required() }).required(),
  duration_ms: Joi.number().integer().min(1).required(),
})
const viewShape = {
  overlay_id: id.required(),
  version: Joi.number().integer().min(1).required(),
  volume: volume.required(),
  muted: Joi.boolean().required(),
  goals: Joi.array<OverlayFacts['overlay:state']['goals']>().items(publicGoal).required(),
  labels: labels.required(),
  live: liveFigures.allow(null).required(),
}
export const overlayView = Joi.object<OverlayFacts['overlay:config-updated'], true>(viewShape)
export const overlayState = Joi.object<OverlayFacts['overlay:state'], true>({
  ...viewShape,
  queued: queued.required(),
  current: alertPlay.allow(null).required(),
  position: Joi.number().integer().min(0).required(),
  paused: Joi.boolean().required(),
})
export const tokenRotated = Joi.object<OverlayFacts['overlay:token-rotated'], true>({ overlay_id: id.required() })
export const overlayConnected = Joi.object<OverlayFacts['overlay:connected'], true>({
  overlay_id: id.required(),
  online: Joi.boolean().required(),
})
