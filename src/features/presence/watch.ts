import type { Wall } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import { createKeyedQueue } from '../../platform/keyed-queue.ts'
import type { LiveSocket } from '../../platform/realtime/gateway.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { userOf } from '../accounts/index.ts'
import type { Relations } from '../profiles/index.ts'
import { type Attendance, keptMs, type Present } from './attendance.ts'
import type { Presence } from './contract.ts'
import type { Desk } from './desk.ts'
import { nothingOf, type Sight } from './sight.ts'

/** Redis that was emptied is filled again within it. */
const missingMs = 4_000
/** what news of a right that ended, or began, could have been lost in */
const trustedMs = 10 * 60_000
const checkedAtOnce = 8

interface Subscription {
  socket: LiveSocket
  viewer: string
  wanted: readonly string[]
  open: ReadonlySet<string>
  /** hides, and so sees nobody */
  blind: boolean
  told: Map<string, Presence>
  checked_at: number
}

/** What processes tell each other, so that they look at once. It may be lost: each looks by itself, too. */
type Word = { moved: readonly string[] } | { regards: readonly string[] }

export type Watch = ReturnType<typeof createWatch>

/**
 * Each process watches for its own sockets: it alone says what they are told, from what all processes know. So whoever dies, and whatever is
 * lost on the way, those who watch find out by looking.
 */
