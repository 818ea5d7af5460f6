import type { Check, Violation } from '../../kernel/feature.ts'
import { splitFee } from '../../kernel/money.ts'
import { account, type createLedgerModels } from '../ledger/index.ts'
import type { PaymentModels, PaymentRow } from './model.ts'
import { paymentStates } from './states.ts'

const maxReported = 100

/** What must hold between payments, their webhooks and the ledger. */
export function createPaymentChecks({ models, entries }: { models: PaymentModels; entries: ReturnType<typeof createLedgerModels>['Entries'] }): Check[] {
  const { Payments, Inbox } = models

  return [
    { name: 'payments.inbox-once', run: inboxOnce },
    { name: 'payments.provider-objects', run: providerObjects },
    { name: 'payments.money-follows-state', run: moneyFollowsState },
    { name: 'payments.transitions', run: transitions },
  ]

  /** I10: an applied row names entries that exist, and no entry is named by two rows. */
  async function inboxOnce(): Promise<Violation[]> {
    const found: Violation[] = []
    const named = new Map<string, string>()
    for await (const row of Inbox.find({ 'entry_ids.0': { $exists: true } }).lean().cursor())
      for (const entryId of row.entry_ids) {
        const other = named.get(entryId)
        if (other) found.push({ check: 'payments.inbox-once', detail: `entry ${entryId} is named by ${other} too`, subject: row._id })
        named.set(entryId, row._id)
        const entry = await entries.findById(entryId, { cause: 1 }).lean()
        if (!entry) found.push({ check: 'payments.inbox-once', detail: `names entry ${entryId}, which is not there`, subject: row._id })
        else if (entry.cause !== row._id) found.push({ check: 'payments.inbox-once', detail: `names entry ${entryId}, which names another cause`, subject: row._id })
      }
    return found.slice(0, maxReported)
  }

  /** I11: a provider's payment is one of ours, once. */
  async function providerObjects(): Promise<Violation[]> {
    const twice = await Payments.aggregate<{ _id: { provider: string; id: string }; n: number }>([
      { $match: { provider_payment_id: { $exists: true } } },
      { $group: { _id: { provider: '$provider', id: '$provider_payment_id' }, n: { $sum: 1 } } },
      { $match: { n: { $gt: 1 } } },
      { $limit: maxReported },
    ])
    return twice.map(({ _id, n }) => ({ check: 'payments.provider-objects', detail: `${n} payments claim it`, subject: `${_id.provider}:${_id.id}` }))
  }

  /** I9, I13, I14: a succeeded payment has exactly its entry, with its amount, fee and share; any other has none. */
  async function moneyFollowsState(): Promise<Violation[]> {
    const found: Violation[] = []
    for await (const payment of Payments.find({}).lean().cursor()) {
      const fault = await moneyFault(payment)
      if (fault) found.push({ check: 'payments.money-follows-state', detail: fault, subject: payment._id })
      if (found.length >= maxReported) break
    }
    return found
  }

  async function moneyFault(payment: PaymentRow): Promise<string | undefined> {
    const written = await entries.find({ source: payment._id }).lean()
    const main = written.filter((entry) => entry.reference === `payment:${payment._id}`)
    if (payment.state !== 'succeeded') return written.length > 0 ? `is ${payment.state}, yet money moved` : undefined
    if (main.length !== 1) return `has ${main.length} entries instead of one`
    const postings = main[0]?.postings ?? []
    const credited = (name: string) => postings.filter((each) => each.side === 'credit' && each.account === name).reduce((total, each) => total + each.amount, 0)
    const gross = postings.filter((each) => each.side === 'debit').reduce((total, each) => total + each.amount, 0)
    if (gross !== payment.amount) return `moved ${gross} instead of ${payment.amount}`
    if (payment.creator_id === null) return credited(account.cash(payment.payer_id)) === gross ? undefined : 'did not reach the payer’s cash'
    const { fee, net } = splitFee(payment.amount, payment.fee_bps)
    return credited(account.revenue(payment.purpose)) === fee && credited(account.pending(payment.creator_id)) === net ? undefined : 'is split otherwise than its fee says'
  }

  /** I14: every step is allowed, names its cause and follows the one before; the last one leads to where the payment is. */
  async function transitions(): Promise<Violation[]> {
    const found: Violation[] = []
    for await (const payment of Payments.find({}, { transitions: 1, state: 1 }).lean().cursor()) {
      let from: PaymentRow['state'] | null = null
      for (const step of payment.transitions) {
        const allowed: boolean = step.from === null ? from === null : step.from === from && paymentStates.may(step.from, step.to)
        if (!allowed || !step.cause) found.push({ check: 'payments.transitions', detail: `went from ${step.from ?? 'nothing'} to ${step.to}`, subject: payment._id })
        from = step.to
      }
      if (from !== payment.state) found.push({ check: 'payments.transitions', detail: `is ${payment.state}, its last step led to ${from ?? 'nothing'}`, subject: payment._id })
      if (found.length >= maxReported) break
    }
    return found
  }
}
