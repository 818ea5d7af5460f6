import { io } from 'socket.io-client'
import type { Problem } from '../kernel/errors.ts'
import { backoff } from './pause.ts'

export interface Meta {
  event_id: string
  at: string
}

export interface LineOptions {
  /** with the namespace */
  url: string
  /** asked before each attempt */
  auth: () => Record<string, unknown>
  onUp: () => void
  /** it is down and will come back by itself, unless it is closed in here */
  onDown: (refusal: Problem | undefined) => void
  onFact: (fact: string, data: unknown, meta: Meta | undefined) => void
}

export interface Line {
  readonly isUp: boolean
  /** dials now, whether it waits for its time or not */
  dial(): void
  /** Waits for the line when it is down. @returns the server's ack @throws when none came in time or the line broke on the way */
  ask(command: string, payload: unknown, timeoutMs: number): Promise<unknown>
  /** for good: nothing is dialled, told or waited for any more */
  close(): void
}

const firstMs = 300
const maxMs = 5_000
/** a line that held so long starts anew with short waits */
const steadyMs = 10_000
/** closed as the oldest of too many connections: coming back at once would only push out the next */
const crowdedMs = 60_000

/** A connection that comes back by itself: later each time, at moments spread by chance, and not before the server said so. */
export function createLine({ url, auth, onUp, onDown, onFact }: LineOptions): Line {
  const socket = io(url, { transports: ['websocket'], auth: (give) => give(auth()), autoConnect: false, reconnection: false, forceNew: true })
  const waiting = new Set<(isUp: boolean) => void>()
  let isClosed = false
  let failures = 0
  let upSince = 0
  /** what the server said of coming back, before it closed */
  let toldMs: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  socket.on('connect', () => {
    upSince = performance.now()
    toldMs = undefined
    onUp()
    for (const settle of waiting) settle(true)
  })
  socket.on('disconnect', () => lost())
  socket.on('connect_error', (error: Error & { data?: Problem }) => lost(error.data))
  socket.onAny((event: string, data: unknown, meta?: Meta) => {
    if (event === 'server:draining') toldMs = (data as { reconnect_in_ms: number }).reconnect_in_ms
    if (event !== 'error') onFact(event, data, meta)
    else if ((data as Problem).code === 'busy') toldMs = crowdedMs
  })

  return { dial, ask, close, get isUp() { return socket.connected } }

  function dial(): void {
    clearTimeout(timer)
    timer = undefined
    if (!isClosed) socket.connect()
  }

  function lost(refusal?: Problem): void {
    if (isClosed || timer !== undefined) return
    failures = upSince > 0 && performance.now() - upSince > steadyMs ? 0 : failures + 1
    upSince = 0
    const waitMs = toldMs ?? Math.max(refusal?.retry_after_ms ?? 0, backoff(failures, { firstMs, maxMs }))
    toldMs = undefined
    timer = setTimeout(dial, waitMs)
    onDown(refusal)
  }

  async function ask(command: string, payload: unknown, timeoutMs: number): Promise<unknown> {
    await up(timeoutMs)
    return socket.timeout(timeoutMs).emitWithAck(command, payload)
  }

  // Socket.IO would keep the packet for later by itself, but would not give it up when the line is closed.
  function up(timeoutMs: number): Promise<void> {
    if (socket.connected) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => settle(false), timeoutMs)
      const settle = (isUp: boolean): void => {
        clearTimeout(late)
        waiting.delete(settle)
        if (isUp) resolve()
        else reject(new Error('The line is down'))
      }
      if (isClosed) settle(false)
      else waiting.add(settle)
    })
  }

  function close(): void {
    isClosed = true
    clearTimeout(timer)
    socket.disconnect()
    socket.offAny()
    for (const settle of waiting) settle(false)
  }
}
