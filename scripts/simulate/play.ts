import type { Random } from '../random.ts'
import type { Cast, Creator, Doors, Person } from './cast.ts'
import type { Model, Verdict } from './model.ts'

/** What happened is not what the rules say. */
export class Contradiction extends Error {
  override readonly name = 'Contradiction'
}

interface Checkout {
  payment_id: string
  mobile_money_url: string
}

interface MembershipAnswer {
  membership_id: string
  status: string
  current_period_start: string
  current_period_end: string
  ended_at: string | null
}

interface Sent {
  fan: Person
  creator: Person
  amount: number
  key: string
  tip_id: string
}

export type Play = ReturnType<typeof createPlay>

const currency = 'ZMW'
const remembered = 200

/**
 * What people do. Each act takes those whom it concerns, asks through the public door, holds the answer against the model and tells it what came
 * of it. Nobody takes part in two acts at once, or the answer to either would be open.
 */
export function createPlay({ cast, doors, model, random, now, paymentOf }: { cast: Cast; doors: Doors; model: Model; random: Random; /** business time, as it was last told */ now: () => Date; /** of a tip */ paymentOf: (tipId: string) => Promise<string> }) {
  const sent: Sent[] = []
  /** paid, and there: what may be given back */
  let settled: string[] = []
  let unsettled: string[] = []

  const acts: [weight: number, act: () => (() => Promise<void>) | undefined][] = [
    [30, tipFromWallet],
    [8, sayAgain],
    [14, topUp],
    [8, tipByCheckout],
    [12, giveBack],
    [7, join],
    [4, leave],
    [8, cashOut],
    [2, race],
  ]
  const total = acts.reduce((sum, [weight]) => sum + weight, 0)

  return { next, settle, fund }

  /** The next act, with its people taken; whoever takes it lets them go. */
  function next(): () => Promise<void> {
    for (;;) {
      let left = random.next() * total
      const [, chosen] = acts.find(([weight]) => (left -= weight) < 0) ?? (acts[0] as (typeof acts)[0])
      const act = chosen()
      if (act) return act
    }
  }

  /** Whatever was on its way has come. */
  function settle(): void {
    settled = [...settled, ...unsettled].filter((id) => model.leftOf(id) > 0n).slice(-remembered)
    unsettled = []
    model.arrived()
  }

  /** Enough for whoever never runs short. */
  async function fund(person: Person, amount: number): Promise<void> {
    const checkout = await doors.as<Checkout>(person, 'POST', '/wallets/me/top-ups', { amount, currency }, doors.newKey())
    await doors.pay(person, checkout, 'success')
    model.topUp(checkout.payment_id, person.id, BigInt(amount))
  }

  function tipFromWallet() {
    const fan = free(cast.fans)
    const creator = random.pick(cast.creators)
    const amount = random.chance(0.06) ? 50_000_000 : 100 + random.below(4_000)
    return fan && acting([fan], () => tip(fan, creator, amount, doors.newKey()))
  }

  async function tip(fan: Person, creator: Person, amount: number, key: string): Promise<boolean> {
    const verdict = model.mayPay(fan.id, BigInt(amount))
    const answer = await doors.ask<{ tip_id: string }>(fan, 'POST', `/creators/${creator.id}/tips`, { amount, currency }, key)
    hold(`a tip of ${amount}`, verdict, answer, 'insufficient-funds')
    if (typeof answer === 'string') return false
    const paymentId = await paymentOf(answer.tip_id)
    model.tip(paymentId, fan.id, creator.id, BigInt(amount), 'wallet')
    settled.push(paymentId)
    sent.push({ fan, creator, amount, key, tip_id: answer.tip_id })
    if (sent.length > remembered) sent.shift()
    return true
  }

  /** An earlier call once more, as a client would whose answer was lost; or its key for something else. */
  function sayAgain() {
    const one = sent.length > 0 ? random.pick(sent) : undefined
    if (!one || one.fan.busy) return undefined
    const other = random.chance(0.2)
    return acting([one.fan], async () => {
      const answer = await doors.ask<{ tip_id: string }>(one.fan, 'POST', `/creators/${one.creator.id}/tips`, { amount: one.amount + Number(other), currency }, one.key)
      const right = other ? answer === 'key-reused' : typeof answer !== 'string' && answer.tip_id === one.tip_id
      if (!right) throw new Contradiction(`said again${other ? ' with another amount' : ''}: ${JSON.stringify(answer)}`)
    })
  }

  function topUp() {
    const fan = free(cast.fans)
    const amount = 500 + random.below(20_000)
    return fan && acting([fan], () => buy(fan, '/wallets/me/top-ups', { amount, currency }, ['success', 'success', 'success', 'success', 'late', 'failed', 'cancelled', ''], (id) => model.topUp(id, fan.id, BigInt(amount))))
  }

  function tipByCheckout() {
    const fan = free(cast.fans)
    const creator = random.pick(cast.creators)
    const amount = 100 + random.below(10_000)
    return fan && acting([fan], () => buy(fan, '/payments/initiate', { creator_id: creator.id, amount, currency, message: '' }, ['success', 'success', 'success', 'failed', 'cancelled', ''], (id) => model.tip(id, fan.id, creator.id, BigInt(amount), 'company')))
  }

  /** @param outcomes what may be chosen at the company; '' for walking away */
  async function buy(fan: Person, path: string, wish: object, outcomes: string[], paid: (paymentId: string) => void): Promise<void> {
    const outcome = random.pick(outcomes)
    const checkout = await doors.as<Checkout>(fan, 'POST', path, wish, doors.newKey())
    if (outcome === '') return
    await doors.pay(fan, checkout, outcome)
    if (outcome !== 'success' && outcome !== 'late') return
    paid(checkout.payment_id)
    unsettled.push(checkout.payment_id)
  }

  function giveBack() {
    const paymentId = settled.length > 0 ? random.pick(settled) : undefined
    const purchase = paymentId ? model.purchases.get(paymentId) : undefined
    if (!paymentId || !purchase) return undefined
    const payer = cast.fans.find(({ id }) => id === purchase.payer)
    const by = purchase.creator === undefined ? cast.admin : cast.creators.find(({ id }) => id === purchase.creator)
    const left = Number(model.leftOf(paymentId))
    if (!payer || !by || left === 0 || payer.busy || (by !== cast.admin && by.busy)) return undefined
    const amount = random.chance(0.1) ? left + 1 : random.chance(0.3) ? left : 1 + random.below(left)
    const to = purchase.creator === undefined || (purchase.source === 'company' && random.chance(0.5)) ? 'source' : 'wallet'
    return acting([payer, ...(by === cast.admin ? [] : [by])], async () => {
      const verdict = model.mayRefund(paymentId, BigInt(amount))
      const answer = await doors.ask<{ status: string }>(by, 'POST', `/payments/${paymentId}/refunds`, { amount, reason: 'simulated', to }, doors.newKey())
      hold(`${amount} of ${left} given back`, verdict, answer, amount > left ? 'exceeds-captured' : 'insufficient-funds')
      if (typeof answer === 'string') return
      if (answer.status === 'failed') throw new Contradiction('a refund failed that nothing stood against')
      model.refund(paymentId, BigInt(amount), to)
    })
  }

  function join() {
    const fan = free(cast.members)
    const creator = random.pick(cast.creators)
    const price = random.pick(creator.tier.prices)
    const behaviour = random.pick(['wallet', 'wallet', 'success', 'decline_after:1', 'decline_after:3'])
    return (
      fan &&
      acting([fan], async () => {
        const card = behaviour === 'wallet' ? undefined : await doors.ask<{ payment_method_id: string }>(fan, 'POST', '/payment-methods', { kind: 'card', behaviour }, doors.newKey())
        // Nobody keeps more than ten.
        if (typeof card === 'string') return
        const pay_with = card?.payment_method_id ?? 'wallet'
        const verdict = model.mayJoin(fan.id, creator.id, now())
        const answer = await doors.ask<MembershipAnswer>(fan, 'POST', '/memberships', { tier_id: creator.tier.tier_id, interval: price.interval, pay_with }, doors.newKey())
        hold('a membership', verdict, answer, 'conflict')
        if (typeof answer === 'string') return
        model.join(answer.membership_id, {
          fan: fan.id,
          creator: creator.id,
          amount: BigInt(price.amount),
          interval: price.interval,
          start: new Date(answer.current_period_start),
          source: behaviour === 'wallet' ? 'wallet' : 'company',
          charges: behaviour.startsWith('decline') ? Number(behaviour.slice(-1)) : Number.POSITIVE_INFINITY,
        })
      })
    )
  }

  function leave() {
    const fan = free(cast.members)
    const [id] = (fan && [...model.memberships].find(([, each]) => each.fan === fan.id && each.endedAt === undefined && model.isLive(each, now()))) ?? []
    if (!fan || !id) return undefined
    const at = random.pick(['now', 'period_end'])
    return acting([fan], async () => {
      // It may have been done, and its answer lost: asked again, it is over or as it was wished.
      const answer = await doors.ask<MembershipAnswer>(fan, 'POST', `/memberships/${id}/cancel`, { at })
      if (typeof answer === 'string' && answer !== 'stale-state') throw new Contradiction(`a membership did not end: ${answer}`)
      const stands = await doors.as<MembershipAnswer>(fan, 'GET', `/memberships/${id}`)
      model.end(id, new Date(stands.ended_at ?? stands.current_period_end))
    })
  }

  function cashOut() {
    const creator = free(cast.creators)
    if (!creator || [...model.payouts.values()].some((each) => each.creator === creator.id)) return undefined
    return acting([creator], () => requestPayout(creator))
  }

  async function requestPayout(creator: Creator): Promise<void> {
    const { buckets } = await doors.as<{ buckets: { available: number; debt: number } }>(creator, 'GET', '/wallets/me')
    const amount = Math.min(buckets.available, 1_000 + random.below(30_000))
    if (amount < 1_000 || buckets.debt > 0) return
    await doors.as(creator, 'POST', '/auth/step-up', { password: creator.password })
    const answer = await doors.ask<{ payout_id: string }>(creator, 'POST', '/payouts/request', { amount, bank_account: creator.bank.account, account_name: 'Ana Banda' }, doors.newKey())
    hold(`a payout of ${amount} of ${buckets.available}`, 'yes', answer, '')
    if (typeof answer === 'string') return
    model.requestPayout(answer.payout_id, creator.id, BigInt(amount))
    const decision = random.pick(['approve', 'approve', 'approve', 'reject', ''])
    if (decision === '') return
    await doors.as(cast.admin, 'POST', '/auth/step-up', { password: cast.admin.password })
    const decided = await doors.ask(cast.admin, 'POST', `/admin/payouts/${answer.payout_id}/${decision}`, decision === 'approve' ? { note: 'simulated' } : { reason: 'simulated' })
    if (typeof decided === 'string' && decided !== 'stale-state') throw new Contradiction(`a payout could not be decided: ${decided}`)
  }

  /** Eight tips at once, of which the wallet has the money for three. */
  function race() {
    const fan = free(cast.fans)
    const creator = random.pick(cast.creators)
    if (!fan) return undefined
    return acting([fan], async () => {
      const { buckets } = await doors.as<{ buckets: { cash: number } }>(fan, 'GET', '/wallets/me')
      const amount = Math.floor(buckets.cash / 3)
      if (amount < 100 || model.mayPay(fan.id, BigInt(amount * 4)) !== 'no') return
      const answers = await Promise.all(Array.from({ length: 8 }, () => tipUnjudged(fan, creator, amount)))
      const won = answers.filter(Boolean).length
      if (won > 3 || (won < 3 && model.mayPay(fan.id, BigInt(amount)) === 'yes')) throw new Contradiction(`${won} of eight tips at once went through, with money for three`)
    })
  }

  async function tipUnjudged(fan: Person, creator: Person, amount: number): Promise<boolean> {
    const answer = await doors.ask<{ tip_id: string }>(fan, 'POST', `/creators/${creator.id}/tips`, { amount, currency }, doors.newKey())
    if (typeof answer === 'string') {
      if (answer !== 'insufficient-funds') throw new Contradiction(`a tip was refused: ${answer}`)
      return false
    }
    model.tip(await paymentOf(answer.tip_id), fan.id, creator.id, BigInt(amount), 'wallet')
    return true
  }

  function free<T extends Person>(among: readonly T[]): T | undefined {
    const idle = among.filter(({ busy }) => !busy)
    return idle.length > 0 ? random.pick(idle) : undefined
  }

  function acting(people: readonly Person[], act: () => Promise<unknown>): () => Promise<void> {
    for (const person of people) person.busy = true
    return async () => {
      try {
        await act()
      } finally {
        for (const person of people) person.busy = false
      }
    }
  }
}

function hold(what: string, verdict: Verdict, answer: unknown, refusal: string): void {
  const refused = typeof answer === 'string'
  const right = refused ? verdict !== 'yes' && answer === refusal : verdict !== 'no'
  if (!right) throw new Contradiction(`${what}: the rules say ${verdict}, the server ${refused ? answer : 'did it'}`)
}
