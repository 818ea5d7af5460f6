import type { Routes } from '../../kernel/operation.ts'

/** `image`: looked at in its place; `voice`: a note that was spoken; `video`; `file`: anything, kept as it is and saved by whoever wants it */
export type MediaKind = 'image' | 'voice' | 'video' | 'file'

export interface Media {
  media_id: string
  kind: MediaKind
  name: string
  content_type: string
  size_bytes: number
  /** of an image, and of a video that tells them */
  width?: number
  height?: number
  /** of a voice note and a video, as the file itself tells it */
  duration_ms?: number
  /** of a voice note: how loud it is, 0 to 100, in equal steps */
  waveform?: number[]
}

/** Where one person finds one file for the next five minutes. */
export interface MediaAddress {
  media_id: string
  /** on this server, from its root */
  url: string
  /** of an image */
  thumbnail_url: string | null
  expires_at: string
}

export interface MediaUsage {
  used_bytes: number
  quota_bytes: number
  /** the largest file of each kind that is taken */
  max_bytes: Record<MediaKind, number>
}

type MediaId = { media_id: string }

export interface MediaOperations {
  'media:sign': { input: MediaId; output: MediaAddress }
  'media:discard': { input: MediaId; output: Record<string, never> }
  'media:usage': { input: Record<string, never>; output: MediaUsage }
}

export const mediaRoutes = {
  'media:sign': 'GET /api/v1/media/:media_id/address',
  'media:discard': 'DELETE /api/v1/media/:media_id',
  'media:usage': 'GET /api/v1/media-usage',
} as const satisfies Routes<MediaOperations>

/** Multipart: `file`, and before it `kind` and `waveform` (a JSON list) where they are told. Answers 201 with the Media. */
export const uploadPath = '/api/v1/uploads'

export const maxWaveform = 64
