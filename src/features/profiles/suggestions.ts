import type { Context } from '../../kernel/context.ts'
import { userOf } from '../accounts/index.ts'
import type { SuggestedCreator, SuggestionReason } from './contract.ts'
import type { ProfileModels, SearchRow } from './model.ts'
import type { CreatorPresenter } from './present.ts'
import type { Relations } from './relations.ts'
import { categoryKey, everybody, tagKey } from './search-terms.ts'

const defaultLimit = 10
/** how far one look goes: the newest follows of mine, the newest followers of each, what those follow */
const maxMine = 20
const maxFollowersEach = 20
const maxTheirs = 2_000
const maxKeys = 8
const perKey = 20
const maxCandidates = 120
/** Of one person who follows the same as I do, a suggestion would tell whom he follows. */
const leastPeople = 2

export type Suggestions = ReturnType<typeof createSuggestions>

/** Whom to follow next. Every look is bounded, and nobody learns from it whom one other person follows. */
export function createSuggestions({ models, relations, presenter }: { models: ProfileModels; relations: Relations; presenter: CreatorPresenter }) {
  const { Profiles, SearchRows, Follows } = models

  return Object.freeze({ suggested })

  async function suggested(ctx: Context, { limit = defaultLimit }: { limit?: number }): Promise<{ data: SuggestedCreator[]; has_more: boolean; next: null }> {
    const { user_id } = userOf(ctx)
    const mine = (await Follows.find({ follower_id: user_id }, { creator_id: 1 }).sort({ _id: -1 }).limit(maxMine).lean()).map((row) => row.creator_id)
    const [together, alike, trending] = await Promise.all([followedTogether(user_id, mine), alikeTo(mine), top(everybody, 'trending', maxCandidates)])
    const reasons = new Map<string, SuggestionReason>()
    const add = (ids: readonly string[], why: SuggestionReason): void => ids.forEach((id) => reasons.has(id) || reasons.set(id, why))
    add(together, 'followed-together')
    add(alike, 'alike')
    add(trending, 'trending')
    const candidates = [...reasons.keys()].slice(0, maxCandidates)
    const [rows, regards, followed] = await Promise.all([
      Profiles.find({ _id: { $in: candidates }, hidden_at: { $exists: false } }).lean(),
      relations.among(user_id, candidates),
      Follows.find({ follower_id: user_id, creator_id: { $in: candidates } }, { creator_id: 1 }).lean(),
    ])
    const known = new Set([user_id, ...followed.map((row) => row.creator_id), ...regards.keys()])
    const profiles = new Map(rows.map((row) => [row._id, row]))
    const chosen = candidates.filter((id) => !known.has(id) && profiles.has(id)).slice(0, limit)
    const data = await Promise.all(
      chosen.map(async (id) => ({ ...(await presenter.present(profiles.get(id) as never)), following: false, why: reasons.get(id) as SuggestionReason })),
    )
    return { data, has_more: false, next: null }
  }

  async function followedTogether(userId: string, mine: readonly string[]): Promise<string[]> {
    const followers = await Promise.all(mine.map((creator_id) => Follows.find({ creator_id }, { follower_id: 1 }).sort({ _id: -1 }).limit(maxFollowersEach).lean()))
    const people = [...new Set(followers.flat().map((row) => row.follower_id))].filter((id) => id !== userId)
    const theirs = await Follows.find({ follower_id: { $in: people } }, { creator_id: 1 }).limit(maxTheirs).lean()
    const counts = new Map<string, number>()
    for (const { creator_id } of theirs) counts.set(creator_id, (counts.get(creator_id) ?? 0) + 1)
    return [...counts].filter(([, count]) => count >= leastPeople).toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([id]) => id)
  }

  async function alikeTo(mine: readonly string[]): Promise<string[]> {
    const followed = await Profiles.find({ _id: { $in: mine } }, { tags: 1, category: 1 }).lean()
    const counts = new Map<string, number>()
    for (const { tags, category } of followed)
      for (const key of [...tags.map(tagKey), ...(category ? [categoryKey(category)] : [])]) counts.set(key, (counts.get(key) ?? 0) + 1)
    const keys = [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, maxKeys).map(([key]) => key)
    return (await Promise.all(keys.map((key) => top(key, 'followers', perKey)))).flat()
  }

  async function top(key: string, by: 'followers' | 'trending', limit: number): Promise<string[]> {
    const rows: Pick<SearchRow, 'creator_id'>[] = await SearchRows.find({ key }, { creator_id: 1 }).sort({ [by]: -1, creator_id: 1 }).limit(limit).lean()
    return rows.map((row) => row.creator_id)
  }
}
