import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Ledger } from '../ledger/index.ts'
import type { PaymentModels, PaymentRow } from './model.ts'
import { type PaymentProvider, ProviderUnavailable } from './port.ts'
import { receivedBy } from './postings.ts'
import { publishChange } from './service.ts'
import type { Settle } from './settle.ts'

const pageSize = 50
/** After each question without news the next is later; then hourly, up to three days after the payment was made. */
const pausesMs = [30_000, 120_000, 600_000, 3600_000]
const giveUpMs = 72 * 3600_000
const abandonMs = 3600_000
const claimMs = 30_000

/** Finds what webhooks missed: asks the provider about every payment that may still change. */
export function createSweeper({
  models,
  providerOf,
  settle,
  unitOfWork,
  ledger,
  clock,
  wall,
  context,
  log,
}: {
  models: PaymentModels
  providerOf: (name: string) => PaymentProvider | undefined
  settle: Settle
  unitOfWork: UnitOfWork
  ledger: Ledger
  clock: Clock
  wall: Wall
  context: () => Context
  log: Logger
}) {
  const { Payments } = models

  return Object.freeze({ sweep })

  async function sweep(): Promise<void> {
    const due = await Payments.find({ next_query_at: { $lte: wall.now() } })
      .sort({ next_query_at: 1 })
      .limit(pageSize)
      .lean()
    for (const payment of due) {
      const claimed = await Payments.updateOne({ _id: payment._id, next_query_at: payment.next_query_at }, { $set: { next_query_at: new Date(wall.now().getTime() + claimMs) } })
      if (claimed.modifiedCount === 1) await ask(payment)
    }
  }

  async function ask(payment: PaymentRow): Promise<void> {
    const provider = providerOf(payment.provider)
    if (!provider) return
    try {
      const told = await provider.query(payment._id)
      const ctx = context()
      if (told.status !== 'not_found') await unitOfWork.run(ctx, (tx) => settle(tx, ctx, told, 'sweeper'))
      if (told.status === 'not_found' || told.status === 'pending') await abandonIfOld(payment)
    } catch (error) {
      if (!(error instanceof ProviderUnavailable)) throw error
      log.warn({ payment_id: payment._id, provider: payment.provider }, 'the provider does not answer; the payment stays unknown')
    }
    await putOff(payment)
  }

  // The payer has walked away. Should the money come all the same, it is a late success.
  async function abandonIfOld(payment: PaymentRow): Promise<void> {
    if (clock.now().getTime() - payment.created_at.getTime() < abandonMs) return
    const at = clock.now()
    await unitOfWork.run(context(), async (tx) => {
      const row = await Payments.findOneAndUpdate(
        { _id: payment._id, version: payment.version, state: { $in: ['created', 'requires_action'] } },
        { $set: { state: 'abandoned', updated_at: at }, $inc: { version: 1 }, $push: { transitions: { from: payment.state, to: 'abandoned', cause: 'sweeper', at } } },
        { returnDocument: 'after' },
      ).lean()
      if (!row) return
      if (row.creator_id === null)
        await ledger.moveLine(tx, { ...receivedBy(row), source_id: row._id, payment_id: row._id, type: 'payment', status: 'failed', currency: row.currency })
      await publishChange(tx, row)
      await tx.publish('payment.failed', { payment_id: row._id, purpose: row.purpose })
    })
  }

  async function putOff(payment: PaymentRow): Promise<void> {
    const over = clock.now().getTime() - payment.created_at.getTime() > giveUpMs
    const pauseMs = pausesMs[Math.min(payment.queries, pausesMs.length - 1)] ?? abandonMs
    const next = over ? { $unset: { next_query_at: 1 as const } } : { $set: { next_query_at: new Date(wall.now().getTime() + pauseMs) } }
    await Payments.updateOne({ _id: payment._id, next_query_at: { $exists: true } }, { ...next, $inc: { queries: 1 } })
  }
}
