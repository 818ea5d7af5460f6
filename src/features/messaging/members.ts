import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { Relations } from '../profiles/index.ts'
import type { Access, Seat } from './access.ts'
import type { Conversation, ParticipantState, RestrictMember } from './contract.ts'
import { maxMembers, seatIn } from './conversations.ts'
import type { Invitations } from './invitations.ts'
import { type ConversationRow, type MessagingModels, participationId, type ParticipationRow } from './model.ts'
import type { Notes } from './notes.ts'
import { canChange, canRule, mayEnter, type Memberships } from './policy.ts'
import { hearersOf } from './present.ts'
import type { Reading } from './reading.ts'

type Nothing = Record<string, never>

export type Members = ReturnType<typeof createMembers>

/** Who is in it: let in by others, leaving, sent away, kept quiet. */
export function createMembers({
  models,
  access,
  reading,
  relations,
  memberships,
  accounts,
  audit,
  relay,
  unitOfWork,
  clock,
  notes,
  invitations,
  context,
}: {
  models: MessagingModels
  access: Access
  reading: Reading
  relations: Relations
  memberships: Memberships
  accounts: Pick<AccountService, 'namesOf'>
  audit: Audit
  relay: Relay
  unitOfWork: UnitOfWork
  clock: Clock
  notes: Notes
  invitations: Invitations
  context: () => Context
}) {
  const { Conversations, Participations } = models

  return Object.freeze({ add, remove, setRole, leave, timeout, ban, partAcross, partUnentitled, partAllUnentitled })

  /** They read what is said from then on. Whoever was sent away comes back only so; strangers, and whoever left, are asked. */
  async function add(ctx: Context, { conversation_id, member_ids }: { conversation_id: string; member_ids: string[] }): Promise<Conversation> {
    const { conversation, me } = await access.to(ctx, conversation_id)
    ensure(conversation.type === 'group' && canChange(me, conversation), 'forbidden')
    const names = await accounts.namesOf(member_ids)
    ensure(member_ids.every((each) => names.has(each)), 'not-found')
    ensure(![...(await relations.among(me.user_id, member_ids)).values()].some((each) => each.blocked), 'blocked')
    const { known, strangers } = await invitations.divide(me.user_id, member_ids.filter((each) => !conversation.member_ids?.includes(each)))
    await unitOfWork.run(
      ctx,
      async (tx) => {
        const now = (await Conversations.findById(conversation_id).lean()) ?? fail('not-found')
        const parted = new Set((await Participations.find({ _id: { $in: known.map((each) => participationId(conversation_id, each)) }, state: 'left' }).lean()).map((row) => row.user_id))
        const fresh = known.filter((each) => !now.member_ids?.includes(each) && !parted.has(each))
        const asked = await invitations.invite(now, me.user_id, [...strangers, ...parted])
        if (fresh.length + asked.length === 0) return
        ensure((now.member_ids?.length ?? 0) + fresh.length <= maxMembers, 'conflict', `At most ${maxMembers} people`)
        for (const each of fresh) {
          const { _id, ...seat } = seatIn(now, each)
          await Participations.updateOne({ _id }, { $set: seat }, { upsert: true })
        }
        await moved(tx, conversation_id, { $addToSet: { member_ids: { $each: fresh } } }, fresh.length, asked)
        if (fresh.length > 0) await notes.note(tx, conversation_id, { kind: 'added', actor_id: me.user_id, subject_ids: fresh })
        if (asked.length > 0) await notes.note(tx, conversation_id, { kind: 'invited', actor_id: me.user_id, subject_ids: asked })
      },
      conversation_id,
    )
    return reading.read(ctx, { conversation_id })
  }

  async function remove(ctx: Context, { conversation_id, user_id }: { conversation_id: string; user_id: string }): Promise<Nothing> {
    const { seat, other } = await ruled(ctx, conversation_id, user_id, ['joined', 'invited'])
    if (other.state === 'invited') await invitations.revoke(ctx, seat.conversation, other)
    else await part(ctx, seat.conversation, other, 'removed', (tx) => audit.record(tx, ctx, { action: 'conversation.removed', subject: other._id }))
    return {}
  }

  async function leave(ctx: Context, { conversation_id }: { conversation_id: string }): Promise<Nothing> {
    const seat = await access.to(ctx, conversation_id)
    ensure(seat.conversation.type !== 'direct', 'forbidden', 'A conversation between two is not left; block whom you do not want to hear')
    ensure(seat.me.role !== 'owner' || seat.conversation.type === 'group', 'forbidden', 'A room is its creator’s')
    await part(ctx, seat.conversation, seat.me, 'left')
    return {}
  }

  async function setRole(ctx: Context, { conversation_id, user_id, role }: { conversation_id: string; user_id: string; role: 'admin' | 'member' }): Promise<Nothing> {
    const { seat, other } = await ruled(ctx, conversation_id, user_id)
    ensure(seat.me.role === 'owner', 'forbidden', 'Only the owner makes admins')
    await unitOfWork.run(ctx, async (tx) => {
      const set = await Participations.updateOne({ _id: other._id, state: 'joined', role: { $ne: role } }, { $set: { role } })
      if (set.modifiedCount === 1) await notes.note(tx, conversation_id, { kind: role, actor_id: seat.me.user_id, subject_ids: [user_id] })
      await moved(tx, conversation_id, {}, 0)
    })
    return {}
  }

  async function timeout(ctx: Context, { conversation_id, user_id, until }: RestrictMember): Promise<Nothing> {
    const { seat, other } = await ruled(ctx, conversation_id, user_id)
    ensure(seat.conversation.type !== 'direct', 'forbidden')
    ensure(until === null || new Date(until) > clock.now(), 'validation', { errors: [{ path: 'until', code: 'past', detail: 'is over already' }] })
    await unitOfWork.run(ctx, async (tx) => {
      await Participations.updateOne({ _id: other._id }, { $set: { silenced_until: until === null ? null : new Date(until) } })
      await audit.record(tx, ctx, { action: 'conversation.timeout', subject: other._id, details: { until: until ?? 'ended' } })
      await moved(tx, conversation_id, {}, 0)
    })
    return {}
  }

  /** Out of a room, and not in again while it lasts. `until` null takes it back. */
  async function ban(ctx: Context, { conversation_id, user_id, until }: RestrictMember): Promise<Nothing> {
    const seat = await access.to(ctx, conversation_id)
    ensure(seat.conversation.type === 'room' && canChange(seat.me, seat.conversation), 'forbidden')
    const other = (await Participations.findById(participationId(conversation_id, user_id)).lean()) ?? fail('not-found')
    ensure(canRule(seat.me, other), 'forbidden')
    ensure(until === null || new Date(until) > clock.now(), 'validation', { errors: [{ path: 'until', code: 'past', detail: 'is over already' }] })
    const note = (tx: Tx): Promise<void> => audit.record(tx, ctx, { action: 'conversation.ban', subject: other._id, details: { until: until ?? 'ended' } })
    if (until !== null) {
      await part(ctx, seat.conversation, other, 'banned', async (tx) => {
        await Participations.updateOne({ _id: other._id }, { $set: { silenced_until: new Date(until) } })
        await note(tx)
      })
      return {}
    }
    await unitOfWork.run(ctx, async (tx) => {
      await Participations.updateOne({ _id: other._id, state: 'banned' }, { $set: { state: 'left', silenced_until: null } })
      await note(tx)
    })
    return {}
  }

  /** A block takes each out of the other's room. In a group both stay: it is a place of its own. */
  async function partAcross({ by, whom }: { by: string; whom: string }): Promise<void> {
    for (const conversation of await Conversations.find({ type: 'room', creator_id: { $in: [by, whom] } }).lean()) {
      const other = await Participations.findById(participationId(conversation._id, conversation.creator_id === by ? whom : by)).lean()
      if (other) await part(context(), conversation, other, 'left')
    }
  }

  /** Whoever is a member no longer, or of too low a tier, is out of a room that is for members. */
  async function partUnentitled({ fan_id, creator_id }: { fan_id: string; creator_id: string }): Promise<void> {
    const room = await Conversations.findOne({ type: 'room', creator_id }).lean()
    const seat = room && (await Participations.findById(participationId(room._id, fan_id)).lean())
    if (room && seat?.state === 'joined') await partUnless(room, seat)
  }

  /** The same for everybody in a room whose door has become narrower. */
  async function partAllUnentitled(conversationId: string): Promise<void> {
    const room = await Conversations.findOne({ _id: conversationId, type: 'room' }).lean()
    if (room) for await (const seat of Participations.find({ conversation_id: conversationId, state: 'joined' }).lean().cursor()) await partUnless(room, seat)
  }

  // Who keeps order there was asked in by its creator.
  async function partUnless(room: ConversationRow, seat: ParticipationRow): Promise<void> {
    if (room.settings.open_to !== 'members' || seat.role !== 'member' || room.creator_id === null) return
    const standing = { follows: false, ...(await memberships.standing(seat.user_id, room.creator_id)) }
    if (!mayEnter(room.settings, standing)) await part(context(), room, seat, 'left')
  }

  async function ruled(ctx: Context, conversationId: string, userId: string, states: readonly ParticipantState[] = ['joined']): Promise<{ seat: Seat; other: ParticipationRow }> {
    const seat = await access.to(ctx, conversationId)
    ensure(canChange(seat.me, seat.conversation), 'forbidden')
    const other = await Participations.findById(participationId(conversationId, userId)).lean()
    ensure(other && states.includes(other.state), 'not-found')
    ensure(canRule(seat.me, other), 'forbidden')
    return { seat, other }
  }

  /** Out of it, and out of hearing. An owner who leaves a group leaves it to the oldest admin, or else to the oldest member. */
  async function part(ctx: Context, conversation: ConversationRow, who: ParticipationRow, state: Extract<ParticipantState, 'left' | 'removed' | 'banned'>, also: (tx: Tx) => Promise<void> = async () => {}): Promise<void> {
    const { _id: conversation_id } = conversation
    await unitOfWork.run(
      ctx,
      async (tx) => {
        await also(tx)
        const gone = await Participations.updateOne({ _id: who._id, state: { $in: ['joined', 'requested'] } }, { $set: { state, role: 'member' } })
        if (gone.modifiedCount === 0) {
          if (state === 'banned') await Participations.updateOne({ _id: who._id }, { $set: { state } })
          return
        }
        const heir = who.role === 'owner' ? await inherit(conversation_id) : undefined
        await moved(tx, conversation_id, { $pull: { member_ids: who.user_id } }, -1, [who.user_id])
        if (conversation.type !== 'group') return
        await notes.note(tx, conversation_id, state === 'left' ? { kind: 'left', actor_id: who.user_id } : { kind: 'removed', actor_id: userOf(ctx).user_id, subject_ids: [who.user_id] })
        if (heir) await notes.note(tx, conversation_id, { kind: 'owner', actor_id: who.user_id, subject_ids: [heir] })
      },
      conversation_id,
    )
    relay.remove(rooms.user(who.user_id), rooms.conversation(conversation_id))
  }

  async function inherit(conversationId: string): Promise<string | undefined> {
    const heirs = await Participations.find({ conversation_id: conversationId, state: 'joined' }).limit(maxMembers).lean()
    const [heir] = heirs.toSorted((a, b) => Number(b.role === 'admin') - Number(a.role === 'admin') || a.joined_seq - b.joined_seq || (a._id < b._id ? -1 : 1))
    if (heir) await Participations.updateOne({ _id: heir._id }, { $set: { role: 'owner' } })
    return heir?.user_id
  }

  async function moved(tx: Tx, conversationId: string, change: { $pull?: object; $addToSet?: object }, by: number, parted: string[] = []): Promise<void> {
    const isRoom = (await Conversations.exists({ _id: conversationId, type: 'room' })) !== null
    const row = await Conversations.findOneAndUpdate({ _id: conversationId }, { ...(isRoom ? {} : change), $inc: { version: 1, participant_count: by } }, { returnDocument: 'after' }).lean()
    if (row) await tx.publish('conversation.changed', { ...hearersOf(row), version: row.version, parted })
  }
}
