import { typeWith } from './attaching.ts'
import type { Changes, Conversation, Edit, HeldMessage, Message, Participant, SentMessage } from './contract.ts'
import type { Hearers } from './events.ts'
import { isWithheld, presentLine, type ToldRow } from './lines.ts'
import type { ConversationRow, HeldRow, MessageRow, ParticipationRow } from './model.ts'

export type Names = ReadonlyMap<string, string>

/** @param viewer with their own reactions to it; nobody for what everybody is told */
export function presentMessage(row: ToldRow, names: Names, viewer?: { user_id: string; reacted: ReadonlySet<string> }): Message {
  const gone = row.deleted_at !== null || isWithheld(row) || (viewer !== undefined && row.hidden_for.includes(viewer.user_id))
  return {
    message_id: row._id,
    conversation_id: row.conversation_id,
    seq: row.seq,
    change: row.change,
    type: row.type,
    sender_id: row.sender_id,
    sender_name: names.get(row.sender_id) ?? '',
    ...(gone ? { text: '' } : presentLine(row, names)),
    reply_to_id: row.reply_to_id,
    mentions: gone ? [] : row.mentions,
    // Rows of before have none.
    media: gone ? [] : (row.media ?? []),
    reactions: gone ? [] : row.reactions.map(({ emoji, count }) => ({ emoji, count, mine: viewer?.reacted.has(emoji) ?? false })),
    deleted: gone,
    pinned: !gone && row.pinned_at !== undefined,
    forwarded: row.forward_of !== undefined,
    edited_at: row.edited_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  }
}

export function presentEdits(row: MessageRow): Edit[] {
  return row.edits.map(({ text, until }) => ({ text, until: until.toISOString() }))
}

export function presentParticipant(row: ParticipationRow, names: Names, { tellsReading }: { tellsReading: boolean }): Participant {
  const { user_id, role, state, delivered_seq, read_seq } = row
  return { user_id, name: names.get(user_id) ?? '', role, state, delivered_seq, read_seq: tellsReading ? read_seq : 0 }
}

export interface Surroundings {
  names: Names
  participants: Participant[]
  last_message: Message | null
  unread: number
  mentions: number
}

export function presentConversation(row: ConversationRow, me: ParticipationRow, { names, participants, last_message, unread, mentions }: Surroundings): Conversation {
  const other = row.type === 'direct' ? row.member_ids?.find((each) => each !== me.user_id) : undefined
  return {
    conversation_id: row._id,
    version: row.version,
    type: row.type,
    title: other ? (names.get(other) ?? '') : row.title,
    creator_id: row.creator_id,
    state: me.state,
    role: me.role,
    last_seq: row.last_seq,
    last_change: row.last_change,
    read_seq: me.read_seq,
    delivered_seq: me.delivered_seq,
    unread,
    mentions,
    muted_until: me.muted_until?.toISOString() ?? null,
    silenced_until: me.silenced_until?.toISOString() ?? null,
    last_message,
    participants,
    participant_count: row.participant_count,
    settings: me.role === 'member' ? { ...row.settings, blocked_words: [] } : row.settings,
    created_at: row.created_at.toISOString(),
  }
}

/** Up to where nothing is unread: what was read, what was said before they came, and what they had answered to. */
export function seenBy({ read_seq, own_seq, joined_seq }: Pick<ParticipationRow, 'read_seq' | 'own_seq' | 'joined_seq'>): number {
  return Math.max(read_seq, own_seq, joined_seq)
}

/** Who declined it is in it, so that it stays one conversation, and hears nothing of it. */
export function hearersOf({ _id, member_ids, declined_ids = [] }: ConversationRow): Hearers {
  return { conversation_id: _id, member_ids: member_ids && member_ids.filter((each) => !declined_ids.includes(each)) }
}

export function changesOf(row: ConversationRow, data: Message[], { since, has_more }: { since: number; has_more: boolean }): Changes {
  const last = data.at(-1)?.change ?? since
  return { conversation_id: row._id, data, change: has_more ? last : Math.max(row.last_change, since), last_change: row.last_change, has_more }
}

export function presentHeld(row: HeldRow, senderName: string): HeldMessage {
  const { _id: held_id, conversation_id, client_msg_id, sender_id, content, media = [], why, state, due_at, reason, created_at } = row
  const { text, reply_to_id = null } = content
  return { held_id, conversation_id, client_msg_id, sender_id, sender_name: senderName, text, reply_to_id, media, why, state, release_at: due_at?.toISOString() ?? null, reason, created_at: created_at.toISOString() }
}

/** The answer to whoever sent it: the message that it will be, which has no place yet. */
export function presentUnsaid(row: HeldRow, senderName: string, { duplicate }: { duplicate: boolean }): SentMessage {
  const held = presentHeld(row, senderName)
  const { held_id: message_id, conversation_id, sender_id, sender_name, text, reply_to_id, media, created_at } = held
  const type = typeWith(row.content.type, media)
  return { message_id, conversation_id, seq: 0, change: 0, type, sender_id, sender_name, text, reply_to_id, mentions: [], media, reactions: [], deleted: false, pinned: false, forwarded: row.content.forward_of !== undefined, edited_at: null, created_at, duplicate, held }
}
