import { type FactName, type Facts, type OperationName, type Operations, reaches } from '../features/catalogue.ts'
import type { TokenPair } from '../features/accounts/contract.ts'
import type { Problem } from '../kernel/errors.ts'
import type { Reach } from '../kernel/operation.ts'
import { createLine, type Line, type Meta } from './line.ts'
import { createNewsFilter } from './news.ts'
import { backoff, createEnding, pause, spread } from './pause.ts'
import { asProblem, ClientError, type ClientProblem, isForLater, noAnswer } from './problem.ts'
import type { Media } from '../features/media/contract.ts'
import { sendHttp } from './transport.ts'
import { sendUpload, type UploadMedia } from './upload.ts'

export type State = 'offline' | 'connecting' | 'online'

export interface CallOptions {
  /** the same key means the same effect; one is made when none is given */
  key?: string
  /** for each attempt; 10 s */
  timeout_ms?: number
}

/** Sees every answer and fact before anybody else does: for tests that hold them against the schemas, and for whoever shows what comes. */
export type Inspect = (kind: 'answer' | 'fact', name: string, data: unknown, meta?: Meta) => void

/** What answers a command on the socket. */
export type Ack = { ok: true; data: unknown; replayed?: true } | { ok: false; problem: Problem }

export interface ClientOptions {
  url: string
  tokens?: TokenPair | undefined
  /** told whenever they change; undefined after signing out or when the sign-in was ended */
  onTokens?: (tokens: TokenPair | undefined) => void
  /** `auto`: the socket when it is up, else HTTP */
  door?: 'auto' | 'socket' | 'http'
  inspect?: Inspect
}

export interface Client {
  /** @throws ClientError with the server's problem object, or with code `network` when no answer came */
  call<N extends OperationName>(name: N, input: Operations[N]['input'], options?: CallOptions): Promise<Operations[N]['output']>
  /** One file, for `message:send` to carry. Sent again it is another one: what is never sent goes after a day. @throws ClientError */
  uploadMedia(upload: UploadMedia): Promise<Media>
  /** One command over the socket and its acknowledgement as it came: no key is made, nothing is repeated. @throws ClientError `network` */
  emit(name: string, payload: unknown): Promise<Ack>
  /** @returns how to stop listening */
  on<N extends FactName>(fact: N, handler: (data: Facts[N]) => void): () => void
  onState(handler: (state: State) => void): () => void
  readonly state: State
  /** signs in with what these answer, or out */
  setTokens(tokens: TokenPair | undefined): void
  connect(): void
  /** for good: calls that wait are given up, and nothing of it keeps a process alive */
  close(): void
}

const attempts = 8
const attemptMs = 10_000
const pauses = { firstMs: 400, maxMs: 2_000 }
/** told to wait longer than that, the caller hears of it instead */
const patienceMs = 40_000
/** Three tries, each with its time. The server takes a refresh token a second time for ten seconds only: a lost answer is asked for again before that. */
const renewalsMs = [2_000, 3_000, 4_000]
const renewalPauseMs = 200

/**
 * One client over both doors: it reconnects, refreshes its tokens, re-sends with the same key until it has an answer, and gives every fact
 * once.
 */
