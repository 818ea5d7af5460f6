import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { AppError, ensure } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Payments } from '../payments/index.ts'
import { bought } from './bought.ts'
import { cancelledFrom, firstPaymentUntil, graceUntil, resumeUntil } from './dunning.ts'
import type { Charge, MembershipModels, MembershipRow } from './model.ts'
import type { Change, Moving } from './moving.ts'
import type { Outcomes } from './outcomes.ts'

export interface ChargingDependencies {
  models: MembershipModels
  moving: Moving
  outcomes: Outcomes
  payments: Payments
  unitOfWork: UnitOfWork
  clock: Clock
  failpoints: Failpoints
  feeBps: number
  /** asked when it is needed: which port is listened to is known only then */
  returnUrl: () => string
}

export type Wanted = Omit<Charge, 'payment_id'> & { due: number }
export type Outcome = 'paid' | 'refused' | 'overtaken' | 'under_way'

export type Charging = ReturnType<typeof createCharging>

/**
 * How a membership is paid. From a wallet, the money and what it buys are one transaction. By a saved method or a checkout, the intent is stored
 * with the membership that it is for, the company is asked afterwards, and what it says is applied whenever it comes.
 */
export function createCharging({ models: { Memberships }, moving, outcomes, payments, unitOfWork, clock, failpoints, feeBps, returnUrl }: ChargingDependencies) {
  return Object.freeze({ ensureUsable, within, take, collect, checkoutsOf })

  /** @throws AppError `validation` for what is neither the wallet, nor a checkout, nor a method of that person's */
  async function ensureUsable(userId: string, payWith: string): Promise<void> {
    const isUsable = payWith === 'wallet' || payWith === 'checkout' || (await payments.usable(userId, payWith)) !== undefined
    ensure(isUsable, 'validation', { errors: [{ path: 'pay_with', code: 'unknown', detail: 'is no way to pay that you have' }] })
  }

  /**
   * In the transaction of what it is for. @returns how the membership changes: to what was bought, or to one with a charge under way
   * @throws AppError `insufficient-funds`, `payment-declined` when the method is gone
   */
  async function within(tx: Tx, row: MembershipRow, { due, ...wanted }: Wanted): Promise<Change> {
    const { currency, fan_id, creator_id, pay_with } = row
    const purchase = { payer_id: fan_id, creator_id, purpose: 'membership' as const, amount: due, currency, fee_bps: feeBps, effect_key: `membership:${row._id}:${wanted.kind}:${wanted.period}:${row.charges}`, subject: row._id }
    const charges = row.charges + 1
    if (pay_with === 'wallet') {
      await payments.use(tx, await payments.fromWallet(tx, purchase, fan_id))
      return { ...bought(row, wanted, clock.now()), charges }
    }
    const method = pay_with === 'checkout' ? undefined : await payments.usable(fan_id, pay_with)
    ensure(pay_with === 'checkout' || method, 'payment-declined', 'The payment method is gone')
    const payment_id = await payments.intend(tx, purchase, { ...(method ? { method } : {}), ...openUntil(row, wanted, pay_with) })
    return { charge: { payment_id, ...wanted }, charges, ...(wanted.kind === 'period' || row.status === 'paused' ? { attempts: row.attempts + 1 } : {}) }
  }

  /** What time demands: charges what is due. A refusal writes nothing; whose row was changed meanwhile is left alone. */
  async function take(ctx: Context, row: MembershipRow, wanted: Wanted, cause: string): Promise<Outcome> {
    const moved = await attempt(ctx, row, wanted, cause)
    failpoints.hit('memberships.charge.after-commit')
    if (typeof moved === 'string') return moved
    if (!moved.charge) return 'paid'
    await ask(ctx, moved).catch((error: unknown) => {
      // What the company has not said yet is asked for again by the sweeper of payments.
      if (!(error instanceof AppError)) throw error
    })
    return 'under_way'
  }

  async function attempt(ctx: Context, row: MembershipRow, wanted: Wanted, cause: string): Promise<MembershipRow | 'refused' | 'overtaken'> {
    try {
      return await unitOfWork.run(
        ctx,
        async (tx) => {
          const present = await Memberships.findOne({ _id: row._id, version: row.version }).lean()
          if (!present) return 'overtaken'
          const change = await within(tx, row, wanted)
          failpoints.hit('memberships.charge.before-commit')
          return (await moving.move(tx, row, change, { to: change.charge ? row.status : 'active', cause })) ?? 'overtaken'
        },
        row.fan_id,
      )
    } catch (error) {
      if (error instanceof AppError && (error.code === 'insufficient-funds' || error.code === 'payment-declined')) return 'refused'
      throw error
    }
  }

  /**
   * What a fan asked for: goes on from the stored intent, and answers what became of it.
   * @throws AppError `payment-declined` when the company refuses, `retry` while it does not answer
   */
  async function collect<T>(ctx: Context, membershipId: string, answer: (row: MembershipRow) => Promise<T>): Promise<T> {
    const row = await rowOf(membershipId)
    if (row.charge) await ask({ ...ctx, once: undefined }, row)
    return unitOfWork.run(ctx, async () => answer(await rowOf(membershipId)))
  }

  /** Asks the company, and applies what it says at once; what it says later comes as news of the payment. */
  async function ask(ctx: Context, { pay_with, charge }: MembershipRow): Promise<void> {
    const { payment_id } = charge as Charge
    if (pay_with === 'checkout') {
      await payments.openCheckout(ctx, payment_id, returnUrl())
      return
    }
    const { status, failure_reason } = await payments.charge(ctx, payment_id)
    if (status === 'success') await outcomes.paid(ctx, payment_id)
    else if (status === 'failed') await outcomes.unpaid(ctx, payment_id)
    else await outcomes.waiting(ctx, payment_id)
    ensure(status !== 'failed', 'payment-declined', `The payment company refused: ${failure_reason ?? 'no reason given'}`)
  }

  async function rowOf(membershipId: string): Promise<MembershipRow> {
    const row = await Memberships.findById(membershipId).lean()
    if (!row) throw new Error(`${membershipId}: a membership is gone`)
    return row
  }

  async function checkoutsOf(rows: readonly MembershipRow[]): Promise<ReadonlyMap<string, string>> {
    const ids = rows.flatMap(({ charge }) => (charge ? [charge.payment_id] : []))
    if (ids.length === 0) return new Map()
    const urls = await payments.openUrls(ids)
    return new Map(rows.flatMap(({ _id, charge }) => (charge && urls.has(charge.payment_id) ? [[_id, urls.get(charge.payment_id) as string] as const] : [])))
  }
}

// A payment waits for its payer as long as the membership does: a renewal by checkout until that is over, by a method as long as access is kept.
function openUntil(row: MembershipRow, { kind }: Pick<Charge, 'kind'>, payWith: string): { openUntil?: Date } {
  if (kind === 'first') return { openUntil: firstPaymentUntil(row) }
  if (row.status === 'paused') return { openUntil: resumeUntil(row) ?? graceUntil(row) }
  if (kind !== 'period') return {}
  return { openUntil: payWith === 'checkout' ? cancelledFrom(row) : graceUntil(row) }
}
