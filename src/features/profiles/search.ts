import { type Context, principalOf } from '../../kernel/context.ts'
import type { Page } from '../../kernel/page.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Creator, CreatorOrder, SearchCreators } from './contract.ts'
import type { FollowRow, ProfileModels, ProfileRow, SearchRow } from './model.ts'
import type { CreatorPresenter } from './present.ts'
import type { Relations } from './relations.ts'
import { isFoundBy, keyFor, termOf, type Wanted } from './search-terms.ts'

const defaultLimit = 20
const batch = 100
/** how many rows one search may look at; it answers a short page with a cursor rather than go on */
const maxLooked = 500

/** The field that each order goes by, and which way. Rows that agree in it follow in the order of their ids. */
const orders: Record<CreatorOrder, { field: 'name_key' | 'followers' | 'trending'; beyond: '$gt' | '$lt'; way: 1 | -1 }> = {
  name: { field: 'name_key', beyond: '$gt', way: 1 },
  followers: { field: 'followers', beyond: '$lt', way: -1 },
  trending: { field: 'trending', beyond: '$lt', way: -1 },
}

export interface SearchDependencies {
  models: ProfileModels
  relations: Relations
  presenter: CreatorPresenter
  cursors: Cursors
}

export type CreatorSearch = ReturnType<typeof createCreatorSearch>

/**
 * Creators by the beginning of any word of their name or handle, and by tag. One search reads one stretch of one index and at most so many
 * rows of it: a page may come short, or even empty, and still say that there is more.
 */
export function createCreatorSearch({ models, relations, presenter, cursors }: SearchDependencies) {
  const { Profiles, SearchRows, Follows } = models

  return Object.freeze({ search })

  async function search(ctx: Context, { q = '', tag, category, sort = 'name', limit = defaultLimit, cursor }: SearchCreators): Promise<Page<Creator>> {
    const wanted = { term: termOf(q), tag, category }
    const list = `creator:search|${principalOf(ctx.actor)}|${sort}|${tag ?? ''}|${category ?? ''}|${wanted.term}`
    const found: { row: ProfileRow; at: SearchRow }[] = []
    let at = cursor ? positionOf(sort, cursors.read(list, cursor)) : undefined
    let looked = 0
    let exhausted = false
    while (found.length <= limit && looked < maxLooked && !exhausted) {
      const size = looked === 0 ? limit + 1 : batch
      const rows = await SearchRows.find(after(sort, keyFor(wanted), at))
        .sort({ [orders[sort].field]: orders[sort].way, creator_id: 1 })
        .limit(size)
        .lean()
      looked += rows.length
      exhausted = rows.length < size
      at = rows.at(-1) ?? at
      found.push(...(await visible(ctx, wanted, rows)))
    }
    const shown = found.slice(0, limit)
    const more = found.length > limit || !exhausted
    // A full page goes on behind its last creator, a short one behind the last row that was looked at.
    const last = found.length > limit ? shown.at(-1)?.at : at
    return { data: await present(ctx, shown.map(({ row }) => row)), has_more: more, next: more && last ? cursors.write(list, [String(last[orders[sort].field]), last.creator_id]) : null }
  }

  async function visible(ctx: Context, wanted: Wanted, rows: readonly SearchRow[]): Promise<{ row: ProfileRow; at: SearchRow }[]> {
    const ids = rows.map((each) => each.creator_id)
    const profiles = new Map((await Profiles.find({ _id: { $in: ids } }).lean()).map((each) => [each._id, each]))
    const regards = ctx.actor.kind === 'user' ? await relations.among(ctx.actor.user_id, ids) : new Map<string, never>()
    return rows.flatMap((at) => {
      const row = profiles.get(at.creator_id)
      return row && isFoundBy(row, wanted) && !regards.get(row._id)?.blocked ? [{ row, at }] : []
    })
  }

  async function present(ctx: Context, rows: readonly ProfileRow[]): Promise<Creator[]> {
    const creators = await Promise.all(rows.map(presenter.present))
    if (ctx.actor.kind !== 'user') return creators
    const mine: Pick<FollowRow, 'creator_id'>[] = await Follows.find({ follower_id: ctx.actor.user_id, creator_id: { $in: rows.map((each) => each._id) } }, { creator_id: 1 }).lean()
    const followed = new Set(mine.map((each) => each.creator_id))
    return creators.map((each) => ({ ...each, following: followed.has(each.id) }))
  }
}

type Position = Pick<SearchRow, 'creator_id'> & Partial<Pick<SearchRow, 'name_key' | 'followers' | 'trending'>>

function after(sort: CreatorOrder, key: string, at: Position | undefined): object {
  if (!at) return { key }
  const { field, beyond } = orders[sort]
  const value = at[field]
  return { key, $or: [{ [field]: { [beyond]: value } }, { [field]: value, creator_id: { $gt: at.creator_id } }] }
}

function positionOf(sort: CreatorOrder, [value = '', creator_id = '']: string[]): Position {
  return { creator_id, [orders[sort].field]: sort === 'name' ? value : Number(value) }
}
