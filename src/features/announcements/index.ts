import type { Connection } from 'mongoose'
import { createBell } from '../../kernel/bell.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import { broadcast } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { Leases } from '../../platform/lease.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { AccountService } from '../accounts/index.ts'
import type { Access } from '../memberships/index.ts'
import type { Announcing, Company } from '../messaging/index.ts'
import type { Profiles } from '../profiles/index.ts'
import { createAnnouncementChecks } from './check.ts'
import { createAnnouncementModels } from './model.ts'
import { announcementFacts, announcementOperations } from './operations.ts'
import { createAnnouncementPersonal } from './personal.ts'
import { createAnnouncementService } from './service.ts'
import { createTelling } from './telling.ts'

export function createAnnouncements(deps: {
  db: Connection
  unitOfWork: UnitOfWork
  accounts: Pick<AccountService, 'livingAmong'>
  profiles: Profiles
  announcing: Announcing
  company: Company
  memberships: Pick<Access, 'membersAfter' | 'membersAmong' | 'countMembers'>
  leases: Leases
  cursors: Cursors
  clock: Clock
  context: () => Context
  failpoints: Failpoints
  perSecond: number
  perDay: number
  log: Logger
}): { feature: Feature } {
  const models = createAnnouncementModels(deps.db)
  const bell = createBell()
  const announcements = createAnnouncementService({ ...deps, models, bell })
  const telling = createTelling({ ...deps, models, bell })
  const feature = defineFeature({
    name: 'announcements',
    operations: announcementOperations(announcements),
    facts: announcementFacts,
    broadcasts: [broadcast('announcement.changed', ({ creator_id, announcement }) => [{ event: 'announcement:updated', rooms: [rooms.user(creator_id)], data: announcement }])],
    jobs: [{ name: 'announcements.tell', every_ms: 5_000, bell, run: telling.runDue }],
    checks: createAnnouncementChecks(models),
    effects: [{ operation: 'announcement:create', field: 'announcement_id', ownersOf: announcements.ownersOf }],
    personal: [createAnnouncementPersonal(models)],
    models: Object.values(models),
  })
  return { feature }
}
