import type { Bell } from '../../kernel/bell.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { type Page, type PageQuery, pageOf } from '../../kernel/page.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { userOf } from '../accounts/index.ts'
import type { Access } from '../memberships/index.ts'
import type { Company } from '../messaging/index.ts'
import type { Profiles } from '../profiles/index.ts'
import type { Announcement, AnnouncementConsent, CreateAnnouncement } from './contract.ts'
import { type AnnouncementModels, type AnnouncementRow, optOutId } from './model.ts'
import { presentAnnouncement } from './present.ts'

const defaultLimit = 20
const dayMs = 24 * 3600_000

export type AnnouncementService = ReturnType<typeof createAnnouncementService>

/** What a creator sets going and looks after, and who does not want it. */
export function createAnnouncementService({
  models: { Announcements, OptOuts },
  profiles,
  company,
  memberships,
  unitOfWork,
  cursors,
  clock,
  bell,
  perDay,
}: {
  models: AnnouncementModels
  profiles: Pick<Profiles, 'creator' | 'nameOf' | 'countFollowers'>
  company: Pick<Company, 'lastSeat'>
  memberships: Pick<Access, 'countMembers'>
  unitOfWork: UnitOfWork
  cursors: Cursors
  clock: Clock
  bell: Pick<Bell, 'ring'>
  perDay: number
}) {
  return Object.freeze({ create, list, read, cancel, consent, setConsent, ownersOf })

  async function create(ctx: Context, { audience, user_ids = [], tier_rank, text }: CreateAnnouncement): Promise<Announcement> {
    const { user_id } = userOf(ctx)
    ensure((audience === 'list') === user_ids.length > 0, 'validation', { errors: [{ path: 'user_ids', code: 'audience', detail: 'belongs to a list, and a list needs it' }] })
    ensure(audience === 'members' || tier_rank === undefined, 'validation', { errors: [{ path: 'tier_rank', code: 'audience', detail: 'belongs to members' }] })
    await profiles.creator(user_id)
    const followers = audience === 'list' ? { count: user_ids.length, last: '' } : audience === 'members' ? { count: await memberships.countMembers(user_id), last: '' } : await profiles.countFollowers(user_id)
    const seat = audience === 'all' ? { up_to_seat: await company.lastSeat(user_id) } : {}
    const made = await unitOfWork.run(
      ctx,
      async (tx) => {
        const now = clock.now()
        const day = now.toISOString().slice(0, 10)
        const today = await Announcements.countDocuments({ creator_id: user_id, slot: { $gte: `${user_id}/${day}/`, $lt: `${user_id}/${day}0` } })
        if (today >= perDay) fail('rate-limited', { detail: `At most ${perDay} announcements a day`, retry_after_ms: dayMs - (now.getTime() % dayMs) })
        const row: AnnouncementRow = {
          _id: newId('ann'),
          creator_id: user_id,
          slot: `${user_id}/${day}/${today}`,
          audience,
          user_ids,
          ...(tier_rank === undefined ? {} : { tier_rank }),
          text,
          status: 'queued',
          up_to: followers.last,
          ...seat,
          position: '',
          attempts: 0,
          due_at: now,
          total: followers.count,
          sent: 0,
          skipped: 0,
          failed: 0,
          version: 1,
          created_at: now,
          finished_at: null,
        }
        tx.insert(Announcements, [row])
        await tx.publish('announcement.changed', { creator_id: user_id, announcement: presentAnnouncement(row) })
        return presentAnnouncement(row)
      },
      `announcements:${user_id}`,
    )
    bell.ring()
    return made
  }

  /** Newest first. */
  async function list(ctx: Context, { limit = defaultLimit, cursor }: PageQuery): Promise<Page<Announcement>> {
    const { user_id } = userOf(ctx)
    const name = `announcement:list|${user_id}`
    const [before] = cursor ? cursors.read(name, cursor) : []
    const rows = await Announcements.find({ creator_id: user_id, ...(before ? { _id: { $lt: before } } : {}) }, { user_ids: 0 })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    return { ...page, data: page.data.map(presentAnnouncement) }
  }

  async function read(ctx: Context, { announcement_id }: { announcement_id: string }): Promise<Announcement> {
    const row = await Announcements.findOne({ _id: announcement_id, creator_id: userOf(ctx).user_id }).lean()
    return presentAnnouncement(row ?? fail('not-found'))
  }

  /** Whoever has it keeps it; nobody else gets it, but those of the page that is being told. */
  async function cancel(ctx: Context, input: { announcement_id: string }): Promise<Announcement> {
    const there = await read(ctx, input)
    if (there.status === 'cancelled') return there
    return unitOfWork.run(ctx, async (tx) => {
      const row = await Announcements.findOneAndUpdate({ _id: input.announcement_id, status: { $in: ['queued', 'sending'] } }, { $set: { status: 'cancelled', finished_at: clock.now() }, $inc: { version: 1 } }, { returnDocument: 'after' }).lean()
      ensure(row, 'stale-state', 'It is over already')
      await tx.publish('announcement.changed', { creator_id: row.creator_id, announcement: presentAnnouncement(row) })
      return presentAnnouncement(row)
    })
  }

  async function consent(ctx: Context, { creator_id }: { creator_id: string }): Promise<AnnouncementConsent> {
    ensure(await profiles.nameOf(creator_id), 'not-found')
    return { creator_id, receives: (await OptOuts.exists({ _id: optOutId(creator_id, userOf(ctx).user_id) })) === null }
  }

  async function setConsent(ctx: Context, { creator_id, receives }: AnnouncementConsent): Promise<AnnouncementConsent> {
    const { user_id } = userOf(ctx)
    ensure(await profiles.nameOf(creator_id), 'not-found')
    const _id = optOutId(creator_id, user_id)
    if (receives) await OptOuts.deleteOne({ _id })
    else await OptOuts.updateOne({ _id }, { $setOnInsert: { user_id, created_at: clock.now() } }, { upsert: true })
    return { creator_id, receives }
  }

  async function ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return new Map((await Announcements.find({ _id: { $in: ids } }, { creator_id: 1 }).lean()).map((row) => [row._id, row.creator_id]))
  }
}
