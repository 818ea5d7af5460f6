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
  /** lower case, for an admin's search */
  name_key: string
  email_verified_at?: Date
  last_sign_in_at?: Date
  suspended_at?: Date
  suspended_reason?: string
  /** business time: erased then, unless it is undone before */
  deletion_due_at?: Date
  erased_at?: Date
  /** moved by whoever counts on this admin to stay, so that two who go at once conflict */
  admin_guard?: number
  created_at: Date
}

/** A secret sent by mail that proves whose address it is: one of a kind and person, good once, for ten minutes. */
export interface CodeRow {
  /** purpose and user */
  _id: string
  /** SHA-256 of 256 random bits */
  code_hash: string
  /** the address it was sent to: a changed one makes it void */
  email_key: string
  failures: number
  expires_at: Date
  used_at?: Date
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
  /** browser and system in a few words */
  device: string
  address: string
  created_at: Date
  /** 14 days after the last use, never later than 30 days after the sign-in */
  expires_at: Date
  /** when its owner last gave the password in it, after the sign-in */
  confirmed_at?: Date
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
        name_key: { type: String, required: true },
        email_verified_at: Date,
        last_sign_in_at: Date,
        suspended_at: Date,
        suspended_reason: String,
        deletion_due_at: Date,
        erased_at: Date,
        admin_guard: Number,
        created_at: { type: Date, required: true },
      },
      rowOptions<UserRow>('users'),
    )
      .index({ email_key: 1 }, { unique: true })
      .index({ name_key: 1, _id: 1 })
      .index({ deletion_due_at: 1 }, { sparse: true }),
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
        device: { type: String, required: true },
        address: { type: String, default: '' },
        created_at: { type: Date, required: true },
        expires_at: { type: Date, required: true },
        confirmed_at: Date,
        revoked_at: Date,
        revoked_reason: String,
      },
      rowOptions<SessionRow>('sessions'),
    )
      .index({ user_id: 1, _id: -1 })
      .index({ revoked_at: 1 }, { sparse: true })
      .index({ expires_at: 1 }, { expireAfterSeconds: 30 * 24 * 3600 }),
  )
  const Codes = db.model<CodeRow>(
    'AccountCode',
    new Schema<CodeRow>(
      {
        _id: String,
        code_hash: { type: String, required: true },
        email_key: { type: String, required: true },
        failures: { type: Number, required: true },
        expires_at: { type: Date, required: true },
        used_at: Date,
      },
      rowOptions<CodeRow>('account_codes'),
    ).index({ expires_at: 1 }, { expireAfterSeconds: 24 * 3600 }),
  )
  return { Users, Sessions, Codes }
}

export type AccountModels = ReturnType<typeof createAccountModels>
