import type { Connection } from 'mongoose'
import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { fail } from '../../kernel/errors.ts'
import { subscribe } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Mails } from '../../platform/mail.ts'
import type { Vault } from '../../platform/vault.ts'
import type { AccountService, StepUp } from '../accounts/index.ts'
import { createBarriers } from './barriers.ts'
import { createProfileChecks } from './check.ts'
import { createDestinations, type Destinations } from './destination.ts'
import { createFollowerCount } from './follower-count.ts'
import { createFollows, type Follows as FollowsOf } from './follows.ts'
import { createProfileModels, type ProfileRow } from './model.ts'
import { profileFacts, profileOperations } from './operations.ts'
import { createProfilePersonal } from './personal.ts'
import { createCreatorPresenter } from './present.ts'
import { createRelations, type Relations } from './relations.ts'
import { createCreatorSearch } from './search.ts'
import { createProfileService } from './service.ts'
import { createStanding } from './standing.ts'
import { createSuggestions } from './suggestions.ts'
import { createTrending } from './trending.ts'

export type { ProfileRow } from './model.ts'
export { bankAccount } from './schema.ts'
export type { Regard, Relations } from './relations.ts'

export interface Profiles {
  /** @throws AppError `not-found` */
  creator(creatorId: string): Promise<ProfileRow>
  isFollowing(followerId: string, creatorId: string): Promise<boolean>
  followedAmong(followerId: string, creatorIds: readonly string[]): Promise<Set<string>>
  followersAmong(creatorId: string, userIds: readonly string[]): Promise<Set<string>>
  followersAfter: FollowsOf['followersAfter']
  countFollowers: FollowsOf['countFollowers']
  /** of whoever once was a creator here, too */
  nameOf(creatorId: string): Promise<string | undefined>
  /** since when somebody is a creator */
  since(creatorId: string): Promise<Date | undefined>
  destinations: Destinations
}

const trendingEveryMs = 10_000
const leftoversEveryMs = 60_000

export function createProfiles(deps: {
  db: Connection
  unitOfWork: UnitOfWork
  relay: Relay
  accounts: Pick<AccountService, 'find' | 'namesOf'>
  stepUp: StepUp
  mails: Pick<Mails, 'send'>
  audit: Audit
  vault: Vault
  cursors: Cursors
  clock: Clock
  context: () => Context
  earningsOf: (creatorId: string) => Promise<number>
}): { profiles: Profiles; relations: Relations; feature: Feature } {
  const models = createProfileModels(deps.db)
  const relations = createRelations(models)
  const presenter = createCreatorPresenter(deps)
  const standing = createStanding(models)
  const count = createFollowerCount({ ...deps, models, standing })
  const trending = createTrending({ ...deps, models, standing })
  const follows = createFollows({ ...deps, models, relations, count })
  const barriers = createBarriers({ ...deps, models, follows })
  const destinations = createDestinations({ ...deps, models })
  const service = createProfileService({ ...deps, models, destinations, standing, relations, follows, presenter })
  const { search } = createCreatorSearch({ ...deps, models, relations, presenter })
  const { suggested } = createSuggestions({ models, relations, presenter })
  const feature = defineFeature({
    name: 'profiles',
    operations: profileOperations({ profiles: { ...service, search, suggested }, follows, barriers }),
    facts: profileFacts,
    subscribers: [
      subscribe('account.registered', 'profiles.open', async ({ payload }) => {
        if (payload.role === 'creator') await service.open(payload)
      }),
      subscribe('account.role-set', 'profiles.follow-role', ({ payload }) => service.accountChanged(payload.user_id)),
      subscribe('account.suspended', 'profiles.hide', ({ payload }) => service.accountChanged(payload.user_id)),
      subscribe('account.restored', 'profiles.show', ({ payload }) => service.accountChanged(payload.user_id)),
      subscribe('creator.followed', 'profiles.count-follow', async ({ event_id, at, payload: { creator_id, follower_id, name, at: followed_at } }) => {
        await trending.note({ creator_id, person_id: follower_id, at: followed_at })
        // Told with the count as it is after this follow, which nobody knows before.
        const followers = await count.fold(creator_id)
        deps.relay.emit({ event: 'creator:followed', rooms: [rooms.user(creator_id)], data: { follower_id, name, followers } }, { event_id, at: at.toISOString() })
      }),
      subscribe('creator.unfollowed', 'profiles.count-unfollow', async ({ payload }) => void (await count.fold(payload.creator_id))),
      subscribe('tip.sent', 'profiles.note-tip', async ({ payload: { tip, fan_id } }) => {
        // A guest may be anybody any number of times.
        if (!tip.guest) await trending.note({ creator_id: tip.creator_id, person_id: fan_id, at: tip.created_at })
      }),
    ],
    jobs: [
      { name: 'profiles.trending', every_ms: trendingEveryMs, run: trending.runDue },
      { name: 'profiles.count-followers', every_ms: leftoversEveryMs, run: count.foldWaiting },
    ],
    checks: createProfileChecks({ ...deps, models }),
    personal: [createProfilePersonal({ ...deps, models, follows, standing, presenter })],
    models: Object.values(models),
  })
  const creator = async (creatorId: string) => (await models.Profiles.findOne({ _id: creatorId, hidden_at: { $exists: false } }).lean()) ?? fail('not-found')
  const nameOf = async (creatorId: string) => (await models.Profiles.findById(creatorId, { name: 1 }).lean())?.name
  const since = async (creatorId: string) => (await models.Profiles.findById(creatorId, { created_at: 1 }).lean())?.created_at
  return { profiles: Object.freeze({ creator, nameOf, since, destinations, isFollowing: follows.isFollowing, followedAmong: follows.followedAmong, followersAmong: follows.followersAmong, followersAfter: follows.followersAfter, countFollowers: follows.countFollowers }), relations, feature }
}
