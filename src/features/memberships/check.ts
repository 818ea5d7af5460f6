import type { Check, Violation } from '../../kernel/feature.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { faultsOf, groupedBy, walk } from '../../platform/walk.ts'
import type { Payments } from '../payments/index.ts'
import { nextDue } from './dunning.ts'
import type { MembershipModels, MembershipRow } from './model.ts'
import { startOfPeriod } from './period.ts'
import { isLive, membershipStates } from './states.ts'

const maxReported = 100

/** What must hold of memberships: none is a ghost, none is charged twice, none hangs. */
export function createMembershipChecks({ models: { Memberships, Tiers }, payments, unitOfWork }: { models: MembershipModels; payments: Pick<Payments, 'succeededFor'>; unitOfWork: UnitOfWork }): Check[] {
  return [
    { name: 'memberships.one-live', run: oneLive },
    ofEach('memberships.transitions', transitionFault),
    ofEach('memberships.periods', periodFault),
    { name: 'memberships.paid', run: () => walk(unitOfWork, Memberships, paidFaults) },
    ofEach('memberships.due', dueFault),
    { name: 'memberships.seats', run: seats },
  ]

  /** I23: the index that promises it stands, and it holds. */
  async function oneLive(): Promise<Violation[]> {
    const check = 'memberships.one-live'
    const twice = await Memberships.aggregate<{ _id: { fan_id: string; creator_id: string }; n: number }>([
      { $match: { live: true } },
      { $group: { _id: { fan_id: '$fan_id', creator_id: '$creator_id' }, n: { $sum: 1 } } },
      { $match: { n: { $gt: 1 } } },
      { $limit: maxReported },
    ])
    const indexes = await Memberships.collection.indexes()
    const isGuarded = indexes.some((index) => index.unique === true && JSON.stringify(index.key) === '{"fan_id":1,"creator_id":1}')
    return [...twice.map(({ _id, n }) => ({ check, detail: `${n} memberships of ${_id.creator_id} have not ended`, subject: _id.fan_id })), ...(isGuarded ? [] : [{ check, detail: 'the unique index is missing' }])]
  }

  function ofEach(name: string, faultOf: (row: MembershipRow) => string | undefined): Check {
    return { name, run: () => walk(unitOfWork, Memberships, (page: MembershipRow[]) => faultsOf(name, page, faultOf)) }
  }

  function transitionFault({ transitions, status, live, ended_at }: MembershipRow): string | undefined {
    let from: MembershipRow['status'] | null = null
    for (const step of transitions) {
      if (step.from !== from || (step.from !== null && !membershipStates.may(step.from, step.to))) return `went from ${step.from ?? 'nothing'} to ${step.to}`
      from = step.to
    }
    if (from !== status) return `is ${status}, its last step led to ${from ?? 'nothing'}`
    if (isLive(status) !== (live === true)) return `is ${status}, yet ${live ? 'counts' : 'does not count'} as one that has not ended`
    return isLive(status) === (ended_at === undefined) ? undefined : `is ${status}, yet ${ended_at ? 'has' : 'has no'} end`
  }

  /** I25: a period is where it is counted from the anchor, never from the one before. */
  function periodFault(row: MembershipRow): string | undefined {
    const { period, current_period_start: start, current_period_end: end } = row
    if (period < 0) return start < end ? undefined : 'has a trial that ends before it begins'
    if (startOfPeriod(row, period).getTime() !== start.getTime()) return `its period ${period} does not begin where it is counted`
    return startOfPeriod(row, period + 1).getTime() === end.getTime() ? undefined : `its period ${period} does not end where the next begins`
  }

  /** I24, and no ghosts: a period that runs was paid, once. */
  async function paidFaults(page: MembershipRow[]): Promise<Violation[]> {
    const paidFor = groupedBy(await payments.succeededFor(page.map((row) => row._id)), ({ subject }) => subject)
    return faultsOf('memberships.paid', page, (row) => {
      const paid = paidFor.get(row._id) ?? []
      const keys = paid.map(({ effect_key }) => effect_key.split(':').slice(2, 4).join(':'))
      const twice = keys.find((key, index) => key.startsWith('period:') && keys.indexOf(key) !== index)
      if (twice) return `was charged twice for ${twice}`
      const wasActive = row.transitions.some((step) => step.to === 'active')
      return wasActive && paid.length === 0 && row.pay_with !== 'comp' ? `is ${row.status}, and nobody paid for it` : undefined
    })
  }

  /** I39: whatever time moves next stands in the table, and nothing else. */
  function dueFault(row: MembershipRow): string | undefined {
    const due = nextDue(row)?.getTime()
    return due === row.due_at?.getTime() ? undefined : `is due ${row.due_at?.toISOString() ?? 'never'}, should be ${due === undefined ? 'never' : new Date(due).toISOString()}`
  }

  async function seats(): Promise<Violation[]> {
    const found: Violation[] = []
    for await (const { _id } of Tiers.find({ seats: { $ne: null } }, { _id: 1 }).lean().cursor()) {
      const fault = await unitOfWork.read(async () => {
        const tier = await Tiers.findById(_id).lean()
        const taken = await Memberships.countDocuments({ live: true, $or: [{ tier_id: _id }, { 'pending_change.tier_id': _id }, { 'charge.tier_id': _id }] })
        return tier && tier.seats !== null && tier.seats_left !== tier.seats - taken ? `has ${tier.seats_left} of ${tier.seats} seats left, ${taken} are taken` : undefined
      })
      if (fault) found.push({ check: 'memberships.seats', detail: fault, subject: _id })
    }
    return found
  }
}
