import type { Connection } from 'mongoose'
import { createBell } from '../../kernel/bell.ts'
import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
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
import type { MediaService } from '../media/index.ts'
import type { Profiles, Relations } from '../profiles/index.ts'
import { createAccess } from './access.ts'
import { createAnnouncing, type Announcing } from './announcing.ts'
import { createChanging } from './changing.ts'
import { createMessagingChecks } from './check.ts'
import { type Company, createCompany } from './company.ts'
import { createConversations } from './conversations.ts'
import { createForwarding } from './forwarding.ts'
import { roomsOf } from './hearers.ts'
import { dueEveryMs } from './due.ts'
import { createHeld } from './held.ts'
import { createHolding } from './holding.ts'
import { createInvitations } from './invitations.ts'
import { kindFacts, kindOperations } from './kind-operations.ts'
import { createMarks } from './marks.ts'
import { createMembers } from './members.ts'
import { createMessagingModels } from './model.ts'
import { messagingFacts, messagingOperations } from './operations.ts'
import { createNotes } from './notes.ts'
import { createParting } from './parting.ts'
import { createMessagingPersonal } from './personal.ts'
import { createPins } from './pins.ts'
import type { Memberships } from './policy.ts'
import { createPlacing } from './placing.ts'
import { createReaders } from './readers.ts'
import { createReading, type Reading } from './reading.ts'
import { createReminders } from './reminders.ts'
import { createSearch } from './search.ts'
import { createSending } from './sending.ts'
import { type Announcements, createTipLines } from './tip-lines.ts'
import { createTyping } from './typing.ts'

export type { Announcing } from './announcing.ts'
export type { Company } from './company.ts'
export type Messages = Pick<Reading, 'find'>

