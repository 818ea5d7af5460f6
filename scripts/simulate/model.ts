/**
 * What the platform owes to whom, worked out from the rules alone: it knows nothing of the code that is held against it, counts in whole
 * numbers of any size, and is told only what people asked for and what they were answered.
 */

export type Source = 'wallet' | 'company'

interface Purchase {
  payer: string
  /** none for a top-up: the money stays the payer's */
  creator: string | undefined
  amount: bigint
  feeBps: bigint
  refunded: bigint
  source: Source
}

export interface Membership {
  fan: string
  creator: string
  amount: bigint
  interval: 'week' | 'month'
  start: Date
  source: Source
  /** so many charges of its card succeed, the first one counted */
  charges: number
  /** from then on nothing more is charged */
  endedAt?: Date
}

export interface Expected {
  cash: Map<string, bigint>
  /** pending, available and reserved, less what is owed */
  earned: Map<string, bigint>
  revenue: { tip: bigint; membership: bigint }
  /** the company's books: what it took, gave back and sent to banks */
  company: { charged: bigint; refunded: bigint; sent: bigint }
}

/** Whether something must succeed, must be refused, or may do either, because money that is on its way may have come or not. */
export type Verdict = 'yes' | 'no' | 'either'

/** An end is seen by whoever looks for what is due within so long; clocks that are asked one after the other differ by as much. */
const slackMs = 90_000
/** Days after which a renewal that fails again and again has ended its membership. */
const lostAfterDays = 21
const dayMs = 24 * 3600_000

export type Model = ReturnType<typeof createModel>

