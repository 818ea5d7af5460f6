import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import type { Currency } from '../../kernel/currency.ts'
import type { DueRow } from '../../kernel/feature.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { account, type Ledger, type Posting } from '../ledger/index.ts'
import type { Profiles } from '../profiles/index.ts'
import type { PayoutModels } from './model.ts'

const dayMs = 24 * 3600_000
/** for so long somebody counts as a new creator */
const newForMs = 30 * dayMs

export interface MaturationDependencies {
  models: PayoutModels
  ledger: Pick<Ledger, 'accruing' | 'creditedSince' | 'holds' | 'isPosted' | 'post'>
  profiles: Pick<Profiles, 'since'>
  unitOfWork: UnitOfWork
  clock: Clock
  context: () => Context
  failpoints: Failpoints
  /** how many whole days after the day on which it was earned money can be paid out; and that of new creators */
  days: number
  newDays: number
}

export type Maturation = ReturnType<typeof createMaturation>

/**
 * What was earned becomes available, day by day: one entry for each creator, currency and day. What matures is all that is pending less what
 * was earned too lately. So what went back to a payer can come from any day's earnings without a later day falling short, and what was written
 * down too late for its own day goes with the next.
 */
export function createMaturation({ models: { Progress }, ledger, profiles, unitOfWork, clock, context, failpoints, days, newDays }: MaturationDependencies) {
  return Object.freeze({ next, runDue })

  async function next(): Promise<DueRow> {
    const row = await Progress.findById('maturation').lean()
    return { at: new Date((row ? new Date(`${row.day}T00:00:00Z`) : startOfDay(clock.now())).getTime() + dayMs), row: 'maturation' }
  }

  /** The day's, once it has begun: run again, after a crash or beside another process, it finds what is done. */
  async function runDue(now: Date): Promise<number> {
    const today = startOfDay(now)
    const day = today.toISOString().slice(0, 10)
    const row = await Progress.findById('maturation').lean()
    if (row && row.day >= day) return 0
    let matured = 1
    for await (const { creator_id, currency } of ledger.accruing()) if (await mature(creator_id, currency, today)) matured++
    failpoints.hit('payouts.maturation.before-progress')
    await Progress.updateOne({ _id: 'maturation' }, { $max: { day } }, { upsert: true })
    return matured
  }

  async function mature(creatorId: string, currency: Currency, today: Date): Promise<boolean> {
    const reference = `mature:${creatorId}:${currency}:${today.toISOString().slice(0, 10)}`
    const since = await profiles.since(creatorId)
    const isNew = since !== undefined && today.getTime() - since.getTime() < newForMs
    // Of the day that is so many days ago the last moment; what is credited from then on is too young.
    const cutoff = new Date(today.getTime() - ((isNew ? newDays : days) - 1) * dayMs)
    return unitOfWork.run(context(), async (tx) => {
      if (await ledger.isPosted(reference)) return false
      const pending = await ledger.holds(tx, account.pending(creatorId), currency)
      const amount = pending - (await ledger.creditedSince(account.pending(creatorId), currency, cutoff))
      if (amount <= 0) return false
      const repaid = Math.min(amount, await ledger.holds(tx, account.debt(creatorId), currency))
      const credits: Posting[] = [
        { account: account.debt(creatorId), side: 'credit', amount: repaid },
        { account: account.available(creatorId), side: 'credit', amount: amount - repaid },
      ]
      const postings: Posting[] = [{ account: account.pending(creatorId), side: 'debit', amount }, ...credits.filter((each) => each.amount > 0)]
      await ledger.post(tx, { reference, reason: 'maturation', currency, source: creatorId, actor: 'system:maturation', postings })
      await tx.publish('wallet.changed', { wallet_id: creatorId })
      return true
    })
  }
}

function startOfDay(at: Date): Date {
  return new Date(Math.floor(at.getTime() / dayMs) * dayMs)
}
