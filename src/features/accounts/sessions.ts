import type { Wall } from '../../kernel/clock.ts'
import { ensure } from '../../kernel/errors.ts'
import { newId, newToken } from '../../kernel/ids.ts'
import type { Keys } from '../../platform/keys.ts'
import type { AccountModels, SessionRow } from './model.ts'
import { hashToken, successorOf } from './tokens.ts'

const idleMs = 14 * 24 * 3600_000
const absoluteMs = 30 * 24 * 3600_000
const retryMs = 10_000
const secretLength = 43

export type Rotation =
  | { outcome: 'rotated'; session_id: string; user_id: string; refresh_token: string; at: Date }
  | { outcome: 'reused'; session_id: string; user_id: string }

export type Sessions = ReturnType<typeof createSessions>

/** Refresh families. A refresh token is `<session id>.<256 random bits>`, single use, stored hashed. */
export function createSessions({ models, keys, wall }: { models: AccountModels; keys: Keys; wall: Wall }) {
  const { Sessions } = models
  const successorKey = keys.key('refresh-token')

  return Object.freeze({ open, rotate, familyOf, revoke })

  async function open(userId: string, { device, address }: { device: string; address: string }): Promise<{ session_id: string; refresh_token: string }> {
    const now = wall.now()
    const sessionId = newId('ses')
    const secret = newToken()
    await Sessions.insertMany([
      { _id: sessionId, user_id: userId, token_hash: hashToken(secret), rotated_at: now, device, address, created_at: now, expires_at: new Date(now.getTime() + idleMs) },
    ])
    return { session_id: sessionId, refresh_token: `${sessionId}.${secret}` }
  }

  /**
   * Says `reused` of an old token that comes again: either the client or a thief has the new one, so its family must end.
   * @throws AppError `unauthenticated` for a token that names nothing, `session-revoked` for one whose family has ended
   */
  async function rotate(refreshToken: string): Promise<Rotation> {
    const { sessionId, secret } = parse(refreshToken)
    const presented = hashToken(secret)
    const next = successorOf(secret, successorKey)
    const now = wall.now()
    const session = await Sessions.findById(sessionId).lean()
    ensure(session, 'unauthenticated')
    ensure(!session.revoked_at && session.expires_at > now, 'session-revoked')
    const answer = { outcome: 'rotated' as const, session_id: sessionId, user_id: session.user_id, refresh_token: `${sessionId}.${next}` }
    if (session.token_hash === presented) {
      const rotated = await Sessions.updateOne(
        { _id: sessionId, token_hash: presented, revoked_at: { $exists: false } },
        { $set: { token_hash: hashToken(next), previous_hash: presented, rotated_at: now, expires_at: expiry(session, now) } },
      )
      if (rotated.modifiedCount === 1) return { ...answer, at: now }
      // Its twin was faster, or the family just ended: look again.
      return rotate(refreshToken)
    }
    if (session.previous_hash === presented && now.getTime() - session.rotated_at.getTime() <= retryMs) return { ...answer, at: session.rotated_at }
    return { outcome: 'reused', session_id: sessionId, user_id: session.user_id }
  }

  /** The family of a refresh token, its newest or the one before. */
  async function familyOf(refreshToken: string, userId: string): Promise<string | undefined> {
    const { sessionId, secret } = parse(refreshToken)
    const hash = hashToken(secret)
    const session = await Sessions.exists({ _id: sessionId, user_id: userId, $or: [{ token_hash: hash }, { previous_hash: hash }] })
    return session ? sessionId : undefined
  }

  /** False when it had ended already. */
  async function revoke(sessionId: string, reason: string): Promise<boolean> {
    const ended = await Sessions.updateOne({ _id: sessionId, revoked_at: { $exists: false } }, { $set: { revoked_at: wall.now(), revoked_reason: reason } })
    return ended.modifiedCount === 1
  }
}

function expiry(session: SessionRow, now: Date): Date {
  return new Date(Math.min(now.getTime() + idleMs, session.created_at.getTime() + absoluteMs))
}

function parse(token: string): { sessionId: string; secret: string } {
  const [sessionId, secret, ...rest] = token.split('.')
  ensure(sessionId && secret?.length === secretLength && rest.length === 0, 'unauthenticated')
  return { sessionId, secret }
}
