import Joi from 'joi'
import { id, instant, nothing } from '../../kernel/schema.ts'
import { maxWaveform, type Media, type MediaAddress, type MediaKind, type MediaUsage } from './contract.ts'

export { nothing }

const bytes = Joi.number().integer().min(0).max(Number.MAX_SAFE_INTEGER)
const pixels = Joi.number().integer().min(1)

export const kind = Joi.string<MediaKind>().valid('image', 'voice', 'video', 'file')
export const waveform = Joi.array<number[]>().items(Joi.number().integer().min(0).max(100)).min(1).max(maxWaveform)
export const mediaId = Joi.object<{ media_id: string }, true>({ media_id: id.required() })

export const media = Joi.object<Media, true>({
  media_id: id.required(),
  kind: kind.required(),
  name: Joi.string().example('beach.webp').required(),
  content_type: Joi.string().example('image/webp').required(),
  size_bytes: bytes.required(),
  width: pixels,
  height: pixels,
  duration_ms: Joi.number().integer().min(0),
  waveform,
})

export const address = Joi.object<MediaAddress, true>({ media_id: id.required(), url: Joi.string().required(), thumbnail_url: Joi.string().allow(null).required(), expires_at: instant.required() })
export const usage = Joi.object<MediaUsage, true>({
  used_bytes: bytes.required(),
  quota_bytes: bytes.required(),
  max_bytes: Joi.object<MediaUsage['max_bytes'], true>({ image: bytes.required(), voice: bytes.required(), video: bytes.required(), file: bytes.required() }).required(),
})
