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
  ledger: Pick<Ledger, 'accruing' | 'balanceOf' | 'creditedSince' | 'firstCredit' | 'holds' | 'isPosted' | 'lastPosted' | 'post'>
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

interface Earner {
  creator_id: string
  currency: Currency
  /** what is pending, as far as it is sealed */
  sealed: number
}

/**
 * What was earned becomes available, day by day: one entry for each creator, currency and day. What matures is all that is pending less what
 * was earned too lately. So what went back to a payer can come from any day's earnings without a later day falling short, and what was written
 * down too late for its own day goes with the next.
 */
export function createMaturation({ models: { Progress }, ledger, profiles, unitOfWork, clock, context, failpoints, days, newDays }: MaturationDependencies) {
  return Object.freeze({ next, runDue, ripeBy })

  /** The first day on which something ripens; none while nobody has anything pending. */
  async function next(): Promise<DueRow | null> {
    const done = await Progress.findById('maturation').lean()
    const earliest = done ? new Date(`${done.day}T00:00:00Z`).getTime() + dayMs : startOfDay(clock.now()).getTime()
    let soonest = Number.POSITIVE_INFINITY
    for await (const earner of ledger.accruing()) {
      soonest = Math.min(soonest, await ripeOn(earner))
      if (soonest <= earliest) break
    }
    return soonest === Number.POSITIVE_INFINITY ? null : { at: new Date(Math.max(soonest, earliest)), row: 'maturation' }
  }

  /** The day's, once it has begun: run again, after a crash or beside another process, it finds what is done. */
  async function runDue(now: Date): Promise<number> {
    const today = startOfDay(now)
    const day = today.toISOString().slice(0, 10)
    const done = await Progress.findById('maturation').lean()
    if (done && done.day >= day) return 0
    let looked = 0
    for await (const earner of ledger.accruing()) {
      looked++
      if ((await ripeOn(earner)) <= today.getTime()) await mature(earner, today)
    }
    if (looked === 0) return 0
    failpoints.hit('payouts.maturation.before-progress')
    await Progress.updateOne({ _id: 'maturation' }, { $max: { day } }, { upsert: true })
    return looked
  }

  /** The day on which the oldest of a creator's pending earnings are old enough. */
  async function ripeOn({ creator_id, currency, sealed }: Earner): Promise<number> {
    const name = account.pending(creator_id)
    const last = await ledger.lastPosted(`mature:${creator_id}:${currency}:`)
    const since = await profiles.since(creator_id)
    const from = last ? cutoffOf(startOfDay(last), since) : new Date(0)
    // What is older than the last maturation took was written down too late for it.
    if (last && sealed > (await ledger.creditedSince(name, currency, from))) return 0
    const oldest = await ledger.firstCredit(name, currency, from)
    if (!oldest) return Number.POSITIVE_INFINITY
    for (let day = startOfDay(oldest).getTime() + Math.min(days, newDays) * dayMs; ; day += dayMs) if (oldest < cutoffOf(new Date(day), since)) return day
  }

  /** How much of what is pending now will have matured by then, debts not yet repaid. */
  async function ripeBy(creatorId: string, currency: Currency, at: Date): Promise<number> {
    const name = account.pending(creatorId)
    const cutoff = cutoffOf(startOfDay(at), await profiles.since(creatorId))
    return Math.max(0, (await ledger.balanceOf(name, currency)) - (await ledger.creditedSince(name, currency, cutoff)))
  }

  /** Of the day that is so many days ago the last moment; what is credited from then on is too young. */
  function cutoffOf(today: Date, since: Date | undefined): Date {
    const isNew = since !== undefined && today.getTime() - since.getTime() < newForMs
    return new Date(today.getTime() - ((isNew ? newDays : days) - 1) * dayMs)
  }

  async function mature({ creator_id: creatorId, currency }: Earner, today: Date): Promise<void> {
    const reference = `mature:${creatorId}:${currency}:${today.toISOString().slice(0, 10)}`
    const cutoff = cutoffOf(today, await profiles.since(creatorId))
    await unitOfWork.run(context(), async (tx) => {
      if (await ledger.isPosted(reference)) return
      const pending = await ledger.holds(tx, account.pending(creatorId), currency)
      const amount = pending - (await ledger.creditedSince(account.pending(creatorId), currency, cutoff))
      if (amount <= 0) return
      const repaid = Math.min(amount, await ledger.holds(tx, account.debt(creatorId), currency))
      const credits: Posting[] = [
        { account: account.debt(creatorId), side: 'credit', amount: repaid },
        { account: account.available(creatorId), side: 'credit', amount: amount - repaid },
      ]
      const postings: Posting[] = [{ account: account.pending(creatorId), side: 'debit', amount }, ...credits.filter((each) => each.amount > 0)]
      await ledger.post(tx, { reference, reason: 'maturation', currency, source: creatorId, actor: 'system:maturation', postings })
      await tx.publish('wallet.changed', { wallet_id: creatorId })
    })
  }
}

function startOfDay(at: Date): Date {
  return new Date(Math.floor(at.getTime() / dayMs) * dayMs)
}
