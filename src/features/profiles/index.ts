import type { Connection } from 'mongoose'
import type { Clock } from '../../kernel/clock.ts'
import { subscribe } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Vault } from '../../platform/vault.ts'
import { createProfileModel } from './model.ts'
import { profileOperations } from './operations.ts'
import { createProfileService, type ProfileService } from './service.ts'

export type { ProfileRow } from './model.ts'
export type Profiles = Pick<ProfileService, 'creator'>

export function createProfiles(deps: {
  db: Connection
  vault: Vault
  cursors: Cursors
  clock: Clock
  earningsOf: (creatorId: string) => Promise<number>
}): { profiles: Profiles; feature: Feature } {
  const Profiles = createProfileModel(deps.db)
  const profiles = createProfileService({ ...deps, Profiles })
  const feature = defineFeature({
    name: 'profiles',
    operations: profileOperations(profiles),
    subscribers: [
      subscribe('account.registered', 'profiles.open', async ({ payload }) => {
        if (payload.role === 'creator') await profiles.open(payload)
      }),
    ],
    models: [Profiles],
  })
  return { profiles, feature }
}
