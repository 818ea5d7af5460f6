import { performance } from 'node:perf_hooks'
import type { Context, Role } from '../kernel/context.ts'
import { principalOf } from '../kernel/context.ts'
import { AppError, ensure, type ErrorCode, fail, statusOf } from '../kernel/errors.ts'
import type { AnyOperation, Audience } from '../kernel/operation.ts'
import type { Idempotency } from './idempotency.ts'
import { createInputReader } from './input.ts'
import type { Maintenance } from './maintenance.ts'
import type { Metrics } from './metrics.ts'
import type { Limiter } from './rate-limit.ts'

export interface Answer {
  data: unknown
  /** the stored answer of an earlier call with the same key */
  replayed: boolean
}

export interface Invoke {
  /**
   * The one pipeline behind both doors: address limit → audience → principal limit → maintenance → schema → idempotency key → service.
   * @throws AppError; anything else is a fault of ours
   */
  (operation: AnyOperation, ctx: Context, raw: unknown, key: unknown): Promise<Answer>
}

export interface Limits {
  anonymous: Limiter
  http: Limiter
  socket: Limiter
}

export function createInvoke({
  idempotency,
  limits,
  maintenance,
  metrics,
  operations,
  slowMs,
}: {
  idempotency: Idempotency
  limits: Limits
  maintenance: Maintenance
  metrics: Metrics
  operations: readonly AnyOperation[]
  /** from how long on a line is worth reading */
  slowMs: number
}): Invoke {
  const readers = new Map(operations.map((each) => [each, createInputReader(each.input)]))

  return async (operation, ctx, raw, key) => {
    const started = performance.now()
    let outcome = 'ok'
    try {
      return await proceed(operation, ctx, raw, key)
    } catch (error) {
      outcome = error instanceof AppError ? error.code : isTransient(error) ? 'retry' : 'internal'
      if (outcome === 'retry' && !(error instanceof AppError)) {
        ctx.log.warn({ err: error, operation: operation.name }, 'the store could not answer in time')
        return fail('retry', { retry_after_ms: 1000 })
      }
      if (outcome === 'internal') ctx.log.error({ err: error, operation: operation.name, request_id: ctx.request_id }, 'an operation failed')
      throw error
    } finally {
      const ms = Math.round(performance.now() - started)
      const line = { operation: operation.name, door: ctx.door, outcome, ms, request_id: ctx.request_id, principal: principalOf(ctx.actor) }
      metrics.operation(line)
      if (ms >= slowMs) ctx.log.info(line, 'slow operation')
      else if (isFault(outcome)) ctx.log.info(line, 'failed operation')
      else ctx.log.debug(line, 'operation')
    }
  }

  async function proceed(operation: AnyOperation, ctx: Context, raw: unknown, key: unknown): Promise<Answer> {
    if (ctx.actor.kind === 'anonymous') await limits.anonymous.take(ctx.address, operation.cost)
    admit(operation.audience, ctx)
    if (ctx.door === 'socket' && ctx.socket_id) await limits.socket.take(ctx.socket_id, operation.cost)
    else if (ctx.actor.kind !== 'anonymous') await limits.http.take(principalOf(ctx.actor), operation.cost)
    await maintenance.ensureOpen(operation, ctx)
    const read = readers.get(operation)
    if (!read) throw new Error(`${operation.name} is in no feature's list`)
    const input = read(raw)
    if (!operation.once || (operation.once === 'optional' && key === undefined)) return { data: await operation.handle(ctx, input), replayed: false }
    ctx.once = idempotency.scope(ctx.actor, operation.name, key, input)
    const earlier = await idempotency.lookUp(ctx.once)
    if (earlier) return { data: earlier.answer, replayed: true }
    const data = await operation.handle(ctx, input)
    return { data, replayed: ctx.once.replayed }
  }
}

function isFault(outcome: string): boolean {
  return outcome !== 'ok' && statusOf(outcome as ErrorCode) >= 500
}

function admit(audience: Audience, ctx: Context): void {
  const actor = ctx.actor
  if (audience === 'public') return
  if (audience === 'overlay') {
    ensure(actor.kind === 'overlay', actor.kind === 'anonymous' ? 'unauthenticated' : 'forbidden')
    return
  }
  ensure(actor.kind === 'user', actor.kind === 'overlay' ? 'forbidden' : 'unauthenticated')
  const roles: Record<'signed-in' | 'creator' | 'admin', readonly Role[]> = { 'signed-in': ['fan', 'creator', 'admin'], creator: ['creator'], admin: ['admin'] }
  ensure(roles[audience].includes(actor.role), 'forbidden')
}

// The store is restarting, or conflicts went on for too long: nothing was written, and the same call may go through in a moment.
function isTransient(error: unknown): boolean {
  const name = error instanceof Error ? error.name : ''
  if (/^(MongoNetwork|MongoServerSelection|MongoPoolCleared|MongoNotConnected|MongoTopologyClosed|MongooseServerSelection)/.test(name)) return true
  const labels = error as { hasErrorLabel?: (label: string) => boolean; code?: unknown }
  // The driver lets this one through bare when the other end goes while it waits for room to write.
  if (labels.code === 'EPIPE' || labels.code === 'ECONNRESET') return true
  return typeof labels.hasErrorLabel === 'function' && labels.hasErrorLabel('TransientTransactionError')
}
