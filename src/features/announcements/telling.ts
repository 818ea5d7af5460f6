import type { Bell } from '../../kernel/bell.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { Leases } from '../../platform/lease.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { AccountService } from '../accounts/index.ts'
import type { Access } from '../memberships/index.ts'
import type { Announcing, Company } from '../messaging/index.ts'
import type { Profiles } from '../profiles/index.ts'
import { type AnnouncementModels, type AnnouncementRow, optOutId } from './model.ts'
import { presentAnnouncement } from './present.ts'

const leaseMs = 15_000
const pageSize = 10
const pauseMs = 1_000
const maxAttempts = 5
const seatMark = 'seat:'

interface Recipients {
  ids: string[]
  /** where the next page begins; undefined when this was the last */
  next: string | undefined
  /** how many of them the total did not know of yet */
  found: number
}

type Outcome = 'sent' | 'skipped' | 'failed'

export type Telling = ReturnType<typeof createTelling>

/**
 * Tells each announcement page by page. How far it is, and what came of it, move together once a page is told; a page that is told again
 * after a crash finds its messages there. So nobody gets it twice, and the figures are right.
 */
export function createTelling({
  models: { Announcements, OptOuts },
  announcing,
  company,
  memberships,
  profiles,
  accounts,
  leases,
  unitOfWork,
  clock,
  context,
  bell,
  failpoints,
  perSecond,
  log,
}: {
  models: AnnouncementModels
  announcing: Announcing
  company: Company
  memberships: Pick<Access, 'membersAfter' | 'membersAmong'>
  profiles: Pick<Profiles, 'followersAfter' | 'followersAmong'>
  accounts: Pick<AccountService, 'livingAmong'>
  leases: Leases
  unitOfWork: UnitOfWork
  clock: Clock
  context: () => Context
  bell: Pick<Bell, 'ring'>
  failpoints: Failpoints
  perSecond: number
  log: Logger
}) {
  return Object.freeze({ runDue })

  /** As many as a second may have, of the announcement that waits longest: several take turns. The lease is thrift and pace; the position guards. */
  async function runDue(): Promise<void> {
    if (!(await Announcements.exists({ status: { $in: ['queued', 'sending'] }, due_at: { $lte: clock.now() } }))) return
    if (!(await leases.hold('announcements', leaseMs))) return
    bell.ring(1_000)
    for (let left = perSecond; left > 0; ) {
      const row = await Announcements.findOne({ status: { $in: ['queued', 'sending'] }, due_at: { $lte: clock.now() } }).sort({ due_at: 1 }).lean()
      if (!row) return
      left -= await tellPage(row, Math.min(left, pageSize))
    }
  }

  async function tellPage(row: AnnouncementRow, limit: number): Promise<number> {
    if (!(await accounts.livingAmong([row.creator_id])).has(row.creator_id)) {
      await move(row, { status: 'cancelled', finished_at: clock.now() }, [], 0)
      return 1
    }
    const { ids, next, found } = await recipientsOf(row, limit)
    const wanting = await wantingAmong(row, ids)
    const outcomes: Outcome[] = []
    for (const each of ids) {
      const outcome = wanting.has(each) ? await tell(row, each) : 'skipped'
      if (outcome === undefined) return limit
      outcomes.push(outcome)
    }
    failpoints.hit('announcements.page.before-commit')
    await move(row, next === undefined ? { status: 'done', finished_at: clock.now(), position: 'end', attempts: 0 } : { status: 'sending', position: next, attempts: 0, due_at: clock.now() }, outcomes, found)
    return Math.max(1, ids.length)
  }

  /** Undefined when the page is tried again later: after some times, this one is given up instead of all who follow. */
  async function tell(row: AnnouncementRow, recipient_id: string): Promise<Outcome | undefined> {
    try {
      return (await announcing.tell({ creator_id: row.creator_id, recipient_id, client_msg_id: messageIdOf(row), text: row.text })) ? 'sent' : 'skipped'
    } catch (error) {
      log.warn({ err: error, announcement_id: row._id, recipient_id }, 'an announcement did not reach somebody')
      if (row.attempts >= maxAttempts) return 'failed'
      const waitMs = pauseMs * 2 ** row.attempts
      await Announcements.updateOne({ _id: row._id, position: row.position }, { $inc: { attempts: 1 }, $set: { due_at: new Date(clock.now().getTime() + waitMs) } })
      bell.ring(waitMs)
      return undefined
    }
  }

  async function recipientsOf(row: AnnouncementRow, limit: number): Promise<Recipients> {
    if (row.audience === 'list') {
      const from = Number(row.position || 0)
      const ids = row.user_ids.slice(from, from + limit)
      return { ids, next: from + limit < row.user_ids.length ? String(from + limit) : undefined, found: 0 }
    }
    if (row.audience === 'members') {
      const { user_ids, last } = await memberships.membersAfter(row.creator_id, { after: row.position, limit, rank: row.tier_rank ?? 0 })
      return { ids: user_ids, next: last, found: 0 }
    }
    if (row.position.startsWith(seatMark)) return partnersOf(row, limit)
    const follows = await profiles.followersAfter(row.creator_id, { after: row.position, upTo: row.up_to, limit })
    const next = follows.length === limit ? follows.at(-1)?.follow_id : row.audience === 'all' ? seatMark : undefined
    return { ids: follows.map((each) => each.follower_id), next, found: 0 }
  }

  /** Who follows was told already. */
  async function partnersOf({ creator_id, position, up_to_seat = '' }: AnnouncementRow, limit: number): Promise<Recipients> {
    const { user_ids, last } = await company.partnersAfter(creator_id, { after: position.slice(seatMark.length), upTo: up_to_seat, limit })
    const followers = await profiles.followersAmong(creator_id, user_ids)
    const ids = user_ids.filter((each) => !followers.has(each))
    return { ids, next: last === undefined ? undefined : `${seatMark}${last}`, found: ids.length }
  }

  /** Who follows has asked for it, and who talks with the creator knows them: nobody else is told, and nobody who said no. */
  async function wantingAmong({ creator_id, audience, tier_rank = 0 }: AnnouncementRow, ids: readonly string[]): Promise<Set<string>> {
    const living = await accounts.livingAmong(ids)
    const refused = new Set((await OptOuts.find({ _id: { $in: ids.map((each) => optOutId(creator_id, each)) } }, { user_id: 1 }).lean()).map((row) => row.user_id))
    if (audience === 'members') {
      const members = await memberships.membersAmong(creator_id, ids, tier_rank)
      return new Set(ids.filter((each) => living.has(each) && !refused.has(each) && members.has(each)))
    }
    const known = audience === 'followers' ? new Set(ids) : new Set([...(await company.among(creator_id, ids)), ...(await profiles.followersAmong(creator_id, ids))])
    return new Set(ids.filter((each) => living.has(each) && !refused.has(each) && known.has(each)))
  }

  async function move(row: AnnouncementRow, change: Partial<AnnouncementRow>, outcomes: readonly Outcome[], found: number): Promise<void> {
    const count = (outcome: Outcome): number => outcomes.filter((each) => each === outcome).length
    await unitOfWork.run(context(), async (tx) => {
      const now = await Announcements.findById(row._id, { user_ids: 0 }).lean()
      // Whoever told the same page meanwhile has moved the position, and counted.
      if (!now || now.position !== row.position || now.status === 'done') return
      const total = now.total + found
      const sum = { total, sent: now.sent + count('sent'), skipped: now.skipped + count('skipped'), failed: now.failed + count('failed') }
      // Who follows no longer is not there to be told.
      if (change.status === 'done') sum.skipped = total - sum.sent - sum.failed
      const kept = now.status === 'cancelled' ? { position: change.position ?? now.position } : change
      const after = { ...now, ...kept, ...sum, version: now.version + 1 }
      const moved = await Announcements.updateOne({ _id: row._id, version: now.version }, { $set: { ...kept, ...sum, version: after.version } })
      if (moved.modifiedCount === 1) await tx.publish('announcement.changed', { creator_id: row.creator_id, announcement: presentAnnouncement(after) })
    })
  }
}

function messageIdOf(row: AnnouncementRow): string {
  return `announcement-${row._id}`
}
