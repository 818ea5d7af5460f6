import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import type { DueRow } from '../../kernel/feature.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Ledger } from '../ledger/index.ts'
import type { Collecting } from './collecting.ts'
import type { PaymentModels, PaymentRow } from './model.ts'
import { type PaymentProvider, ProviderUnavailable } from './port.ts'
import { receivedBy } from './postings.ts'
import { publishChange } from './service.ts'
import type { Settling } from './settle.ts'
import { paymentStates } from './states.ts'

const pageSize = 50
/** After each question without news the next is later; then hourly, up to three days after the payer could still have paid. */
const pausesMs = [30_000, 120_000, 600_000, 3600_000]
const giveUpMs = 72 * 3600_000
/** after so long a charge that never reached the company is given up */
const chargeForMs = 23 * 3600_000
const claimMs = 30_000

/** Finds what webhooks missed: asks the provider about every payment that may still change. */
export function createSweeper({
  models,
  providerOf,
  settling: { settle, refuse },
  charge,
  unitOfWork,
  ledger,
  clock,
  wall,
  context,
  log,
}: {
  models: PaymentModels
  providerOf: (name: string) => PaymentProvider | undefined
  settling: Settling
  charge: Collecting['charge']
  unitOfWork: UnitOfWork
  ledger: Ledger
  clock: Clock
  wall: Wall
  context: () => Context
  log: Logger
}) {
  const { Payments } = models

  return Object.freeze({ sweep, releaseAll, nextOpen, abandonDue })

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

  /** After a start as the only process: whoever was about to charge these is gone. */
  async function releaseAll(): Promise<void> {
    await Payments.updateMany({ method_id: { $exists: true }, state: 'created', next_query_at: { $exists: true } }, { $set: { next_query_at: wall.now() } })
  }

  async function ask(payment: PaymentRow): Promise<void> {
    const told = await query(payment)
    if (told?.status === 'not_found' && payment.method_id !== undefined && payment.state === 'created') await chargeAgain(payment)
    await putOff(payment)
  }

  /** Asks the company, and applies what it says. Undefined when it does not answer. */
  async function query(payment: PaymentRow): Promise<{ status: string } | undefined> {
    const provider = providerOf(payment.provider)
    if (!provider) return undefined
    try {
      const told = await provider.query(payment._id)
      const ctx = context()
      if (told.status !== 'not_found') await unitOfWork.run(ctx, (tx) => settle(tx, ctx, told, 'sweeper'))
      return told
    } catch (error) {
      if (!(error instanceof ProviderUnavailable)) throw error
      log.warn({ payment_id: payment._id, provider: payment.provider }, 'the provider does not answer; the payment stays unknown')
      return undefined
    }
  }

  // The process that wanted it died before the company heard of it, or the company did not answer: it is asked again, under the same id.
  async function chargeAgain(payment: PaymentRow): Promise<void> {
    if (clock.now().getTime() - payment.created_at.getTime() < chargeForMs) await charge(context(), payment._id)
    else await unitOfWork.run(context(), (tx) => refuse(tx, payment, 'never_charged'))
  }

  async function nextOpen(): Promise<DueRow | null> {
    const row = await Payments.findOne({ open_until: { $exists: true } }, { open_until: 1 }).sort({ open_until: 1 }).lean()
    return row?.open_until ? { at: row.open_until, row: row._id } : null
  }

  /** The payer has walked away: unless the company knows better, it is over. Should the money come all the same, it is a late success. */
  async function abandonDue(now: Date): Promise<number> {
    const due = await Payments.find({ open_until: { $lte: now } })
      .sort({ open_until: 1 })
      .limit(pageSize)
      .lean()
    let moved = 0
    for (const payment of due) {
      const told = await query(payment)
      if (told) moved += Number(await abandon(payment._id))
    }
    return moved
  }

  async function abandon(paymentId: string): Promise<boolean> {
    const at = clock.now()
    return unitOfWork.run(context(), async (tx) => {
      const payment = await Payments.findById(paymentId).lean()
      if (!payment?.open_until || !paymentStates.may(payment.state, 'abandoned')) return payment?.open_until === undefined
      const row = await Payments.findOneAndUpdate(
        { _id: paymentId, version: payment.version },
        { $set: { state: 'abandoned', updated_at: at }, $inc: { version: 1 }, $unset: { open_until: 1 }, $push: { transitions: { from: payment.state, to: 'abandoned', cause: 'sweeper', at } } },
        { returnDocument: 'after' },
      ).lean()
      if (!row) return false
      if (row.creator_id === null)
        await ledger.moveLine(tx, { ...receivedBy(row), source_id: row._id, payment_id: row._id, type: 'payment', status: 'failed', currency: row.currency })
      await publishChange(tx, row)
      await tx.publish('payment.failed', { payment_id: row._id, purpose: row.purpose })
      return true
    })
  }

  async function putOff(payment: PaymentRow): Promise<void> {
    const over = !payment.open_until && clock.now().getTime() - payment.updated_at.getTime() > giveUpMs
    const pauseMs = pausesMs[Math.min(payment.queries, pausesMs.length - 1)] as number
    const next = over ? { $unset: { next_query_at: 1 as const } } : { $set: { next_query_at: new Date(wall.now().getTime() + pauseMs) } }
    await Payments.updateOne({ _id: payment._id, next_query_at: { $exists: true } }, { ...next, $inc: { queries: 1 } })
  }
}
