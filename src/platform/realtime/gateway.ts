import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { Server, type Namespace, type Socket } from 'socket.io'
import type { Wall } from '../../kernel/clock.ts'
import type { Actor, Context, Logger } from '../../kernel/context.ts'
import { AppError, type ErrorCode, toProblem } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import type { AnyOperation } from '../../kernel/operation.ts'
import type { Invoke } from '../invoke.ts'
import type { Relay } from './relay.ts'

const maxUnknownPerMinute = 10
const expiryGraceMs = 1_000

/** What a namespace accepts and who may enter it. */
export interface SocketDoor {
  namespace: '/' | '/overlay'
  operations: readonly AnyOperation[]
  /** @throws AppError `unauthenticated`, `token-expired`, `session-revoked`, `rate-limited` */
  admit(auth: Readonly<Record<string, unknown>>, socket: { id: string; address: string }): Promise<Admission>
  /** anything but the known commands ends the connection */
  strict: boolean
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
  close(): void
}

export interface Gateway {
  /** tells every socket to come back soon, at different moments, and closes it */
  drain(): Promise<void>
  connections(): number
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
}): Gateway {
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
      if (draining()) decide('draining', false)
      else decide(allowOrigin(request) ? null : 'origin', allowOrigin(request))
    },
  })
  relay.attach(io)
  for (const door of doors) openDoor(io.of(door.namespace), door)

  return Object.freeze({ drain, connections: () => io.engine.clientsCount })

  function openDoor(namespace: Namespace, door: SocketDoor): void {
    const operations = new Map(door.operations.map((each) => [each.name, each]))
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
        close: () => void socket.disconnect(true),
      })
      const expiry = admission.expires_at ? closeAtExpiry(socket, admission.expires_at) : undefined
      const strikes = { count: 0, since: wall.now().getTime() }
      socket.onAny((event: unknown, ...args: unknown[]) => {
        void receive(socket, door, operations, admission.actor, strikes, event, args)
      })
      socket.on('disconnect', () => {
        clearTimeout(expiry)
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
      const { key, rest } = takeKey(payload)
      const ctx: Context = { actor, request_id: requestId, door: 'socket', address: addressOf(socket.request), socket_id: socket.id, log }
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

  function closeAtExpiry(socket: Socket, at: Date): NodeJS.Timeout {
    const leftMs = at.getTime() - wall.now().getTime() + expiryGraceMs
    return setTimeout(() => {
      socket.emit('session:revoked', { reason: 'token-expired' }, { event_id: newId('evt'), at: wall.now().toISOString() })
      socket.disconnect(true)
    }, Math.max(0, leftMs)).unref()
  }

  function guard(what: string, work: Promise<void> | undefined): void {
    work?.catch((error: unknown) => log.error({ err: error, what }, 'a socket hook failed'))
  }

  async function drain(): Promise<void> {
    for (const { namespace } of doors)
      for (const socket of io.of(namespace).sockets.values()) socket.emit('server:draining', { reconnect_in_ms: 500 + Math.floor((Number.parseInt(socket.id.slice(0, 4), 36) || 0) % 2_000) })
    for (const { namespace } of doors) io.of(namespace).local.disconnectSockets(true)
    io.engine.close()
    await Promise.resolve()
  }
}

function refusal(error: unknown): Error {
  const problem = toProblem(error)
  return Object.assign(new Error(problem.code), { data: problem })
}

function isStrike(code: ErrorCode): boolean {
  return code === 'unknown-event' || code === 'rate-limited'
}

function takeKey(payload: unknown): { key: unknown; rest: unknown } {
  if (payload === null || typeof payload !== 'object' || Array.isArray(payload) || !Object.hasOwn(payload, 'key')) return { key: undefined, rest: payload }
  const { key, ...rest } = payload as Record<string, unknown>
  return { key, rest }
}
