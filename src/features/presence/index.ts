import type { Connection } from 'mongoose'
import type { Wall } from '../../kernel/clock.ts'
import type { Logger } from '../../kernel/context.ts'
import { subscribe } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Limits } from '../../platform/rate-limit.ts'
import type { SocketDoor } from '../../platform/realtime/gateway.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import type { Redis } from '../../platform/redis.ts'
import type { AccountService } from '../accounts/index.ts'
import type { Company } from '../messaging/index.ts'
import type { Profiles, Relations } from '../profiles/index.ts'
import { createLoneAttendance, createSharedAttendance } from './attendance.ts'
import { createDesk, type Desk } from './desk.ts'
import { createLastSeen } from './last-seen.ts'
import { createPresenceModels } from './model.ts'
import { presenceFacts, presenceOperations } from './operations.ts'
import { createPresencePersonal } from './personal.ts'
import { createPresenceSettings } from './settings.ts'
import { createSight } from './sight.ts'
import { createWatch } from './watch.ts'

export function createPresence(deps: {
  db: Connection
  relay: Relay
  redis: Redis | undefined
  limits: Limits
  accounts: Pick<AccountService, 'livingAmong'>
  profiles: Pick<Profiles, 'followedAmong'>
  relations: Relations
  company: Company
  processId: string
  recentProcesses: () => Promise<string[]>
  wall: Wall
  log: Logger
}): { feature: Feature; at: (door: SocketDoor) => SocketDoor; leaveAll: () => Promise<void> } {
  const models = createPresenceModels(deps.db)
  const attendance = deps.redis ? createSharedAttendance({ ...deps, redis: deps.redis }) : createLoneAttendance()
  const sight = createSight({ ...deps, models })
  const watch = createWatch({ ...deps, attendance, sight, desk: () => desk })
  const desk: Desk = createDesk({ ...deps, attendance, lastSeen: createLastSeen({ ...deps, models }), pace: deps.limits.rate({ name: 'presence', per_second: 1, burst: 10 }), onMoved: watch.moved })
  const settings = createPresenceSettings({ models, sight, watch })
  const feature = defineFeature({
    name: 'presence',
    operations: presenceOperations({ desk, watch, settings }),
    facts: presenceFacts,
    subscribers: [
      subscribe('user.blocked', 'presence.part', async ({ payload: { by, whom } }) => watch.regardsChanged([by, whom])),
      subscribe('creator.followed', 'presence.follow', async ({ payload }) => watch.regardsChanged([payload.follower_id])),
      subscribe('creator.unfollowed', 'presence.unfollow', async ({ payload }) => watch.regardsChanged([payload.follower_id])),
      subscribe('conversation.changed', 'presence.company', async ({ payload: { member_ids, parted } }) => watch.regardsChanged([...(member_ids ?? []), ...parted])),
      subscribe('account.suspended', 'presence.suspend', async ({ payload }) => watch.moved([payload.user_id])),
    ],
    jobs: [
      { name: 'presence.keep', every_ms: 1_000, run: desk.tick },
      { name: 'presence.look', every_ms: 2_000, run: watch.sweep },
      { name: 'presence.recheck', every_ms: 30_000, run: watch.recheck },
    ],
    personal: [createPresencePersonal(models)],
    models: [models.Rows],
  })
  return { feature, at, leaveAll: desk.leaveAll }

  /** The same door, and whoever comes and goes by it is there and gone. */
  function at(door: SocketDoor): SocketDoor {
    return {
      ...door,
      async entered(socket) {
        desk.entered(socket)
        await door.entered?.(socket)
      },
      async left(socket) {
        desk.left(socket)
        watch.left(socket)
        await door.left?.(socket)
      },
    }
  }
}
