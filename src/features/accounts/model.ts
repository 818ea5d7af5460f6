import { type Connection, Schema } from 'mongoose'
import type { Role } from '../../kernel/context.ts'
import { rowOptions } from '../../platform/mongo.ts'

export interface UserRow {
  _id: string
  /** as it was typed */
  email: string
  /** lower case, NFC: what must be unique */
  email_key: string
  password_hash: string
  full_name: string
  role: Role
  /** rises when a password or role changes: older tokens are void */
  epoch: number
  created_at: Date
}

/** One sign-in on one device: a family of refresh tokens of which the newest alone is good. */
export interface SessionRow {
  _id: string
  user_id: string
  /** SHA-256 of the one live refresh token */
  token_hash: string
  /** SHA-256 of the one before it, which answers the same pair once more for ten seconds */
  previous_hash?: string
  rotated_at: Date
  created_at: Date
  /** 14 days after the last use, never later than 30 days after the sign-in */
  expires_at: Date
  revoked_at?: Date
  revoked_reason?: string
}

export function createAccountModels(db: Connection) {
  const Users = db.model<UserRow>(
    'User',
    new Schema<UserRow>(
      {
        _id: String,
        email: { type: String, required: true },
        email_key: { type: String, required: true },
        password_hash: { type: String, required: true },
        full_name: { type: String, required: true },
        role: { type: String, enum: ['fan', 'creator', 'admin'], required: true },
        epoch: { type: Number, required: true },
        created_at: { type: Date, required: true },
      },
      rowOptions<UserRow>('users'),
    ).index({ email_key: 1 }, { unique: true }),
  )
  const Sessions = db.model<SessionRow>(
    'Session',
    new Schema<SessionRow>(
      {
        _id: String,
        user_id: { type: String, required: true },
        token_hash: { type: String, required: true },
        previous_hash: String,
        rotated_at: { type: Date, required: true },
        created_at: { type: Date, required: true },
        expires_at: { type: Date, required: true },
        revoked_at: Date,
        revoked_reason: String,
      },
      rowOptions<SessionRow>('sessions'),
    )
      .index({ user_id: 1 })
      .index({ expires_at: 1 }, { expireAfterSeconds: 30 * 24 * 3600 }),
  )
  return { Users, Sessions }
}

export type AccountModels = ReturnType<typeof createAccountModels>
