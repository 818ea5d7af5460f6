import Joi from 'joi'
import { id, instant, minorUnits, name, text } from '../../kernel/schema.ts'
import type { AlertKind, Overlay, OverlayLink } from './contract.ts'

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

export const overlayLink = Joi.object<OverlayLink, true>({ overlay_id: id.required(), token: Joi.string().required(), url: Joi.string().required() })
export const overlay = Joi.object<Overlay, true>({
  overlay_id: id.required(),
  name: Joi.string().required(),
  online: Joi.boolean().required(),
  queued: Joi.number().integer().min(0).required(),
  last_connected_at: instant.allow(null).required(),
  created_at: instant.required(),
})
export const overlayList = Joi.object<{ data: Overlay[]; has_more: boolean; next: null }>({
  data: Joi.array<Overlay[]>().items(overlay).required(),
  has_more: Joi.boolean().required(),
  next: Joi.valid(null).required(),
})
export const madeAlert = Joi.object<{ alert_id: string }, true>({ alert_id: id.required() })
