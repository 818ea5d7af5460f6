import { type Server as HttpServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import { Server, type Namespace, type Socket } from 'socket.io'
import type { Wall } from '../../kernel/clock.ts'
import { type Actor, type Context, type Logger, type OwnRooms, principalOf } from '../../kernel/context.ts'
import { AppError, ensure, type ErrorCode, toProblem } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import type { AnyOperation } from '../../kernel/operation.ts'
import type { Invoke } from '../invoke.ts'
import { createSeats, createWaitingRoom } from './crowd.ts'
import type { Relay } from './relay.ts'
import { defaultPatience, guardReader, type Patience } from './slow-readers.ts'

const maxUnknownPerMinute = 10
const expiryGraceMs = 1_000
const warnMs = 60_000
const maxWaitingPerAddress = 200
const lastWordsMs = 1_000
const maxRooms = 100

/** What a namespace accepts and who may enter it. */
export interface SocketDoor {
  namespace: '/' | '/overlay'
  operations: readonly AnyOperation[]
  /** @throws AppError `unauthenticated`, `token-expired`, `session-revoked`, `rate-limited` */
  admit(auth: Readonly<Record<string, unknown>>, socket: { id: string; address: string }): Promise<Admission>
  /** anything but the known commands ends the connection */
  strict: boolean
  /** connections of one principal; one more closes the oldest */
  seats?: number
  entered?(socket: LiveSocket): Promise<void>
  left?(socket: LiveSocket): Promise<void>
}

export interface Admission {
  actor: Actor
  rooms: string[]
  /** the socket is told and closed then */
  expires_at?: Date
}

export interface LiveSocket {
  readonly id: string
  readonly actor: Actor
  emit(event: string, data: unknown): void
  /** tells why, then closes */
  refuse(error: AppError): void
  close(): void
}

export interface Gateway {
  /** tells every socket to come back soon, at different moments, lets the commands that run be answered, and closes it */
  drain(): Promise<void>
  /** live sockets of this process, by namespace */
  connections(): Record<string, number>
}

export function createGateway({
  http,
  doors,
  invoke,
  relay,
  wall,
  log,
  allowOrigin,
  addressOf,
  draining,
  patience = defaultPatience,
}: {
  http: HttpServer
  doors: readonly SocketDoor[]
  invoke: Invoke
  relay: Relay
  wall: Wall
  log: Logger
  allowOrigin: (request: IncomingMessage) => boolean
  addressOf: (request: IncomingMessage) => string
  draining: () => boolean
  patience?: Patience
}): Gateway {
  const waitingRoom = createWaitingRoom(maxWaitingPerAddress)
  const io = new Server(http, {
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: 64 * 1024,
    connectTimeout: 5_000,
    pingInterval: 20_000,
    pingTimeout: 20_000,
    perMessageDeflate: false,
    httpCompression: false,
    // No connection-state recovery: it hands a session to whoever holds its private id. Streams have cursors of their own.
    allowRequest: (request, decide) => {
      if (draining()) turnAway(request, new AppError('retry', { retry_after_ms: 2_000 }))
      else if (!allowOrigin(request)) turnAway(request, new AppError('origin'))
      else if (!waitingRoom.enter(request, addressOf(request))) turnAway(request, new AppError('rate-limited', { retry_after_ms: 5_000 }))
      else decide(null, true)
    },
  })
  /** commands and hooks that are under way: each may have a transaction open */
  const underWay = new Set<Promise<void>>()
  let closing = false
  relay.attach(io)
  for (const door of doors) openDoor(io.of(door.namespace), door)

  return Object.freeze({ drain, connections: () => Object.fromEntries(doors.map(({ namespace }) => [namespace, io.of(namespace).sockets.size])) })

  function openDoor(namespace: Namespace, door: SocketDoor): void {
    const operations = new Map(door.operations.map((each) => [each.name, each]))
    const seats = createSeats<LiveSocket>(door.seats ?? Number.POSITIVE_INFINITY)
    namespace.use((socket, next) => {
      admit(socket, door).then(
        () => next(),
        (error: unknown) => next(refusal(error)),
      )
    })
    namespace.on('connection', (socket) => {
      const admission = socket.data as Admission
      const live: LiveSocket = Object.freeze({
        id: socket.id,
        actor: admission.actor,
        emit: (event: string, data: unknown) => void socket.emit(event, data, { event_id: newId('evt'), at: wall.now().toISOString() }),
        refuse: (error: AppError) => {
          socket.emit('error', toProblem(error))
          socket.disconnect(true)
        },
        close: () => void socket.disconnect(true),
      })
      waitingRoom.leave(socket.request)
      guardReader(socket.conn, patience, {
        fell: () => log.warn({ socket_id: socket.id }, 'a connection does not read what it is sent; the rest is dropped'),
        // An overlay's page learns where its queue is by coming anew.
        back: () => (door.strict ? socket.disconnect(true) : socket.emit('session:resync', {}, { event_id: newId('evt'), at: wall.now().toISOString() })),
      })
      const principal = principalOf(admission.actor)
      seats.take(principal, live)?.refuse(new AppError('busy', { detail: `At most ${door.seats} connections at a time; this was the oldest` }))
      const expiry = admission.expires_at ? createExpiry(socket, admission.expires_at) : undefined
      const strikes = { count: 0, since: wall.now().getTime() }
      socket.onAny((event: unknown, ...args: unknown[]) => {
        track(receive(socket, door, operations, admission.actor, expiry?.renew, strikes, event, args))
      })
      socket.on('disconnect', () => {
        expiry?.stop()
        seats.leave(principal, live)
        guard('left', door.left?.(live))
      })
      guard('entered', door.entered?.(live))
    })
  }

  async function admit(socket: Socket, door: SocketDoor): Promise<void> {
    const auth: unknown = socket.handshake.auth
    const plain = auth !== null && typeof auth === 'object' && !Array.isArray(auth) ? (auth as Record<string, unknown>) : {}
    const admission = await door.admit(plain, { id: socket.id, address: addressOf(socket.request) })
    socket.data = admission
    await socket.join(admission.rooms)
  }

  // The only listener: nothing that a client sends may throw here or go unanswered where it asked for an answer.
  async function receive(
    socket: Socket,
    door: SocketDoor,
    operations: ReadonlyMap<string, AnyOperation>,
    actor: Actor,
    renew: ((until: Date) => void) | undefined,
    strikes: { count: number; since: number },
    event: unknown,
    args: unknown[],
  ): Promise<void> {
    const requestId = newId('req')
    const last = args.at(-1)
    const ack = typeof last === 'function' ? (last as (answer: unknown) => void) : undefined
    const payload = args.length > 0 && typeof args[0] !== 'function' ? args[0] : {}
    try {
      const operation = typeof event === 'string' ? operations.get(event) : undefined
      if (!operation) {
        if (door.strict) throw new AppError('forbidden')
        throw new AppError('unknown-event')
      }
      if (closing) throw new AppError('retry', { retry_after_ms: 2_000 })
      const { key, rest } = takeKey(payload)
      const ctx: Context = { actor, request_id: requestId, door: 'socket', address: addressOf(socket.request), agent: socket.handshake.headers['user-agent'] ?? '', socket_id: socket.id, rooms: roomsOf(socket), ...(renew ? { renew } : {}), log }
      const answer = await invoke(operation, ctx, rest, key)
      ack?.({ ok: true, data: answer.data, ...(answer.replayed ? { replayed: true } : {}) })
    } catch (error) {
      const problem = toProblem(error, requestId)
      if (ack) ack({ ok: false, problem })
      else socket.emit('error', problem)
      if (door.strict && problem.code === 'forbidden') socket.disconnect(true)
      else if (isStrike(problem.code) && tooMany(strikes)) socket.disconnect(true)
    }
  }

  function tooMany(strikes: { count: number; since: number }): boolean {
    const now = wall.now().getTime()
    if (now - strikes.since > 60_000) Object.assign(strikes, { count: 0, since: now })
    strikes.count++
    return strikes.count >= maxUnknownPerMinute
  }

  /** Warns before a token ends and closes when it has; a newer one moves both. */
  function createExpiry(socket: Socket, until: Date): { renew: (until: Date) => void; stop: () => void } {
    let timers: NodeJS.Timeout[] = []
    const stop = (): void => timers.forEach((timer) => clearTimeout(timer))
    const tell = (event: string, data: object): void => void socket.emit(event, data, { event_id: newId('evt'), at: wall.now().toISOString() })
    const renew = (at: Date): void => {
      stop()
      const leftMs = at.getTime() - wall.now().getTime()
      const warn = (): void => tell('session:expiring', { in_ms: Math.max(0, at.getTime() - wall.now().getTime()) })
      const end = (): void => {
        tell('session:revoked', { reason: 'token-expired' })
        socket.disconnect(true)
      }
      timers = [setTimeout(warn, Math.max(0, leftMs - warnMs)).unref(), setTimeout(end, Math.max(0, leftMs + expiryGraceMs)).unref()]
    }
    renew(until)
    return { renew, stop }
  }

  function guard(what: string, work: Promise<void> | undefined): void {
    if (work) track(work.catch((error: unknown) => log.error({ err: error, what }, 'a socket hook failed')))
  }

  function track(work: Promise<void>): void {
    underWay.add(work)
    void work.finally(() => underWay.delete(work))
  }

  async function drain(): Promise<void> {
    for (const { namespace } of doors)
      for (const socket of io.of(namespace).sockets.values()) socket.emit('server:draining', { reconnect_in_ms: 500 + (Math.abs(Number.parseInt(socket.id.slice(0, 4), 36) || 0) % 2_000) })
    closing = true
    // An open transaction whose process is gone keeps its documents from everybody else for a minute.
    await Promise.all(underWay)
    const connections = new Set(doors.flatMap(({ namespace }) => [...io.of(namespace).sockets.values()].map((socket) => socket.conn)))
    const closed = [...connections].map((connection) => new Promise((resolve) => connection.once('close', resolve)))
    for (const { namespace } of doors) io.of(namespace).local.disconnectSockets(true)
    // A connection closes by itself when its last answers are written; the engine would throw them away.
    await Promise.race([Promise.all(closed), new Promise((resolve) => setTimeout(resolve, lastWordsMs).unref())])
    io.engine.close()
    await Promise.all(underWay)
  }
}

// Engine.IO would answer every refused upgrade with 400 and a bare word.
function turnAway(request: IncomingMessage, error: AppError): void {
  const problem = toProblem(error)
  const body = JSON.stringify(problem)
  const retry = problem.retry_after_ms === undefined ? '' : `Retry-After: ${Math.ceil(problem.retry_after_ms / 1000)}\r\n`
  request.socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${retry}Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

function refusal(error: unknown): Error {
  const problem = toProblem(error)
  return Object.assign(new Error(problem.code), { data: problem })
}

function roomsOf(socket: Socket): OwnRooms {
  return {
    async join(room) {
      ensure(socket.rooms.has(room) || socket.rooms.size < maxRooms, 'busy', `At most ${maxRooms} rooms on one connection`)
      await socket.join(room)
    },
    async leave(room) {
      await socket.leave(room)
    },
  }
}

function isStrike(code: ErrorCode): boolean {
  return code === 'unknown-event' || code === 'rate-limited'
}

function takeKey(payload: unknown): { key: unknown; rest: unknown } {
  if (payload === null || typeof payload !== 'object' || Array.isArray(payload) || !Object.hasOwn(payload, 'key')) return { key: undefined, rest: payload }
  const { key, ...rest } = payload as Record<string, unknown>
  return { key, rest }
}
