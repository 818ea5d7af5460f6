import { capOf, isCurrency } from '../../kernel/currency.ts'
import type { Check, Violation } from '../../kernel/feature.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { account, type createLedgerModels, type Posting } from '../ledger/index.ts'
import type { PaymentModels, PaymentRow } from './model.ts'
import { paidStates, paymentStates } from './states.ts'

const maxReported = 100

/** What must hold between payments, their webhooks and the ledger. */
export function createPaymentChecks({ models, entries, unitOfWork }: { models: PaymentModels; entries: ReturnType<typeof createLedgerModels>['Entries']; unitOfWork: UnitOfWork }): Check[] {
  const { Payments, Inbox, Refunds } = models

  return [
    { name: 'payments.inbox-once', run: inboxOnce },
    { name: 'payments.provider-objects', run: providerObjects },
    ofEachPayment('payments.amounts', amountFault),
    ofEachPayment('payments.intent-first', intentFault),
    ofEachPayment('payments.money-follows-state', moneyFault),
    ofEachPayment('payments.fee-split', feeFault),
    ofEachPayment('payments.transitions', transitionFault),
    ofEachPayment('payments.refunds', refundFault),
  ]

  /** Payments move while they are walked over, so what looks wrong is judged again in one snapshot. */
  function ofEachPayment(name: string, faultOf: (payment: PaymentRow) => Promise<string | undefined> | string | undefined): Check {
    return {
      name,
      async run() {
        const found: Violation[] = []
        for await (const payment of Payments.find({}).lean().cursor()) {
          if (!(await faultOf(payment))) continue
          const fault = await unitOfWork.read(async () => {
            const present = await Payments.findById(payment._id).lean()
            return present ? faultOf(present) : 'is gone'
          })
          if (fault) found.push({ check: name, detail: fault, subject: payment._id })
          if (found.length >= maxReported) break
        }
        return found
      },
    }
  }

  /** I10: an applied row and the entries that it caused name each other, and no entry is named by two rows. */
  async function inboxOnce(): Promise<Violation[]> {
    const found: Violation[] = []
    const report = (subject: string, detail: string) => void found.push({ check: 'payments.inbox-once', detail, subject })
    const named = new Map<string, string>()
    for await (const row of Inbox.find({ 'entry_ids.0': { $exists: true } }).lean().cursor()) {
      if (row.outcome !== 'applied') report(row._id, `is ${row.outcome}, yet names entries`)
      for (const entryId of row.entry_ids) {
        const other = named.get(entryId)
        if (other) report(row._id, `entry ${entryId} is named by ${other} too`)
        named.set(entryId, row._id)
        const entry = await entries.findById(entryId, { cause: 1 }).lean()
        if (!entry) report(row._id, `names entry ${entryId}, which is not there`)
        else if (entry.cause !== row._id) report(row._id, `names entry ${entryId}, which names another cause`)
      }
    }
    for await (const entry of entries.find({ cause: { $exists: true, $nin: ['sweeper', 'provider'] } }, { cause: 1 }).lean().cursor())
      if (!named.has(entry._id) && !(await Inbox.exists({ _id: entry.cause as string, entry_ids: entry._id }))) report(entry._id, `names ${entry.cause} as its cause, which does not name it`)
    return found.slice(0, maxReported)
  }

  /** I11: a provider's payment is one of ours, once; what a company was paid for has one, what a wallet paid has none. */
  async function providerObjects(): Promise<Violation[]> {
    const check = 'payments.provider-objects'
    const twice = await Payments.aggregate<{ _id: { provider: string; id: string }; n: number }>([
      { $match: { provider_payment_id: { $exists: true } } },
      { $group: { _id: { provider: '$provider', id: '$provider_payment_id' }, n: { $sum: 1 } } },
      { $match: { n: { $gt: 1 } } },
      { $limit: maxReported },
    ])
    const without = await Payments.find({ state: { $in: [...paidStates, 'late_success'] }, provider: { $ne: 'wallet' }, provider_payment_id: { $exists: false } }, { _id: 1 }).limit(maxReported).lean()
    const needless = await Payments.find({ provider: 'wallet', provider_payment_id: { $exists: true } }, { _id: 1 }).limit(maxReported).lean()
    const indexes = await Payments.collection.indexes()
    const isGuarded = indexes.some((index) => index.unique === true && JSON.stringify(index.key) === '{"provider":1,"provider_payment_id":1}')
    return [
      ...twice.map(({ _id, n }) => ({ check, detail: `${n} payments claim it`, subject: `${_id.provider}:${_id.id}` })),
      ...without.map(({ _id }) => ({ check, detail: 'succeeded without a payment of the company', subject: _id })),
      ...needless.map(({ _id }) => ({ check, detail: 'was paid by a wallet, yet names a payment of a company', subject: _id })),
      ...(isGuarded ? [] : [{ check, detail: 'the unique index is missing' }]),
    ]
  }

  /** The money of a succeeded payment moved once, from where it was to where it belongs; that of any other has not moved. */
  async function moneyFault(payment: PaymentRow): Promise<string | undefined> {
    const written = await entries.find({ source: payment._id }).lean()
    const isLate = payment.transitions.some((step) => step.to === 'late_success')
    const main = `payment:${payment._id}`
    const expected = paidStates.includes(payment.state) ? [main, ...(isLate ? [`${main}:late`] : [])] : []
    if (expected.length === 0) return written.length > 0 ? `is ${payment.state}, yet money moved` : undefined
    if (written.length !== expected.length || !written.every(({ reference }) => expected.includes(reference))) return `has ${written.length} entries instead of ${expected.join(', ')}`
    if (written.some(({ currency }) => currency !== payment.currency)) return `moved money that is not ${payment.currency}`
    const { clearing, suspense, cash } = accountsOf(payment)
    const movement = (reference: string) => movementOf(written.find((entry) => entry.reference === reference)?.postings ?? [])
    if (isLate && movement(`${main}:late`) !== `${clearing} ${payment.amount} → ${suspense}`) return 'came late, yet did not go through suspense'
    const source = payment.provider === 'wallet' ? cash : isLate ? suspense : clearing
    if (!movement(main).startsWith(`${source} ${payment.amount} → `)) return `did not take ${payment.amount} from ${source}`
    const receivers = payment.creator_id === null ? [cash] : [account.pending(payment.creator_id), account.revenue(payment.purpose)]
    const strange = movement(main).split(' → ')[1]?.split(', ').find((name) => !receivers.includes(name))
    return strange === undefined ? undefined : `paid ${strange}, whose it is not`
  }

  /** I9, by the rule and not by the code that splits: fee + share is the gross, and the fee is gross × bps / 10,000 with halves rounded up. */
  async function feeFault(payment: PaymentRow): Promise<string | undefined> {
    if (!paidStates.includes(payment.state) || payment.creator_id === null) return undefined
    const entry = await entries.findOne({ reference: `payment:${payment._id}` }).lean()
    const credited = (name: string) => (entry?.postings ?? []).filter((each) => each.side === 'credit' && each.account === name).reduce((total, each) => total + each.amount, 0)
    const fee = credited(account.revenue(payment.purpose))
    const share = credited(account.pending(payment.creator_id))
    if (fee + share !== payment.amount) return `fee ${fee} and share ${share} are not ${payment.amount}`
    const excess = BigInt(fee) * 10_000n - BigInt(payment.amount) * BigInt(payment.fee_bps)
    return excess > -5_000n && excess <= 5_000n ? undefined : `a fee of ${fee} is not ${payment.fee_bps} hundredths of a percent of ${payment.amount}`
  }

  /** I14: every step is allowed, names a cause that is there and follows the one before; the last one leads to where the payment is. */
  async function transitionFault(payment: PaymentRow): Promise<string | undefined> {
    let from: PaymentRow['state'] | null = null
    for (const step of payment.transitions) {
      const isAllowed: boolean = step.from === null ? from === null : step.from === from && paymentStates.may(step.from, step.to)
      if (!isAllowed) return `went from ${step.from ?? 'nothing'} to ${step.to}`
      if (!(await isCause(step.cause))) return `went to ${step.to} by ${step.cause || 'nothing'}, which is no cause`
      from = step.to
    }
    if (from !== payment.state) return `is ${payment.state}, its last step led to ${from ?? 'nothing'}`
    return payment.version === payment.transitions.length ? undefined : `is at version ${payment.version} after ${payment.transitions.length} steps`
  }

  /** I16: no more goes back than came, counting what is on its way; and each refund moved its own amount, once. */
  async function refundFault(payment: PaymentRow): Promise<string | undefined> {
    const started = await Refunds.find({ payment_id: payment._id, state: { $in: ['processing', 'succeeded'] } }).lean()
    const total = started.reduce((sum, each) => sum + each.amount, 0)
    if (total !== (payment.refunded ?? 0)) return `counts ${payment.refunded ?? 0} as given back, its refunds are ${total}`
    if (total > 0 && total > payment.amount) return `gave back ${total} of ${payment.amount}`
    for (const { _id, amount } of started) {
      const entry = await entries.findOne({ reference: `refund:${_id}` }).lean()
      const moved = (entry?.postings ?? []).filter((each) => each.side === 'credit').reduce((sum, each) => sum + each.amount, 0)
      if (moved !== amount) return `its refund ${_id} of ${amount} moved ${moved}`
    }
    return undefined
  }

  async function isCause(cause: string): Promise<boolean> {
    return ['payer', 'provider', 'sweeper', 'refund'].includes(cause) || (await Inbox.exists({ _id: cause })) !== null
  }
}

