import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import { type Page, type PageQuery, pageOf } from '../../kernel/page.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { FollowedCreator, Follower, FollowState } from './contract.ts'
import type { FollowerCount } from './follower-count.ts'
import type { ProfileModels } from './model.ts'
import { pairKey, takeTurn } from './pairs.ts'
import { canListFollowers } from './policy.ts'
import type { Relations } from './relations.ts'

const defaultLimit = 20

export interface FollowDependencies {
  models: ProfileModels
  relations: Relations
  count: FollowerCount
  accounts: Pick<AccountService, 'find' | 'namesOf'>
  unitOfWork: UnitOfWork
  cursors: Cursors
  clock: Clock
}

export type Follows = ReturnType<typeof createFollows>

export function createFollows({ models, relations, count, accounts, unitOfWork, cursors, clock }: FollowDependencies) {
  const { Profiles, Follows } = models

  return Object.freeze({ follow, unfollow, followers, following, isFollowing, followedAmong, followersAmong, followersAfter, countFollowers, part })

  /** Following twice is following. @throws AppError `not-found`, `self`, `blocked` */
  async function follow(ctx: Context, { creator_id }: { creator_id: string }): Promise<FollowState> {
    const { user_id } = userOf(ctx)
    ensure(await Profiles.exists({ _id: creator_id, hidden_at: { $exists: false } }), 'not-found')
    ensure(creator_id !== user_id, 'self')
    const fan = (await accounts.find(user_id)) ?? fail('session-revoked')
    return unitOfWork.run(
      ctx,
      async (tx) => {
        await takeTurn(tx, models, user_id, creator_id)
        ensure(!(await relations.between({ by: user_id, whom: creator_id })).blocked, 'blocked')
        if (!(await isFollowing(user_id, creator_id))) {
          const now = clock.now()
          await Follows.insertMany([{ _id: newId('fol'), follower_id: user_id, creator_id, created_at: now }])
          await count.step(tx, creator_id, 1)
          await tx.publish('creator.followed', { creator_id, follower_id: user_id, name: fan.full_name, at: now.toISOString() })
        }
        return { following: true, followers: await count.total(creator_id) }
      },
      pairKey(user_id, creator_id),
    )
  }

  /** A block forbids nothing here: whoever is blocked follows no longer. */
  async function unfollow(ctx: Context, { creator_id }: { creator_id: string }): Promise<FollowState> {
    const { user_id } = userOf(ctx)
    ensure(await Profiles.exists({ _id: creator_id }), 'not-found')
    return unitOfWork.run(
      ctx,
      async (tx) => {
        await part(tx, user_id, creator_id)
        return { following: false, followers: await count.total(creator_id) }
      },
      pairKey(user_id, creator_id),
    )
  }

  /** Who follows is told to the creator alone, and to admins: whom somebody likes is nobody else's business. */
  async function followers(ctx: Context, { creator_id, limit = defaultLimit, cursor }: { creator_id: string } & PageQuery): Promise<Page<Follower>> {
    ensure(await Profiles.exists({ _id: creator_id }), 'not-found')
    ensure(canListFollowers(ctx.actor, creator_id), 'forbidden')
    const list = `follower:list|${userOf(ctx).user_id}|${creator_id}`
    const [after] = cursor ? cursors.read(list, cursor) : []
    const rows = await Follows.find({ creator_id, ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(list, [row._id]))
    const names = await accounts.namesOf(page.data.map((each) => each.follower_id))
    return { ...page, data: page.data.map((row) => ({ user_id: row.follower_id, name: names.get(row.follower_id) ?? '', followed_at: row.created_at.toISOString() })) }
  }

  async function following(ctx: Context, { limit = defaultLimit, cursor }: PageQuery): Promise<Page<FollowedCreator>> {
    const { user_id } = userOf(ctx)
    const list = `following:list|${user_id}`
    const [after] = cursor ? cursors.read(list, cursor) : []
    const rows = await Follows.find({ follower_id: user_id, ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(list, [row._id]))
    const profiles = new Map((await Profiles.find({ _id: { $in: page.data.map((each) => each.creator_id) }, hidden_at: { $exists: false } }).lean()).map((each) => [each._id, each]))
    return {
      ...page,
      data: page.data.flatMap((row) => {
        const creator = profiles.get(row.creator_id)
        return creator ? [{ creator_id: creator._id, handle: creator.handle, name: creator.name, avatar: creator.avatar_url, followed_at: row.created_at.toISOString() }] : []
      }),
    }
  }

  async function isFollowing(followerId: string, creatorId: string): Promise<boolean> {
    return (await Follows.exists({ follower_id: followerId, creator_id: creatorId })) !== null
  }

  /** Those creators whom somebody follows. */
  async function followedAmong(followerId: string, creatorIds: readonly string[]): Promise<Set<string>> {
    const rows = await Follows.find({ follower_id: followerId, creator_id: { $in: creatorIds } }, { creator_id: 1 }).lean()
    return new Set(rows.map((row) => row.creator_id))
  }

  /** Those of them who follow the creator. */
  async function followersAmong(creatorId: string, userIds: readonly string[]): Promise<Set<string>> {
    const rows = await Follows.find({ creator_id: creatorId, follower_id: { $in: userIds } }, { follower_id: 1 }).lean()
    return new Set(rows.map((row) => row.follower_id))
  }

  /** In the order in which they came, up to one of them: what comes meanwhile is not among them. */
  async function followersAfter(creatorId: string, { after, upTo, limit }: { after: string; upTo: string; limit: number }): Promise<{ follow_id: string; follower_id: string }[]> {
    const rows = await Follows.find({ creator_id: creatorId, _id: { $gt: after, $lte: upTo } }, { follower_id: 1 }).sort({ _id: 1 }).limit(limit).lean()
    return rows.map((row) => ({ follow_id: row._id, follower_id: row.follower_id }))
  }

  async function countFollowers(creatorId: string): Promise<{ count: number; last: string }> {
    const last = await Follows.findOne({ creator_id: creatorId }, { _id: 1 }).sort({ _id: -1 }).lean()
    return last ? { count: await Follows.countDocuments({ creator_id: creatorId, _id: { $lte: last._id } }), last: last._id } : { count: 0, last: '' }
  }

  /** Ends a follow, if there is one. */
  async function part(tx: Tx, followerId: string, creatorId: string): Promise<void> {
    const gone = await Follows.deleteOne({ follower_id: followerId, creator_id: creatorId })
    if (gone.deletedCount === 0) return
    await count.step(tx, creatorId, -1)
    await tx.publish('creator.unfollowed', { creator_id: creatorId, follower_id: followerId })
  }
}
