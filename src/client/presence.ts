import type { Presence } from '../features/presence/contract.ts'
import type { Client } from './client.ts'
import { createListeners } from './listeners.ts'

export interface PresenceWatch {
  /** undefined for strangers, and until it is known */
  of(userId: string): Presence | undefined
  /** Whom to look at, beside those whom others here look at. @returns how to stop */
  watch(userIds: readonly string[]): () => void
  /** Whether the page is looked at. Not looked at for a while is away. */
  setVisible(isVisible: boolean): void
  onChange(handler: () => void): () => void
  close(): void
}

const maxWatched = 100
/** what opens together is asked for together */
const gatherMs = 100
const awayAfterMs = 60_000

/** Who is there, and how one is there oneself. Whatever the connection goes through, it is said and asked for again. */
export function createPresence(client: Client): PresenceWatch {
  const known = new Map<string, Presence>()
  const wishes = new Set<readonly string[]>()
  const { onChange, tell, close: closeListeners } = createListeners()
  let state: 'online' | 'away' = 'online'
  let asking: ReturnType<typeof setTimeout> | undefined
  let leaving: ReturnType<typeof setTimeout> | undefined
  let turn = 0

  const stops = [
    client.on('presence:changed', (presence) => {
      known.set(presence.user_id, presence)
      tell()
    }),
    client.on('session:ready', again),
    client.on('session:resync', again),
  ]
  if (client.state === 'online') again()

  return { of: (userId) => known.get(userId), watch, setVisible, onChange, close }

  function watch(userIds: readonly string[]): () => void {
    const wish = [...userIds]
    wishes.add(wish)
    askSoon()
    return () => {
      wishes.delete(wish)
      askSoon()
    }
  }

  function setVisible(isVisible: boolean): void {
    clearTimeout(leaving)
    if (isVisible) say('online')
    else leaving = setTimeout(() => say('away'), awayAfterMs)
  }

  function again(): void {
    client.call('presence:set', { state }).catch(() => {})
    askSoon()
  }

  function say(next: 'online' | 'away'): void {
    if (state === next) return
    state = next
    if (client.state === 'online') client.call('presence:set', { state }).catch(() => {})
  }

  function askSoon(): void {
    asking ??= setTimeout(() => void ask(), gatherMs)
  }

  async function ask(): Promise<void> {
    asking = undefined
    // Offline, the next connection asks.
    if (client.state !== 'online') return
    const mine = ++turn
    const user_ids = [...new Set([...wishes].flat())].slice(0, maxWatched)
    try {
      const { data } = await client.call('presence:subscribe', { user_ids })
      if (mine !== turn) return
      known.clear()
      for (const each of data) known.set(each.user_id, each)
      tell()
    } catch {
      // What was known stays; the next connection, or the next wish, asks again.
    }
  }

  function close(): void {
    clearTimeout(asking)
    clearTimeout(leaving)
    turn++
    closeListeners()
    for (const stop of stops) stop()
  }
}
