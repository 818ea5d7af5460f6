import { type Connection, Schema } from 'mongoose'
import { rowOptions } from '../../platform/mongo.ts'
import type { AnnouncementAudience, AnnouncementStatus } from './contract.ts'

export interface AnnouncementRow {
  _id: string
  creator_id: string
  /** creator/day/number: one day has so many and no more, whoever asks at the same moment */
  slot: string
  audience: AnnouncementAudience
  /** of a list; empty else */
  user_ids: string[]
  /** of members, the lowest rank that it is for */
  tier_rank?: number
  text: string
  status: AnnouncementStatus
  /** of followers, the last follow that was there when it was made */
  up_to: string
  /** of all, the creator's last seat in a conversation then */
  up_to_seat?: string
  /** of followers, the last follow that was told; of members, the last membership; of a list, how many were; of all, once the followers are through, `seat:` and the last seat */
  position: string
  /** how often the page after it was tried */
  attempts: number
  /** the next page is told then */
  due_at: Date
  total: number
  sent: number
  skipped: number
  failed: number
  version: number
  created_at: Date
  finished_at: Date | null
}

/** Somebody who does not want one creator's announcements. */
export interface OptOutRow {
  /** creator/user */
  _id: string
  user_id: string
  created_at: Date
}

export type AnnouncementModels = ReturnType<typeof createAnnouncementModels>

const text = { type: String, required: true } as const
const number = { type: Number, required: true } as const
const date = { type: Date, required: true } as const

export function createAnnouncementModels(db: Connection) {
  const Announcements = db.model<AnnouncementRow>(
    'Announcement',
    new Schema<AnnouncementRow>(
      {
        _id: String,
        creator_id: text,
        slot: text,
        audience: text,
        user_ids: { type: [String], required: true },
        tier_rank: Number,
        text: { type: String, default: '' },
        status: text,
        up_to: { type: String, default: '' },
        up_to_seat: String,
        position: { type: String, default: '' },
        attempts: number,
        due_at: date,
        total: number,
        sent: number,
        skipped: number,
        failed: number,
        version: number,
        created_at: date,
        finished_at: { type: Date, default: null },
      },
      rowOptions<AnnouncementRow>('announcements'),
    )
      .index({ slot: 1 }, { unique: true })
      .index({ creator_id: 1, _id: -1 })
      .index({ status: 1, due_at: 1 }),
  )
  const OptOuts = db.model<OptOutRow>('AnnouncementOptOut', new Schema<OptOutRow>({ _id: String, user_id: text, created_at: date }, rowOptions<OptOutRow>('announcement_opt_outs')).index({ user_id: 1 }))
  return { Announcements, OptOuts }
}

export function optOutId(creatorId: string, userId: string): string {
  return `${creatorId}/${userId}`
}
