import { type Connection, Schema } from 'mongoose'
import { rowOptions } from '../../platform/mongo.ts'
import { categories, type Category } from './contract.ts'

export interface ProfileRow {
  /** the user id: a creator profile is the user seen from outside */
  _id: string
  handle: string
  name: string
  /** folded, for the order by name */
  name_key: string
  bio: string
  avatar_url: string | null
  tags: string[]
  /** missing in rows from before there were categories */
  category?: Category | null
  /** encrypted; see `vault.ts` */
  bank_account?: string
  /** when it took the place of another one */
  bank_changed_at?: Date
  shows_earnings: boolean
  /** IANA; UTC in rows without one */
  time_zone?: string
  /** a projection of the follow rows; exact once no move waits */
  followers: number
  /** a projection of the attention rows: how many people followed or tipped, day by day, over the last seven days */
  trending: number
  /** while the account is suspended, or after it was erased: as if there were no such creator */
  hidden_at?: Date
  created_at: Date
  updated_at: Date
}

/** One key of the search, with all that its results are ordered by: each search reads one stretch of one index. */
export interface SearchRow {
  _id: string
  key: string
  creator_id: string
  name_key: string
  followers: number
  trending: number
}

export interface FollowRow {
  _id: string
  follower_id: string
  creator_id: string
  created_at: Date
}

/** A step of a follower count that the count has not taken yet: written with the follow row, taken and deleted in one transaction. */
export interface FollowerMoveRow {
  _id: string
  creator_id: string
  delta: 1 | -1
}

/** Somebody followed or tipped a creator on that day: counted once, however often they do it. */
export interface AttentionRow {
  _id: string
  creator_id: string
  counted: boolean
  /** the end of the seven days */
  until: Date
}

export type BarrierKind = 'block' | 'mute'

export interface BarrierRow {
  _id: string
  /** `kind:by>whom`: what the question "what stands between these two?" looks up */
  key: string
  kind: BarrierKind
  by: string
  whom: string
  created_at: Date
}

/** Two people, in the order of their ids. */
export interface PairRow {
  _id: string
  turns: number
}

export type ProfileModels = ReturnType<typeof createProfileModels>

const text = { type: String, required: true } as const
const number = { type: Number, required: true } as const
const date = { type: Date, required: true } as const

export function createProfileModels(db: Connection) {
  const Profiles = db.model<ProfileRow>(
    'Profile',
    new Schema<ProfileRow>(
      {
        _id: String,
        handle: text,
        name: text,
        name_key: text,
        bio: { type: String, default: '' },
        avatar_url: { type: String, default: null },
        tags: { type: [String], required: true },
        category: { type: String, enum: [...categories, null] },
        bank_account: String,
        bank_changed_at: Date,
        shows_earnings: { type: Boolean, required: true },
        time_zone: String,
        followers: number,
        trending: number,
        hidden_at: Date,
        created_at: date,
        updated_at: date,
      },
      rowOptions<ProfileRow>('profiles'),
    ).index({ handle: 1 }, { unique: true }),
  )
  const SearchRows = db.model<SearchRow>(
    'CreatorSearch',
    new Schema<SearchRow>({ _id: String, key: { type: String, default: '' }, creator_id: text, name_key: text, followers: number, trending: number }, rowOptions<SearchRow>('creator_search'))
      .index({ key: 1, name_key: 1, creator_id: 1 })
      .index({ key: 1, followers: -1, creator_id: 1 })
      .index({ key: 1, trending: -1, creator_id: 1 })
      .index({ creator_id: 1 }),
  )
  const Follows = db.model<FollowRow>(
    'Follow',
    new Schema<FollowRow>({ _id: String, follower_id: text, creator_id: text, created_at: date }, rowOptions<FollowRow>('follows'))
      .index({ follower_id: 1, creator_id: 1 }, { unique: true })
      .index({ follower_id: 1, _id: -1 })
      .index({ creator_id: 1, _id: -1 }),
  )
  const FollowerMoves = db.model<FollowerMoveRow>(
    'FollowerMove',
    new Schema<FollowerMoveRow>({ _id: String, creator_id: text, delta: number }, rowOptions<FollowerMoveRow>('follower_moves')).index({ creator_id: 1 }),
  )
  const Attention = db.model<AttentionRow>(
    'Attention',
    new Schema<AttentionRow>({ _id: String, creator_id: text, counted: { type: Boolean, required: true }, until: date }, rowOptions<AttentionRow>('creator_attention'))
      .index({ counted: 1, until: 1 })
      .index({ creator_id: 1 }),
  )
  const Barriers = db.model<BarrierRow>(
    'Barrier',
    new Schema<BarrierRow>({ _id: String, key: text, kind: { type: String, enum: ['block', 'mute'], required: true }, by: text, whom: text, created_at: date }, rowOptions<BarrierRow>('barriers'))
      .index({ key: 1 }, { unique: true })
      .index({ by: 1, kind: 1, _id: -1 }),
  )
  const Pairs = db.model<PairRow>('Pair', new Schema<PairRow>({ _id: String, turns: number }, rowOptions<PairRow>('pairs')))
  return { Profiles, SearchRows, Follows, FollowerMoves, Attention, Barriers, Pairs }
}