export function createModel({ tipFeeBps, membershipFeeBps }: { tipFeeBps: bigint; membershipFeeBps: bigint }) {
  const cash = new Map<string, bigint>()
  const onItsWay = new Map<string, bigint>()
  const earned = new Map<string, bigint>()
  const company = { charged: 0n, refunded: 0n, sent: 0n }
  let revenueOfTips = 0n
  const purchases = new Map<string, Purchase>()
  const payouts = new Map<string, { creator: string; amount: bigint }>()
  const memberships = new Map<string, Membership>()

  return { topUp, arrived, mayPay, tip, leftOf, mayRefund, refund, requestPayout, endPayout, mayJoin, join, end, isLive, chargesOf, isAboutToCharge, expected, purchases, payouts, memberships }

  /** A top-up that its payer has paid: it will be there, sooner or later. */
  function topUp(id: string, fan: string, amount: bigint): void {
    purchases.set(id, { payer: fan, creator: undefined, amount, feeBps: 0n, refunded: 0n, source: 'company' })
    company.charged += amount
    add(cash, fan, amount)
    add(onItsWay, fan, amount)
  }

  /** All that was on its way is there now. */
  function arrived(): void {
    onItsWay.clear()
  }

  function mayPay(fan: string, amount: bigint): Verdict {
    const most = cash.get(fan) ?? 0n
    const least = most - (onItsWay.get(fan) ?? 0n)
    if (amount <= least) return 'yes'
    return amount > most ? 'no' : 'either'
  }

  function tip(id: string, fan: string, creator: string, amount: bigint, source: Source): void {
    purchases.set(id, { payer: fan, creator, amount, feeBps: tipFeeBps, refunded: 0n, source })
    if (source === 'wallet') add(cash, fan, -amount)
    else company.charged += amount
    const fee = feeOf(amount, tipFeeBps)
    revenueOfTips += fee
    add(earned, creator, amount - fee)
  }

  function leftOf(id: string): bigint {
    const { amount, refunded } = found(purchases, id)
    return amount - refunded
  }

  /** At most what was captured; a top-up only as far as its payer has the money still. */
  function mayRefund(id: string, amount: bigint): Verdict {
    const { creator, payer } = found(purchases, id)
    if (amount > leftOf(id)) return 'no'
    return creator === undefined ? mayPay(payer, amount) : 'yes'
  }

  /** The creator and the platform each give back what they got of it: over all refunds together, so that no cent is lost by rounding. */
  function refund(id: string, amount: bigint, to: 'wallet' | 'source'): void {
    const purchase = found(purchases, id)
    const { creator, payer, feeBps, refunded } = purchase
    purchase.refunded += amount
    const fee = feeOf(refunded + amount, feeBps) - feeOf(refunded, feeBps)
    if (creator === undefined) add(cash, payer, -amount)
    else {
      add(earned, creator, fee - amount)
      revenueOfTips -= fee
    }
    if (to === 'wallet') add(cash, payer, amount)
    else company.refunded += amount
  }

  function requestPayout(id: string, creator: string, amount: bigint): void {
    payouts.set(id, { creator, amount })
  }

  /** `sent`: the bank has it. Otherwise the creator has it again. */
  function endPayout(id: string, outcome: 'sent' | 'back'): void {
    const { creator, amount } = found(payouts, id)
    payouts.delete(id)
    if (outcome === 'back') return
    add(earned, creator, -amount)
    company.sent += amount
  }

  /** One live membership for each fan and creator. */
  function mayJoin(fan: string, creator: string, now: Date): Verdict {
    const theirs = [...memberships.values()].filter((each) => each.fan === fan && each.creator === creator)
    if (theirs.some((each) => isLive(each, new Date(now.getTime() + slackMs)))) return 'no'
    return theirs.some((each) => isLive(each, new Date(now.getTime() - slackMs))) ? 'either' : 'yes'
  }

  function join(id: string, membership: Membership): void {
    memberships.set(id, membership)
  }

  /** Nothing is charged from then on. */
  function end(id: string, at: Date): void {
    found(memberships, id).endedAt = at
  }

  function isLive(membership: Membership, now: Date): boolean {
    if (membership.endedAt) return now < membership.endedAt
    return chargesDue(membership, now) <= membership.charges || now.getTime() < periodStart(membership, membership.charges).getTime() + lostAfterDays * dayMs
  }

  /** How often it was charged by then: once for each period that has begun, as long as its card plays along. */
  function chargesOf(id: string, now: Date): number {
    const membership = found(memberships, id)
    return Math.min(chargesDue(membership, now), membership.charges)
  }

  /** A period that begins in this moment may have been charged or not. */
  function isAboutToCharge(now: Date): boolean {
    return [...memberships.values()].some((each) => chargesDue(each, new Date(now.getTime() + slackMs)) !== chargesDue(each, now))
  }

  function expected(now: Date): Expected {
    const [allCash, allEarned, all] = [new Map(cash), new Map(earned), { ...company }]
    let revenueOfMemberships = 0n
    for (const [id, { fan, creator, amount, source }] of memberships) {
      const times = BigInt(chargesOf(id, now))
      const fee = feeOf(amount, membershipFeeBps)
      revenueOfMemberships += times * fee
      add(allEarned, creator, times * (amount - fee))
      if (source === 'wallet') add(allCash, fan, -times * amount)
      else all.charged += times * amount
    }
    return { cash: allCash, earned: allEarned, revenue: { tip: revenueOfTips, membership: revenueOfMemberships }, company: all }
  }
}

function chargesDue(membership: Membership, now: Date): number {
  const until = membership.endedAt && membership.endedAt < now ? membership.endedAt : now
  let count = 1
  while (periodStart(membership, count) <= until && !(membership.endedAt && periodStart(membership, count) >= membership.endedAt)) count++
  return count
}

/** Weeks are seven days; months keep the day of the first one, or take their last day where they are shorter. */
export function periodStart({ start, interval }: Pick<Membership, 'start' | 'interval'>, count: number): Date {
  if (interval === 'week') return new Date(start.getTime() + count * 7 * dayMs)
  const month = start.getUTCMonth() + count
  const lastDay = new Date(Date.UTC(start.getUTCFullYear(), month + 1, 0)).getUTCDate()
  return new Date(Date.UTC(start.getUTCFullYear(), month, Math.min(start.getUTCDate(), lastDay), start.getUTCHours(), start.getUTCMinutes(), start.getUTCSeconds(), start.getUTCMilliseconds()))
}

/** Halves go up. */
function feeOf(amount: bigint, bps: bigint): bigint {
  return (amount * bps + 5_000n) / 10_000n
}

function add(to: Map<string, bigint>, who: string, amount: bigint): void {
  to.set(who, (to.get(who) ?? 0n) + amount)
}

function found<T>(among: Map<string, T>, id: string): T {
  const one = among.get(id)
  if (one === undefined) throw new Error(`The model knows no ${id}`)
  return one
}
