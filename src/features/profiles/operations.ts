import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { nothing } from '../../kernel/schema.ts'
import type { BarrierService } from './barriers.ts'
import { profileRoutes } from './contract.ts'
import type { Follows } from './follows.ts'
import * as schema from './schema.ts'
import type { CreatorSearch } from './search.ts'
import type { ProfileService } from './service.ts'
import type { Suggestions } from './suggestions.ts'

export interface ProfileServices {
  profiles: ProfileService & CreatorSearch & Suggestions
  follows: Follows
  barriers: BarrierService
}

export function profileOperations({ profiles, follows, barriers }: ProfileServices): AnyOperation[] {
  return [
    operation({
      name: 'creator:me',
      summary: 'Your own profile, with the bank account',
      route: profileRoutes['creator:me'],
      audience: 'creator',
      errors: ['not-found'],
      input: nothing,
      output: schema.ownCreator,
      handle: profiles.mine,
    }),
    operation({
      name: 'creator:update',
      summary: 'Change your own profile; what is left out stays',
      route: profileRoutes['creator:update'],
      audience: 'creator',
      errors: ['not-found', 'conflict', 'step-up-required'],
      input: schema.updateCreator,
      output: schema.ownCreator,
      handle: profiles.update,
    }),
    operation({
      name: 'creator:search',
      summary: 'Find creators by words of their name or handle, by tag and by category',
      route: profileRoutes['creator:search'],
      audience: 'public',
      errors: ['cursor'],
      input: schema.searchQuery,
      output: schema.creatorPage,
      handle: profiles.search,
    }),
    operation({
      name: 'creator:suggested',
      summary: 'Creators whom you may like and do not follow yet, and why',
      route: profileRoutes['creator:suggested'],
      audience: 'signed-in',
      cost: 3,
      errors: [],
      input: schema.suggestedQuery,
      output: schema.suggestedCreators,
      handle: profiles.suggested,
    }),
    operation({
      name: 'creator:read',
      summary: 'A creator as everybody sees them, by id or @handle',
      route: profileRoutes['creator:read'],
      audience: 'public',
      errors: ['not-found'],
      input: schema.creatorId,
      output: schema.creator,
      handle: profiles.read,
    }),
    operation({
      name: 'creator:follow',
      summary: 'Follow a creator; following twice is following',
      route: profileRoutes['creator:follow'],
      audience: 'signed-in',
      errors: ['not-found', 'self', 'blocked'],
      input: schema.creatorId,
      output: schema.followState,
      handle: follows.follow,
    }),
    operation({
      name: 'creator:unfollow',
      summary: 'Stop following a creator',
      route: profileRoutes['creator:unfollow'],
      audience: 'signed-in',
      errors: ['not-found'],
      input: schema.creatorId,
      output: schema.followState,
      handle: follows.unfollow,
    }),
    operation({
      name: 'follower:list',
      summary: 'Who follows you, newest first',
      route: profileRoutes['follower:list'],
      audience: 'signed-in',
      errors: ['not-found', 'forbidden', 'cursor'],
      input: schema.followerQuery,
      output: schema.followerPage,
      handle: follows.followers,
    }),
    operation({
      name: 'following:list',
      summary: 'Whom you follow, newest first',
      route: profileRoutes['following:list'],
      audience: 'signed-in',
      errors: ['cursor'],
      input: schema.pageQuery,
      output: schema.followingPage,
      handle: follows.following,
    }),
    operation({
      name: 'user:block',
      summary: 'Let nothing pass between you and somebody, in either direction; follows both ways end',
      route: profileRoutes['user:block'],
      audience: 'signed-in',
      errors: ['not-found', 'self'],
      input: schema.userId,
      output: schema.blockState,
      handle: barriers.block,
    }),
    operation({
      name: 'user:unblock',
      summary: 'Take a block down; nothing that it ended comes back',
      route: profileRoutes['user:unblock'],
      audience: 'signed-in',
      errors: ['not-found'],
      input: schema.userId,
      output: schema.blockState,
      handle: barriers.unblock,
    }),
    operation({
      name: 'block:list',
      summary: 'Whom you blocked, newest first',
      route: profileRoutes['block:list'],
      audience: 'signed-in',
      errors: ['cursor'],
      input: schema.pageQuery,
      output: schema.shunnedPage,
      handle: barriers.blocks,
    }),
    operation({
      name: 'user:mute',
      summary: 'See no name and no text of somebody any more; they are not told and may do all they could',
      route: profileRoutes['user:mute'],
      audience: 'signed-in',
      errors: ['not-found', 'self'],
      input: schema.userId,
      output: schema.muteState,
      handle: barriers.mute,
    }),
    operation({
      name: 'user:unmute',
      summary: 'Hear somebody again',
      route: profileRoutes['user:unmute'],
      audience: 'signed-in',
      errors: ['not-found'],
      input: schema.userId,
      output: schema.muteState,
      handle: barriers.unmute,
    }),
    operation({
      name: 'mute:list',
      summary: 'Whom you muted, newest first',
      route: profileRoutes['mute:list'],
      audience: 'signed-in',
      errors: ['cursor'],
      input: schema.pageQuery,
      output: schema.shunnedPage,
      handle: barriers.mutes,
    }),
  ]
}

export const profileFacts: AnyFact[] = [
  fact({ name: 'creator:followed', summary: 'Somebody follows you now', namespace: '/', room: 'user', data: schema.creatorFollowed }),
]
