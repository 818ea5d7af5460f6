import type { Clock } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Payments } from '../payments/index.ts'
import { bought } from './bought.ts'
import type { Charge, MembershipModels, MembershipRow } from './model.ts'
import type { Moving } from './moving.ts'

export interface OutcomeDependencies {
  models: MembershipModels
  moving: Moving
  payments: Pick<Payments, 'use' | 'isUsed'>
  /** gives back what was paid for nothing */
  giveBack: (ctx: Context, paymentId: string) => Promise<void>
  unitOfWork: UnitOfWork
  clock: Clock
  failpoints: Failpoints
  log: Logger
}

export type Outcomes = ReturnType<typeof createOutcomes>

type Charged = MembershipRow & { charge: Charge }

/** What becomes of a membership by a payment's news. News may come twice and late: the charge that the row names decides whether it is wanted. */
export function createOutcomes({ models: { Memberships }, moving, payments, giveBack, unitOfWork, clock, failpoints, log }: OutcomeDependencies) {
  return Object.freeze({ paid, unpaid, waiting })

  async function paid(ctx: Context, paymentId: string): Promise<void> {
    const isWanted = await unitOfWork.run(ctx, async (tx) => {
      const row = await chargedBy(paymentId)
      if (!row) return payments.isUsed(paymentId)
      // Whoever pays when it was suspended already begins anew: the days in between were nobody's.
      const charge = row.status === 'suspended' ? { ...row.charge, kind: 'recovery' as const } : row.charge
      await payments.use(tx, paymentId)
      await moving.must(tx, row, bought(row, charge, clock.now()), { to: 'active', cause: 'payment' })
      failpoints.hit('memberships.paid.before-commit')
      return true
    })
    failpoints.hit('memberships.paid.after-commit')
    if (isWanted) return
    log.info({ payment_id: paymentId }, 'a payment succeeded that no membership waits for: it is given back')
    await giveBack(ctx, paymentId)
  }

  async function unpaid(ctx: Context, paymentId: string): Promise<void> {
    await unitOfWork.run(ctx, async (tx) => {
      const row = await chargedBy(paymentId)
      if (!row) return
      const to = row.status === 'incomplete' ? 'expired' : isOver(row) ? 'past_due' : row.status
      await moving.must(tx, row, { charge: null }, { to, cause: 'payment' })
    })
  }

  /** The payer has to do something, or nobody knows yet: until then the period that has begun is not paid. */
  async function waiting(ctx: Context, paymentId: string): Promise<void> {
    await unitOfWork.run(ctx, async (tx) => {
      const row = await chargedBy(paymentId)
      if (row && isOver(row)) await moving.must(tx, row, {}, { to: 'past_due', cause: 'payment' })
    })
  }

  async function chargedBy(paymentId: string): Promise<Charged | null> {
    return (await Memberships.findOne({ 'charge.payment_id': paymentId }).lean()) as Charged | null
  }

  function isOver({ status, charge, current_period_end }: Charged): boolean {
    return (status === 'active' || status === 'trialing' || status === 'paused') && charge.kind === 'period' && current_period_end <= clock.now()
  }
}
