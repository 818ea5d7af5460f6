import type { Clock, Wall } from '../../kernel/clock.ts'
import { type Context, principalOf } from '../../kernel/context.ts'
import { type Currency, isCurrency } from '../../kernel/currency.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import { ensureAmount } from '../../kernel/money.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { account, type Ledger } from '../ledger/index.ts'
import type { Checkout, Payment } from './contract.ts'
import type { MethodRow, PaymentModels, PaymentRow, Purpose } from './model.ts'
import type { Collecting } from './collecting.ts'
import type { PaymentProvider } from './port.ts'
import { creditsOf, receivedBy } from './postings.ts'
import { presentPayment } from './present.ts'
import { paidStates, type PaymentState, statusOf } from './states.ts'

/** The sweeper's first question; a webhook is usually long before it. */
const firstQueryMs = 30_000
const openMs = 3600_000
const maxExported = 10_000

export interface Purchase {
  payer_id: string
  creator_id: string | null
  purpose: Purpose
  amount: number
  currency: Currency
  fee_bps: number
  effect_key?: string
  subject?: string
}

export interface PaymentDependencies {
  models: PaymentModels
  unitOfWork: UnitOfWork
  ledger: Ledger
  collecting: Pick<Collecting, 'openCheckout'>
  /** the first is the default */
  providers: readonly PaymentProvider[]
  clock: Clock
  wall: Wall
  defaultCurrency: Currency
}

export type PaymentService = ReturnType<typeof createPaymentService>

