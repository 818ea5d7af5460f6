import type { Connection } from 'mongoose'
import type { Clock, Wall } from '../../kernel/clock.ts'
import { subscribe } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Keys } from '../../platform/keys.ts'
import { createFailureLimiter, createQuota } from '../../platform/rate-limit.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { createAuthenticate } from './authenticate.ts'
import { createAccountModels } from './model.ts'
import { accountOperations } from './operations.ts'
import { createPasswords } from './passwords.ts'
import { type AccountService, createAccountService } from './service.ts'
import { createSessions } from './sessions.ts'
import { createAccessTokens } from './tokens.ts'

export type { AccountService } from './service.ts'
export { userOf } from './service.ts'
export { createUserDoor } from './door.ts'

export function createAccounts({ db, unitOfWork, relay, keys, clock, wall }: { db: Connection; unitOfWork: UnitOfWork; relay: Relay; keys: Keys; clock: Clock; wall: Wall }): {
  accounts: AccountService
  authenticate: ReturnType<typeof createAuthenticate>
  feature: Feature
} {
  const models = createAccountModels(db)
  const tokens = createAccessTokens({ keys, wall })
  const accounts = createAccountService({
    models,
    unitOfWork,
    passwords: createPasswords(),
    tokens,
    sessions: createSessions({ models, keys, wall }),
    failedSignIns: createFailureLimiter({ name: 'failed-sign-in', failures: 10, window_s: 15 * 60 }),
    registrations: createQuota({ name: 'registration', points: 60, window_s: 3600 }),
    clock,
    wall,
  })
  const feature = defineFeature({
    name: 'accounts',
    operations: accountOperations(accounts),
    subscribers: [
      subscribe('session.ended', 'accounts.close-sockets', async ({ event_id, at, payload }) => {
        relay.emit({ event: 'session:revoked', rooms: [rooms.session(payload.session_id)], data: { reason: payload.reason } }, { event_id, at: at.toISOString() })
        relay.close('/', rooms.session(payload.session_id))
      }),
    ],
    models: [models.Users, models.Sessions],
  })
  return { accounts, authenticate: createAuthenticate({ accounts, tokens, keys }), feature }
}
