import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { AppError, ensure } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Payments } from '../payments/index.ts'
import { bought } from './bought.ts'
import type { Charge, MembershipModels, MembershipRow } from './model.ts'
import type { Moving } from './moving.ts'

export interface ChargingDependencies {
  models: MembershipModels
  moving: Moving
  payments: Pick<Payments, 'fromWallet'>
  unitOfWork: UnitOfWork
  clock: Clock
  feeBps: number
}

export type Wanted = Omit<Charge, 'payment_id'> & { due: number }
export type Outcome = 'paid' | 'refused' | 'overtaken'

export type Charging = ReturnType<typeof createCharging>

/** How a membership is paid. The money and what it buys are one transaction. */
export function createCharging({ models: { Memberships }, moving, payments, unitOfWork, clock, feeBps }: ChargingDependencies) {
  return Object.freeze({ ensureUsable, first, within, take, checkoutsOf })

  async function ensureUsable(_userId: string, payWith: string): Promise<void> {
    ensure(payWith === 'wallet', 'validation', { errors: [{ path: 'pay_with', code: 'unknown', detail: 'is no way to pay that you have' }] })
  }

  /** Of a membership that is made in the same transaction. @throws AppError `insufficient-funds` */
  async function first(tx: Tx, row: MembershipRow): Promise<void> {
    await payments.fromWallet(tx, purchase(row, { kind: 'first', period: row.period, due: row.amount }), row.fan_id)
  }

  /** In the transaction of what it buys. @throws AppError `insufficient-funds` */
  async function within(tx: Tx, row: MembershipRow, wanted: Wanted): Promise<void> {
    await payments.fromWallet(tx, purchase(row, wanted), row.fan_id)
  }

  /** Charges what is due for a membership that is there. A refusal writes nothing; whose row was changed meanwhile is left alone. */
  async function take(ctx: Context, row: MembershipRow, wanted: Wanted, cause: string): Promise<Outcome> {
    try {
      return await unitOfWork.run(
        ctx,
        async (tx) => {
          const present = await Memberships.findOne({ _id: row._id, version: row.version }).lean()
          if (!present) return 'overtaken'
          await within(tx, row, wanted)
          const change = { ...bought(row, wanted, clock.now()), charges: row.charges + 1 }
          return (await moving.move(tx, row, change, { to: 'active', cause })) ? 'paid' : 'overtaken'
        },
        row.fan_id,
      )
    } catch (error) {
      if (error instanceof AppError && error.code === 'insufficient-funds') return 'refused'
      throw error
    }
  }

  async function checkoutsOf(_rows: readonly MembershipRow[]): Promise<ReadonlyMap<string, string>> {
    return new Map()
  }

  function purchase(row: MembershipRow, { kind, period, due }: Wanted) {
    const { currency, fan_id, creator_id } = row
    const effect_key = `membership:${row._id}:${kind}:${period}:${row.charges}`
    return { payer_id: fan_id, creator_id, purpose: 'membership' as const, amount: due, currency, fee_bps: feeBps, effect_key, subject: row._id }
  }
}