export function createPaymentService({ models, unitOfWork, ledger, collecting, providers, clock, wall, defaultCurrency }: PaymentDependencies) {
  const { Payments } = models
  const defaultProvider = providers[0] as PaymentProvider

  return Object.freeze({ topUp, read, find, allOf, intend, fromWallet, ensurePayable, succeededFor, hasPaid, openUrls, isUsed, use, ownersOfTopUps })

  async function topUp(ctx: Context, input: { amount: number; currency: string }): Promise<Checkout> {
    const currency = ensurePayable(input)
    const purchase: Purchase = { payer_id: principalOf(ctx.actor), creator_id: null, purpose: 'top-up', amount: input.amount, currency, fee_bps: 0 }
    return unitOfWork.staged(ctx, {
      intend: (tx) => intend(tx, purchase),
      settle: (paymentId) => collecting.openCheckout(ctx, paymentId),
    })
  }

  async function read(ctx: Context, { payment_id }: { payment_id: string }): Promise<Payment> {
    const row = await Payments.findById(payment_id).lean()
    const mine = row && ctx.actor.kind === 'user' && (row.payer_id === ctx.actor.user_id || ctx.actor.role === 'admin')
    return mine ? presentPayment(row) : fail('not-found')
  }

  /** Whoever asks has to have been found to be entitled already. */
  async function find(paymentId: string): Promise<Payment | null> {
    const row = await Payments.findById(paymentId).lean()
    return row && presentPayment(row)
  }

  /** For whoever takes his data along. There are ids and amounts in a payment and nothing else: erasure leaves it. */
  async function allOf(userId: string): Promise<Payment[]> {
    return (await Payments.find({ payer_id: userId }).limit(maxExported).lean()).map(presentPayment)
  }

  /** @throws AppError `currency` unless wallets here hold it, `amount` out of bounds */
  function ensurePayable({ amount, currency }: { amount: number; currency: string }): Currency {
    ensure(isCurrency(currency) && currency === defaultCurrency, 'currency', `Amounts here are in ${defaultCurrency}`)
    ensureAmount(amount, currency)
    return currency
  }

  /**
   * The first step of a checkout, or of a charge: what is wanted, stored before any company is asked.
   * @param method what is to be charged without its payer
   * @param openUntil when a payer who does nothing has given it up: an hour later unless it is told
   */
  async function intend(tx: Tx, purchase: Purchase, { method, openUntil }: { method?: MethodRow; openUntil?: Date } = {}): Promise<string> {
    const row = newPayment(purchase, method?.provider ?? defaultProvider.name, 'created')
    const open_until = openUntil ?? new Date(row.created_at.getTime() + openMs)
    await Payments.insertMany([{ ...row, ...(method ? { method_id: method._id } : {}), open_until, next_query_at: new Date(wall.now().getTime() + firstQueryMs) }])
    if (purchase.purpose === 'top-up')
      await ledger.openLines(tx, [{ wallet_id: purchase.payer_id, source_id: row._id, payment_id: row._id, type: 'payment', status: 'pending', amount: purchase.amount, currency: purchase.currency }])
    return row._id
  }

  /** Pays from the payer's cash, in the caller's transaction. @throws AppError `insufficient-funds` */
  async function fromWallet(tx: Tx, purchase: Purchase, actor: string): Promise<string> {
    const row = newPayment(purchase, 'wallet', 'succeeded')
    await ledger.post(tx, {
      reference: `payment:${row._id}`,
      reason: purchase.purpose,
      currency: purchase.currency,
      source: row._id,
      actor,
      postings: [{ account: account.cash(purchase.payer_id), side: 'debit', amount: purchase.amount }, ...creditsOf(purchase)],
    })
    tx.insert(Payments, [row])
    const line = { source_id: row._id, payment_id: row._id, type: 'payment' as const, status: 'success' as const, currency: purchase.currency }
    await ledger.openLines(tx, [
      { ...line, wallet_id: purchase.payer_id, amount: -purchase.amount },
      { ...line, ...receivedBy(purchase) },
    ])
    return row._id
  }

  /** What was paid for things that are paid over and over again, in that order. */
  async function succeededFor(subjects: readonly string[]): Promise<{ subject: string; payment_id: string; effect_key: string }[]> {
    const rows = await Payments.find({ subject: { $in: subjects }, state: { $in: [...paidStates] } }, { subject: 1, effect_key: 1 }).sort({ _id: 1 }).lean()
    return rows.map((row) => ({ subject: row.subject ?? '', payment_id: row._id, effect_key: row.effect_key ?? '' }))
  }

  /** Whether somebody ever gave a creator money that was not given back. */
  async function hasPaid(payerId: string, creatorId: string): Promise<boolean> {
    return (await Payments.exists({ payer_id: payerId, creator_id: creatorId, state: { $in: ['succeeded', 'partially_refunded'] } })) !== null
  }

  /** Where payments wait for their payer. */
  async function openUrls(paymentIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Payments.find({ _id: { $in: paymentIds }, state: 'requires_action' }, { checkout_url: 1 }).lean()
    return new Map(rows.flatMap((row) => (row.checkout_url === undefined ? [] : [[row._id, row.checkout_url] as const])))
  }

  /** That what was paid for was given: whatever else succeeds without, was paid for nothing. */
  async function use(_tx: Tx, paymentId: string): Promise<void> {
    await Payments.updateOne({ _id: paymentId }, { $set: { used: true } })
  }

  async function isUsed(paymentId: string): Promise<boolean> {
    return (await Payments.exists({ _id: paymentId, used: true })) !== null
  }

  async function ownersOfTopUps(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Payments.find({ _id: { $in: ids }, purpose: 'top-up' }, { payer_id: 1 }).lean()
    return new Map(rows.map((row) => [row._id, row.payer_id]))
  }

  function newPayment(purchase: Purchase, provider: string, state: PaymentState): PaymentRow {
    const now = clock.now()
    return {
      _id: newId('pay'),
      ...purchase,
      provider,
      state,
      version: 1,
      transitions: [{ from: null, to: state, cause: 'payer', at: now }],
      queries: 0,
      created_at: now,
      updated_at: now,
    }
  }
}

export async function publishChange(tx: Tx, row: PaymentRow): Promise<void> {
  await tx.publish('payment.changed', { payment_id: row._id, payer_id: row.payer_id, status: statusOf(row.state), state: row.state, version: row.version })
}
