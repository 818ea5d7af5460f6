import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Profiles } from '../profiles/index.ts'
import type { Seat } from './access.ts'
import { maxMembers, seatIn } from './conversations.ts'
import { type ConversationRow, type MessagingModels, participationId, type ParticipationRow } from './model.ts'
import type { Notes } from './notes.ts'
import { mayBegin, type Memberships } from './policy.ts'
import { hearersOf } from './present.ts'
import { standingOf } from './standing.ts'

/** Who comes into a group at once, and who is asked first. */
export interface Guests {
  known: string[]
  strangers: string[]
}

export type Invitations = ReturnType<typeof createInvitations>

/** Nobody is pulled into a group by strangers: they are asked, hear nothing of it until they say yes, and nothing more when they say no. */
export function createInvitations({
  models,
  profiles,
  memberships,
  notes,
  unitOfWork,
}: {
  models: MessagingModels
  profiles: Pick<Profiles, 'isFollowing'>
  memberships: Memberships
  notes: Notes
  unitOfWork: UnitOfWork
}) {
  const { Conversations, Participations, Settings } = models

  return Object.freeze({ divide, invite, answer, revoke })

  /** @throws AppError `forbidden` when one of them takes nothing from people whom they do not know */
  async function divide(by: string, others: readonly string[]): Promise<Guests> {
    const acquainted = await acquaintances(by, others)
    const strangers = others.filter((each) => !acquainted.has(each))
    for (const { _id: other, who_may_write } of await Settings.find({ _id: { $in: strangers }, who_may_write: { $ne: 'everyone' } }).lean()) {
      ensure(mayBegin(who_may_write, await standingOf({ profiles, memberships }, by, other)), 'forbidden', 'One of them takes no invitations from people whom they do not know')
    }
    return { known: others.filter((each) => acquainted.has(each)), strangers }
  }

  /** In the transaction of whoever asks them. Who said no before is not asked again. @returns whom it reaches */
  async function invite(group: ConversationRow, by: string, others: readonly string[]): Promise<string[]> {
    const seats = await Participations.find({ _id: { $in: others.map((each) => participationId(group._id, each)) } }).lean()
    const settled = new Set(seats.filter(({ state }) => state === 'declined' || state === 'invited' || state === 'joined').map((each) => each.user_id))
    const asked = others.filter((each) => !settled.has(each))
    const waiting = await Participations.countDocuments({ conversation_id: group._id, state: 'invited' })
    ensure(waiting + asked.length <= maxMembers, 'conflict', `At most ${maxMembers} invitations at a time`)
    for (const each of asked) {
      const { _id, ...seat } = seatIn(group, each, { state: 'invited' })
      await Participations.updateOne({ _id }, { $set: { ...seat, invited_by: by } }, { upsert: true })
    }
    return asked
  }

  /** They read what is said from then on. */
  async function answer(ctx: Context, { conversation: { _id: conversation_id }, me }: Seat, state: 'joined' | 'declined'): Promise<void> {
    await unitOfWork.run(
      ctx,
      async (tx) => {
        const now = (await Conversations.findById(conversation_id).lean()) ?? fail('not-found')
        const { _id, ...seat } = seatIn(now, me.user_id, { state })
        const answered = await Participations.updateOne({ _id, state: 'invited' }, { $set: seat })
        if (answered.modifiedCount === 0) return
        if (state === 'declined') return tx.publish('conversation.changed', { conversation_id, member_ids: [], version: now.version, parted: [me.user_id] })
        ensure((now.member_ids?.length ?? 0) < maxMembers, 'conflict', `At most ${maxMembers} people`)
        const row = (await Conversations.findOneAndUpdate({ _id: conversation_id }, { $addToSet: { member_ids: me.user_id }, $inc: { version: 1, participant_count: 1 } }, { returnDocument: 'after' }).lean()) ?? fail('not-found')
        await notes.note(tx, conversation_id, { kind: 'joined', actor_id: me.user_id })
        await tx.publish('conversation.changed', { ...hearersOf(row), version: row.version, parted: [] })
      },
      conversation_id,
    )
  }

  /** Takes an invitation back that was not answered. */
  async function revoke(ctx: Context, { version }: ConversationRow, { _id, conversation_id, user_id }: ParticipationRow): Promise<void> {
    await unitOfWork.run(ctx, async (tx) => {
      const gone = await Participations.updateOne({ _id, state: 'invited' }, { $set: { state: 'removed' } })
      if (gone.modifiedCount === 1) await tx.publish('conversation.changed', { conversation_id, member_ids: [], version, parted: [user_id] })
    })
  }

  /** Those with whom one has a conversation that they began, accepted or answered in. That somebody follows them is no such act. */
  async function acquaintances(by: string, others: readonly string[]): Promise<Set<string>> {
    const pairs = others.map((each) => [by, each].toSorted().join('+'))
    const direct = await Conversations.find({ pair: { $in: pairs } }, { created_by: 1, member_ids: 1 }).lean()
    const seats = await Participations.find({ _id: { $in: direct.flatMap(({ _id, member_ids }) => (member_ids ?? []).map((each) => participationId(_id, each))) }, state: { $in: ['joined', 'requested'] } }).lean()
    const seated = new Map(seats.map((seat) => [seat._id, seat]))
    return new Set(
      direct.flatMap(({ _id, created_by, member_ids }) => {
        const other = member_ids?.find((each) => each !== by)
        const theirs = other === undefined ? undefined : seated.get(participationId(_id, other))
        const isMutual = theirs?.state === 'joined' && seated.has(participationId(_id, by)) && (created_by === other || theirs.own_seq > 0 || theirs.accepted_at !== undefined)
        return isMutual ? [theirs.user_id] : []
      }),
    )
  }
}