export function createWatch({ attendance, sight, desk, relations, relay, wall, log }: { attendance: Attendance; sight: Sight; desk: () => Desk; relations: Relations; relay: Relay; wall: Wall; log: Logger }) {
  const subscriptions = new Map<string, Subscription>()
  const watchers = new Map<string, Set<Subscription>>()
  /** as it was when this process last looked */
  const seen = new Map<string, Present>()
  const missingSince = new Map<string, number>()
  const turns = createKeyedQueue(10_000)
  let wholeAt = performance.now()
  let wasWhole = true
  relay.onNotice('presence', (word) => hear(word as Word))

  return Object.freeze({ subscribe, read, left, moved, regardsChanged, sweep, recheck })

  /** In place of what this connection watched before. */
  async function subscribe(ctx: Context, { user_ids }: { user_ids: string[] }): Promise<{ data: Presence[] }> {
    const socket = desk().socketOf(ctx.socket_id ?? '') ?? fail('forbidden')
    const { user_id: viewer } = userOf(ctx)
    left(socket)
    const mine: Subscription = { socket, viewer, wanted: user_ids, open: new Set(), blind: true, told: new Map(), checked_at: 0 }
    subscriptions.set(socket.id, mine)
    for (const each of user_ids) watchers.set(each, (watchers.get(each) ?? new Set()).add(mine))
    return turns.run('look', async () => {
      await permit(mine)
      const found = await presences([...mine.open])
      for (const [userId, presence] of found) mine.told.set(userId, seenBy(mine, presence))
      return { data: [...mine.told.values()] }
    })
  }

  /** @throws AppError `blocked`; `not-found` for strangers */
  async function read(ctx: Context, { user_id }: { user_id: string }): Promise<Presence> {
    const { user_id: viewer } = userOf(ctx)
    ensure(viewer === user_id || !(await relations.between({ by: viewer, whom: user_id })).blocked, 'blocked')
    ensure((await sight.openTo(viewer, [user_id])).has(user_id), 'not-found')
    if (viewer !== user_id && (await sight.hides(viewer))) return nothingOf(user_id)
    return (await presences([user_id])).get(user_id) ?? fail('not-found')
  }

  function left(socket: Pick<LiveSocket, 'id'>): void {
    const mine = subscriptions.get(socket.id)
    if (!mine) return
    subscriptions.delete(socket.id)
    for (const each of mine.wanted) {
      const others = watchers.get(each)
      others?.delete(mine)
      if (others?.size !== 0) continue
      watchers.delete(each)
      seen.delete(each)
      missingSince.delete(each)
    }
  }

  function moved(userIds: readonly string[]): void {
    tell({ moved: userIds })
  }

  /** What one of these may know of the others may have changed. */
  function regardsChanged(userIds: readonly string[]): void {
    tell({ regards: userIds })
  }

  function tell(word: Word): void {
    relay.notify('presence', word)
    hear(word)
  }

  function hear(word: Word): void {
    const work = 'moved' in word ? look(word.moved) : permitAgain([...subscriptions.values()].filter((each) => word.regards.includes(each.viewer)))
    work.catch((error: unknown) => log.warn({ err: error }, 'presence was not told at once; the next look finds it'))
  }

  /** For what nobody said: a process that died, a word that was lost. */
  async function sweep(): Promise<void> {
    const all = [...watchers.keys()]
    if (all.length === 0) return
    const states = await statesOf(all)
    const now = performance.now()
    const different = all.filter((each) => {
      const state = states.get(each)
      if (state !== undefined || !seen.has(each)) missingSince.delete(each)
      if (state === seen.get(each)) return false
      if (state !== undefined) return true
      const since = missingSince.get(each) ?? now
      missingSince.set(each, since)
      return now - since >= missingMs
    })
    await look(different)
  }

  /** While Redis is away, or was, nobody could be told of a block between others: then all are asked again, else only those who were not for long. */
  async function recheck(): Promise<void> {
    const trusted = wasWhole ? wall.now().getTime() - trustedMs : Number.POSITIVE_INFINITY
    wasWhole = true
    await permitAgain([...subscriptions.values()].filter((each) => each.checked_at < trusted))
  }

  async function permitAgain(some: readonly Subscription[]): Promise<void> {
    for (let from = 0; from < some.length; from += checkedAtOnce)
      await turns.run('look', async () => {
        await Promise.all(
          some.slice(from, from + checkedAtOnce).map(async (each) => {
            await permit(each)
            const found = await presences([...each.open])
            for (const userId of each.wanted) inform(each, found.get(userId) ?? nothingOf(userId))
          }),
        )
      })
  }

  async function permit(mine: Subscription): Promise<void> {
    mine.open = await sight.openTo(mine.viewer, mine.wanted)
    mine.blind = await sight.hides(mine.viewer)
    mine.checked_at = wall.now().getTime()
  }

  async function look(userIds: readonly string[]): Promise<void> {
    const watched = userIds.filter((each) => watchers.has(each))
    if (watched.length === 0) return
    // One look after the other: an older one must not be told after a newer.
    await turns.run('look', async () => {
      for (const [userId, presence] of await presences(watched)) for (const each of watchers.get(userId) ?? []) inform(each, presence)
    })
  }

  function inform(subscription: Subscription, presence: Presence): void {
    const { user_id } = presence
    const before = subscription.told.get(user_id)
    const now = seenBy(subscription, presence)
    // Of whom nothing was told, that there is nothing is no news.
    if (!subscription.open.has(user_id) && before === undefined) return
    if (before?.state === now.state && before.last_seen_at === now.last_seen_at) return
    subscription.told.set(user_id, now)
    if (subscriptions.get(subscription.socket.id) === subscription) subscription.socket.emit('presence:changed', now)
  }

  function seenBy({ viewer, open, blind }: Subscription, presence: Presence): Presence {
    return open.has(presence.user_id) && (!blind || viewer === presence.user_id) ? presence : nothingOf(presence.user_id)
  }

  async function presences(userIds: readonly string[]): Promise<Map<string, Presence>> {
    const states = await statesOf(userIds)
    for (const each of userIds) {
      const state = states.get(each)
      missingSince.delete(each)
      if (state && watchers.has(each)) seen.set(each, state)
      else seen.delete(each)
    }
    return sight.presenceOf(userIds, states)
  }

  // While Redis is away, this process knows its own people; of the others it believes what it saw, for as long as a dead process is believed.
  async function statesOf(userIds: readonly string[]): Promise<Map<string, Present>> {
    const states = await attendance.statesOf(userIds)
    if (states) {
      wholeAt = performance.now()
      return states
    }
    wasWhole = false
    const isFresh = performance.now() - wholeAt < keptMs
    return new Map(
      userIds.flatMap((each): [string, Present][] => {
        const state = desk().stateHere(each) ?? (isFresh ? seen.get(each) : undefined)
        return state ? [[each, state]] : []
      }),
    )
  }
}