export function createClient({ url, tokens: given, onTokens, door = 'auto', inspect }: ClientOptions): Client {
  let tokens = given
  let renewing: Promise<ClientProblem | undefined> | undefined
  let line: Line | undefined
  let state: State = 'offline'
  const ending = createEnding()
  const isNews = createNewsFilter()
  const listeners = new Map<string, Set<(data: never) => void>>()
  const stateListeners = new Set<(state: State) => void>()

  return { call, uploadMedia, emit, on, onState, setTokens, connect, close, get state() { return state } }

  async function call<N extends OperationName>(name: N, input: Operations[N]['input'], options: CallOptions = {}): Promise<Operations[N]['output']> {
    const key = options.key ?? (reaches[name].once ? newKey() : undefined)
    let overHttp = false
    let renewed = false
    for (let attempt = 1; ; attempt++) {
      const token = tokens?.access_token
      let { data, problem } = await send(name, input as Record<string, unknown>, { key, timeoutMs: options.timeout_ms ?? attemptMs, overHttp })
      if (!problem) {
        inspect?.('answer', name, data)
        return data as Operations[N]['output']
      }
      let again = isWorthRepeating(problem, reaches[name])
      if (token && !renewed && isAboutToken(problem, reaches[name])) {
        const trouble = await renew(token)
        renewed = trouble === undefined
        if (!trouble) continue
        problem = trouble
        again = trouble.status === 0 || isForLater(trouble)
      }
      const waitMs = Math.max(spread(problem.retry_after_ms ?? 0, 1 / 8), backoff(attempt, pauses))
      if (ending.isOver || attempt >= attempts || waitMs > patienceMs || !again) throw new ClientError(problem)
      // What broke on the socket may go through beside it.
      overHttp ||= problem.status === 0
      await pause(waitMs, ending)
    }
  }

  async function send(name: OperationName, input: Record<string, unknown>, { key, timeoutMs, overHttp }: { key: string | undefined; timeoutMs: number; overHttp: boolean }): Promise<{ data?: unknown; problem?: ClientProblem }> {
    const { route, door: only } = reaches[name]
    const bySocket = route === 'socket-only' || (only !== 'http' && (door === 'socket' || (door === 'auto' && !overHttp && line?.isUp === true)))
    try {
      if (ending.isOver) throw new ClientError(noAnswer('This client was closed'))
      if (!bySocket) return { data: await sendHttp(url, route, input, { token: tokens?.access_token, key, timeoutMs, ending }) }
      connect()
      const answer = (await line?.ask(name, key ? { ...input, key } : input, timeoutMs)) as Ack | undefined
      return answer ?? { problem: { type: '/problems/unauthenticated', title: 'Sign in first', status: 401, code: 'unauthenticated' } }
    } catch (error) {
      return { problem: asProblem(error) }
    }
  }

  async function uploadMedia(upload: UploadMedia): Promise<Media> {
    const token = tokens?.access_token
    try {
      return await sendUpload(url, upload, { token, ending })
    } catch (error) {
      const isOld = asProblem(error).status === 401 && token !== undefined
      if (!isOld || (await renew(token)) || !tokens) throw error
      return sendUpload(url, upload, { token: tokens.access_token, ending })
    }
  }

  async function emit(name: string, payload: unknown): Promise<Ack> {
    if (!line?.isUp) throw new ClientError(noAnswer('There is no connection'))
    return line.ask(name, payload, attemptMs).then(
      (ack) => ack as Ack,
      (error: unknown) => {
        throw new ClientError(asProblem(error))
      },
    )
  }

  /** One renewal for everybody who found the same token too old; signs out when the sign-in is over. @returns why it could not be told */
  function renew(spent: string): Promise<ClientProblem | undefined> {
    if (!tokens || tokens.access_token !== spent) return Promise.resolve(undefined)
    renewing ??= exchange(tokens).finally(() => (renewing = undefined))
    return renewing
  }

  async function exchange(pair: TokenPair): Promise<ClientProblem | undefined> {
    let trouble: ClientProblem | undefined
    for (const timeoutMs of renewalsMs) {
      try {
        const fresh = (await sendHttp(url, reaches['account:refresh'].route, { refresh_token: pair.refresh_token }, { timeoutMs, ending })) as TokenPair
        inspect?.('answer', 'account:refresh', fresh)
        // Somebody signed in or out meanwhile: theirs stand.
        if (tokens !== pair) return undefined
        keep(fresh)
        if (line?.isUp === false) line.dial()
        return undefined
      } catch (error) {
        trouble = asProblem(error)
        if (trouble.status === 401) {
          if (tokens === pair) setTokens(undefined)
          return undefined
        }
        await pause(renewalPauseMs, ending)
      }
    }
    return trouble
  }

  function setTokens(pair: TokenPair | undefined): void {
    line?.close()
    line = undefined
    keep(pair)
    if (pair) connect()
    if (!line) setState('offline')
  }

  function keep(pair: TokenPair | undefined): void {
    tokens = pair
    onTokens?.(pair)
  }

  function connect(): void {
    if (line || !tokens || door === 'http' || ending.isOver) return
    line = createLine({ url, auth: () => ({ token: tokens?.access_token }), onUp: () => setState('online'), onDown, onFact: hear })
    setState('connecting')
    line.dial()
  }

  function onDown(refusal: Problem | undefined): void {
    setState('connecting')
    if (refusal?.status === 401) renewQuietly()
  }

  /** The connection goes on with a newer token, instead of being made anew every ten minutes. */
  async function prolong(): Promise<void> {
    if (tokens && !(await renew(tokens.access_token)) && tokens) await line?.ask('session:refresh-token', { token: tokens.access_token }, attemptMs).catch(() => {})
  }

  // Whatever goes wrong here, the line's next attempt finds out.
  function renewQuietly(): void {
    if (tokens) void renew(tokens.access_token)
  }

  function hear(fact: string, data: unknown, meta: Meta | undefined): void {
    if (!isNews(fact, data, meta)) return
    inspect?.('fact', fact, data, meta)
    if (fact === 'session:expiring') void prolong()
    if (fact === 'session:revoked') {
      if ((data as Facts['session:revoked']).reason === 'token-expired') renewQuietly()
      else setTokens(undefined)
    }
    for (const handler of listeners.get(fact) ?? []) handler(data as never)
  }

  function close(): void {
    ending.end()
    line?.close()
    line = undefined
    setState('offline')
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

/** Not so where the door is HTTP alone: there it is said of a password or of a refresh token. */
function isAboutToken({ status, code }: ClientProblem, { door }: Reach): boolean {
  return status === 401 && (door !== 'http' || code === 'token-expired')
}

/** After a lost answer, what HTTP calls idempotent, carries a key or an id of its own is asked for again; anything else could be done twice. */
function isWorthRepeating(problem: ClientProblem, { route, once, repeatable }: Reach): boolean {
  return isForLater(problem) || (problem.status === 0 && (once !== undefined || repeatable === true || /^(GET|PUT|DELETE) /.test(route)))
}
