import type { Check, Violation } from '../../kernel/feature.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { walk } from '../../platform/walk.ts'
import type { BarrierRow, ProfileModels, ProfileRow } from './model.ts'
import { keysOf } from './search-terms.ts'

/** The counters against the rows that they are projections of: page by page, each page in a snapshot of its own. */
export function createProfileChecks({ models, unitOfWork }: { models: ProfileModels; unitOfWork: UnitOfWork }): Check[] {
  const { Profiles, SearchRows, Follows, FollowerMoves, Attention, Barriers } = models

  return [
    { name: 'profiles.followers-exact', run: () => walk(unitOfWork, Profiles, followersExact) },
    { name: 'profiles.trending-exact', run: () => walk(unitOfWork, Profiles, trendingExact) },
    // A profile has some twenty rows to be found by: they are gone through only when everything is.
    { name: 'profiles.search-agrees', run: async ({ full }) => (full ? walk(unitOfWork, Profiles, searchAgrees) : []) },
    { name: 'profiles.no-follow-across-a-block', run: () => walk(unitOfWork, Barriers, noFollowAcrossABlock) },
  ]

  /** The count and the moves that wait for it are the number of follow rows. */
  async function followersExact(page: readonly ProfileRow[]): Promise<Violation[]> {
    const creator_id = { $in: page.map((each) => each._id) }
    const rows = totalsOf(await Follows.aggregate<Total>([{ $match: { creator_id } }, { $group: { _id: '$creator_id', n: { $sum: 1 } } }]))
    const waiting = totalsOf(await FollowerMoves.aggregate<Total>([{ $match: { creator_id } }, { $group: { _id: '$creator_id', n: { $sum: '$delta' } } }]))
    return page.flatMap(({ _id, followers }) => differ('profiles.followers-exact', _id, followers + (waiting.get(_id) ?? 0), rows.get(_id) ?? 0))
  }

  async function trendingExact(page: readonly ProfileRow[]): Promise<Violation[]> {
    const creator_id = { $in: page.map((each) => each._id) }
    const rows = totalsOf(await Attention.aggregate<Total>([{ $match: { creator_id, counted: true } }, { $group: { _id: '$creator_id', n: { $sum: 1 } } }]))
    return page.flatMap(({ _id, trending }) => differ('profiles.trending-exact', _id, trending, rows.get(_id) ?? 0))
  }

  /** Every creator is found by all keys of the profile as it is now, and by no other, with the counters that it has. */
  async function searchAgrees(page: readonly ProfileRow[]): Promise<Violation[]> {
    const rows = await SearchRows.find({ creator_id: { $in: page.map((each) => each._id) } }).lean()
    const stored = new Map<string, string[]>()
    for (const row of rows) stored.set(row.creator_id, [...(stored.get(row.creator_id) ?? []), lineOf(row.key, row)])
    return page
      .filter((profile) => (profile.hidden_at ? [] : keysOf(profile)).map((key) => lineOf(key, profile)).toSorted().join() !== (stored.get(profile._id) ?? []).toSorted().join())
      .map((profile) => ({ check: 'profiles.search-agrees', detail: 'is found as it no longer is', subject: profile._id }))
  }

  async function noFollowAcrossABlock(page: readonly BarrierRow[]): Promise<Violation[]> {
    const found: Violation[] = []
    for (const { kind, by, whom } of page) {
      if (kind !== 'block' || !(await Follows.exists({ $or: [{ follower_id: by, creator_id: whom }, { follower_id: whom, creator_id: by }] }))) continue
      found.push({ check: 'profiles.no-follow-across-a-block', detail: 'one of them follows the other', subject: `${by}>${whom}` })
    }
    return found
  }
}

interface Total {
  _id: string
  n: number
}

function totalsOf(totals: readonly Total[]): Map<string, number> {
  return new Map(totals.map(({ _id, n }) => [_id, n]))
}

function differ(check: string, subject: string, stored: number, counted: number): Violation[] {
  return stored === counted ? [] : [{ check, detail: `stored ${stored}, rows say ${counted}`, subject }]
}

function lineOf(key: string, { name_key, followers, trending }: { name_key: string; followers: number; trending: number }): string {
  return JSON.stringify([key, name_key, followers, trending])
}
