import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { nothing } from '../../kernel/schema.ts'
import { profileRoutes } from './contract.ts'
import * as schema from './schema.ts'
import type { ProfileService } from './service.ts'

export function profileOperations(profiles: ProfileService): AnyOperation[] {
  return [
    operation({ name: 'creator:me', route: profileRoutes['creator:me'], audience: 'creator', errors: ['not-found'], input: nothing, output: schema.ownCreator, handle: profiles.mine }),
    operation({ name: 'creator:update', route: profileRoutes['creator:update'], audience: 'creator', errors: ['not-found'], input: schema.updateCreator, output: schema.ownCreator, handle: profiles.update }),
    operation({ name: 'creator:search', route: profileRoutes['creator:search'], audience: 'public', errors: ['cursor'], input: schema.searchQuery, output: schema.creatorPage, handle: profiles.search }),
    operation({ name: 'creator:read', route: profileRoutes['creator:read'], audience: 'public', errors: ['not-found'], input: schema.creatorId, output: schema.creator, handle: profiles.read }),
  ]
}
