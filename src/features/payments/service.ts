import type { Clock, Wall } from '../../kernel/clock.ts'
import { type Context, principalOf } from '../../kernel/context.ts'
import { type Currency, isCurrency } from '../../kernel/currency.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import { ensureAmount } from '../../kernel/money.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { account, type Ledger } from '../ledger/index.ts'
import type { Checkout, Payment } from './contract.ts'
import type { PaymentModels, PaymentRow, Purpose } from './model.ts'
import { type PaymentProvider, ProviderRefused, ProviderUnavailable } from './port.ts'
import { creditsOf, receivedBy } from './postings.ts'
import { presentPayment } from './present.ts'
import type { Settling } from './settle.ts'
import { type PaymentState, statusOf } from './states.ts'

/** The sweeper's first question; a webhook is usually long before it. */
const firstQueryMs = 30_000
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
  refuse: Settling['refuse']
  /** the first is the default */
  providers: readonly PaymentProvider[]
  clock: Clock
  wall: Wall
  failpoints: Failpoints
  returnUrl: (paymentId: string) => string
  defaultCurrency: Currency
}

export type PaymentService = ReturnType<typeof createPaymentService>

export function createPaymentService({ models, unitOfWork, ledger, refuse, providers, clock, wall, failpoints, returnUrl, defaultCurrency }: PaymentDependencies) {
  const { Payments } = models
  const defaultProvider = providers[0] as PaymentProvider

  return Object.freeze({ topUp, read, find, allOf, intend, openCheckout, fromWallet, ensurePayable, providerOf, succeededFor, ownersOfTopUps })

  async function topUp(ctx: Context, input: { amount: number; currency: string }): Promise<Checkout> {
    const currency = ensurePayable(input)
    const purchase: Purchase = { payer_id: principalOf(ctx.actor), creator_id: null, purpose: 'top-up', amount: input.amount, currency, fee_bps: 0 }
    return unitOfWork.staged(ctx, {
      intend: (tx) => intend(tx, purchase),
      settle: (paymentId) => openCheckout(ctx, paymentId),
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

  /** The first step of a checkout: what is wanted, stored before any company is asked. */
  async function intend(tx: Tx, purchase: Purchase): Promise<string> {
    const row = newPayment(purchase, defaultProvider.name, 'created')
    await Payments.insertMany([{ ...row, next_query_at: new Date(wall.now().getTime() + firstQueryMs) }])
    if (purchase.purpose === 'top-up')
      await ledger.openLines(tx, [{ wallet_id: purchase.payer_id, source_id: row._id, payment_id: row._id, type: 'payment', status: 'pending', amount: purchase.amount, currency: purchase.currency }])
    return row._id
  }

  /**
   * Opens the provider's checkout for a stored intent, under the payment's own id: asked twice, the provider answers the same checkout.
   * @param backTo where the payer comes back to; to the payment's own view without it
   * @throws AppError `retry` while the provider can't be reached: the same key goes on from here; `payment-declined` when it said no
   */
  async function openCheckout(ctx: Context, paymentId: string, backTo = returnUrl(paymentId)): Promise<Checkout> {
    failpoints.hit('payments.checkout.after-intent')
    const payment = await Payments.findById(paymentId).lean()
    if (!payment) throw new Error(`${paymentId}: an intent is gone`)
    if (payment.state === 'failed') fail('payment-declined', payment.failure_reason)
    const opened = await ask(ctx, payment, backTo)
    failpoints.hit('payments.checkout.after-provider')
    const answer = await unitOfWork.run(ctx, async (tx) => {
      const moved = await Payments.findOneAndUpdate(
        { _id: paymentId, state: 'created' },
        {
          $set: { ...opened, state: 'requires_action', updated_at: clock.now() },
          $inc: { version: 1 },
          $push: { transitions: { from: 'created', to: 'requires_action', cause: 'payer', at: clock.now() } },
        },
        { returnDocument: 'after' },
      ).lean()
      // A webhook may have been faster than this answer; its news stays.
      const present = moved ?? (await Payments.findById(paymentId).lean())
      if (moved) await publishChange(tx, moved)
      failpoints.hit('payments.checkout.before-commit')
      return { payment_id: paymentId, status: statusOf(present?.state ?? 'requires_action'), mobile_money_url: opened.checkout_url }
    })
    failpoints.hit('payments.checkout.after-commit')
    return answer
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

  function providerOf(name: string): PaymentProvider | undefined {
    return providers.find((provider) => provider.name === name)
  }

  /** What was paid for a thing that is paid over and over again, in that order. */
  async function succeededFor(subject: string): Promise<{ payment_id: string; effect_key: string }[]> {
    const rows = await Payments.find({ subject, state: 'succeeded' }, { effect_key: 1 }).sort({ _id: 1 }).lean()
    return rows.map((row) => ({ payment_id: row._id, effect_key: row.effect_key ?? '' }))
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

  async function ask(ctx: Context, payment: PaymentRow, backTo: string): Promise<{ provider_payment_id: string; checkout_url: string }> {
    const provider = providerOf(payment.provider)
    if (!provider) throw new Error(`There is no provider ${payment.provider} any more`)
    try {
      const { provider_payment_id, checkout_url } = await provider.createCheckout({
        reference: payment._id,
        amount: payment.amount,
        currency: payment.currency,
        description: payment.purpose === 'tip' ? 'Tip' : 'Wallet top-up',
        return_url: backTo,
      })
      return { provider_payment_id, checkout_url }
    } catch (error) {
      if (error instanceof ProviderRefused) {
        await unitOfWork.run({ ...ctx, once: undefined }, (tx) => refuse(tx, payment, error.reason))
        fail('payment-declined', `The payment company refused: ${error.reason}`)
      }
      if (error instanceof ProviderUnavailable) fail('retry', { detail: 'The payment company does not answer; send the same request again', retry_after_ms: 2_000 })
      throw error
    }
  }
}

export async function publishChange(tx: Tx, row: PaymentRow): Promise<void> {
  await tx.publish('payment.changed', { payment_id: row._id, payer_id: row.payer_id, status: statusOf(row.state), state: row.state, version: row.version })
}
