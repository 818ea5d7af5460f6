import type { Context } from '../../kernel/context.ts'
import { ensure } from '../../kernel/errors.ts'
import type { Page, PageQuery } from '../../kernel/page.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { Media } from '../media/contract.ts'
import type { Access, Seat } from './access.ts'
import type { Changes, Conversation, History, HistoryQuery, Message, Participant, SyncedConversation } from './contract.ts'
import { peopleIn, type ToldRow } from './lines.ts'
import { type MessageRow, type MessagingModels, participationId, type ParticipationRow } from './model.ts'
import type { Placing } from './placing.ts'
import { canRead } from './policy.ts'
import { changesOf, presentConversation, presentMessage, presentParticipant, seenBy } from './present.ts'
import type { Announcements } from './tip-lines.ts'

const defaultLimit = 50
const defaultListed = 20
const maxWitnesses = 10_000

export interface ReadingDependencies {
  models: MessagingModels
  access: Access
  accounts: Pick<AccountService, 'namesOf'>
  unitOfWork: UnitOfWork
  cursors: Cursors
  placing: Pick<Placing, 'unreadOf'>
  tips: Announcements
}

export type Reading = ReturnType<typeof createReading>

/** What one finds: the list, one conversation, its messages both ways, and what changed since one was last there. */
export function createReading({ models, access, accounts, unitOfWork, cursors, placing, tips }: ReadingDependencies) {
  const { Conversations, Participations, Messages, Reactions, Mentions, Settings } = models

  return Object.freeze({ list, read, history, sync, syncAll, present, presentAll, find })

  /** The liveliest first. */
  async function list(ctx: Context, { state = 'joined', limit = defaultListed, cursor }: PageQuery & { state?: 'joined' | 'requested' }): Promise<Page<Conversation>> {
    const { user_id } = userOf(ctx)
    const name = `conversation:list|${user_id}|${state}`
    const [at, id = ''] = cursor ? cursors.read(name, cursor) : []
    const behind = at === undefined ? {} : { $or: [{ last_message_at: { $lt: new Date(at) } }, { last_message_at: new Date(at), _id: { $lt: id } }] }
    const rows = await Participations.find({ user_id, state: state === 'requested' ? { $in: ['requested', 'invited'] } : state, ...behind })
      .sort({ last_message_at: -1, _id: -1 })
      .limit(limit + 1)
      .lean()
    const shown = rows.slice(0, limit)
    const last = shown.at(-1)
    const more = rows.length > limit && last !== undefined
    const conversations = new Map((await Conversations.find({ _id: { $in: shown.map((row) => row.conversation_id) } }).lean()).map((row) => [row._id, row]))
    const seats = shown.flatMap((me): Seat[] => {
      const conversation = conversations.get(me.conversation_id)
      return conversation ? [{ conversation, me }] : []
    })
    const data = await Promise.all(seats.map(present))
    return { data, has_more: more, next: more ? cursors.write(name, [last.last_message_at.toISOString(), last._id]) : null }
  }

  async function read(ctx: Context, { conversation_id }: { conversation_id: string }): Promise<Conversation> {
    return present(await access.glimpse(ctx, conversation_id))
  }

  async function history(ctx: Context, { conversation_id, before_seq, since_seq, limit = defaultLimit }: HistoryQuery): Promise<History> {
    ensure(before_seq === undefined || since_seq === undefined, 'validation', { errors: [{ path: 'since_seq', code: 'one', detail: 'goes without before_seq' }] })
    const { me } = await access.to(ctx, conversation_id)
    const upwards = since_seq !== undefined
    const from = Math.max(me.joined_seq, since_seq ?? 0)
    const rows = await Messages.find({ conversation_id, seq: { $gt: from, ...(before_seq === undefined ? {} : { $lt: before_seq }) } })
      .sort({ seq: upwards ? 1 : -1 })
      .limit(limit + 1)
      .lean()
    const shown = rows.slice(0, limit)
    const more = rows.length > limit
    return { data: await presentAll(me.user_id, shown), has_more: more, next: more ? (shown.at(-1)?.seq ?? null) : null }
  }

  /** As much as it costs is as much as changed: one stretch of one index. */
  async function sync(ctx: Context, { conversation_id, since_change = 0, limit = defaultLimit }: { conversation_id: string; since_change?: number; limit?: number }): Promise<Changes> {
    const { user_id } = userOf(ctx)
    // In one snapshot: a step that comes between two looks must not be taken for one that was told.
    const { conversation, rows } = await unitOfWork.read(async () => {
      const seat = await access.to(ctx, conversation_id)
      const changed = await Messages.find({ conversation_id, change: { $gt: since_change }, seq: { $gt: seat.me.joined_seq } })
        .sort({ change: 1 })
        .limit(limit + 1)
        .lean()
      return { ...seat, rows: changed }
    })
    const data = await presentAll(user_id, rows.slice(0, limit))
    return changesOf(conversation, data, { since: since_change, has_more: rows.length > limit })
  }

  /** After an absence: every conversation that was asked for, as it is now and what changed in it. One that is no longer theirs is left out. */
  async function syncAll(ctx: Context, { conversations }: { conversations: { conversation_id: string; since_change: number }[] }): Promise<{ data: SyncedConversation[]; has_more: boolean; next: null }> {
    const { user_id } = userOf(ctx)
    const seats = await Participations.find({ _id: { $in: conversations.map((each) => participationId(each.conversation_id, user_id)) } }).lean()
    const readable = new Set(seats.filter(canRead).map((each) => each.conversation_id))
    const theirs = conversations.filter((each) => readable.has(each.conversation_id))
    const data = await Promise.all(theirs.map(async (each) => ({ conversation: await read(ctx, each), changes: await sync(ctx, each) })))
    return { data, has_more: false, next: null }
  }

  /** For whoever judges it: its words, and who can know of them. */
  async function find(messageId: string): Promise<{ sender_id: string; text: string; media: Media[]; member_ids: string[] } | null> {
    const message = await Messages.findOne({ _id: messageId, deleted_at: null }).lean()
    if (!message) return null
    const { conversation_id, seq, sender_id, text } = message
    const present = await Participations.find({ conversation_id, state: { $in: ['joined', 'requested'] }, joined_seq: { $lt: seq } }, { user_id: 1 }).limit(maxWitnesses).lean()
    return { sender_id, text, media: message.media ?? [], member_ids: present.map((row) => row.user_id) }
  }

  // One question after the other: it is also asked inside transactions.
  async function present({ conversation, me }: Seat): Promise<Conversation> {
    if (me.state === 'invited') return presentInvitation({ conversation, me })
    const base = seenBy(me)
    const last = await Messages.findOne({ conversation_id: conversation._id, seq: { $gt: me.joined_seq }, hidden_for: { $ne: me.user_id } }).sort({ seq: -1 }).lean()
    const mentions = await Mentions.countDocuments({ user_id: me.user_id, conversation_id: conversation._id, seq: { $gt: base } })
    const unread = await placing.unreadOf(conversation, me)
    const participations = conversation.member_ids ? await Participations.find({ _id: { $in: conversation.member_ids.map((each) => participationId(conversation._id, each)) } }).lean() : []
    const names = await accounts.namesOf([...(conversation.member_ids ?? []), ...(last ? [last.sender_id] : [])])
    const [last_message = null] = last ? await presentAll(me.user_id, [last]) : []
    return presentConversation(conversation, me, { names, participants: await participantsOf(participations, names, me), last_message, unread, mentions })
  }

  /** Who asks, into what; nothing of what is said there, and none of the others. */
  async function presentInvitation({ conversation, me }: Seat): Promise<Conversation> {
    const host = me.invited_by === undefined ? null : await Participations.findById(participationId(conversation._id, me.invited_by)).lean()
    const names = await accounts.namesOf(host ? [host.user_id] : [])
    return presentConversation(conversation, me, { names, participants: host ? [presentParticipant(host, names, { tellsReading: false })] : [], last_message: null, unread: 0, mentions: 0 })
  }

  async function participantsOf(rows: readonly ParticipationRow[], names: ReadonlyMap<string, string>, me: ParticipationRow): Promise<Participant[]> {
    const privately = new Set((await Settings.find({ _id: { $in: rows.map((row) => row.user_id) }, reads_privately: true }, { _id: 1 }).lean()).map((row) => row._id))
    return rows.map((row) => presentParticipant(row, names, { tellsReading: row.user_id === me.user_id || !privately.has(row.user_id) }))
  }

  async function presentAll(userId: string, rows: readonly MessageRow[]): Promise<Message[]> {
    if (rows.length === 0) return []
    const names = await accounts.namesOf([...new Set(rows.flatMap(peopleIn))])
    const told = await withTips(rows)
    const touched = rows.filter((row) => row.reactions.length > 0).map((row) => row._id)
    const reactions = touched.length > 0 ? await Reactions.find({ message_id: { $in: touched }, user_id: userId }).lean() : []
    const reacted = new Map<string, Set<string>>()
    for (const { message_id, emoji } of reactions) reacted.set(message_id, (reacted.get(message_id) ?? new Set()).add(emoji))
    return told.map((row) => presentMessage(row, names, { user_id: userId, reacted: reacted.get(row._id) ?? new Set() }))
  }
  async function withTips(rows: readonly MessageRow[]): Promise<readonly ToldRow[]> {
    const ids = rows.flatMap(({ tip }) => tip?.tip_id ?? [])
    if (ids.length === 0) return rows
    const told = await tips.announcementsOf(ids)
    return rows.map((row) => (row.tip ? { ...row, told: told.get(row.tip.tip_id) ?? null } : row))
  }
}
