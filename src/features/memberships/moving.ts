import type { Clock } from '../../kernel/clock.ts'
import { fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { MembershipStatus } from './contract.ts'
import { nextDue } from './dunning.ts'
import type { Letters } from './letters.ts'
import type { MembershipModels, MembershipRow } from './model.ts'
import { seatsOf } from './seats.ts'
import { isLive, membershipStates } from './states.ts'
import type { TierService } from './tiers.ts'

/** What changes; null takes a field away. */
export type Change = { [Name in keyof MembershipRow]?: MembershipRow[Name] | null }

export type Moving = ReturnType<typeof createMoving>

/**
 * The only hand that writes a membership: by compare-and-set, with the next time that it is due, and told to both sides. Seats that it sits on no
 * longer are free again; those that it needs were taken before.
 */
export function createMoving({ models: { Memberships }, tiers, letters, clock }: { models: MembershipModels; tiers: Pick<TierService, 'giveSeatBack'>; letters: Letters; clock: Clock }) {
  return Object.freeze({ open, move, must })

  async function open(tx: Tx, row: MembershipRow): Promise<MembershipRow> {
    const due_at = nextDue(row)
    const opened: MembershipRow = { ...row, ...(due_at ? { due_at } : {}), version: 1 }
    await Memberships.insertMany([opened])
    await tell(tx, opened)
    return opened
  }

  /** @returns undefined when somebody else has changed it meanwhile */
  async function move(tx: Tx, row: MembershipRow, change: Change, { to = row.status, cause }: { to?: MembershipStatus; cause: string }): Promise<MembershipRow | undefined> {
    if (to !== row.status && !membershipStates.may(row.status, to)) throw new Error(`${row._id}: a membership can't go from ${row.status} to ${to}`)
    const now = clock.now()
    const ends = !isLive(to)
    const all: Change = { ...change, status: to, version: row.version + 1, ...(ends ? { live: null, charge: null, pending_change: null, resume_at: null, ended_at: now } : {}) }
    const after = Object.fromEntries(Object.entries({ ...row, ...all }).filter(([, value]) => value !== null)) as unknown as MembershipRow
    const due_at = nextDue(after)
    const { set, unset } = split({ ...all, due_at: due_at ?? null })
    const written = await Memberships.updateOne(
      { _id: row._id, version: row.version },
      { $set: set, ...(Object.keys(unset).length > 0 ? { $unset: unset } : {}), ...(to === row.status ? {} : { $push: { transitions: { from: row.status, to, cause, at: now } } }) },
    )
    if (written.modifiedCount !== 1) return undefined
    const kept = seatsOf(after)
    for (const tierId of seatsOf(row)) if (!kept.includes(tierId)) await tiers.giveSeatBack(tx, tierId)
    await tell(tx, after)
    await letters.tell(tx, row, after)
    return after
  }

  /** Of a row that was read in this transaction. @throws AppError `retry` when somebody else has changed it meanwhile */
  async function must(tx: Tx, row: MembershipRow, change: Change, how: { to?: MembershipStatus; cause: string }): Promise<MembershipRow> {
    return (await move(tx, row, change, how)) ?? fail('retry', { retry_after_ms: 500 })
  }

  async function tell(tx: Tx, { _id, fan_id, creator_id, tier_id, status, version }: MembershipRow): Promise<void> {
    await tx.publish('membership.changed', { membership_id: _id, fan_id, creator_id, tier_id, status, version })
  }
}

function split(change: Change): { set: Partial<MembershipRow>; unset: Record<string, 1> } {
  const entries = Object.entries(change).filter(([, value]) => value !== undefined)
  return {
    set: Object.fromEntries(entries.filter(([, value]) => value !== null)),
    unset: Object.fromEntries(entries.filter(([, value]) => value === null).map(([name]) => [name, 1 as const])),
  }
}
