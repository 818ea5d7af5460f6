import type { Check, Violation } from '../../kernel/feature.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { faultsOf, groupedBy, walk } from '../../platform/walk.ts'
import { account, type createLedgerModels, type EntryRow } from '../ledger/index.ts'
import type { PayoutModels, PayoutRow } from './model.ts'
import { neededFor } from './present.ts'
import { openStates, payoutStates } from './states.ts'

type LedgerModels = ReturnType<typeof createLedgerModels>

/** What must hold between payouts, those who agreed to them and the ledger. */
export function createPayoutChecks({ models: { Payouts }, ledgerModels: { Entries, Balances }, unitOfWork, secondAbove }: { models: PayoutModels; ledgerModels: Pick<LedgerModels, 'Entries' | 'Balances'>; unitOfWork: UnitOfWork; secondAbove: number }): Check[] {
  return [
    { name: 'payouts.transitions', run: () => walk(unitOfWork, Payouts, (page: PayoutRow[]) => faultsOf('payouts.transitions', page, transitionFault)) },
    { name: 'payouts.approved', run: () => walk(unitOfWork, Payouts, (page: PayoutRow[]) => faultsOf('payouts.approved', page, (row) => approvalFault(row, secondAbove))) },
    { name: 'payouts.money-follows-state', run: () => walk(unitOfWork, Payouts, moneyFaults) },
    { name: 'payouts.reserved', run: reserved },
    { name: 'payouts.one-open', run: oneOpen },
  ]

  async function moneyFaults(page: PayoutRow[]): Promise<Violation[]> {
    const bySource = groupedBy(await Entries.find({ source: { $in: page.map((row) => row._id) } }).lean(), (entry) => entry.source)
    return faultsOf('payouts.money-follows-state', page, (row) => moneyFault(row, bySource.get(row._id) ?? []))
  }

  /** What is set aside for payouts is what those hold that are not sent yet. */
  async function reserved(): Promise<Violation[]> {
    return unitOfWork.read(async () => {
      const set = new Map<string, number>()
      for await (const row of Payouts.find({ open: true, state: { $ne: 'processing' } }, { creator_id: 1, currency: 1, amount: 1 }).lean().cursor()) {
        const id = `${account.reserved(row.creator_id)}/${row.currency}`
        set.set(id, (set.get(id) ?? 0) + row.amount)
      }
      const found: Violation[] = []
      for await (const { _id, posted } of Balances.find({ _id: /^creator:[^:]+:payout_reserved\// }).lean().cursor()) {
        if (posted !== (set.get(_id) ?? 0)) found.push({ check: 'payouts.reserved', detail: `${posted} are set aside, payouts hold ${set.get(_id) ?? 0}`, subject: _id })
        set.delete(_id)
      }
      for (const [id, amount] of set) found.push({ check: 'payouts.reserved', detail: `nothing is set aside, payouts hold ${amount}`, subject: id })
      return found
    })
  }

  async function oneOpen(): Promise<Violation[]> {
    const indexes = await Payouts.collection.indexes()
    const isGuarded = indexes.some((index) => index.unique === true && JSON.stringify(index.key) === '{"creator_id":1}')
    return isGuarded ? [] : [{ check: 'payouts.one-open', detail: 'the unique index is missing' }]
  }
}

function transitionFault(row: PayoutRow): string | undefined {
  let from: PayoutRow['state'] | null = null
  for (const step of row.transitions) {
    if (step.from !== from || (step.from !== null && !payoutStates.may(step.from, step.to))) return `went from ${step.from ?? 'nothing'} to ${step.to}`
    from = step.to
  }
  if (from !== row.state) return `is ${row.state}, its last step led to ${from ?? 'nothing'}`
  return openStates.includes(row.state) === (row.open === true) ? undefined : `is ${row.state}, yet ${row.open ? 'counts' : 'does not count'} as open`
}

/** I19, I20: nobody agrees to what they are paid, or twice; and each to what was asked for. */
function approvalFault(row: PayoutRow, secondAbove: number): string | undefined {
  const admins = row.approvals.map((each) => each.admin_id)
  if (admins.includes(row.creator_id)) return 'was agreed to by whoever is paid'
  if (new Set(admins).size !== admins.length) return 'was agreed to twice by the same admin'
  if (row.approvals.some((each) => each.terms !== row.terms)) return 'was agreed to as something else'
  const wasApproved = row.transitions.some((step) => step.to === 'approved')
  return wasApproved && admins.length < neededFor(row, secondAbove) ? `was approved by ${admins.length}` : undefined
}

/** One entry for each step that moves money, of its amount, and no other. */
function moneyFault(row: PayoutRow, written: readonly EntryRow[]): string | undefined {
  const moving = ['processing', 'completed', 'rejected', 'cancelled', 'failed', 'returned']
  const expected = [`payout:${row._id}`, ...row.transitions.filter((step) => moving.includes(step.to)).map((step) => `payout:${row._id}:${step.to}`)]
  if (written.map((entry) => entry.reference).toSorted().join() !== expected.toSorted().join()) return `has the entries ${written.map((entry) => entry.reference).join(', ') || 'of none'} instead of ${expected.join(', ')}`
  return written.every((entry) => entry.currency === row.currency && entry.postings.every((each) => each.amount === row.amount)) ? undefined : `moved other than ${row.amount} ${row.currency}`
}
