import type { Conversation } from '../features/messaging/contract.ts'
import type { Client } from './client.ts'
import { createListeners } from './listeners.ts'
import { asProblem, type ClientProblem } from './problem.ts'

export interface Inbox {
  /** the liveliest first */
  readonly conversations: readonly Conversation[]
  readonly isLoaded: boolean
  readonly hasMore: boolean
  readonly problem: ClientProblem | undefined
  /** of all that are loaded */
  readonly unread: number
  more(): Promise<void>
  onChange(handler: () => void): () => void
  close(): void
}

const pageSize = 20
/** what happens within it is asked for together */
const gatherMs = 100

/**
 * The list of conversations as the server has it. Whatever is told of one, it is read again: what is unread, who was named and who is in it
 * are counted in one place only.
 */
export function createInbox(client: Client, state: 'joined' | 'requested' = 'joined'): Inbox {
  const known = new Map<string, Conversation>()
  const { onChange, tell, close: closeListeners } = createListeners()
  const stale = new Set<string>()
  let next: string | null = null
  let isLoaded = false
  let problem: ClientProblem | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const hear = ({ conversation_id }: { conversation_id: string }): void => {
    stale.add(conversation_id)
    timer ??= setTimeout(() => void refresh(), gatherMs)
  }
  const stops = [
    client.on('message:created', hear),
    client.on('message:updated', hear),
    client.on('message:deleted', hear),
    client.on('message:hidden', hear),
    client.on('receipt:updated', hear),
    client.on('conversation:updated', hear),
    // What came while the connection was away is in the first page.
    client.on('session:ready', () => void load()),
    client.on('session:resync', () => void load()),
  ]
  void load()

  return {
    more,
    onChange,
    close,
    get conversations() { return [...known.values()].toSorted((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1)) },
    get isLoaded() { return isLoaded },
    get hasMore() { return next !== null },
    get problem() { return problem },
    get unread() { return [...known.values()].reduce((total, each) => total + each.unread, 0) },
  }

  async function load(): Promise<void> {
    await attempt(async () => {
      const page = await client.call('conversation:list', { state, limit: pageSize })
      for (const each of page.data) known.set(each.conversation_id, each)
      next ??= page.next
      isLoaded = true
    })
  }

  async function more(): Promise<void> {
    const cursor = next
    if (cursor === null) return
    await attempt(async () => {
      const page = await client.call('conversation:list', { state, limit: pageSize, cursor })
      for (const each of page.data) known.set(each.conversation_id, each)
      next = page.next
    })
  }

  async function refresh(): Promise<void> {
    const ids = [...stale]
    stale.clear()
    timer = undefined
    await Promise.all(ids.map(readAgain))
    tell()
  }

  async function readAgain(conversation_id: string): Promise<void> {
    try {
      const read = await client.call('conversation:read', { conversation_id })
      if (read.state === state || (state === 'requested' && read.state === 'invited')) known.set(conversation_id, read)
      else known.delete(conversation_id)
    } catch (error) {
      if (asProblem(error).code === 'not-found') known.delete(conversation_id)
    }
  }

  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      problem = undefined
    } catch (error) {
      problem = asProblem(error)
    }
    tell()
  }

  function close(): void {
    closeListeners()
    clearTimeout(timer)
    for (const stop of stops) stop()
  }
}

function timeOf({ last_message, created_at }: Conversation): string {
  return last_message?.created_at ?? created_at
}
