import type { Wall } from '../../kernel/clock.ts'
import { type Context, principalOf } from '../../kernel/context.ts'
import { fail } from '../../kernel/errors.ts'
import { type Page, pageOf } from '../../kernel/page.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { DeliveryRow, Outbox } from '../../platform/outbox.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Delivery } from './contract.ts'

const defaultLimit = 50

export type Deliveries = ReturnType<typeof createDeliveries>

/** Facts that a subscriber could not take: the admin sees why, and has them tried again when the cause is gone. */
export function createDeliveries({ outbox, unitOfWork, audit, cursors, wall }: { outbox: Outbox; unitOfWork: UnitOfWork; audit: Audit; cursors: Cursors; wall: Wall }) {
  const { Deliveries, Events } = outbox

  return Object.freeze({ list, retry })

  async function list(ctx: Context, { state = 'parked', limit = defaultLimit, cursor }: { state?: Delivery['state']; limit?: number; cursor?: string }): Promise<Page<Delivery>> {
    const name = `delivery:list|${principalOf(ctx.actor)}|${state}`
    const [afterAt, afterId] = cursor ? cursors.read(name, cursor) : []
    const at = new Date(afterAt ?? 0)
    const later = afterId ? { $or: [{ due_at: { $gt: at } }, { due_at: at, _id: { $gt: afterId } }] } : {}
    const rows = await Deliveries.find({ state, ...later })
      .sort({ due_at: 1, _id: 1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row.due_at.toISOString(), row._id]))
    return { ...page, data: await Promise.all(page.data.map(present)) }
  }

  /** Due at once, with all its attempts before it. A delivery that is done is not there any more. */
  async function retry(ctx: Context, { event_id, subscriber }: { event_id: string; subscriber: string }): Promise<Delivery> {
    const _id = `${event_id}/${subscriber}`
    const row = await unitOfWork.run(ctx, async (tx) => {
      const again = { $set: { state: 'due' as const, due_at: wall.now(), attempts: 0 } }
      const due = await Deliveries.findOneAndUpdate({ _id, state: { $in: ['due', 'parked'] } }, again, { returnDocument: 'after' }).lean()
      await audit.record(tx, ctx, { action: 'delivery.retried', subject: _id })
      return due ?? fail('not-found')
    })
    return present(row)
  }

  async function present(row: DeliveryRow): Promise<Delivery> {
    const event = await Events.findById(row.event_id, { name: 1 }).lean()
    return {
      event_id: row.event_id,
      event: event?.name ?? 'gone',
      subscriber: row.subscriber,
      state: row.state === 'parked' ? 'parked' : 'due',
      attempts: row.attempts,
      last_error: row.last_error ?? null,
      due_at: row.due_at.toISOString(),
    }
  }
}
