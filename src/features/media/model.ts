import { type Connection, Schema } from 'mongoose'
import { rowOptions } from '../../platform/mongo.ts'
import type { Media, MediaKind } from './contract.ts'

/** `storing`: its files are on their way; `ready`: nobody but its owner knows of it; `attached` to a message; `leaving`: readable no more, its files go next */
export type MediaState = 'storing' | 'ready' | 'attached' | 'leaving'

export type Variant = 'original' | 'thumbnail'

export interface FileRow {
  variant: Variant
  /** in the storage; made of the id alone */
  key: string
  size: number
  /** SHA-256 in hex */
  sha256: string
  content_type: string
}

export interface MediaRow {
  _id: string
  owner_id: string
  kind: MediaKind
  name: string
  state: MediaState
  message_id: string | null
  files: FileRow[]
  width?: number
  height?: number
  duration_ms?: number
  waveform?: number[]
  created_at: Date
  /** of its state */
  changed_at: Date
}

export interface MediaUsageRow {
  /** whose */
  _id: string
  /** of all their files that are there or on their way */
  bytes: number
}

export type MediaModels = ReturnType<typeof createMediaModels>

const text = { type: String, required: true } as const
const number = { type: Number, required: true } as const
const date = { type: Date, required: true } as const

export function createMediaModels(db: Connection) {
  const file = new Schema<FileRow>({ variant: text, key: text, size: number, sha256: text, content_type: text }, { _id: false })
  const Assets = db.model<MediaRow>(
    'Media',
    new Schema<MediaRow>(
      {
        _id: String,
        owner_id: text,
        kind: text,
        name: text,
        state: text,
        message_id: { type: String, default: null },
        files: { type: [file], required: true },
        width: Number,
        height: Number,
        duration_ms: Number,
        // Absent is not an empty list.
        waveform: { type: [Number], default: undefined },
        created_at: date,
        changed_at: date,
      },
      rowOptions<MediaRow>('media'),
    )
      .index({ owner_id: 1, _id: 1 })
      .index({ state: 1, changed_at: 1 })
      .index({ message_id: 1 }, { partialFilterExpression: { message_id: { $type: 'string' } } }),
  )
  const Usage = db.model<MediaUsageRow>('MediaUsage', new Schema<MediaUsageRow>({ _id: String, bytes: number }, rowOptions<MediaUsageRow>('media_usage')))
  return { Assets, Usage }
}

/** Spread over 256 shelves by the end of the id, which is random. */
export function keyOf(mediaId: string, variant: Variant): string {
  return `${mediaId.slice(-2)}/${mediaId}.${variant}`
}

const ownKey = /^[0-9a-f]{2}\/(med_[0-9a-f]{32})\.(original|thumbnail)$/

/** Whose file it is; undefined for what is none of ours. */
export function mediaIdOf(key: string): string | undefined {
  return ownKey.exec(key)?.[1]
}

export function bytesOf({ files }: Pick<MediaRow, 'files'>): number {
  return files.reduce((total, each) => total + each.size, 0)
}

/** what somebody who may see it is told of it */
export type Shown = Omit<MediaRow, 'owner_id' | 'state' | 'message_id' | 'created_at' | 'changed_at'>

export function presentMedia(row: Shown): Media {
  const original = row.files.find((each) => each.variant === 'original')
  const { width, height, duration_ms, waveform } = row
  return {
    media_id: row._id,
    kind: row.kind,
    name: row.name,
    content_type: original?.content_type ?? 'application/octet-stream',
    size_bytes: original?.size ?? 0,
    ...(width && height ? { width, height } : {}),
    ...(duration_ms === undefined ? {} : { duration_ms }),
    ...(waveform ? { waveform } : {}),
  }
}
