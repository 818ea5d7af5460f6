import { Temporal } from 'temporal-polyfill'
import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import type { Currency } from '../../kernel/currency.ts'
import { userOf } from '../accounts/index.ts'
import { account, type Ledger, type Posting } from '../ledger/index.ts'
import type { Profiles } from '../profiles/index.ts'
import { type EarningKind, earningKinds, type Earnings, type EarningSum } from './contract.ts'
import type { Maturation } from './maturation.ts'
import type { PayoutModels } from './model.ts'

const defaultDays = 30

/** The reasons of entries by which something is earned or given back; what only moves from one of a creator's accounts to another is neither. */
const kindOfReason: Readonly<Record<string, EarningKind>> = { tip: 'tip', membership: 'membership', refund: 'refund', 'refund-failed': 'refund' }

export interface EarningsDependencies {
  models: PayoutModels
  ledger: Pick<Ledger, 'entriesOf' | 'balanceOf'>
  maturation: Pick<Maturation, 'ripeBy'>
  profiles: Pick<Profiles, 'creator'>
  clock: Clock
  currency: Currency
}

export type EarningsOf = ReturnType<typeof createEarnings>

/** Sums of the entries themselves: they equal the ledger to the cent. */
export function createEarnings({ models, ledger, maturation, profiles, clock, currency }: EarningsDependencies) {
  return Object.freeze({ mine })

  async function mine(ctx: Context, { days = defaultDays }: { days?: number }): Promise<Earnings> {
    const { user_id } = userOf(ctx)
    const { time_zone = 'UTC' } = await profiles.creator(user_id)
    const today = dayOf(clock.now(), time_zone)
    const first = today.subtract({ days: days - 1 })
    const nets = new Map(Array.from({ length: days }, (_each, n) => [first.add({ days: n }).toString(), 0]))
    const sums = new Map(earningKinds.map((kind): [EarningKind, EarningSum] => [kind, { kind, count: 0, gross: 0, fee: 0, net: 0 }]))
    const own = [account.pending(user_id), account.available(user_id), account.debt(user_id)]
    for await (const { reason, at, postings } of ledger.entriesOf(own, currency, new Date(first.toZonedDateTime(time_zone).epochMilliseconds))) {
      const sum = sums.get(kindOfReason[reason] as EarningKind)
      if (!sum) continue
      const net = total(postings, (name) => own.includes(name))
      const fee = total(postings, (name) => name.startsWith('platform:revenue:'))
      sums.set(sum.kind, { ...sum, count: sum.count + 1, gross: sum.gross + net + fee, fee: sum.fee + fee, net: sum.net + net })
      const day = dayOf(at, time_zone).toString()
      nets.set(day, (nets.get(day) ?? 0) + net)
    }
    return { currency, time_zone, kinds: [...sums.values()], days: [...nets].map(([day, net]) => ({ day, net })), next_payout: await nextPayout(user_id) }
  }

  /** What is available now, and what will have become so by then. */
  async function nextPayout(userId: string): Promise<Earnings['next_payout']> {
    const due_at = (await models.Plans.findById(userId, { due_at: 1 }).lean())?.due_at
    if (!due_at) return null
    const available = await ledger.balanceOf(account.available(userId), currency)
    const owed = await ledger.balanceOf(account.debt(userId), currency)
    const ripe = await maturation.ripeBy(userId, currency, due_at)
    return { at: due_at.toISOString(), amount: available + Math.max(0, ripe - owed) }
  }
}

function total(postings: readonly Posting[], counts: (name: string) => boolean): number {
  return postings.filter((each) => counts(each.account)).reduce((sum, { side, amount }) => sum + (side === 'credit' ? amount : -amount), 0)
}

function dayOf(at: Date, timeZone: string): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone).toPlainDate()
}
