import type { Wall } from '../../kernel/clock.ts'
import { type Context, principalOf } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import { type Page, pageOf } from '../../kernel/page.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { AdminTransaction, InboxEvent, PaymentStatus, TransactionQuery, WebhookQuery } from './contract.ts'
import type { InboxRow, PaymentModels } from './model.ts'
import { presentInbox, presentTransaction } from './present.ts'
import { statesOf } from './states.ts'

const defaultLimit = 50
const replayable: readonly InboxRow['outcome'][] = ['parked', 'ignored', 'mismatch', 'received']

export type PaymentDesk = ReturnType<typeof createPaymentDesk>

/** What an admin sees of payments and their webhooks. It reads; the only thing it moves is the moment at which a webhook is worked on again. */
export function createPaymentDesk({
  models,
  unitOfWork,
  audit,
  cursors,
  wall,
  nudge,
}: {
  models: PaymentModels
  unitOfWork: UnitOfWork
  audit: Audit
  cursors: Cursors
  wall: Wall
  nudge: (inboxId: string) => void
}) {
  const { Payments, Inbox } = models

  return Object.freeze({ transactions, webhooks, replay })

  /** All payments, newest first. */
  async function transactions(ctx: Context, { status, limit = defaultLimit, cursor }: TransactionQuery): Promise<Page<AdminTransaction>> {
    const list = `admin:transactions|${principalOf(ctx.actor)}|${status ?? ''}`
    const [after] = cursor ? cursors.read(list, cursor) : []
    const rows = await Payments.find({ ...(status ? { state: { $in: statesOf(status satisfies PaymentStatus) } } : {}), ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(list, [row._id]))
    return { ...page, data: page.data.map(presentTransaction) }
  }

  /** What payment companies told us, newest first. */
  async function webhooks(ctx: Context, { outcome, limit = defaultLimit, cursor }: WebhookQuery): Promise<Page<InboxEvent>> {
    const list = `webhook:list|${principalOf(ctx.actor)}|${outcome ?? ''}`
    const [afterAt, afterId] = cursor ? cursors.read(list, cursor) : []
    const at = new Date(afterAt ?? 0)
    const older = afterId ? { $or: [{ received_at: { $lt: at } }, { received_at: at, _id: { $lt: afterId } }] } : {}
    const rows = await Inbox.find({ ...(outcome ? { outcome } : {}), ...older })
      .sort({ received_at: -1, _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(list, [row.received_at.toISOString(), row._id]))
    return { ...page, data: page.data.map(presentInbox) }
  }

  /**
   * Works on a webhook once more: the company is asked again, and the state table decides what that changes.
   * @throws AppError `not-found`, `stale-state` for one that was applied or had nothing to do
   */
  async function replay(ctx: Context, { inbox_id }: { inbox_id: string }): Promise<InboxEvent> {
    const row = await unitOfWork.run(ctx, async (tx) => {
      const again = { $set: { outcome: 'received' as const, due_at: wall.now(), attempts: 0 } }
      const replayed = await Inbox.findOneAndUpdate({ _id: inbox_id, outcome: { $in: [...replayable] } }, again, { returnDocument: 'after' }).lean()
      if (!replayed) {
        ensure(await Inbox.exists({ _id: inbox_id }), 'not-found')
        return fail('stale-state', 'It was applied already')
      }
      await audit.record(tx, ctx, { action: 'webhook.replayed', subject: inbox_id })
      return replayed
    })
    nudge(inbox_id)
    return presentInbox(row)
  }
}
