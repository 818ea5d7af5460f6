import type { Page, PageQuery } from '../../kernel/page.ts'
import type { Routes } from '../../kernel/operation.ts'

export const categories = ['art', 'beauty', 'comedy', 'cooking', 'education', 'fitness', 'gaming', 'lifestyle', 'music', 'podcasts', 'sports', 'technology', 'travel', 'video', 'writing'] as const
/** what a creator mainly does; tags say the rest */
export type Category = (typeof categories)[number]

export interface Creator {
  id: string
  /** unique, lower case; `@handle` finds the creator wherever `creator:read` takes an id */
  handle: string
  name: string
  bio: string
  avatar: string | null
  tags: string[]
  category: Category | null
  /** minor units of the default currency; null unless the creator shows them */
  earnings: number | null
  followers: number
  /** whether you follow; absent for whoever is not signed in, and across a block */
  following?: boolean
}

export interface OwnCreator extends Creator {
  full_name: string
  bank_account: string | null
  shows_earnings: boolean
  /** IANA: by it the days of periods and payouts are counted */
  time_zone: string
}

export interface UpdateCreator {
  full_name?: string
  handle?: string
  bio?: string
  avatar_url?: string | null
  tags?: string[]
  category?: Category | null
  bank_account?: string | null
  shows_earnings?: boolean
  time_zone?: string
}

export type CreatorOrder = 'name' | 'followers' | 'trending'

export interface SearchCreators extends PageQuery {
  q?: string
  tag?: string
  category?: Category
  sort?: CreatorOrder
}

/** People who follow whom you follow also follow this one; its tags or category are those of creators whom you follow; many noticed it lately. */
export type SuggestionReason = 'followed-together' | 'alike' | 'trending'

export interface SuggestedCreator extends Creator {
  why: SuggestionReason
}

export interface FollowState {
  following: boolean
  followers: number
}

export interface Follower {
  user_id: string
  name: string
  followed_at: string
}

export interface FollowedCreator {
  creator_id: string
  handle: string
  name: string
  avatar: string | null
  followed_at: string
}

/** Somebody whom you blocked or muted. */
export interface ShunnedUser {
  user_id: string
  name: string
  since: string
}

export interface BlockState {
  user_id: string
  blocked: boolean
}

export interface MuteState {
  user_id: string
  muted: boolean
}

export interface ProfileOperations {
  'creator:me': { input: Record<string, never>; output: OwnCreator }
  'creator:update': { input: UpdateCreator; output: OwnCreator }
  'creator:search': { input: SearchCreators; output: Page<Creator> }
  'creator:suggested': { input: { limit?: number }; output: { data: SuggestedCreator[]; has_more: boolean; next: null } }
  'creator:read': { input: { creator_id: string }; output: Creator }
  'creator:follow': { input: { creator_id: string }; output: FollowState }
  'creator:unfollow': { input: { creator_id: string }; output: FollowState }
  'follower:list': { input: { creator_id: string } & PageQuery; output: Page<Follower> }
  'following:list': { input: PageQuery; output: Page<FollowedCreator> }
  'user:block': { input: { user_id: string }; output: BlockState }
  'user:unblock': { input: { user_id: string }; output: BlockState }
  'block:list': { input: PageQuery; output: Page<ShunnedUser> }
  'user:mute': { input: { user_id: string }; output: MuteState }
  'user:unmute': { input: { user_id: string }; output: MuteState }
  'mute:list': { input: PageQuery; output: Page<ShunnedUser> }
}

export const profileRoutes = {
  'creator:me': 'GET /api/v1/creators/me',
  'creator:update': 'PUT /api/v1/creators/me',
  'creator:search': 'GET /api/v1/creators',
  'creator:suggested': 'GET /api/v1/creators/suggested',
  'creator:read': 'GET /api/v1/creators/:creator_id',
  'creator:follow': 'POST /api/v1/creators/:creator_id/follow',
  'creator:unfollow': 'DELETE /api/v1/creators/:creator_id/follow',
  'follower:list': 'GET /api/v1/creators/:creator_id/followers',
  'following:list': 'GET /api/v1/follows',
  'user:block': 'POST /api/v1/blocks',
  'user:unblock': 'DELETE /api/v1/blocks/:user_id',
  'block:list': 'GET /api/v1/blocks',
  'user:mute': 'POST /api/v1/mutes',
  'user:unmute': 'DELETE /api/v1/mutes/:user_id',
  'mute:list': 'GET /api/v1/mutes',
} as const satisfies Routes<ProfileOperations>

export interface ProfileFacts {
  /** to the creator */
  'creator:followed': { follower_id: string; name: string; followers: number }
}