export function createMessaging(deps: {
  db: Connection
  unitOfWork: UnitOfWork
  relay: Relay
  limits: Limits
  accounts: Pick<AccountService, 'find' | 'namesOf'>
  profiles: Pick<Profiles, 'creator' | 'isFollowing'>
  relations: Relations
  memberships: Memberships
  media: MediaService
  tips: Announcements
  audit: Audit
  cursors: Cursors
  clock: Clock
  wall: Wall
  context: () => Context
  failpoints: Failpoints
  log: Logger
}): { feature: Feature; messages: Messages; company: Company; announcing: Announcing; roomsOf: (userId: string) => Promise<string[]>; readers: ReturnType<typeof createReaders> } {
  const models = createMessagingModels(deps.db)
  const access = createAccess(models)
  const placing = createPlacing({ ...deps, models })
  const notes = createNotes({ ...deps, placing })
  const reading = createReading({ ...deps, models, access, placing })
  const invitations = createInvitations({ ...deps, models, notes })
  const conversations = createConversations({ ...deps, models, access, reading, notes, invitations })
  const members = createMembers({ ...deps, models, access, reading, notes, invitations })
  const parting = createParting(deps.relations)
  const bells = { reminders: createBell(), held: createBell() }
  const holding = createHolding({ ...deps, models, bell: bells.held })
  const sending = createSending({ ...deps, models, access, parting, holding, flood: deps.limits.rate({ name: 'message', per_second: 5, burst: 30 }) })
  const held = createHeld({ ...deps, models, access, holding, sending, bell: bells.held })
  const changing = createChanging({ ...deps, models, access, placing, parting, flood: deps.limits.rate({ name: 'message-change', per_second: 10, burst: 60 }) })
  const tipLines = createTipLines({ ...deps, models, placing, changing })
  const reminders = createReminders({ ...deps, models, access, sending, bell: bells.reminders })
  const pins = createPins({ ...deps, models, access, placing, reading })
  const { search } = createSearch({ ...deps, models, access, reading })
  const { forward } = createForwarding({ access, sending, media: deps.media })
  const marks = createMarks({ ...deps, models, access, reading, placing, parting })
  const typing = createTyping({ ...deps, access, parting, pace: deps.limits.rate({ name: 'typing', per_second: 1, burst: 3 }) })
  const feature = defineFeature({
    name: 'messaging',
    operations: [...messagingOperations({ conversations, members, reading, sending, changing, marks, typing, held }), ...kindOperations({ reminders, pins, search, forward })],
    facts: [...messagingFacts, ...kindFacts],
    broadcasts: [
      broadcast('messages.created', ({ messages, mentioned, ...hearers }) => [
        ...messages.map((data) => ({ event: 'message:created', rooms: roomsOf(hearers), data })),
        ...mentioned.map(({ user_id, fact }) => ({ event: 'message:mentioned', rooms: [rooms.user(user_id)], data: fact })),
      ]),
      broadcast('message.updated', ({ fact, ...hearers }) => [{ event: 'message:updated', rooms: roomsOf(hearers), data: fact }]),
      broadcast('message.deleted', ({ fact, ...hearers }) => [{ event: 'message:deleted', rooms: roomsOf(hearers), data: fact }]),
      broadcast('message.pinned', ({ fact, ...hearers }) => [{ event: 'message:pinned', rooms: roomsOf(hearers), data: fact }]),
      broadcast('reminder.due', ({ user_ids, fact }) => [{ event: 'reminder:due', rooms: user_ids.map(rooms.user), data: fact }]),
      broadcast('message.hidden', ({ user_id, fact }) => [{ event: 'message:hidden', rooms: [rooms.user(user_id)], data: fact }]),
      broadcast('reaction.changed', ({ fact, ...hearers }) => [{ event: 'reaction:changed', rooms: roomsOf(hearers), data: fact }]),
      broadcast('receipt.moved', ({ only, fact, ...hearers }) => [{ event: 'receipt:updated', rooms: only === null ? roomsOf(hearers) : [rooms.user(only)], data: fact }]),
      broadcast('conversation.changed', ({ version, parted, ...hearers }) => [
        { event: 'conversation:updated', rooms: [...roomsOf(hearers), ...parted.map(rooms.user)], data: { conversation_id: hearers.conversation_id, version } },
      ]),
      broadcast('messages.held', ({ held: waiting, moderator_ids }) => waiting.map((data) => ({ event: 'message:held', rooms: roomsOfPeople(data.sender_id, moderator_ids), data }))),
      broadcast('held.decided', ({ fact, moderator_ids }) => [{ event: 'message:decided', rooms: roomsOfPeople(fact.sender_id, moderator_ids), data: fact }]),
    ],
    subscribers: [
      subscribe('tip.sent', 'messaging.tip-line', ({ payload: { tip } }) => tipLines.show(tip)),
      subscribe('tip.moderated', 'messaging.tip-line-moderated', ({ payload: { tip } }) => tipLines.show(tip)),
      subscribe('user.blocked', 'messaging.part', ({ payload }) => members.partAcross(payload)),
      subscribe('membership.changed', 'messaging.part-unentitled', ({ payload }) => members.partUnentitled(payload)),
      subscribe('room.narrowed', 'messaging.part-all-unentitled', ({ payload }) => members.partAllUnentitled(payload.conversation_id)),
    ],
    dues: [
      { name: 'messaging.reminders', every_ms: dueEveryMs, bell: bells.reminders, next: reminders.next, runDue: reminders.runDue },
      { name: 'messaging.let-go', every_ms: dueEveryMs, bell: bells.held, next: held.nextToGo, runDue: held.letGoDue },
    ],
    checks: createMessagingChecks({ ...deps, models }),
    effects: [{ operation: 'conversation:create', field: 'conversation_id', ownersOf: conversations.ownersOf }, { operation: 'reminder:create', field: 'reminder_id', ownersOf: reminders.ownersOf }],
    personal: [createMessagingPersonal(models, deps.clock)],
    models: Object.values(models),
  })
  return { feature, messages: reading, company: createCompany(models), announcing: createAnnouncing({ ...deps, conversations, sending }), roomsOf: conversations.roomsOf, readers: createReaders({ ...deps, models }) }
}

function roomsOfPeople(author: string, others: readonly string[]): string[] {
  return [...new Set([author, ...others])].map(rooms.user)
}
