import type { Context, Logger } from '../../kernel/context.ts'
import { AppError } from '../../kernel/errors.ts'
import type { DueRow } from '../../kernel/feature.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Profiles } from '../profiles/index.ts'
import { dueNext, termsOf } from './bought.ts'
import type { Charging } from './charging.ts'
import type { MembershipStatus } from './contract.ts'
import { graceUntil, resumeUntil, retries } from './dunning.ts'
import type { MembershipModels, MembershipRow } from './model.ts'
import type { Change, Moving } from './moving.ts'

const pageSize = 500
const atOnce = 8

export interface RenewalDependencies {
  models: MembershipModels
  moving: Moving
  charging: Charging
  profiles: Pick<Profiles, 'creator'>
  unitOfWork: UnitOfWork
  context: () => Context
  failpoints: Failpoints
  log: Logger
}

export type Renewal = ReturnType<typeof createRenewal>

/** What time does to memberships: renews, tries again, takes access away, ends. The row says when; its version lets one process do it. */
export function createRenewal({ models: { Memberships }, moving, charging, profiles, unitOfWork, context, failpoints, log }: RenewalDependencies) {
  return Object.freeze({ next, runDue })

  async function next(): Promise<DueRow | null> {
    const row = await Memberships.findOne({ due_at: { $exists: true } }, { due_at: 1 }).sort({ due_at: 1 }).lean()
    return row?.due_at ? { at: row.due_at, row: row._id } : null
  }

  async function runDue(now: Date): Promise<number> {
    const rows = await Memberships.find({ due_at: { $lte: now } })
      .sort({ due_at: 1, _id: 1 })
      .limit(pageSize)
      .lean()
    let moved = 0
    const waiting = rows.values()
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (const row of waiting)
          await lookAt(row, now).then(
            (isMoved) => void (moved += Number(isMoved)),
            (error: unknown) => log.error({ err: error, membership_id: row._id }, 'a membership could not be looked at; it stays due'),
          )
      }),
    )
    return moved
  }

  async function lookAt(row: MembershipRow, now: Date): Promise<boolean> {
    failpoints.hit('memberships.due.before')
    switch (row.status) {
      case 'incomplete':
        return become(row, 'expired')
      case 'trialing':
      case 'active':
        if (row.given_by !== undefined) return become(row, 'expired')
        if (row.cancel_at_period_end || !(await isOpen(row.creator_id))) return become(row, 'cancelled')
        if (row.resume_at && !row.charge) return become(row, 'paused', { attempts: 0 })
        return row.charge?.kind === 'period' ? become(row, 'past_due') : renew(row, now)
      case 'past_due':
        return row.charge || isLastTry(row, now) ? become(row, 'suspended') : renew(row, now)
      case 'suspended':
        return become(row, 'cancelled')
      case 'paused':
        return (resumeUntil(row) ?? now) <= now || !(await isOpen(row.creator_id)) ? become(row, 'cancelled') : resume(row)
      case 'cancelled':
      case 'expired':
        return false
    }
  }

  async function renew(row: MembershipRow, now: Date): Promise<boolean> {
    const outcome = await charging.take(context(), row, { kind: 'period', period: dueNext(row, now), due: termsOf(row).amount }, 'due')
    failpoints.hit('memberships.due.after-charge')
    if (outcome !== 'refused') return outcome !== 'overtaken'
    return become(row, 'past_due', { attempts: row.attempts + 1 })
  }

  /** What was paid before the pause is used up: it begins anew, and its days are counted from here. */
  async function resume(row: MembershipRow): Promise<boolean> {
    const outcome = await charging.take(context(), row, { kind: 'recovery', period: 0, due: row.amount }, 'due')
    failpoints.hit('memberships.due.after-charge')
    if (outcome !== 'refused') return outcome !== 'overtaken'
    return become(row, 'paused', { attempts: row.attempts + 1 })
  }

  async function become(row: MembershipRow, to: MembershipStatus, change: Change = {}): Promise<boolean> {
    const moved = await unitOfWork.run(context(), (tx) => moving.move(tx, row, change, { to, cause: 'due' }))
    return moved !== undefined
  }

  /** Who can't be joined any more is not paid any more. */
  async function isOpen(creatorId: string): Promise<boolean> {
    try {
      await profiles.creator(creatorId)
      return true
    } catch (error) {
      if (error instanceof AppError && error.code === 'not-found') return false
      throw error
    }
  }
}

function isLastTry(row: MembershipRow, now: Date): boolean {
  return graceUntil(row) <= now && row.attempts > retries
}
