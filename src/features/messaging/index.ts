import type { Connection } from 'mongoose'
import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { broadcast, subscribe } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { Limits } from '../../platform/rate-limit.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { AccountService } from '../accounts/index.ts'
import type { Profiles, Relations } from '../profiles/index.ts'
import { createAccess } from './access.ts'
import { createChanging } from './changing.ts'
import { createMessagingChecks } from './check.ts'
import { createConversations } from './conversations.ts'
import { roomsOf } from './hearers.ts'
import { createHeld } from './held.ts'
import { createHolding } from './holding.ts'
import { createMarks } from './marks.ts'
import { createMembers } from './members.ts'
import { createMessagingModels } from './model.ts'
import { messagingFacts, messagingOperations } from './operations.ts'
import { createParting } from './parting.ts'
import { createMessagingPersonal } from './personal.ts'
import { createReading, type Reading } from './reading.ts'
import { createSending } from './sending.ts'
import { createTyping } from './typing.ts'

export type Messages = Pick<Reading, 'find'>

export function createMessaging(deps: {
  db: Connection
  unitOfWork: UnitOfWork
  relay: Relay
  limits: Limits
  accounts: Pick<AccountService, 'namesOf'>
  profiles: Pick<Profiles, 'creator' | 'isFollowing'>
  relations: Relations
  audit: Audit
  cursors: Cursors
  clock: Clock
  wall: Wall
  context: () => Context
  failpoints: Failpoints
}): { feature: Feature; messages: Messages; roomsOf: (userId: string) => Promise<string[]> } {
  const models = createMessagingModels(deps.db)
  const access = createAccess(models)
  const reading = createReading({ ...deps, models, access })
  const conversations = createConversations({ ...deps, models, access, reading })
  const members = createMembers({ ...deps, models, access, reading })
  const parting = createParting(deps.relations)
  const holding = createHolding({ ...deps, models })
  const sending = createSending({ ...deps, models, access, parting, holding, flood: deps.limits.rate({ name: 'message', per_second: 5, burst: 30 }) })
  const held = createHeld({ ...deps, models, access, holding, sending })
  const changing = createChanging({ ...deps, models, access, parting, flood: deps.limits.rate({ name: 'message-change', per_second: 10, burst: 60 }) })
  const marks = createMarks({ ...deps, models, access, reading, parting })
  const typing = createTyping({ ...deps, access, parting, pace: deps.limits.rate({ name: 'typing', per_second: 1, burst: 3 }) })
  const feature = defineFeature({
    name: 'messaging',
    operations: messagingOperations({ conversations, members, reading, sending, changing, marks, typing, held }),
    facts: messagingFacts,
    broadcasts: [
      broadcast('messages.created', ({ messages, mentioned, ...hearers }) => [
        ...messages.map((data) => ({ event: 'message:created', rooms: roomsOf(hearers), data })),
        ...mentioned.map(({ user_id, fact }) => ({ event: 'message:mentioned', rooms: [rooms.user(user_id)], data: fact })),
      ]),
      broadcast('message.updated', ({ fact, ...hearers }) => [{ event: 'message:updated', rooms: roomsOf(hearers), data: fact }]),
      broadcast('message.deleted', ({ fact, ...hearers }) => [{ event: 'message:deleted', rooms: roomsOf(hearers), data: fact }]),
      broadcast('message.hidden', ({ user_id, fact }) => [{ event: 'message:hidden', rooms: [rooms.user(user_id)], data: fact }]),
      broadcast('reaction.changed', ({ fact, ...hearers }) => [{ event: 'reaction:changed', rooms: roomsOf(hearers), data: fact }]),
      broadcast('receipt.moved', ({ only, fact, ...hearers }) => [{ event: 'receipt:updated', rooms: only === null ? roomsOf(hearers) : [rooms.user(only)], data: fact }]),
      broadcast('conversation.changed', ({ version, parted, ...hearers }) => [
        { event: 'conversation:updated', rooms: [...roomsOf(hearers), ...parted.map(rooms.user)], data: { conversation_id: hearers.conversation_id, version } },
      ]),
      broadcast('messages.held', ({ held: waiting, moderator_ids }) => waiting.map((data) => ({ event: 'message:held', rooms: roomsOfPeople(data.sender_id, moderator_ids), data }))),
      broadcast('held.decided', ({ fact, moderator_ids }) => [{ event: 'message:decided', rooms: roomsOfPeople(fact.sender_id, moderator_ids), data: fact }]),
    ],
    subscribers: [subscribe('user.blocked', 'messaging.part', ({ payload }) => members.partAcross(payload))],
    jobs: [{ name: 'messaging.let-go', every_ms: 1_000, run: held.letGoDue }],
    checks: createMessagingChecks({ ...deps, models }),
    effects: [{ operation: 'conversation:create', field: 'conversation_id', ownersOf: conversations.ownersOf }],
    personal: [createMessagingPersonal(models)],
    models: Object.values(models),
  })
  return { feature, messages: reading, roomsOf: conversations.roomsOf }
}

function roomsOfPeople(author: string, others: readonly string[]): string[] {
  return [...new Set([author, ...others])].map(rooms.user)
}
