import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { Profiles, Relations } from '../profiles/index.ts'
import type { Access } from './access.ts'
import type { Conversation, ConversationSettings, CreateConversation, MessagingSettings, ParticipantRole, ParticipantState, Room, UpdateConversation } from './contract.ts'
import type { Invitations } from './invitations.ts'
import { type ConversationRow, type MessagingModels, participationId, type ParticipationRow } from './model.ts'
import type { Notes } from './notes.ts'
import { canChange, mayBegin, mayEnter, type Memberships } from './policy.ts'
import { hearersOf } from './present.ts'
import type { Reading } from './reading.ts'
import { standingOf } from './standing.ts'

type Nothing = Record<string, never>

export const maxMembers = 256
const maxLiveRooms = 50
const plain: ConversationSettings = Object.freeze({ slow_mode_ms: 0, emoji_only: false, open_to: 'all', tier_rank: 0, blocked_words: [], filter_action: 'hold', moderation_delay_ms: 0 })
const unset: MessagingSettings = Object.freeze({ who_may_write: 'everyone', reads_privately: false })

export interface ConversationDependencies {
  models: MessagingModels
  access: Access
  reading: Reading
  relations: Relations
  profiles: Pick<Profiles, 'creator' | 'isFollowing'>
  accounts: Pick<AccountService, 'namesOf'>
  /** nobody fills it yet: see `policy.ts` */
  memberships: Memberships
  relay: Relay
  unitOfWork: UnitOfWork
  clock: Clock
  notes: Notes
  invitations: Invitations
}

export type Conversations = ReturnType<typeof createConversations>

