import { type Connection, Schema } from 'mongoose'
import { rowOptions } from '../../platform/mongo.ts'

export interface ProfileRow {
  /** the user id: a creator profile is the user seen from outside */
  _id: string
  name: string
  /** lower case, for the prefix search */
  name_key: string
  bio: string
  avatar_url: string | null
  /** encrypted; see `vault.ts` */
  bank_account?: string
  shows_earnings: boolean
  followers: number
  created_at: Date
  updated_at: Date
}

export function createProfileModel(db: Connection) {
  return db.model<ProfileRow>(
    'Profile',
    new Schema<ProfileRow>(
      {
        _id: String,
        name: { type: String, required: true },
        name_key: { type: String, required: true },
        bio: { type: String, default: '' },
        avatar_url: { type: String, default: null },
        bank_account: String,
        shows_earnings: { type: Boolean, required: true },
        followers: { type: Number, required: true },
        created_at: { type: Date, required: true },
        updated_at: { type: Date, required: true },
      },
      rowOptions<ProfileRow>('profiles'),
    ).index({ name_key: 1, _id: 1 }),
  )
}

export type ProfileModel = ReturnType<typeof createProfileModel>
