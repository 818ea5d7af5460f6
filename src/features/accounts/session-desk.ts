import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { type Page, type PageQuery, pageOf } from '../../kernel/page.ts'
import type { Wall } from '../../kernel/clock.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { LiveSocket } from '../../platform/realtime/gateway.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { SignInSession } from './contract.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { AccountModels } from './model.ts'
import { presentSession } from './present.ts'
import type { Sessions } from './sessions.ts'
import { userOf } from './user.ts'

type Nothing = Record<string, never>

const defaultLimit = 20
/** so many are told at once that they ended; whoever has more finds out at the next recheck */
const maxTold = 1_000
const recheckedAtOnce = 1_000
/** clocks of two machines may differ by so much */
const skewMs = 10_000
const maxEnded = 10_000

export type SessionDesk = ReturnType<typeof createSessionDesk>

/** Where somebody is signed in, ending it, and the live sockets that hang on it. */
export function createSessionDesk({
  models,
  sessions,
  gatekeeper,
  unitOfWork,
  audit,
  cursors,
  wall,
}: {
  models: AccountModels
  sessions: Sessions
  gatekeeper: Gatekeeper
  unitOfWork: UnitOfWork
  audit: Audit
  cursors: Cursors
  wall: Wall
}) {
  const { Sessions } = models
  let lastLook = wall.now()
  /** the sockets of this process, and the epoch of the newest token of each */
  const sockets = new Map<string, { socket: LiveSocket; session_id: string; user_id: string; epoch: number }>()

  return Object.freeze({ list, revoke, revokeOthers, refreshToken, end, endAll, entered, left, closeEnded, recheck })

  /** Newest first. */
  async function list(ctx: Context, { limit = defaultLimit, cursor }: PageQuery): Promise<Page<SignInSession>> {
    const { user_id, session_id } = userOf(ctx)
    const name = `session:list|${user_id}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const rows = await Sessions.find({ ...liveOf(user_id), ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    return { ...page, data: page.data.map((row) => presentSession(row, session_id)) }
  }

  async function revoke(ctx: Context, { session_id }: { session_id: string }): Promise<Nothing> {
    const { user_id } = userOf(ctx)
    await unitOfWork.run(ctx, async (tx) => {
      ensure(await Sessions.exists({ _id: session_id, ...liveOf(user_id) }), 'not-found')
      await end(tx, { session_id, user_id }, 'revoked')
      await audit.record(tx, ctx, { action: 'session.revoked', subject: session_id })
    })
    return {}
  }

  async function revokeOthers(ctx: Context): Promise<{ ended: number }> {
    const { user_id, session_id } = userOf(ctx)
    return unitOfWork.run(ctx, async (tx) => {
      const ended = await endAll(tx, user_id, 'revoked', session_id)
      await audit.record(tx, ctx, { action: 'session.others-revoked', subject: user_id, details: { ended } })
      return { ended }
    })
  }

  /** A live socket goes on with a newer token of the same sign-in. @throws AppError `forbidden` for another's */
  async function refreshToken(ctx: Context, { token }: { token: string }): Promise<{ expires_in_ms: number }> {
    const own = userOf(ctx)
    const { actor, expires_at } = await gatekeeper.actorOf(token)
    ensure(actor.user_id === own.user_id && actor.session_id === own.session_id && actor.role === own.role, 'forbidden', 'This token belongs to another sign-in')
    if (!ctx.renew) return fail('forbidden')
    ctx.renew(expires_at)
    const live = sockets.get(ctx.socket_id ?? '')
    if (live) live.epoch = actor.epoch
    return { expires_in_ms: Math.max(0, expires_at.getTime() - wall.now().getTime()) }
  }

  /** Its tokens are void and its sockets closed, with the caller's transaction. False when it had ended already. */
  async function end(tx: Tx, { session_id, user_id }: { session_id: string; user_id: string }, reason: string): Promise<boolean> {
    const ended = await sessions.revoke(session_id, reason)
    if (ended) await tx.publish('session.ended', { session_id, user_id, reason })
    return ended
  }

  /** @param but the one that stays */
  async function endAll(tx: Tx, userId: string, reason: string, but?: string): Promise<number> {
    const those = { ...liveOf(userId), ...(but ? { _id: { $ne: but } } : {}) }
    const rows = await Sessions.find(those, { _id: 1 }).limit(maxTold).lean()
    const { modifiedCount } = await Sessions.updateMany(those, { $set: { revoked_at: wall.now(), revoked_reason: reason } })
    for (const { _id } of rows) await tx.publish('session.ended', { session_id: _id, user_id: userId, reason })
    return modifiedCount
  }

  function entered(socket: LiveSocket): void {
    if (socket.actor.kind !== 'user') return
    const { session_id, user_id, epoch } = socket.actor
    sockets.set(socket.id, { socket, session_id, user_id, epoch })
  }

  function left(socket: LiveSocket): void {
    sockets.delete(socket.id)
  }

  /** News of an ended sign-in may be lost between processes: what ended of late is looked up, which costs the same for one socket and for thousands. */
  async function closeEnded(): Promise<void> {
    const since = lastLook
    lastLook = wall.now()
    if (sockets.size === 0) return
    const rows = await Sessions.find({ revoked_at: { $gte: new Date(since.getTime() - skewMs) } }, { _id: 1 }).limit(maxEnded).lean()
    const ended = new Set(rows.map((row) => row._id))
    for (const { socket, session_id } of sockets.values()) if (ended.has(session_id)) close(socket, 'revoked')
  }

  /** The rest of what may have been missed, a change of password or role among it: every live socket's rows, now and then. */
  async function recheck(): Promise<void> {
    const all = [...sockets.values()]
    for (let from = 0; from < all.length; from += recheckedAtOnce) {
      const some = all.slice(from, from + recheckedAtOnce)
      const standings = await gatekeeper.standingsOf(some)
      for (const { socket, session_id, epoch } of some) {
        const standing = standings.get(session_id)
        if (standing?.epoch === epoch) continue
        // Where the sign-in lives on, as that which changed the password does, only its token is void: it comes back with a newer one.
        close(socket, standing ? 'token-expired' : 'revoked')
      }
    }
  }

  function close(socket: LiveSocket, reason: string): void {
    socket.emit('session:revoked', { reason })
    socket.close()
  }

  function liveOf(userId: string) {
    return { user_id: userId, revoked_at: { $exists: false }, expires_at: { $gt: wall.now() } }
  }
}