/** How a conversation comes to be, who comes in by themselves, and how it is. */
export function createConversations({ models, access, reading, relations, profiles, accounts, memberships, relay, unitOfWork, clock, notes, invitations }: ConversationDependencies) {
  const { Conversations, Participations, Settings } = models

  return Object.freeze({ create, update, readRoom, join, accept, decline, settings, updateSettings, roomsOf, ownersOf })

  async function create(ctx: Context, input: CreateConversation): Promise<Conversation> {
    const { user_id } = userOf(ctx)
    const others = [...new Set(input.member_ids ?? [])].filter((each) => each !== user_id)
    switch (input.type) {
      case 'direct':
        return createDirect(ctx, user_id, others)
      case 'group':
        return createGroup(ctx, user_id, others, input.title)
      case 'room':
        return createRoom(ctx, user_id, input)
    }
  }

  /** One between two people: asked for again, it is the same. Of somebody unknown it is a request first. */
  async function createDirect(ctx: Context, userId: string, [other, ...more]: string[]): Promise<Conversation> {
    ensure(other !== undefined, 'self')
    ensure(more.length === 0, 'validation', { errors: [{ path: 'member_ids', code: 'array.max', detail: 'one other person' }] })
    await ensureReachable(userId, [other])
    const pair = [userId, other].toSorted().join('+')
    const regard = await standingOf({ profiles, memberships }, userId, other)
    return unitOfWork.run(ctx, async (tx) => {
      const there = await Conversations.findOne({ pair }).lean()
      const mine = there && (await Participations.findById(participationId(there._id, userId)).lean())
      if (there && mine?.state === 'declined') return rejoin(there, mine)
      if (there && mine) return reading.present({ conversation: there, me: mine })
      ensure(mayBegin((await settingsOf(other)).who_may_write, regard), 'forbidden', 'They take no messages from people whom they do not know')
      const conversation = newConversation(userId, { type: 'direct', pair, member_ids: [userId, other] })
      const isKnown = regard.isFollowed || regard.follows
      const me = seatIn(conversation, userId)
      await Conversations.insertMany([conversation])
      await Participations.insertMany([me, seatIn(conversation, other, { state: isKnown ? 'joined' : 'requested' })])
      await tx.publish('conversation.changed', { ...hearersOf(conversation), version: 1, parted: [] })
      return reading.present({ conversation, me })
    }, pair)
  }

  /** Who declined it and now begins it has changed their mind. */
  async function rejoin({ _id }: ConversationRow, me: ParticipationRow): Promise<Conversation> {
    await Participations.updateOne({ _id: me._id }, { $set: { state: 'joined', accepted_at: clock.now() } })
    const conversation = (await Conversations.findOneAndUpdate({ _id }, { $pull: { declined_ids: me.user_id } }, { returnDocument: 'after' }).lean()) ?? fail('not-found')
    return reading.present({ conversation, me: { ...me, state: 'joined' } })
  }

  async function createGroup(ctx: Context, userId: string, others: string[], title = ''): Promise<Conversation> {
    ensure(others.length < maxMembers, 'validation', { errors: [{ path: 'member_ids', code: 'array.max', detail: `at most ${maxMembers} people` }] })
    await ensureReachable(userId, others)
    const { known, strangers } = await invitations.divide(userId, others)
    return unitOfWork.run(ctx, async (tx) => {
      const conversation = newConversation(userId, { type: 'group', title, member_ids: [userId, ...known] })
      const { _id } = conversation
      const me = seatIn(conversation, userId, { role: 'owner' })
      await Conversations.insertMany([conversation])
      await Participations.insertMany([me, ...known.map((each) => seatIn(conversation, each))])
      const asked = await invitations.invite(conversation, userId, strangers)
      await notes.note(tx, _id, { kind: 'created', actor_id: userId })
      if (asked.length > 0) await notes.note(tx, _id, { kind: 'invited', actor_id: userId, subject_ids: asked })
      await tx.publish('conversation.changed', { ...hearersOf(conversation), version: 1, parted: asked })
      return reading.present({ conversation: (await Conversations.findById(_id).lean()) ?? fail('not-found'), me })
    })
  }

  /** A creator's own place, one each, where the audience talks. */
  async function createRoom(ctx: Context, userId: string, { title = '', open_to = 'all', tier_rank = 0 }: CreateConversation): Promise<Conversation> {
    const creator = await profiles.creator(userId)
    return unitOfWork.run(ctx, async () => {
      const there = await Conversations.findOne({ creator_id: userId, type: 'room' }).lean()
      ensure(!there, 'conflict', 'Your room is there already')
      const conversation = newConversation(userId, { type: 'room', title: title || creator.name, creator_id: userId, member_ids: null, settings: { ...plain, open_to, tier_rank } })
      const me = seatIn(conversation, userId, { role: 'owner' })
      await Conversations.insertMany([conversation])
      await Participations.insertMany([me])
      return reading.present({ conversation, me })
    }, `room:${userId}`)
  }

  async function update(ctx: Context, { conversation_id, title, ...settings }: UpdateConversation): Promise<Conversation> {
    const { conversation, me } = await access.to(ctx, conversation_id)
    ensure(canChange(me, conversation), 'forbidden')
    const set = { ...(title === undefined ? {} : { title }), ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`settings.${name}`, value])) }
    await unitOfWork.run(ctx, async (tx) => {
      const before = (await Conversations.findById(conversation_id).lean()) ?? fail('not-found')
      if (title !== undefined && title !== before.title) await notes.note(tx, conversation_id, { kind: 'renamed', actor_id: me.user_id, title })
      if (Object.entries(settings).some(([name, value]) => !isDeepStrictEqual(before.settings[name as keyof ConversationSettings], value))) await notes.note(tx, conversation_id, { kind: 'settings', actor_id: me.user_id })
      await changed(tx, conversation_id, { $set: set })
      if (before.type === 'room' && (settings.open_to !== undefined || settings.tier_rank !== undefined)) await tx.publish('room.narrowed', { conversation_id })
    }, conversation_id)
    return reading.read(ctx, { conversation_id })
  }

  async function readRoom(ctx: Context, { creator_id }: { creator_id: string }): Promise<{ room: Room | null }> {
    const { user_id } = userOf(ctx)
    const room = await Conversations.findOne({ creator_id, type: 'room' }).lean()
    if (!room) return { room: null }
    ensure(!(await relations.between({ by: creator_id, whom: user_id })).blocked, 'blocked')
    const me = await Participations.findById(participationId(room._id, user_id)).lean()
    const { title, settings, participant_count } = room
    return { room: { conversation_id: room._id, creator_id, title, open_to: settings.open_to, participant_count, joined: me?.state === 'joined' } }
  }

  /** Into a creator's room. What was said before can be read there. */
  async function join(ctx: Context, { conversation_id }: { conversation_id: string }): Promise<Conversation> {
    const { user_id } = userOf(ctx)
    const room = await Conversations.findOne({ _id: conversation_id, type: 'room' }).lean()
    ensure(room?.creator_id, 'not-found')
    ensure(!(await relations.between({ by: room.creator_id, whom: user_id })).blocked, 'blocked')
    const standing = { follows: await profiles.isFollowing(user_id, room.creator_id), ...(await memberships.standing(user_id, room.creator_id)) }
    ensure(room.creator_id === user_id || mayEnter(room.settings, standing), 'forbidden', `This room is for ${room.settings.open_to}`)
    const pair = { by: room.creator_id, whom: user_id }
    await unitOfWork.run(ctx, async (tx) => {
      // A block that is made just now comes first, and is seen here, or comes after, and takes them out again.
      if (user_id !== room.creator_id) await relations.takeTurn(tx, pair)
      ensure(!(await relations.between(pair)).blocked, 'blocked')
      const present = await Participations.findById(participationId(conversation_id, user_id)).lean()
      const isBanned = present?.state === 'banned' && (present.silenced_until === null || present.silenced_until > clock.now())
      ensure(!isBanned, 'forbidden', 'You were sent out of this room')
      if (present?.state === 'joined') return
      const now = (await Conversations.findById(conversation_id).lean()) ?? fail('not-found')
      if (present) await Participations.updateOne({ _id: present._id }, { $set: { state: 'joined' } })
      else await Participations.insertMany([{ ...seatIn(now, user_id), joined_seq: 0, read_seq: now.last_seq, delivered_seq: now.last_seq }])
      await Conversations.updateOne({ _id: conversation_id }, { $inc: { participant_count: 1 } })
    }, participationId(conversation_id, user_id))
    relay.add(rooms.user(user_id), rooms.conversation(conversation_id))
    return reading.read(ctx, { conversation_id })
  }

  /** Somebody unknown is let in. */
  async function accept(ctx: Context, { conversation_id }: { conversation_id: string }): Promise<Conversation> {
    await answer(ctx, conversation_id, 'joined')
    return reading.read(ctx, { conversation_id })
  }

  async function decline(ctx: Context, { conversation_id }: { conversation_id: string }): Promise<Nothing> {
    await answer(ctx, conversation_id, 'declined')
    return {}
  }

  async function answer(ctx: Context, conversationId: string, state: 'joined' | 'declined'): Promise<void> {
    const seat = await access.glimpse(ctx, conversationId)
    const { conversation, me } = seat
    if (me.state === state) return
    if (me.state === 'invited') return invitations.answer(ctx, seat, state)
    ensure(me.state === 'requested', 'stale-state', 'It is no request any more')
    await unitOfWork.run(ctx, async (tx) => {
      const moved = await Participations.updateOne({ _id: me._id, state: 'requested' }, { $set: { state, ...(state === 'joined' ? { accepted_at: clock.now() } : {}) } })
      if (moved.modifiedCount === 1 && state === 'declined') await Conversations.updateOne({ _id: conversation._id }, { $addToSet: { declined_ids: me.user_id } })
      // Who was declined hears nothing of it: they find out when they write again.
      if (moved.modifiedCount === 1 && state === 'joined') await changed(tx, conversation._id, {})
    })
  }

  async function settings(ctx: Context): Promise<MessagingSettings> {
    return settingsOf(userOf(ctx).user_id)
  }

  async function updateSettings(ctx: Context, input: Partial<MessagingSettings>): Promise<MessagingSettings> {
    const { user_id } = userOf(ctx)
    const wanted = { ...(await settingsOf(user_id)), ...input }
    await Settings.updateOne({ _id: user_id }, { $set: wanted }, { upsert: true })
    return wanted
  }

  /** The rooms that a socket of theirs stands in from its first moment. */
  async function roomsOf(userId: string): Promise<string[]> {
    const rows = await Participations.find({ user_id: userId, state: 'joined' }, { conversation_id: 1 }).sort({ last_message_at: -1 }).limit(maxLiveRooms).lean()
    const live = await Conversations.find({ _id: { $in: rows.map((row) => row.conversation_id) }, type: 'room' }, { _id: 1 }).lean()
    return live.map((row) => rooms.conversation(row._id))
  }

  async function ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, string | readonly string[]>> {
    const rows = await Conversations.find({ _id: { $in: ids } }, { type: 1, member_ids: 1, created_by: 1 }).lean()
    return new Map(rows.map((row) => [row._id, row.type === 'direct' ? (row.member_ids ?? []) : row.created_by]))
  }

  async function settingsOf(userId: string): Promise<MessagingSettings> {
    const row = await Settings.findById(userId).lean()
    return row ? { who_may_write: row.who_may_write, reads_privately: row.reads_privately } : unset
  }

  async function changed(tx: Tx, conversationId: string, change: object): Promise<void> {
    const row = await Conversations.findOneAndUpdate({ _id: conversationId }, { ...change, $inc: { version: 1 } }, { returnDocument: 'after' }).lean()
    if (row) await tx.publish('conversation.changed', { ...hearersOf(row), version: row.version, parted: [] })
  }

  async function ensureReachable(userId: string, others: readonly string[]): Promise<void> {
    const names = await accounts.namesOf([...others])
    ensure(others.every((each) => names.has(each)), 'not-found')
    const regards = await relations.among(userId, others)
    ensure(![...regards.values()].some((each) => each.blocked), 'blocked')
  }

  function newConversation(created_by: string, given: Pick<ConversationRow, 'type' | 'member_ids'> & Partial<ConversationRow>): ConversationRow {
    const now = clock.now()
    return { _id: newId('con'), title: '', created_by, creator_id: null, participant_count: given.member_ids?.length ?? 1, settings: plain, last_seq: 0, quiet: 0, last_change: 0, last_message_at: now, version: 1, created_at: now, ...given }
  }
}

export function seatIn(conversation: ConversationRow, userId: string, { role = 'member', state = 'joined' }: { role?: ParticipantRole; state?: ParticipantState } = {}): ParticipationRow {
  const { _id, last_seq, last_message_at } = conversation
  return { _id: participationId(_id, userId), conversation_id: _id, user_id: userId, role, state, joined_seq: last_seq, delivered_seq: last_seq, read_seq: last_seq, own_seq: 0, muted_until: null, silenced_until: null, last_message_at }
}