/** I4: an amount is a whole number of minor units within the currency's cap. */
function amountFault({ amount, currency, fee_bps }: PaymentRow): string | undefined {
  if (!isCurrency(currency)) return `is in ${String(currency)}, which is no currency here`
  if (!Number.isSafeInteger(amount) || amount < 1 || amount > capOf(currency)) return `${amount} is no amount of ${currency}`
  return Number.isInteger(fee_bps) && fee_bps >= 0 && fee_bps <= 10_000 ? undefined : `${fee_bps} is no fee`
}

/** I12, as far as rows can tell: whatever a company answered belongs to an intent that was stored first. */
function intentFault({ provider, provider_payment_id, checkout_url, transitions, created_at }: PaymentRow): string | undefined {
  const [first, next] = transitions
  if (provider === 'wallet') return first?.to === 'succeeded' && checkout_url === undefined ? undefined : 'was paid by a wallet, yet asked a company'
  if (first?.to !== 'created' || first.at.getTime() !== created_at.getTime()) return 'was not stored as an intent first'
  const wasAsked = provider_payment_id !== undefined || checkout_url !== undefined
  if (wasAsked && !next) return 'holds an answer of the company, and no step says how it came'
  return transitions.some((step) => step.at < created_at) ? 'has a step that is older than its intent' : undefined
}

function accountsOf(payment: PaymentRow) {
  return { clearing: account.clearing(payment.provider), suspense: account.suspense(payment.provider), cash: account.cash(payment.payer_id) }
}

/** `from amount → to, to`: what an entry moves, in one line. */
function movementOf(postings: readonly Posting[]): string {
  const from = postings.filter((each) => each.side === 'debit').map(({ account: name, amount }) => `${name} ${amount}`)
  const to = postings.filter((each) => each.side === 'credit').map(({ account: name }) => name)
  return `${from.join(', ')} → ${to.join(', ')}`
}
