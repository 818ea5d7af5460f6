import { capOf, isCurrency } from '../../kernel/currency.ts'
import type { Check, Violation } from '../../kernel/feature.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { faultsOf, groupedBy, walk } from '../../platform/walk.ts'
import { account, type createLedgerModels, type EntryRow, type Posting } from '../ledger/index.ts'
import type { InboxRow, PaymentModels, PaymentRow } from './model.ts'
import { paidStates, paymentStates } from './states.ts'

const maxReported = 100
/** those of a step that no webhook told of */
const ourCauses: ReadonlySet<string> = new Set(['payer', 'provider', 'sweeper', 'refund'])

/** What must hold between payments, their webhooks and the ledger. */
export function createPaymentChecks({ models, entries, unitOfWork }: { models: PaymentModels; entries: ReturnType<typeof createLedgerModels>['Entries']; unitOfWork: UnitOfWork }): Check[] {
  const { Payments, Inbox, Refunds } = models

  return [
    { name: 'payments.inbox-once', run: inboxOnce },
    { name: 'payments.provider-objects', run: providerObjects },
    ofEach('payments.amounts', async () => amountFault),
    ofEach('payments.intent-first', async () => intentFault),
    ofEach('payments.money-follows-state', moneyFaults),
    ofEach('payments.fee-split', feeFaults),
    ofEach('payments.transitions', transitionFaults),
    ofEach('payments.refunds', refundFaults),
  ]

  /** @param rule given what is read for a whole page, what a payment on it is at fault for */
  function ofEach(name: string, rule: (page: PaymentRow[]) => Promise<(payment: PaymentRow) => string | undefined>): Check {
    return { name, run: () => walk(unitOfWork, Payments, async (page: PaymentRow[]) => faultsOf(name, page, await rule(page))) }
  }

  /** I10: an applied row and the entries that it caused name each other, and no entry is named by two rows. */
  async function inboxOnce(): Promise<Violation[]> {
    const check = 'payments.inbox-once'
    const named = new Map<string, string>()
    const wrong = await walk(unitOfWork, Inbox, async (page: InboxRow[]) => {
      const naming = page.filter((row) => row.entry_ids.length > 0)
      const causes = new Map((await entries.find({ _id: { $in: naming.flatMap((row) => row.entry_ids) } }, { cause: 1 }).lean()).map((entry) => [entry._id, entry.cause]))
      return naming.flatMap((row) => faultsOfRow(row, causes, named).map((detail) => ({ check, detail, subject: row._id })))
    })
    const unnamed: Violation[] = []
    for await (const entry of entries.find({ cause: { $exists: true, $nin: ['sweeper', 'provider'] } }, { cause: 1 }).lean().cursor())
      if (!named.has(entry._id) && !(await Inbox.exists({ _id: entry.cause as string, entry_ids: entry._id }))) unnamed.push({ check, subject: entry._id, detail: `names ${entry.cause} as its cause, which does not name it` })
    return [...wrong, ...unnamed].slice(0, maxReported)
  }

  function faultsOfRow(row: InboxRow, causes: ReadonlyMap<string, string | undefined>, named: Map<string, string>): string[] {
    const faults = row.outcome === 'applied' ? [] : [`is ${row.outcome}, yet names entries`]
    for (const entryId of row.entry_ids) {
      const other = named.get(entryId)
      if (other) faults.push(`entry ${entryId} is named by ${other} too`)
      named.set(entryId, row._id)
      if (!causes.has(entryId)) faults.push(`names entry ${entryId}, which is not there`)
      else if (causes.get(entryId) !== row._id) faults.push(`names entry ${entryId}, which names another cause`)
    }
    return faults
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
  async function moneyFaults(page: PaymentRow[]) {
    const bySource = groupedBy(await entries.find({ source: { $in: page.map((row) => row._id) } }).lean(), (entry) => entry.source)
    return (payment: PaymentRow) => moneyFault(payment, bySource.get(payment._id) ?? [])
  }

  /** I9, by the rule and not by the code that splits: fee + share is the gross, and the fee is gross × bps / 10,000 with halves rounded up. */
  async function feeFaults(page: PaymentRow[]) {
    const written = await entries.find({ reference: { $in: page.map((row) => `payment:${row._id}`) } }).lean()
    const byReference = new Map(written.map((entry) => [entry.reference, entry.postings]))
    return (payment: PaymentRow) => feeFault(payment, byReference.get(`payment:${payment._id}`) ?? [])
  }

  /** I14: every step is allowed, names a cause that is there and follows the one before; the last one leads to where the payment is. */
  async function transitionFaults(page: PaymentRow[]) {
    const causes = page.flatMap((row) => row.transitions.map((step) => step.cause)).filter((cause) => !ourCauses.has(cause))
    const told = new Set((await Inbox.find({ _id: { $in: causes } }, { _id: 1 }).lean()).map((row) => row._id))
    return (payment: PaymentRow) => transitionFault(payment, (cause) => ourCauses.has(cause) || told.has(cause))
  }

  /** I16: no more goes back than came, counting what is on its way; and each refund moved its own amount, once. */
  async function refundFaults(page: PaymentRow[]) {
    const started = await Refunds.find({ payment_id: { $in: page.map((row) => row._id) }, state: { $in: ['processing', 'succeeded'] } }).lean()
    const written = await entries.find({ reference: { $in: started.map(({ _id }) => `refund:${_id}`) } }).lean()
    const moved = new Map(written.map(({ reference, postings }) => [reference, postings.filter((each) => each.side === 'credit').reduce((sum, each) => sum + each.amount, 0)]))
    const byPayment = groupedBy(started, (row) => row.payment_id)
    return ({ _id, amount, refunded = 0 }: PaymentRow) => {
      const own = byPayment.get(_id) ?? []
      const total = own.reduce((sum, each) => sum + each.amount, 0)
      if (total !== refunded) return `counts ${refunded} as given back, its refunds are ${total}`
      if (total > 0 && total > amount) return `gave back ${total} of ${amount}`
      const wrong = own.find((refund) => (moved.get(`refund:${refund._id}`) ?? 0) !== refund.amount)
      return wrong && `its refund ${wrong._id} of ${wrong.amount} moved ${moved.get(`refund:${wrong._id}`) ?? 0}`
    }
  }
}

function moneyFault(payment: PaymentRow, written: readonly EntryRow[]): string | undefined {
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

function feeFault(payment: PaymentRow, postings: readonly Posting[]): string | undefined {
  if (!paidStates.includes(payment.state) || payment.creator_id === null) return undefined
  const credited = (name: string) => postings.filter((each) => each.side === 'credit' && each.account === name).reduce((total, each) => total + each.amount, 0)
  const fee = credited(account.revenue(payment.purpose))
  const share = credited(account.pending(payment.creator_id))
  if (fee + share !== payment.amount) return `fee ${fee} and share ${share} are not ${payment.amount}`
  const excess = BigInt(fee) * 10_000n - BigInt(payment.amount) * BigInt(payment.fee_bps)
  return excess > -5_000n && excess <= 5_000n ? undefined : `a fee of ${fee} is not ${payment.fee_bps} hundredths of a percent of ${payment.amount}`
}

function transitionFault(payment: PaymentRow, isCause: (cause: string) => boolean): string | undefined {
  let from: PaymentRow['state'] | null = null
  for (const step of payment.transitions) {
    const isAllowed: boolean = step.from === null ? from === null : step.from === from && paymentStates.may(step.from, step.to)
    if (!isAllowed) return `went from ${step.from ?? 'nothing'} to ${step.to}`
    if (!isCause(step.cause)) return `went to ${step.to} by ${step.cause || 'nothing'}, which is no cause`
    from = step.to
  }
  if (from !== payment.state) return `is ${payment.state}, its last step led to ${from ?? 'nothing'}`
  return payment.version === payment.transitions.length ? undefined : `is at version ${payment.version} after ${payment.transitions.length} steps`
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
