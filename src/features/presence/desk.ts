import type { Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { fail } from '../../kernel/errors.ts'
import type { Limiter } from '../../platform/rate-limit.ts'
import type { LiveSocket } from '../../platform/realtime/gateway.ts'
import { userOf } from '../accounts/index.ts'
import type { Attendance, Present } from './attendance.ts'
import type { LastSeen } from './last-seen.ts'

/** A connection that is made anew within it never was away. */
const graceMs = 5_000
/** A client says at once how it is there; one that does not is online. */
const settleMs = 1_000
const keepEveryMs = 2_500
const noteEveryMs = 60_000

interface Guest {
  user_id: string
  socket: LiveSocket
  /** undefined until it has said it, or had the time to */
  state: Present | undefined
  came_at: number
  /** its connection is gone */
  left_at?: number
}

export type Desk = ReturnType<typeof createDesk>

/** The sockets of this process, and what follows from them: who is here. */
export function createDesk({ attendance, lastSeen, pace, wall, onMoved }: { attendance: Attendance; lastSeen: LastSeen; pace: Limiter; wall: Wall; /** how these are there has changed */ onMoved: (userIds: readonly string[]) => void }) {
  const guests = new Map<string, Guest>()
  const socketsOf = new Map<string, Set<string>>()
  /** as this process last said it */
  const said = new Map<string, Present>()
  let keptAt = Number.NEGATIVE_INFINITY
  let notedAt = Number.NEGATIVE_INFINITY

  return Object.freeze({ entered, left, set, tick, leaveAll, socketOf: (socketId: string) => guests.get(socketId)?.socket, stateHere: (userId: string) => said.get(userId) })

  function entered(socket: LiveSocket): void {
    if (socket.actor.kind !== 'user') return
    const { user_id } = socket.actor
    guests.set(socket.id, { user_id, socket, state: undefined, came_at: now() })
    socketsOf.set(user_id, (socketsOf.get(user_id) ?? new Set()).add(socket.id))
  }

  function left(socket: LiveSocket): void {
    const guest = guests.get(socket.id)
    if (guest) guest.left_at = now()
  }

  /** @throws AppError `rate-limited` */
  async function set(ctx: Context, { state }: { state: Present }): Promise<Record<string, never>> {
    const { user_id } = userOf(ctx)
    await pace.take(user_id)
    const guest = guests.get(ctx.socket_id ?? '') ?? fail('forbidden')
    guest.state = state
    await say([user_id])
    return {}
  }

  async function tick(): Promise<void> {
    const moved = new Set<string>()
    const at = now()
    for (const [socketId, guest] of guests) {
      if (guest.state === undefined && guest.left_at === undefined && at - guest.came_at >= settleMs) {
        guest.state = 'online'
        moved.add(guest.user_id)
      }
      if (guest.left_at === undefined || at - guest.left_at < graceMs) continue
      forget(socketId, guest)
      moved.add(guest.user_id)
    }
    await say([...moved])
    if (at - keptAt >= keepEveryMs) {
      keptAt = at
      await attendance.keep(said)
    }
    if (at - notedAt >= noteEveryMs) {
      notedAt = at
      await lastSeen.note(said.keys())
    }
  }

  /** Before the end. What was said in Redis runs out by itself: whoever comes back elsewhere until then was never away. */
  async function leaveAll(): Promise<void> {
    await lastSeen.note(said.keys())
  }

  async function say(userIds: readonly string[]): Promise<void> {
    const moved = userIds.filter((each) => stateOf(each) !== said.get(each))
    if (moved.length === 0) return
    const gone = moved.filter((each) => stateOf(each) === undefined)
    for (const each of gone) said.delete(each)
    const here = new Map(moved.flatMap((each) => entryOf(each)))
    for (const [userId, state] of here) said.set(userId, state)
    // Written first: who looks because they are gone finds since when. And when they come, for a process that dies before it says more.
    await lastSeen.note(moved)
    await attendance.drop(gone)
    await attendance.keep(here)
    onMoved(moved)
  }

  function entryOf(userId: string): [string, Present][] {
    const state = stateOf(userId)
    return state ? [[userId, state]] : []
  }

  function stateOf(userId: string): Present | undefined {
    const states = [...(socketsOf.get(userId) ?? [])].map((each) => guests.get(each)?.state)
    return states.includes('online') ? 'online' : states.find((each) => each !== undefined)
  }

  function forget(socketId: string, { user_id }: Guest): void {
    guests.delete(socketId)
    const sockets = socketsOf.get(user_id)
    sockets?.delete(socketId)
    if (sockets?.size === 0) socketsOf.delete(user_id)
  }

  function now(): number {
    return wall.now().getTime()
  }
}
