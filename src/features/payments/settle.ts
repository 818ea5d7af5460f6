import type { Clock } from '../../kernel/clock.ts'
import { type Context, principalOf } from '../../kernel/context.ts'
import type { Tx } from '../../kernel/events.ts'
import { account, type Ledger } from '../ledger/index.ts'
import type { InboxOutcome, PaymentModels, PaymentRow } from './model.ts'
import type { ProviderPayment } from './port.ts'
import { creditsOf, receivedBy } from './postings.ts'
import { publishChange } from './service.ts'
import { type PaymentState, paymentStates, statusOf } from './states.ts'

export interface Settled {
  outcome: Exclude<InboxOutcome, 'received'>
  entry_ids: string[]
}

export type Settling = ReturnType<typeof createSettling>
export type Settle = Settling['settle']

/**
 * Applies what the provider itself says of a payment: state and money in one transaction, by the state table, so that news in any order and
 * any number comes to the same end.
 */
export function createSettling({ models, ledger, clock }: { models: PaymentModels; ledger: Ledger; clock: Clock }) {
  const { Payments } = models

  return Object.freeze({ settle, refuse })

  async function settle(tx: Tx, ctx: Context, told: ProviderPayment, cause: string): Promise<Settled> {
    const payment = await Payments.findById(told.reference).lean()
    if (!payment) return { outcome: 'parked', entry_ids: [] }
    if (told.amount !== payment.amount || told.currency !== payment.currency) return mismatch(tx, payment, cause)
    if (payment.provider_payment_id && payment.provider_payment_id !== told.provider_payment_id) return mismatch(tx, payment, cause)
    switch (told.status) {
      case 'succeeded':
        return succeed(tx, ctx, payment, told, cause)
      case 'failed':
      case 'cancelled':
        return giveUp(tx, payment, told, cause)
      case 'processing':
        return (await move(tx, payment, ['processing'], cause, {})) ? { outcome: 'applied', entry_ids: [] } : superfluous
      case 'pending':
        return superfluous
    }
  }

  async function succeed(tx: Tx, ctx: Context, payment: PaymentRow, told: ProviderPayment, cause: string): Promise<Settled> {
    const late = paymentStates.may(payment.state, 'late_success')
    const path: PaymentState[] = late ? ['late_success', 'succeeded'] : ['succeeded']
    const moved = await move(tx, payment, path, cause, { provider_payment_id: told.provider_payment_id })
    if (!moved) return superfluous
    const clearing = account.clearing(payment.provider)
    const suspense = account.suspense(payment.provider)
    const common = { currency: payment.currency, source: payment._id, actor: principalOf(ctx.actor), cause }
    const entryIds: string[] = []
    const from = late ? suspense : clearing
    if (late)
      entryIds.push(
        await ledger.post(tx, {
          ...common,
          reference: `payment:${payment._id}:late`,
          reason: 'late-success',
          postings: [
            { account: clearing, side: 'debit', amount: payment.amount },
            { account: suspense, side: 'credit', amount: payment.amount },
          ],
        }),
      )
    entryIds.push(
      await ledger.post(tx, { ...common, reference: `payment:${payment._id}`, reason: payment.purpose, postings: [{ account: from, side: 'debit', amount: payment.amount }, ...creditsOf(payment)] }),
    )
    await ledger.moveLine(tx, { ...receivedBy(payment), source_id: payment._id, payment_id: payment._id, type: 'payment', status: 'success', currency: payment.currency })
    await tx.publish('payment.succeeded', { payment_id: payment._id, purpose: payment.purpose })
    return { outcome: 'applied', entry_ids: entryIds }
  }

  async function giveUp(tx: Tx, payment: PaymentRow, told: ProviderPayment, cause: string): Promise<Settled> {
    const failed = await end(tx, payment, cause, { failure_reason: told.failure_reason ?? told.status, provider_payment_id: told.provider_payment_id })
    return failed ? { outcome: 'applied', entry_ids: [] } : superfluous
  }

  /** The provider would not even open a checkout. */
  async function refuse(tx: Tx, payment: PaymentRow, reason: string): Promise<void> {
    await end(tx, payment, 'provider', { failure_reason: reason })
  }

  async function end(tx: Tx, payment: PaymentRow, cause: string, fields: Partial<PaymentRow>): Promise<boolean> {
    if (!(await move(tx, payment, ['failed'], cause, fields))) return false
    await failLine(tx, payment)
    await tx.publish('payment.failed', { payment_id: payment._id, purpose: payment.purpose })
    return true
  }

  // Somebody's books are wrong: nothing moves until a person has looked.
  async function mismatch(tx: Tx, payment: PaymentRow, cause: string): Promise<Settled> {
    await move(tx, payment, ['review'], cause, { failure_reason: 'mismatch' })
    return { outcome: 'mismatch', entry_ids: [] }
  }

  async function failLine(tx: Tx, payment: PaymentRow): Promise<void> {
    if (payment.creator_id === null)
      await ledger.moveLine(tx, { ...receivedBy(payment), source_id: payment._id, payment_id: payment._id, type: 'payment', status: statusOf('failed'), currency: payment.currency })
  }

  /** Walks a payment along the table. The filter holds the state that was read: whoever was faster makes this one nothing. */
  async function move(tx: Tx, payment: PaymentRow, path: readonly PaymentState[], cause: string, fields: Partial<PaymentRow>): Promise<boolean> {
    let from = payment.state
    const transitions = []
    for (const to of path) {
      if (!paymentStates.may(from, to)) return false
      transitions.push({ from, to, cause, at: clock.now() })
      from = to
    }
    const done = from === 'succeeded' || from === 'review'
    const row = await Payments.findOneAndUpdate(
      { _id: payment._id, state: payment.state, version: payment.version },
      {
        $set: { ...fields, state: from, updated_at: clock.now() },
        $inc: { version: path.length },
        $push: { transitions: { $each: transitions } },
        $unset: { open_until: 1 as const, ...(done ? { next_query_at: 1 as const } : {}), ...(from === 'succeeded' ? { failure_reason: 1 as const } : {}) },
      },
      { returnDocument: 'after' },
    ).lean()
    if (row) await publishChange(tx, row)
    return row !== null
  }
}

const superfluous: Settled = Object.freeze({ outcome: 'superfluous', entry_ids: [] })
