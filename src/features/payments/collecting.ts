import type { Clock } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import { fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Checkout, Payment } from './contract.ts'
import type { PaymentModels, PaymentRow } from './model.ts'
import { type CheckoutOrder, type PaymentProvider, ProviderRefused, ProviderUnavailable } from './port.ts'
import { presentPayment } from './present.ts'
import { publishChange } from './service.ts'
import type { Settling } from './settle.ts'
import { statusOf } from './states.ts'

export interface CollectingDependencies {
  models: PaymentModels
  providerOf: (name: string) => PaymentProvider | undefined
  settling: Settling
  unitOfWork: UnitOfWork
  clock: Clock
  failpoints: Failpoints
  log: Logger
  returnUrl: (paymentId: string) => string
}

export type Collecting = ReturnType<typeof createCollecting>

/** Asks payment companies for money that a stored intent says is wanted. Each is asked under the payment's own id, so asking again is safe. */
export function createCollecting({ models: { Payments, Methods }, providerOf, settling, unitOfWork, clock, failpoints, log, returnUrl }: CollectingDependencies) {
  return Object.freeze({ openCheckout, charge })

  /**
   * Opens the provider's checkout for a stored intent.
   * @param backTo where the payer comes back to; to the payment's own view without it
   * @throws AppError `retry` while the provider can't be reached: the same key goes on from here; `payment-declined` when it said no
   */
  async function openCheckout(ctx: Context, paymentId: string, backTo = returnUrl(paymentId)): Promise<Checkout> {
    failpoints.hit('payments.checkout.after-intent')
    const payment = await intentOf(paymentId)
    if (payment.state === 'failed') fail('payment-declined', payment.failure_reason)
    const opened = await ask(ctx, payment, backTo)
    failpoints.hit('payments.checkout.after-provider')
    const answer = await unitOfWork.run(ctx, async (tx) => {
      const present = await awaitPayer(tx, paymentId, opened)
      failpoints.hit('payments.checkout.before-commit')
      return { payment_id: paymentId, status: statusOf(present?.state ?? 'requires_action'), mobile_money_url: opened.checkout_url }
    })
    failpoints.hit('payments.checkout.after-commit')
    return answer
  }

  /**
   * Charges the saved method of a stored intent, without its payer. @returns the payment as far as it is known: what the company did not say,
   * the sweeper finds out
   */
  async function charge(ctx: Context, paymentId: string): Promise<Payment> {
    failpoints.hit('payments.charge.after-intent')
    const step: Context = { ...ctx, once: undefined }
    const payment = await intentOf(paymentId)
    const method = payment.method_id === undefined ? null : await Methods.findById(payment.method_id).lean()
    const provider = providerOf(payment.provider)
    if (payment.state !== 'created') return presentPayment(payment)
    if (!method || !provider) throw new Error(`${paymentId}: there is nothing to charge`)
    try {
      const { checkout_url, ...told } = await provider.charge({ ...orderOf(payment, returnUrl(paymentId)), provider_method_id: method.provider_method_id })
      failpoints.hit('payments.charge.after-provider')
      await unitOfWork.run(step, async (tx) => {
        if (checkout_url === undefined) await settling.settle(tx, step, told, 'provider')
        else await awaitPayer(tx, paymentId, { provider_payment_id: told.provider_payment_id, checkout_url })
        failpoints.hit('payments.charge.before-commit')
      })
      failpoints.hit('payments.charge.after-commit')
    } catch (error) {
      if (error instanceof ProviderRefused) await unitOfWork.run(step, (tx) => settling.refuse(tx, payment, error.reason))
      else if (error instanceof ProviderUnavailable) log.warn({ payment_id: paymentId, provider: payment.provider }, 'the provider does not answer; whether it has charged is asked for later')
      else throw error
    }
    return presentPayment(await intentOf(paymentId))
  }

  /** The payer has to do something first. A webhook may have been faster than this answer; its news stays. */
  async function awaitPayer(tx: Tx, paymentId: string, opened: { provider_payment_id: string; checkout_url: string }): Promise<PaymentRow | null> {
    const moved = await Payments.findOneAndUpdate(
      { _id: paymentId, state: 'created' },
      {
        $set: { ...opened, state: 'requires_action', updated_at: clock.now() },
        $inc: { version: 1 },
        $push: { transitions: { from: 'created', to: 'requires_action', cause: 'payer', at: clock.now() } },
      },
      { returnDocument: 'after' },
    ).lean()
    if (moved) await publishChange(tx, moved)
    return moved ?? Payments.findById(paymentId).lean()
  }

  async function ask(ctx: Context, payment: PaymentRow, backTo: string): Promise<{ provider_payment_id: string; checkout_url: string }> {
    const provider = providerOf(payment.provider)
    if (!provider) throw new Error(`There is no provider ${payment.provider} any more`)
    try {
      const { provider_payment_id, checkout_url } = await provider.createCheckout(orderOf(payment, backTo))
      return { provider_payment_id, checkout_url }
    } catch (error) {
      if (error instanceof ProviderRefused) {
        await unitOfWork.run({ ...ctx, once: undefined }, (tx) => settling.refuse(tx, payment, error.reason))
        fail('payment-declined', `The payment company refused: ${error.reason}`)
      }
      if (error instanceof ProviderUnavailable) fail('retry', { detail: 'The payment company does not answer; send the same request again', retry_after_ms: 2_000 })
      throw error
    }
  }

  async function intentOf(paymentId: string): Promise<PaymentRow> {
    const payment = await Payments.findById(paymentId).lean()
    if (!payment) throw new Error(`${paymentId}: an intent is gone`)
    return payment
  }
}

const descriptions = { tip: 'Tip', 'top-up': 'Wallet top-up', membership: 'Membership' } as const

function orderOf({ _id, amount, currency, purpose }: PaymentRow, backTo: string): CheckoutOrder {
  return { reference: _id, amount, currency, description: descriptions[purpose], return_url: backTo }
}
