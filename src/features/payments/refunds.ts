import type { Clock, Wall } from '../../kernel/clock.ts'
import { type Context, type Logger, principalOf } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { account, type Ledger, type Posting } from '../ledger/index.ts'
import { clawback, sharesOf } from './clawback.ts'
import type { CreateRefund, Refund } from './contract.ts'
import type { PaymentModels, PaymentRow, RefundRow } from './model.ts'
import { type PaymentProvider, type ProviderRefund, ProviderRefused, ProviderUnavailable } from './port.ts'
import { publishChange } from './service.ts'
import { paidStates, refundStates } from './states.ts'

const queryMs = 30_000
const pageSize = 50
const maxExported = 10_000

export interface RefundDependencies {
  models: PaymentModels
  ledger: Ledger
  providerOf: (name: string) => PaymentProvider | undefined
  unitOfWork: UnitOfWork
  audit: Audit
  clock: Clock
  wall: Wall
  failpoints: Failpoints
  log: Logger
}

export type RefundService = ReturnType<typeof createRefunds>

/** Gives money back: from whom it went to, to the wallet or the way that it came. Never more than came, however many ask at once. */
export function createRefunds({ models: { Payments, Refunds }, ledger, providerOf, unitOfWork, audit, clock, wall, failpoints, log }: RefundDependencies) {
  return Object.freeze({ create, list, decide, giveBack, sweep, releaseAll, ownersOf, allOf, erase })

  /**
   * By whom it went to, or an admin: it goes at once. By whom it came from: it waits for one of them.
   * @throws AppError `stale-state` for what was never paid, `exceeds-captured`, `insufficient-funds` for a top-up that was spent
   */
  async function create(ctx: Context, { payment_id, amount, reason, to }: CreateRefund): Promise<Refund> {
    const payment = await seen(ctx, payment_id)
    if (!decides(ctx, payment)) return unitOfWork.run(ctx, async (tx) => presentRefund(await request(tx, ctx, await seen(ctx, payment_id), { amount, reason, to }, 'requested')))
    return unitOfWork.staged(ctx, {
      intend: async (tx) => {
        const row = await request(tx, ctx, await seen(ctx, payment_id), { amount, reason, to }, 'processing')
        await tx.flush()
        return (await start(tx, ctx, row))._id
      },
      settle: (refundId) => finish(ctx, refundId),
    })
  }

  async function list(ctx: Context, { payment_id }: { payment_id: string }): Promise<{ data: Refund[] }> {
    await seen(ctx, payment_id)
    return { data: (await Refunds.find({ payment_id }).sort({ _id: 1 }).lean()).map(presentRefund) }
  }

  /** @throws AppError `stale-state` when it was decided already */
  async function decide(ctx: Context, { refund_id, decision }: { refund_id: string; decision: 'approve' | 'reject' }): Promise<Refund> {
    const known = (await Refunds.findById(refund_id).lean()) ?? fail('not-found')
    ensure(decides(ctx, await seen(ctx, known.payment_id)), 'forbidden')
    const waiting = async (): Promise<RefundRow> => (await Refunds.findOne({ _id: refund_id, state: 'requested' }).lean()) ?? fail('stale-state', 'It was decided already')
    return unitOfWork.staged(ctx, {
      intend: async (tx) => {
        const row = await waiting()
        const decided = decision === 'reject' ? await move(row, { state: 'rejected', decided_by: principalOf(ctx.actor) }) : await start(tx, ctx, row)
        return decided._id
      },
      settle: (refundId) => finish(ctx, refundId),
    })
  }

  /** What was paid for nothing goes to its payer's wallet, once: there is nothing left of it then. */
  async function giveBack(ctx: Context, paymentId: string): Promise<void> {
    await unitOfWork.run(ctx, async (tx) => {
      const payment = await Payments.findById(paymentId).lean()
      if (!payment || !paidStates.includes(payment.state) || (payment.refunded ?? 0) >= payment.amount) return
      const row = await request(tx, ctx, payment, { reason: 'There was nothing left to pay for', to: 'wallet' }, 'processing')
      await tx.flush()
      await start(tx, ctx, row)
    })
  }

  async function request(tx: Tx, ctx: Context, payment: PaymentRow, { amount, reason, to }: Omit<CreateRefund, 'payment_id' | 'amount'> & { amount?: number | undefined }, state: 'requested' | 'processing'): Promise<RefundRow> {
    ensure(paidStates.includes(payment.state), 'stale-state', 'It was not paid')
    const left = payment.amount - (payment.refunded ?? 0)
    const wanted = amount ?? left
    ensure(wanted > 0 && wanted <= left, 'exceeds-captured', `${left} of it are left`)
    ensure(to === 'source' || payment.payer_id.startsWith('usr_'), 'stale-state', 'Who paid has no wallet: give it back the way that it came')
    const now = clock.now()
    const row: RefundRow = {
      _id: newId('rfd'),
      payment_id: payment._id,
      payer_id: payment.payer_id,
      creator_id: payment.creator_id,
      amount: wanted,
      currency: payment.currency,
      to: payment.provider === 'wallet' ? 'wallet' : to,
      reason,
      state,
      requested_by: principalOf(ctx.actor),
      version: 1,
      created_at: now,
      updated_at: now,
    }
    tx.insert(Refunds, [row])
    await audit.record(tx, ctx, { action: 'refund.requested', subject: row._id, details: { payment: payment._id } })
    return row
  }

  /** Takes the money from whom it went to. To a wallet it is there with that; else it is on its way until the company has it. */
  async function start(tx: Tx, ctx: Context, row: RefundRow): Promise<RefundRow> {
    const payment = await Payments.findById(row.payment_id).lean()
    const before = payment?.refunded ?? 0
    ensure(payment && before + row.amount <= payment.amount, 'exceeds-captured')
    const isToWallet = row.to === 'wallet' && payment.creator_id !== null
    const credit: Posting = { account: isToWallet ? account.cash(payment.payer_id) : account.refundsInTransit, side: 'credit', amount: row.amount }
    const debits = await clawback(ledger, tx, payment, row.amount)
    ensure(row.to === 'source' || isToWallet, 'stale-state', 'It is in the wallet already')
    await ledger.post(tx, { reference: `refund:${row._id}`, reason: 'refund', currency: row.currency, source: row._id, actor: principalOf(ctx.actor), postings: [...debits, credit] })
    // The guard of all refunds of one payment: whoever else counted on what is left runs again.
    const counted = await Payments.updateOne({ _id: payment._id, ...(payment.refunded === undefined ? { refunded: { $exists: false } } : { refunded: before }) }, { $set: { refunded: before + row.amount } })
    ensure(counted.modifiedCount === 1, 'exceeds-captured')
    const line = { source_id: row._id, payment_id: payment._id, type: 'refund' as const, currency: row.currency, status: isToWallet ? ('success' as const) : ('pending' as const) }
    const { net } = sharesOf(payment, row.amount)
    await ledger.openLines(tx, [
      ...(isToWallet ? [{ ...line, wallet_id: payment.payer_id, amount: row.amount }] : []),
      ...(payment.creator_id === null ? [{ ...line, wallet_id: payment.payer_id, amount: -row.amount }] : net > 0 ? [{ ...line, wallet_id: payment.creator_id, amount: -net }] : []),
    ])
    const decided_by = principalOf(ctx.actor)
    if (!isToWallet) return move(row, { state: 'processing', decided_by, next_query_at: new Date(wall.now().getTime() + queryMs) })
    const done = await move(row, { state: 'succeeded', decided_by })
    await arrived(tx, done)
    return done
  }

  /** Goes on with what was started, and answers how far it is. */
  async function finish(ctx: Context, refundId: string): Promise<Refund> {
    failpoints.hit('payments.refund.after-intent')
    await ask({ ...ctx, once: undefined }, refundId)
    return unitOfWork.run(ctx, async () => presentRefund((await Refunds.findById(refundId).lean()) ?? fail('not-found')))
  }

  /** Asks the company to give it back, under the refund's own id: asked twice, it gives back once. */
  async function ask(ctx: Context, refundId: string): Promise<void> {
    const row = await Refunds.findOne({ _id: refundId, state: 'processing' }).lean()
    const payment = row && (await Payments.findById(row.payment_id).lean())
    const provider = payment && providerOf(payment.provider)
    if (!row || !provider || payment.provider_payment_id === undefined) return
    try {
      const told = await provider.refund({ reference: row._id, provider_payment_id: payment.provider_payment_id, amount: row.amount, currency: row.currency })
      failpoints.hit('payments.refund.after-provider')
      if (told.status !== 'processing') await unitOfWork.run(ctx, (tx) => settle(tx, ctx, told))
      failpoints.hit('payments.refund.after-commit')
    } catch (error) {
      if (error instanceof ProviderRefused) await unitOfWork.run(ctx, (tx) => settle(tx, ctx, { reference: row._id, provider_refund_id: '', status: 'failed', amount: row.amount, currency: row.currency, failure_reason: error.reason }))
      else if (error instanceof ProviderUnavailable) log.warn({ refund_id: refundId }, 'the provider does not answer; what became of the refund is asked for later')
      else throw error
    }
  }

  /** What the company says of a refund: state and money in one transaction. A failure is the mirror of what was taken. */
  async function settle(tx: Tx, ctx: Context, told: ProviderRefund): Promise<void> {
    const row = await Refunds.findOne({ _id: told.reference, state: 'processing' }).lean()
    const payment = row && (await Payments.findById(row.payment_id).lean())
    if (!row || !payment || told.amount !== row.amount || told.currency !== row.currency) return
    const common = { currency: row.currency, source: row._id, actor: principalOf(ctx.actor) }
    const inTransit = (side: Posting['side']): Posting => ({ account: account.refundsInTransit, side, amount: row.amount })
    const lines = { source_id: row._id, payment_id: payment._id, type: 'refund' as const, currency: row.currency }
    const wallet_id = payment.creator_id ?? payment.payer_id
    const amount = payment.creator_id === null ? -row.amount : -sharesOf({ ...payment, refunded: (payment.refunded ?? 0) - row.amount }, row.amount).net
    if (told.status === 'succeeded') {
      const clearing: Posting = { account: account.clearing(payment.provider), side: 'credit', amount: row.amount }
      await ledger.post(tx, { ...common, reference: `refund:${row._id}:settled`, reason: 'refund-settled', postings: [inTransit('debit'), clearing] })
      await ledger.moveLine(tx, { ...lines, wallet_id, amount, status: 'success' })
      await arrived(tx, await move(row, { state: 'succeeded', provider_refund_id: told.provider_refund_id }, true))
      return
    }
    const taken = await ledger.postingsOf(`refund:${row._id}`)
    await ledger.post(tx, { ...common, reference: `refund:${row._id}:failed`, reason: 'refund-failed', postings: taken.map((each) => ({ ...each, side: each.side === 'debit' ? 'credit' : 'debit' })) })
    await Payments.updateOne({ _id: payment._id }, { $inc: { refunded: -row.amount } })
    await ledger.moveLine(tx, { ...lines, wallet_id, amount, status: 'failed' })
    await move(row, { state: 'failed', failure_reason: told.failure_reason ?? 'failed' }, true)
  }

  /** The payment says what is left of it, and whoever gave something for it is told. */
  async function arrived(tx: Tx, row: RefundRow): Promise<void> {
    const payment = (await Payments.findById(row.payment_id).lean()) ?? fail('internal')
    const done = await Refunds.find({ payment_id: payment._id, state: 'succeeded', _id: { $ne: row._id } }, { amount: 1 }).lean()
    const given = done.reduce((total, each) => total + each.amount, row.amount)
    const to = given === payment.amount ? 'refunded' : 'partially_refunded'
    if (payment.state !== to) {
      const at = clock.now()
      const moved = await Payments.findOneAndUpdate(
        { _id: payment._id, version: payment.version },
        { $set: { state: to, updated_at: at }, $inc: { version: 1 }, $push: { transitions: { from: payment.state, to, cause: 'refund', at } } },
        { returnDocument: 'after' },
      ).lean()
      await publishChange(tx, moved ?? fail('retry'))
    }
    await tx.publish('payment.refunded', { payment_id: payment._id, refund_id: row._id, purpose: payment.purpose, subject: payment.subject ?? null, effect_key: payment.effect_key ?? null, in_full: to === 'refunded' })
  }

  async function move(row: RefundRow, change: Partial<RefundRow> & { state: RefundRow['state'] }, isOver = false): Promise<RefundRow> {
    if (row.state !== change.state && !refundStates.may(row.state, change.state)) fail('stale-state')
    const after = { ...row, ...change, version: row.version + 1, updated_at: clock.now() }
    const { _id, ...set } = after
    const { next_query_at: _none, ...rest } = set
    const moved = await Refunds.updateOne({ _id, version: row.version }, isOver ? { $set: rest, $unset: { next_query_at: 1 } } : { $set: set })
    return moved.modifiedCount === 1 ? after : fail('retry')
  }

  /** Asks again about refunds of which nobody knows. The first of them may never have reached the company: it is asked under the same id. */
  async function sweep(ctx: Context): Promise<void> {
    const due = await Refunds.find({ next_query_at: { $lte: wall.now() } })
      .sort({ next_query_at: 1 })
      .limit(pageSize)
      .lean()
    for (const row of due) {
      const claimed = await Refunds.updateOne({ _id: row._id, next_query_at: row.next_query_at as Date }, { $set: { next_query_at: new Date(wall.now().getTime() + queryMs) } })
      if (claimed.modifiedCount === 1) await ask(ctx, row._id)
    }
  }

  /** After a start as the only process: whoever was asking about these is gone. */
  async function releaseAll(): Promise<void> {
    await Refunds.updateMany({ next_query_at: { $exists: true } }, { $set: { next_query_at: wall.now() } })
  }

  async function ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const rows = await Refunds.find({ _id: { $in: ids } }, { requested_by: 1, decided_by: 1 }).lean()
    return new Map(rows.map((row) => [row._id, [row.requested_by, ...(row.decided_by === undefined ? [] : [row.decided_by])]]))
  }

  async function allOf(userId: string): Promise<Refund[]> {
    return (await Refunds.find({ payer_id: userId }).limit(maxExported).lean()).map(presentRefund)
  }

  /** The money stays in the books; why somebody wanted it back goes. */
  async function erase(userId: string): Promise<void> {
    await Refunds.updateMany({ requested_by: userId }, { $set: { reason: '' } })
  }

  /** Payer, receiver and admins; nobody else learns that it is there. */
  async function seen(ctx: Context, paymentId: string): Promise<PaymentRow> {
    const payment = await Payments.findById(paymentId).lean()
    const { actor } = ctx
    const isMine = payment && actor.kind === 'user' && [payment.payer_id, payment.creator_id].includes(actor.user_id)
    return payment && (isMine || (actor.kind === 'user' && actor.role === 'admin')) ? payment : fail('not-found')
  }

  function decides({ actor }: Context, payment: PaymentRow): boolean {
    return actor.kind === 'user' && (actor.role === 'admin' || actor.user_id === payment.creator_id)
  }
}

export function presentRefund(row: RefundRow): Refund {
  return { refund_id: row._id, payment_id: row.payment_id, status: row.state, amount: row.amount, currency: row.currency, to: row.to, reason: row.reason, failure_reason: row.failure_reason ?? null, created_at: row.created_at.toISOString() }
}
