import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'
import type { Wall } from '../../kernel/clock.ts'
import type { Actor, Role } from '../../kernel/context.ts'
import { AppError, ensure, fail } from '../../kernel/errors.ts'
import type { Keys } from '../../platform/keys.ts'

const algorithm = 'HS256' as const
const issuer = 'ovation'
const audience = 'ovation:api'
const type = 'at+jwt'
export const accessSeconds = 600
const leewaySeconds = 5
const maxTokenLength = 4_096

export interface Claims {
  sub: string
  role: Role
  sid: string
  epoch: number
  exp: number
}

export type UserActor = Extract<Actor, { kind: 'user' }>

export type AccessTokens = ReturnType<typeof createAccessTokens>

/** Access tokens: ten minutes, one algorithm, one issuer, one audience, a type of their own. */
export function createAccessTokens({ keys, wall }: { keys: Keys; wall: Wall }) {
  // As key objects: plain bytes, the library would first try to read as a PEM file, for every token anew.
  const signingKeys = keys.keys('access-token').map((key) => createSecretKey(key))
  const present = signingKeys[0] as KeyObject

  return Object.freeze({ issue, verify, signingKeys, algorithm, issuer, audience })

  /** @param at issued then: a refresh that is asked again gets the very same token */
  function issue(user: { _id: string; role: Role; epoch: number }, sessionId: string, at: Date): string {
    const iat = Math.floor(at.getTime() / 1000)
    const claims = { sub: user._id, role: user.role, sid: sessionId, epoch: user.epoch, iat, exp: iat + accessSeconds, iss: issuer, aud: audience }
    return jwt.sign(claims, present, { algorithm, header: { alg: algorithm, typ: type } })
  }

  /**
   * The one verifier: HTTP's passport strategy and the socket handshake both end here.
   * @throws AppError `unauthenticated`, or `token-expired` when only its time is over
   */
  function verify(token: unknown): Claims {
    ensure(typeof token === 'string' && token.length <= maxTokenLength, 'unauthenticated')
    for (const key of signingKeys) {
      const claims = tryKey(token, key)
      if (claims) return claims
    }
    return fail('unauthenticated')
  }

  function tryKey(token: string, key: KeyObject): Claims | undefined {
    try {
      const { header, payload } = jwt.verify(token, key, {
        algorithms: [algorithm],
        issuer,
        audience,
        complete: true,
        clockTolerance: leewaySeconds,
        clockTimestamp: Math.floor(wall.now().getTime() / 1000),
      })
      // Ours say their algorithm and type and nothing else: a header that points at a key is somebody else's idea.
      return header.typ === type && Object.keys(header).length === 2 ? claimsOf(payload) : undefined
    } catch (error) {
      if (error instanceof jwt.TokenExpiredError) throw new AppError('token-expired')
      return undefined
    }
  }
}

// The library asks for none of these: without an expiry a token would live for ever, and a subject may be anything.
function claimsOf(payload: unknown): Claims | undefined {
  const { sub, role, sid, epoch, exp } = payload as Record<string, unknown>
  const wellFormed = typeof sub === 'string' && typeof sid === 'string' && typeof role === 'string' && Number.isInteger(epoch) && Number.isInteger(exp)
  return wellFormed ? { sub, role: role as Role, sid, epoch: epoch as number, exp: exp as number } : undefined
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

/**
 * The refresh token that follows a presented one. It is derived, not drawn: a retried refresh, whose answer was lost, gets the same pair
 * without anybody having stored a token.
 */
export function successorOf(token: string, key: Buffer): string {
  return createHmac('sha256', key).update(token).digest('base64url')
}
