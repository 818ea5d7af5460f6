import type { Connection } from 'mongoose'
import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import { subscribe } from '../../kernel/events.ts'
import { defineFeature, type Feature, type PersonalData } from '../../kernel/feature.ts'
import type { AnyOperation } from '../../kernel/operation.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Keys } from '../../platform/keys.ts'
import type { Mails } from '../../platform/mail.ts'
import type { Limits } from '../../platform/rate-limit.ts'
import type { SocketDoor } from '../../platform/realtime/gateway.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { createAuthenticate } from './authenticate.ts'
import { createCodes } from './codes.ts'
import { createCredentials } from './credentials.ts'
import { createUserDoor } from './door.ts'
import { createFarewell } from './farewell.ts'
import { createGatekeeper } from './gatekeeper.ts'
import { createAccountModels } from './model.ts'
import { accountFacts, accountOperations } from './operations.ts'
import { createPasswords } from './passwords.ts'
import { createPeople } from './people.ts'
import { type AccountService, createAccountService } from './service.ts'
import { createSessionDesk } from './session-desk.ts'
import { createSessions } from './sessions.ts'
import { createAccessTokens } from './tokens.ts'

export type { AccountService } from './service.ts'

export interface StepUp {
  /** @throws AppError `step-up-required` unless the password was given in this sign-in within five minutes */
  ensure(ctx: Context): Promise<void>
}

export { userOf } from './user.ts'

/** With the time of one look, a socket whose news was lost is closed within 5 s. */
const endedMs = 4_000
const recheckMs = 30_000
const farewellMs = 3600_000

export function createAccounts(deps: {
  db: Connection
  unitOfWork: UnitOfWork
  relay: Relay
  keys: Keys
  limits: Limits
  audit: Audit
  mails: Mails
  cursors: Cursors
  personal: () => readonly PersonalData[]
  moneyOf: (userId: string) => Promise<{ amount: number; currency: string }>
  context: () => Context
  publicUrl: () => string
  passwordMemoryKb: number | undefined
  clock: Clock
  wall: Wall
  log: Logger
}): {
  accounts: AccountService
  stepUp: StepUp
  authenticate: ReturnType<typeof createAuthenticate>
  door: (operations: readonly AnyOperation[], furtherRooms: (userId: string) => Promise<string[]>) => SocketDoor
  feature: Feature
} {
  const { relay, keys, limits, wall } = deps
  const models = createAccountModels(deps.db)
  const passwords = createPasswords(deps.passwordMemoryKb)
  const tokens = createAccessTokens({ keys, wall })
  const sessions = createSessions({ models, keys, wall })
  const gatekeeper = createGatekeeper({ models, tokens, wall })
  const desk = createSessionDesk({ ...deps, models, sessions, gatekeeper })
  const requests = limits.quota({ name: 'account-request', points: 20, window_s: 15 * 60 })
  const credentials = createCredentials({ ...deps, models, passwords, codes: createCodes({ models, wall }), desk, requests })
  const people = createPeople({ ...deps, models, desk })
  const farewell = createFarewell({ ...deps, models, credentials, desk })
  const accounts = createAccountService({
    ...deps,
    models,
    passwords,
    tokens,
    sessions,
    gatekeeper,
    desk,
    credentials,
    failedSignIns: {
      pair: limits.failures({ name: 'failed-sign-in', points: 10, window_s: 15 * 60 }),
      account: limits.failures({ name: 'failed-sign-in-account', points: 100, window_s: 15 * 60 }),
      address: limits.failures({ name: 'failed-sign-in-address', points: 100, window_s: 15 * 60 }),
    },
    registrations: limits.quota({ name: 'registration', points: 60, window_s: 3600 }),
  })
  const feature = defineFeature({
    name: 'accounts',
    operations: accountOperations({ accounts, credentials, desk, people, farewell }),
    facts: accountFacts,
    subscribers: [
      subscribe('session.ended', 'accounts.close-sockets', async ({ event_id, at, payload }) => {
        gatekeeper.forget(payload.session_id)
        relay.emit({ event: 'session:revoked', rooms: [rooms.session(payload.session_id)], data: { reason: payload.reason } }, { event_id, at: at.toISOString() })
        relay.close('/', rooms.session(payload.session_id))
      }),
      subscribe('sign-in.locked', 'accounts.tell-of-lock', async ({ payload: { user_id, address } }) => {
        if (user_id) await accounts.tellOfLock({ user_id, address })
      }),
      subscribe('password.forgotten', 'accounts.send-reset-code', async ({ payload }) => {
        if (payload.user_id) await credentials.sendResetCode(payload.user_id)
      }),
    ],
    jobs: [
      { name: 'accounts.close-ended', every_ms: endedMs, run: desk.closeEnded },
      { name: 'accounts.recheck', every_ms: recheckMs, run: desk.recheck },
    ],
    dues: [{ name: 'accounts.farewell', every_ms: farewellMs, next: farewell.next, runDue: farewell.runDue }],
    personal: [{ name: 'account', read: farewell.read, erase: farewell.erase }],
    models: [models.Users, models.Sessions, models.Codes],
  })
  return {
    accounts,
    stepUp: { ensure: credentials.ensureSteppedUp },
    authenticate: createAuthenticate({ gatekeeper, tokens }),
    door: (operations, furtherRooms) => createUserDoor({ gatekeeper, desk, operations, furtherRooms, wall }),
    feature,
  }
}
