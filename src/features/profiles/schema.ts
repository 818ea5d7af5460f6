import Joi from 'joi'
import { cursor, httpsUrl, id, instant, limit, name, page, signedMinorUnits, text } from '../../kernel/schema.ts'
import type { PageQuery } from '../../kernel/page.ts'
import {
  type BlockState,
  categories,
  type Category,
  type Creator,
  type CreatorOrder,
  type FollowedCreator,
  type Follower,
  type FollowState,
  type MuteState,
  type OwnCreator,
  type ProfileFacts,
  type SearchCreators,
  type ShunnedUser,
  type SuggestedCreator,
  type UpdateCreator,
} from './contract.ts'
import { handlePattern, tagPattern } from './handles.ts'

const followers = Joi.number().integer().min(0).required()
const handle = Joi.string().pattern(handlePattern)
const tag = Joi.string().pattern(tagPattern)
const category = Joi.string<Category>().valid(...categories)
const timeZone = Joi.string()
  .pattern(/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/)
  .max(64)
  .example('Africa/Lusaka')
const avatar = Joi.string().allow(null).required()

const shape = {
  id: id.required(),
  handle: handle.required(),
  name: Joi.string().required(),
  bio: Joi.string().allow('').required(),
  avatar,
  tags: Joi.array<string[]>().items(tag).required(),
  category: category.allow(null).required(),
  earnings: signedMinorUnits.allow(null).required(),
  followers,
  following: Joi.boolean(),
}

export const creator = Joi.object<Creator, true>(shape)
export const ownCreator = Joi.object<OwnCreator, true>({
  ...shape,
  full_name: Joi.string().required(),
  bank_account: Joi.string().allow(null).required(),
  shows_earnings: Joi.boolean().required(),
  time_zone: timeZone.required(),
})
export const creatorPage = page(creator)
export const suggestedQuery = Joi.object<{ limit?: number }, true>({ limit })
export const suggestedCreators = Joi.object<{ data: SuggestedCreator[]; has_more: boolean; next: null }>({
  data: Joi.array<SuggestedCreator[]>()
    .items(Joi.object<SuggestedCreator, true>({ ...shape, why: Joi.string<SuggestedCreator['why']>().valid('followed-together', 'alike', 'trending').required() }))
    .required(),
  has_more: Joi.boolean().required(),
  next: Joi.valid(null).required(),
})

export const creatorId = Joi.object<{ creator_id: string }, true>({ creator_id: id.required() })
export const searchQuery = Joi.object<SearchCreators, true>({
  q: text(100),
  tag,
  category,
  sort: Joi.string<CreatorOrder>().valid('name', 'followers', 'trending'),
  limit,
  cursor,
})
/** Digits, letters and the separators of IBANs and account numbers. */
export const bankAccount = Joi.string()
  .pattern(/^[A-Za-z0-9][A-Za-z0-9 \-/.]{2,62}[A-Za-z0-9]$/)
  .example('ZM12 0001 0002 0004')

export const updateCreator = Joi.object<UpdateCreator, true>({
  full_name: name(100),
  handle,
  bio: text(1_000),
  avatar_url: httpsUrl.allow(null),
  tags: Joi.array<string[]>().items(tag).max(10).unique(),
  category: category.allow(null),
  bank_account: bankAccount.allow(null),
  shows_earnings: Joi.boolean(),
  time_zone: timeZone,
})

export const followState = Joi.object<FollowState, true>({ following: Joi.boolean().required(), followers })
export const followerQuery = Joi.object<{ creator_id: string } & PageQuery, true>({ creator_id: id.required(), limit, cursor })
export const pageQuery = Joi.object<PageQuery, true>({ limit, cursor })
export const followerPage = page(Joi.object<Follower, true>({ user_id: id.required(), name: Joi.string().required(), followed_at: instant.required() }))
export const followingPage = page(
  Joi.object<FollowedCreator, true>({ creator_id: id.required(), handle: handle.required(), name: Joi.string().required(), avatar, followed_at: instant.required() }),
)

export const userId = Joi.object<{ user_id: string }, true>({ user_id: id.required() })
export const blockState = Joi.object<BlockState, true>({ user_id: id.required(), blocked: Joi.boolean().required() })
export const muteState = Joi.object<MuteState, true>({ user_id: id.required(), muted: Joi.boolean().required() })
export const shunnedPage = page(Joi.object<ShunnedUser, true>({ user_id: id.required(), name: Joi.string().required(), since: instant.required() }))

export const creatorFollowed = Joi.object<ProfileFacts['creator:followed'], true>({ follower_id: id.required(), name: Joi.string().required(), followers })
