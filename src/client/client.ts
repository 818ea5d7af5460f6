import { io, type Socket } from 'socket.io-client'
import { type FactName, type Facts, type OperationName, type Operations, routes } from '../features/catalogue.ts'
import type { TokenPair } from '../features/accounts/contract.ts'
import type { Problem } from '../kernel/errors.ts'
import { asProblem, ClientError, isWorthRepeating } from './problem.ts'
import { sendHttp } from './transport.ts'

export type State = 'offline' | 'connecting' | 'online'

export interface CallOptions {
  /** the same key means the same effect; one is made when none is given */
  key?: string
  /** for each attempt; 10 s */
  timeout_ms?: number
}

export interface ClientOptions {
  url: string
  tokens?: TokenPair | undefined
  /** told whenever they change; undefined after signing out or when the sign-in was ended */
  onTokens?: (tokens: TokenPair | undefined) => void
  /** `auto`: the socket when it is up, else HTTP */
  door?: 'auto' | 'socket' | 'http'
  /** sees every answer and fact, for tests that hold them against the schemas */
  inspect?: (kind: 'answer' | 'fact', name: string, data: unknown) => void
}

export interface Client {
  /** @throws ClientError with the server's problem object */
  call<N extends OperationName>(name: N, input: Operations[N]['input'], options?: CallOptions): Promise<Operations[N]['output']>
  /** @returns how to stop listening */
  on<N extends FactName>(fact: N, handler: (data: Facts[N]) => void): () => void
  onState(handler: (state: State) => void): () => void
  readonly state: State
  /** signs in with what these answer */
  setTokens(tokens: TokenPair | undefined): void
  connect(): void
  close(): void
}

const attempts = 6
const attemptMs = 10_000
const rememberedFacts = 2_000
const httpOnly = new Set<string>(['account:register', 'account:login', 'account:refresh', 'account:logout', 'sandbox:faults'])
/** Repeating these by themselves could do a thing twice: they have no key. */
const unrepeatable = new Set<string>(['account:register', 'account:login', 'overlay:create', 'overlay:rotate', 'alert:test'])
const keyed = new Set<string>(['payment:initiate', 'tip:send', 'wallet:top-up'])

/**
 * One client over both doors: it reconnects, refreshes its tokens, re-sends with the same key until it has an answer, and gives every fact
 * once.
 */
export function createClient({ url, tokens: given, onTokens, door = 'auto', inspect }: ClientOptions): Client {
  let tokens = given
  let refreshing: Promise<void> | undefined
  let socket: Socket | undefined
  let state: State = 'offline'
  const listeners = new Map<string, Set<(data: never) => void>>()
  const stateListeners = new Set<(state: State) => void>()
  const seen = new Set<string>()

  return { call, on, onState, setTokens, connect, close, get state() { return state } }

  async function call<N extends OperationName>(name: N, input: Operations[N]['input'], options: CallOptions = {}): Promise<Operations[N]['output']> {
    const key = options.key ?? (keyed.has(name) ? newKey() : undefined)
    for (let attempt = 1; ; attempt++) {
      try {
        const data = await send(name, input as Record<string, unknown>, key, options.timeout_ms ?? attemptMs)
        inspect?.('answer', name, data)
        return data as Operations[N]['output']
      } catch (error) {
        const problem = asProblem(error)
        if (problem.code === 'token-expired' && tokens && attempt < attempts) {
          await refresh()
          continue
        }
        // A lost answer is asked for again under the same key; without one only what was surely not done is.
        const repeatable = isWorthRepeating(problem) && (problem.status !== 0 || !unrepeatable.has(name) || key !== undefined)
        if (!repeatable || attempt >= attempts) throw new ClientError(problem)
        await pause(problem.retry_after_ms ?? 200 * 2 ** attempt)
      }
    }
  }

  async function send(name: OperationName, input: Record<string, unknown>, key: string | undefined, timeoutMs: number): Promise<unknown> {
    const overSocket = door === 'socket' || (door === 'auto' && socket?.connected === true && !httpOnly.has(name))
    if (!overSocket) return sendHttp(url, routes[name], input, { token: tokens?.access_token, key, timeoutMs })
    const answer = (await socket?.timeout(timeoutMs).emitWithAck(name, key ? { ...input, key } : input)) as { ok: true; data: unknown } | { ok: false; problem: Problem }
    if (!answer.ok) throw new ClientError(answer.problem)
    return answer.data
  }

  async function refresh(): Promise<void> {
    refreshing ??= (async () => {
      try {
        const pair = (await sendHttp(url, routes['account:refresh'], { refresh_token: tokens?.refresh_token }, { timeoutMs: attemptMs })) as TokenPair
        tokens = pair
        onTokens?.(pair)
        if (socket) reconnect()
      } catch (error) {
        if (asProblem(error).status === 401) setTokens(undefined)
        throw error
      } finally {
        refreshing = undefined
      }
    })()
    return refreshing
  }

  function setTokens(pair: TokenPair | undefined): void {
    tokens = pair
    onTokens?.(pair)
    if (pair) reconnect()
    else close()
  }

  function connect(): void {
    if (socket || !tokens || door === 'http') return
    setState('connecting')
    const live = io(url, { transports: ['websocket'], auth: (give) => give({ token: tokens?.access_token }), reconnectionDelay: 300, reconnectionDelayMax: 5_000, randomizationFactor: 0.5, forceNew: true })
    socket = live
    live.on('connect', () => setState('online'))
    live.on('disconnect', (reason) => {
      setState('connecting')
      // The server closed it: an expired token, or it is going away. Socket.IO leaves coming back to us.
      if (reason === 'io server disconnect' && socket === live) void comeBack(live)
    })
    live.on('connect_error', (error: Error & { data?: Problem }) => {
      setState('connecting')
      if (error.data && socket === live) void comeBack(live, error.data.code)
    })
    live.onAny((fact: string, data: unknown, meta?: { event_id?: string }) => deliver(fact, data, meta?.event_id))
  }

  async function comeBack(live: Socket, code = 'token-expired'): Promise<void> {
    await pause(500)
    if (socket !== live || !tokens) return
    try {
      if (code === 'token-expired' || code === 'session-revoked') await refresh()
      else live.connect()
    } catch {
      if (tokens && socket === live) setTimeout(() => void comeBack(live, code), 2_000)
    }
  }

  function reconnect(): void {
    if (door === 'http') return
    socket?.close()
    socket = undefined
    connect()
  }

  function close(): void {
    socket?.close()
    socket = undefined
    setState('offline')
  }

  function deliver(fact: string, data: unknown, eventId: string | undefined): void {
    if (eventId !== undefined) {
      const once = `${eventId} ${fact}`
      if (seen.has(once)) return
      if (seen.size >= rememberedFacts) seen.delete(seen.values().next().value as string)
      seen.add(once)
    }
    inspect?.('fact', fact, data)
    for (const handler of listeners.get(fact) ?? []) handler(data as never)
  }

  function on<N extends FactName>(fact: N, handler: (data: Facts[N]) => void): () => void {
    const handlers = listeners.get(fact) ?? new Set()
    listeners.set(fact, handlers)
    handlers.add(handler as (data: never) => void)
    return () => void handlers.delete(handler as (data: never) => void)
  }

  function onState(handler: (state: State) => void): () => void {
    stateListeners.add(handler)
    return () => void stateListeners.delete(handler)
  }

  function setState(next: State): void {
    if (next === state) return
    state = next
    for (const handler of stateListeners) handler(next)
  }
}

/** 128 random bits. Not randomUUID: browsers have that on https and localhost only. */
export function newKey(): string {
  return Array.from(globalThis.crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
