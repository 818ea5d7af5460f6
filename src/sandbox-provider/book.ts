import type { Clock } from '../kernel/clock.ts'
import { ensure, fail } from '../kernel/errors.ts'
import type { DueRow } from '../kernel/feature.ts'
import type { Deliveries } from './deliveries.ts'
import type { Behaviour, BookedRefund, Charge, Method, Store, Transfer, Webhook, Word } from './store.ts'
import { newId, newToken } from './tokens.ts'

export interface Order {
  reference: string
  amount: number
  currency: string
  description: string
  return_url: string
}

export interface Card {
  reference: string
  kind: 'card'
  behaviour: Behaviour
}

export interface RefundOrder {
  reference: string
  provider_payment_id: string
  amount: number
  currency: string
}

export interface TransferOrder {
  reference: string
  amount: number
  currency: string
  bank_account: string
  account_name: string
}

export interface TransferState {
  status: 'processing' | 'succeeded' | 'failed' | 'returned'
  failure_reason?: string
}

export type Outcome = keyof typeof outcomes

interface Verdict {
  word: Word
  change: Partial<Charge>
  /** reported as failed, and succeeds then after all */
  late?: true
}

/** What a payer can decide on the checkout page. */
const outcomes = {
  success: { word: 'success', change: { status: 'succeeded', failure_reason: null, action_required: false } },
  failed: { word: 'failed', change: { status: 'failed', failure_reason: 'declined' } },
  cancelled: { word: 'cancelled', change: { status: 'cancelled', failure_reason: 'cancelled_by_payer' } },
  late: { word: 'failed', change: { status: 'failed', failure_reason: 'confirmation_timed_out' }, late: true },
  requires_action: { word: 'pending', change: { action_required: true } },
} as const satisfies Record<string, Verdict>

export const outcomeNames = Object.keys(outcomes) as Outcome[]

const pageSize = 50
const dayMs = 24 * 3600_000
const duplicateKey = 11000

export type Book = ReturnType<typeof createBook>

