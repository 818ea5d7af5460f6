import { createHash } from 'node:crypto'
import { type Connection, Schema } from 'mongoose'
import type { Wall } from '../kernel/clock.ts'
import { type Actor, type Context, type Once, principalOf } from '../kernel/context.ts'
import { ensure, fail } from '../kernel/errors.ts'
import type { Tx } from '../kernel/events.ts'
import { rowOptions } from './mongo.ts'

const keepMs = 72 * 3600_000
const leaseMs = 30_000
const leastAnonymousKey = 20
const visibleAscii = /^[\x21-\x7e]{1,200}$/

export interface IdempotencyRow {
  /** principal, operation and key */
  _id: string
  request_hash: string
  state: 'started' | 'done'
  answer?: unknown
  /** what a staged operation made in its first step: its intent */
  resource_id?: string
  lease_until?: Date
  expires_at: Date
}

export type Idempotency = ReturnType<typeof createIdempotency>

/** One key, one principal, one operation: one effect and one answer, for 72 h. */
export function createIdempotency({ connection, wall }: { connection: Connection; wall: Wall }) {
  const schema = new Schema<IdempotencyRow>(
    {
      _id: { type: String, required: true },
      request_hash: { type: String, required: true },
      state: { type: String, enum: ['started', 'done'], required: true },
      answer: { type: Schema.Types.Mixed },
      resource_id: String,
      lease_until: Date,
      expires_at: { type: Date, required: true },
    },
    rowOptions<IdempotencyRow>('idempotency_keys'),
  ).index({ expires_at: 1 }, { expireAfterSeconds: 0 })
  const Rows = connection.model<IdempotencyRow>('IdempotencyKey', schema)

  return Object.freeze({ scope, lookUp, earlier, store, begin, claim, forget, release, releaseAll, model: Rows })

  /**
   * Of people without an account, the key is all that tells them apart: one that could be guessed would hand out a stranger's answer.
   * @throws AppError `idempotency-key` when it is missing, too long or holds control characters
   */
  function scope(actor: Actor, operation: string, key: unknown, input: unknown): Once {
    ensure(typeof key === 'string' && visibleAscii.test(key), 'idempotency-key')
    ensure(actor.kind !== 'anonymous' || key.length >= leastAnonymousKey, 'idempotency-key', `Without an account it takes a random key of at least ${leastAnonymousKey} characters`)
    return { row_id: `${principalOf(actor)}|${operation}|${key}`, request_hash: hashOf(input), replayed: false }
  }

  /**
   * The stored answer, before the service runs: a replay asks no policy again.
   * @throws AppError `key-reused` for another input, `in-progress` while the first call still runs
   */
  async function lookUp(once: Once): Promise<{ answer: unknown } | undefined> {
    const row = await Rows.findById(once.row_id).lean()
    once.known = row !== null
    return row ? answerOf(row, once) : undefined
  }

  /** The same look for whoever is under way already: the answer of a twin that was faster. */
  async function earlier(ctx: Context): Promise<{ answer: unknown } | undefined> {
    const once = ctx.once
    if (!once || once.staged) return undefined
    const found = await lookUp(once)
    once.replayed = found !== undefined
    return found
  }

  /** Stores the answer in the transaction of the effect. */
  async function store(tx: Tx, once: Once, answer: unknown): Promise<void> {
    const row = { request_hash: once.request_hash, state: 'done' as const, answer, expires_at: expiry() }
    if (once.staged) await Rows.updateOne({ _id: once.row_id }, { $set: row, $unset: { lease_until: 1 } })
    else tx.insert(Rows, [{ _id: once.row_id, ...row }])
  }

  /** The first step of a staged operation: the intent and its lease, in one transaction. */
  function begin(tx: Tx, once: Once, resourceId: string): void {
    once.lease_until = lease()
    tx.insert(Rows, [{ _id: once.row_id, request_hash: once.request_hash, state: 'started', resource_id: resourceId, lease_until: once.lease_until, expires_at: expiry() }])
  }

  /** Takes over an intent whose first caller is gone. Two that try at once: the filter lets one through. */
  async function claim(once: Once): Promise<string | undefined> {
    if (once.known === false) return undefined
    once.lease_until = lease()
    const row = await Rows.findOneAndUpdate(
      { _id: once.row_id, state: 'started', lease_until: { $lte: wall.now() } },
      { $set: { lease_until: once.lease_until } },
      { returnDocument: 'after' },
    ).lean()
    return row?.resource_id
  }

  /** A refusal leaves no row: the next call under this key starts afresh. */
  async function forget(once: Once): Promise<void> {
    await Rows.deleteOne({ _id: once.row_id, state: 'started' })
  }

  /** A call that could not go on gives its lease back, unless it ran out and somebody else has it now. */
  async function release(once: Once): Promise<void> {
    await Rows.updateOne({ _id: once.row_id, state: 'started', lease_until: once.lease_until as Date }, { $set: { lease_until: wall.now() } })
  }

  /** After a start as the only process: whoever held these leases is gone, so the same key may go on at once. */
  async function releaseAll(): Promise<void> {
    await Rows.updateMany({ state: 'started' }, { $set: { lease_until: wall.now() } })
  }

  function answerOf(row: IdempotencyRow, once: Once): { answer: unknown } | undefined {
    if (row.request_hash !== once.request_hash) fail('key-reused')
    if (row.state === 'done') return { answer: row.answer }
    const leftMs = (row.lease_until?.getTime() ?? 0) - wall.now().getTime()
    if (leftMs > 0) fail('in-progress', { retry_after_ms: leftMs })
    return undefined
  }

  function expiry(): Date {
    return new Date(wall.now().getTime() + keepMs)
  }

  function lease(): Date {
    return new Date(wall.now().getTime() + leaseMs)
  }
}

function hashOf(input: unknown): string {
  return createHash('sha256').update(canonical(input)).digest('base64url')
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  const parts = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
  return `{${parts.toSorted().join(',')}}`
}
