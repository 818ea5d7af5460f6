import { createHash } from 'node:crypto'
import type { Bell } from '../../kernel/bell.ts'
import type { Wall } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import { jitter } from '../../kernel/ids.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { InboxRow, PaymentModels } from './model.ts'
import { type PaymentProvider, type ProviderEvent, ProviderUnavailable } from './port.ts'
import type { Settle } from './settle.ts'

const claimMs = 30_000
const pageSize = 50
const parkAfter = 24
const maxBackoffMs = 3600_000
const knownWords = new Set(['pending', 'processing', 'success', 'succeeded', 'failed', 'cancelled'])

export type Inbox = ReturnType<typeof createInbox>

/** Webhooks are hints, kept before they are answered. What moves money is the provider's own answer to our question. */
export function createInbox({
  models,
  providerOf,
  settle,
  unitOfWork,
  wall,
  bell,
  context,
  failpoints,
  log,
}: {
  models: PaymentModels
  providerOf: (name: string) => PaymentProvider | undefined
  settle: Settle
  unitOfWork: UnitOfWork
  wall: Wall
  bell: Pick<Bell, 'ring'>
  context: () => Context
  failpoints: Failpoints
  log: Logger
}) {
  const { Inbox: Rows } = models

  return Object.freeze({ receive, pollDue, work, releaseAll, oldestSeconds })

  /** Stores the event once. A second one under the same id changes nothing; when its content differs, that is told. */
  async function receive(provider: string, event: ProviderEvent, raw: Buffer): Promise<{ inbox_id: string; is_new: boolean }> {
    failpoints.hit('payments.webhook.before-inbox')
    const inbox_id = `${provider}:${event.event_id}`
    const body_hash = createHash('sha256').update(raw).digest('base64url')
    const now = wall.now()
    const row: InboxRow = {
      _id: inbox_id,
      provider,
      reference: event.reference,
      status: event.status,
      body_hash,
      outcome: 'received',
      entry_ids: [],
      attempts: 0,
      due_at: now,
      received_at: now,
    }
    try {
      await Rows.insertMany([row])
    } catch (error) {
      if ((error as { code?: unknown }).code !== 11000) throw error
      const first = await Rows.findById(inbox_id).lean()
      if (first && first.body_hash !== body_hash) log.error({ inbox_id, provider }, 'a provider sent another message under an event id that it had used')
      return { inbox_id, is_new: false }
    }
    failpoints.hit('payments.webhook.after-inbox')
    return { inbox_id, is_new: true }
  }

  async function pollDue(): Promise<void> {
    const rows = await Rows.find({ due_at: { $lte: wall.now() } }, { _id: 1 })
      .sort({ due_at: 1 })
      .limit(pageSize)
      .lean()
    for (const row of rows) await work(row._id)
    if (rows.length === pageSize) bell.ring()
  }

  /** After a start as the only process: the worker that had claimed these is gone. */
  async function releaseAll(): Promise<void> {
    await Rows.updateMany({ due_at: { $exists: true } }, { $set: { due_at: wall.now() } })
  }

  /** 0 when nothing waits. */
  async function oldestSeconds(): Promise<number> {
    const row = await Rows.findOne({ due_at: { $exists: true } }, { received_at: 1 }).sort({ received_at: 1 }).lean()
    return row ? Math.max(0, (wall.now().getTime() - row.received_at.getTime()) / 1_000) : 0
  }

  /** Claims one row and sees it through. Two workers at once: the claim lets one through, and the state table makes the other harmless. */
  async function work(inboxId: string): Promise<void> {
    const now = wall.now()
    const row = await Rows.findOneAndUpdate({ _id: inboxId, due_at: { $lte: now } }, { $set: { due_at: new Date(now.getTime() + claimMs) }, $inc: { attempts: 1 } }, { returnDocument: 'after' }).lean()
    if (!row) return
    failpoints.hit('payments.inbox.after-claim')
    try {
      await apply(row)
    } catch (error) {
      await putOff(row, error)
    }
  }

  async function apply(row: InboxRow): Promise<void> {
    if (!knownWords.has(row.status)) return finish(row, 'ignored')
    const provider = providerOf(row.provider)
    if (!provider) return finish(row, 'parked')
    const told = await provider.query(row.reference)
    failpoints.hit('payments.inbox.after-query')
    if (told.status === 'not_found') return finish(row, 'parked')
    const ctx = context()
    const result = await unitOfWork.run(ctx, async (tx) => {
      const { outcome, entry_ids } = await settle(tx, ctx, told, row._id)
      await Rows.updateOne({ _id: row._id, outcome: 'received' }, { $set: { outcome, entry_ids }, $unset: { due_at: 1, last_error: 1 } })
      failpoints.hit('payments.inbox.before-commit')
      return outcome
    })
    failpoints.hit('payments.inbox.after-commit')
    if (result === 'mismatch') log.error({ inbox_id: row._id, reference: row.reference }, 'a provider reports another amount or currency than was asked for: the payment waits for review')
  }

  async function finish(row: InboxRow, outcome: 'ignored' | 'parked'): Promise<void> {
    await Rows.updateOne({ _id: row._id, outcome: 'received' }, { $set: { outcome }, $unset: { due_at: 1 } })
    log.warn({ inbox_id: row._id, outcome, status: row.status }, 'a webhook could not be applied')
  }

  async function putOff(row: InboxRow, error: unknown): Promise<void> {
    const parked = row.attempts >= parkAfter
    const backoffMs = Math.min(maxBackoffMs, 1_000 * 2 ** row.attempts) * (0.5 + jitter())
    log.warn({ err: error, inbox_id: row._id, attempts: row.attempts, parked, provider_down: error instanceof ProviderUnavailable }, 'a webhook is put off')
    const last_error = error instanceof Error ? error.message.slice(0, 500) : 'unknown'
    await Rows.updateOne(
      { _id: row._id, outcome: 'received' },
      parked ? { $set: { outcome: 'parked', last_error }, $unset: { due_at: 1 } } : { $set: { last_error, due_at: new Date(wall.now().getTime() + backoffMs) } },
    )
    bell.ring(backoffMs)
  }
}