/** The company's own book of charges. A charge and the webhook that tells of it change together. */
export function createBook({
  store,
  deliveries,
  clock,
  wakeIn,
  lateMs,
}: {
  store: Store
  deliveries: Deliveries
  clock: Clock
  wakeIn: (ms: number) => void
  lateMs: number
}) {
  const { charges, methods, refunds, transfers } = store

  return Object.freeze({ open, saveMethod, charge, refund, findRefund, transfer, findTransfer, stateOf, find, findByToken, list, decide, nextLate, settleLate })

  /**
   * Opens a charge once: the same reference gets the same answer, however often and however much at once it is asked for.
   * @throws AppError `conflict` when the reference stands for another amount
   */
  async function open(order: Order): Promise<{ charge: Charge; isNew: boolean }> {
    const charge = newCharge(order)
    try {
      await charges.insertOne(charge)
      return { charge, isNew: true }
    } catch (error) {
      if ((error as { code?: unknown }).code !== duplicateKey) throw error
    }
    return { charge: await earlier(order), isNew: false }
  }

  /** Keeps a way to pay, once for each reference. */
  async function saveMethod(card: Card): Promise<Method> {
    const method: Method = { _id: newId('sbm'), ...card, uses: 0, created_at: clock.now() }
    try {
      await methods.insertOne(method)
      return method
    } catch (error) {
      if ((error as { code?: unknown }).code !== duplicateKey) throw error
    }
    const first = (await methods.findOne({ reference: card.reference })) ?? fail('retry')
    ensure(first.behaviour === card.behaviour, 'conflict', 'The reference stands for another method already')
    return first
  }

  /**
   * Charges a saved method, without its payer. Like a checkout, once for each reference; the charge, what the method did and the webhook that
   * tells of it are one.
   * @throws AppError `not-found` for a method that is not kept here
   */
  async function charge(order: Order & { method_id: string }): Promise<{ charge: Charge; isNew: boolean }> {
    const made = await store.atomically(async (session) => {
      if (await charges.findOne({ reference: order.reference }, { session })) return undefined
      const method = (await methods.findOneAndUpdate({ _id: order.method_id }, { $inc: { uses: 1 } }, { session })) ?? fail('not-found', 'There is no such method')
      const { word, change } = outcomes[outcomeOf(method)] as Verdict
      const charged: Charge = { ...newCharge(order), ...change }
      await charges.insertOne(charged, { session })
      return { charge: charged, webhook: await deliveries.write(charged, word, session) }
    })
    if (!made) return { charge: await earlier(order), isNew: false }
    deliveries.nudge(made.webhook)
    return { charge: made.charge, isNew: true }
  }

  /**
   * Gives back what was charged, at most all of it.
   * @throws AppError `not-found` for a payment that is not known or was not charged, `exceeds-captured`
   */
  async function refund({ reference, provider_payment_id, amount, currency }: RefundOrder): Promise<{ refund: BookedRefund; isNew: boolean }> {
    const made = await store.atomically(async (session) => {
      if (await refunds.findOne({ reference }, { session })) return undefined
      const charged = (await charges.findOne({ _id: provider_payment_id, status: 'succeeded', currency }, { session })) ?? fail('not-found', 'There is no such charge')
      ensure((charged.refunded ?? 0) + amount <= charged.amount, 'exceeds-captured')
      await charges.updateOne({ _id: charged._id }, { $inc: { refunded: amount }, $set: { updated_at: clock.now() } }, { session })
      const row: BookedRefund = { _id: newId('sbr'), reference, charge_id: charged._id, amount, currency, status: 'succeeded', created_at: clock.now() }
      await refunds.insertOne(row, { session })
      return row
    })
    if (made) return { refund: made, isNew: true }
    const first = (await findRefund(reference)) ?? fail('retry')
    ensure(first.amount === amount && first.charge_id === provider_payment_id, 'conflict', 'The reference stands for another refund already')
    return { refund: first, isNew: false }
  }

  async function findRefund(reference: string): Promise<BookedRefund | null> {
    return refunds.findOne({ reference })
  }

  /** Sends money to a bank account, once for each reference. What becomes of it is told by the account's last digits: see the README. */
  async function transfer(order: TransferOrder): Promise<{ transfer: Transfer; isNew: boolean }> {
    const row: Transfer = { _id: newId('sbt'), ...order, created_at: clock.now() }
    try {
      await transfers.insertOne(row)
      return { transfer: row, isNew: true }
    } catch (error) {
      if ((error as { code?: unknown }).code !== duplicateKey) throw error
    }
    const first = (await findTransfer(order.reference)) ?? fail('retry')
    ensure(first.amount === order.amount && first.currency === order.currency && first.bank_account === order.bank_account, 'conflict', 'The reference stands for another transfer already')
    return { transfer: first, isNew: false }
  }

  async function findTransfer(reference: string): Promise<Transfer | null> {
    return transfers.findOne({ reference })
  }

  /** A bank says no at once, takes a day, or sends back on the next day what it took. */
  function stateOf({ bank_account, created_at }: Transfer): TransferState {
    const isNextDay = clock.now().getTime() - created_at.getTime() >= dayMs
    if (bank_account.endsWith('0001')) return { status: 'failed', failure_reason: 'account_closed' }
    if (bank_account.endsWith('0002')) return isNextDay ? { status: 'returned', failure_reason: 'name_mismatch' } : { status: 'succeeded' }
    if (bank_account.endsWith('0003')) return { status: isNextDay ? 'succeeded' : 'processing' }
    return { status: 'succeeded' }
  }

  async function earlier(order: Order): Promise<Charge> {
    const first = (await find(order.reference)) ?? fail('retry')
    const isSame = first.amount === order.amount && first.currency === order.currency
    ensure(isSame, 'conflict', 'The reference stands for another amount already')
    return first
  }

  function newCharge(order: Order): Charge {
    const at = clock.now()
    return { _id: newId('sbx'), token: newToken(), ...order, status: 'pending', failure_reason: null, action_required: false, created_at: at, updated_at: at }
  }

  async function find(reference: string): Promise<Charge | null> {
    return charges.findOne({ reference })
  }

  async function findByToken(token: string): Promise<Charge | null> {
    return charges.findOne({ token })
  }

  /** The statement, oldest first. @param after the provider's id of the last charge of the page before */
  async function list({ after, limit }: { after: string; limit: number }): Promise<{ data: Charge[]; has_more: boolean }> {
    const rows = await charges
      .find({ _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(limit + 1)
      .toArray()
    return { data: rows.slice(0, limit), has_more: rows.length > limit }
  }

  /** Decides an open charge; a second decision changes nothing. @throws AppError `not-found` */
  async function decide(token: string, outcome: Outcome): Promise<{ charge: Charge; changed: boolean }> {
    const { word, change, late }: Verdict = outcomes[outcome]
    const undecided = { status: 'pending' as const, ...(outcome === 'requires_action' ? { action_required: false } : {}) }
    const decided = await store.atomically(async (session) => {
      // The guard is in the filter: a form that is posted twice at once is decided once.
      const charge = await charges.findOneAndUpdate(
        { token, ...undecided },
        { $set: { ...change, updated_at: clock.now(), ...(late ? { late_at: new Date(clock.now().getTime() + lateMs) } : {}) } },
        { session, returnDocument: 'after' },
      )
      return charge ? { charge, webhook: await deliveries.write(charge, word, session) } : undefined
    })
    if (decided) {
      if (late) wakeIn(lateMs)
      deliveries.nudge(decided.webhook)
      return { charge: decided.charge, changed: true }
    }
    const charge = (await findByToken(token)) ?? fail('not-found')
    return { charge, changed: false }
  }

  async function nextLate(): Promise<DueRow | null> {
    const charge = await charges.findOne({ late_at: { $exists: true } }, { sort: { late_at: 1 } })
    return charge?.late_at ? { at: charge.late_at, row: charge._id } : null
  }

  /** Charges that were reported as failed succeed now. @returns how many were due */
  async function settleLate(): Promise<number> {
    const due = await charges
      .find({ late_at: { $lte: clock.now() } })
      .sort({ late_at: 1 })
      .limit(pageSize)
      .toArray()
    for (const { _id, late_at } of due) {
      const webhook = await store.atomically(async (session): Promise<Webhook | undefined> => {
        const charge = await charges.findOneAndUpdate(
          { _id, late_at },
          { $set: { ...outcomes.success.change, updated_at: clock.now() }, $unset: { late_at: 1 } },
          { session, returnDocument: 'after' },
        )
        return charge ? deliveries.write(charge, 'success', session) : undefined
      })
      if (webhook) deliveries.nudge(webhook)
    }
    return due.length
  }
}

/** @param method as it was before this use */
function outcomeOf({ behaviour, uses }: Method): Outcome {
  if (behaviour === 'success' || behaviour === 'requires_action') return behaviour
  if (behaviour === 'decline') return 'failed'
  return uses < Number(behaviour.slice('decline_after:'.length)) ? 'success' : 'failed'
}
