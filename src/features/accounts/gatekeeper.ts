import type { Wall } from '../../kernel/clock.ts'
import type { Role } from '../../kernel/context.ts'
import { ensure } from '../../kernel/errors.ts'
import type { AccountModels } from './model.ts'
import type { AccessTokens, Claims, UserActor } from './tokens.ts'

/** Live epochs are believed this long before the rows are asked again. */
const believedMs = 5_000
const maxBelieved = 50_000

interface Standing {
  user_id: string
  epoch: number
  role: Role
  live: boolean
}

export type Gatekeeper = ReturnType<typeof createGatekeeper>

/** Who holds a token, now. Both doors ask here, and a live socket is asked about again for as long as it lives. */
export function createGatekeeper({ models, tokens, wall }: { models: AccountModels; tokens: AccessTokens; wall: Wall }) {
  const { Users, Sessions } = models
  const believed = new Map<string, Standing & { until: number }>()

  return Object.freeze({ actorOf, forget, standingsOf })

  /**
   * The account must exist and not be suspended, the session must live, and neither password nor role may have changed since.
   * @throws AppError `unauthenticated`, `token-expired`, `session-revoked`
   */
  async function actorOf(token: unknown): Promise<{ actor: UserActor; expires_at: Date }> {
    const claims = tokens.verify(token)
    const standing = await standingOf(claims)
    ensure(standing.live && standing.epoch === claims.epoch && standing.role === claims.role, 'session-revoked')
    return { actor: { kind: 'user', user_id: claims.sub, role: claims.role, session_id: claims.sid, epoch: claims.epoch }, expires_at: new Date(claims.exp * 1000) }
  }

  /** The next question about this session asks the rows. */
  function forget(sessionId: string): void {
    believed.delete(sessionId)
  }

  /** How these sign-ins stand now, by their sessions: the news of an end may have been lost on its way here. One that is not told of has ended. */
  async function standingsOf(signIns: readonly { session_id: string; user_id: string }[]): Promise<ReadonlyMap<string, { epoch: number }>> {
    if (signIns.length === 0) return new Map()
    const [sessions, users] = await Promise.all([
      Sessions.find({ _id: { $in: signIns.map((each) => each.session_id) }, revoked_at: { $exists: false }, expires_at: { $gt: wall.now() } }, { user_id: 1 }).lean(),
      Users.find({ _id: { $in: signIns.map((each) => each.user_id) } }, { epoch: 1 }).lean(),
    ])
    const epochs = new Map(users.map((each) => [each._id, each.epoch]))
    return new Map(sessions.flatMap(({ _id, user_id }) => (epochs.has(user_id) ? [[_id, { epoch: epochs.get(user_id) as number }]] : [])))
  }

  async function standingOf({ sub: userId, sid: sessionId, epoch }: Claims): Promise<Standing> {
    const now = wall.now().getTime()
    const known = believed.get(sessionId)
    // A token that is newer than what is believed was issued after a change that this process has not seen yet.
    if (known && known.until > now && known.user_id === userId && known.epoch >= epoch) return known
    const [user, session] = await Promise.all([
      Users.findById(userId, { epoch: 1, role: 1, suspended_at: 1 }).lean(),
      Sessions.exists({ _id: sessionId, user_id: userId, revoked_at: { $exists: false }, expires_at: { $gt: new Date(now) } }),
    ])
    const standing = { user_id: userId, epoch: user?.epoch ?? -1, role: user?.role ?? 'fan', live: session !== null && user !== null && !user.suspended_at, until: now + believedMs }
    if (believed.size >= maxBelieved) believed.clear()
    believed.set(sessionId, standing)
    return standing
  }
}
