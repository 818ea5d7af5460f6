import { type Connection, Schema } from 'mongoose'
import { rowOptions } from '../../platform/mongo.ts'
import type { Media } from '../media/contract.ts'
import type { ConversationSettings, ConversationType, Edit, HeldMessage, MessageType, ParticipantRole, ParticipantState, ReminderReason, SendMessage, SystemNote, TipNote, WhoMayWrite } from './contract.ts'

export interface ConversationRow {
  _id: string
  type: ConversationType
  title: string
  /** of a direct one: both, in the order of their ids; there is one between two people */
  pair?: string
  created_by: string
  creator_id: string | null
  /** who hears of it; null for a room */
  member_ids: string[] | null
  /** of a direct one: whoever wants to hear nothing of it */
  declined_ids?: string[]
  participant_count: number
  settings: ConversationSettings
  last_seq: number
  /** how many of its messages count as unread for nobody */
  quiet: number
  last_change: number
  last_message_at: Date
  version: number
  created_at: Date
}

export interface ParticipationRow {
  /** conversation/user */
  _id: string
  conversation_id: string
  user_id: string
  role: ParticipantRole
  state: ParticipantState
  /** what was said up to here is not theirs to read: they came later */
  joined_seq: number
  delivered_seq: number
  read_seq: number
  /** their own last message */
  own_seq: number
  sent_at?: Date
  muted_until: Date | null
  silenced_until: Date | null
  /** who asked them into the group */
  invited_by?: string
  /** they said yes to somebody unknown */
  accepted_at?: Date
  /** the conversation's, repeated here so that a list is one stretch of one index */
  last_message_at: Date
}

export interface MessageRow {
  _id: string
  conversation_id: string
  seq: number
  change: number
  /** how many of the messages up to this one count as unread for nobody: so unread is a difference, whatever was read */
  quiet: number
  type: MessageType
  sender_id: string
  client_msg_id: string
  text: string
  reply_to_id: string | null
  mentions: string[]
  media: Media[]
  reactions: { emoji: string; count: number }[]
  /** took it off their own list */
  hidden_for: string[]
  deleted_at: Date | null
  /** ids only: names and words are looked up when it is shown */
  system?: SystemNote
  tip?: Pick<TipNote, 'tip_id' | 'amount_minor' | 'currency'>
  /** the message that it is a copy of */
  forward_of?: string
  /** only while it is pinned */
  pinned_at?: Date
  /** what it is found by; not read unless asked for */
  terms?: string[]
  edits: (Omit<Edit, 'until'> & { until: Date })[]
  edited_at: Date | null
  created_at: Date
}

export interface ReactionRow {
  /** message/user/emoji */
  _id: string
  message_id: string
  user_id: string
  emoji: string
}

export interface MentionRow {
  /** message/user */
  _id: string
  user_id: string
  conversation_id: string
  seq: number
}

export interface ReminderRow {
  _id: string
  user_id: string
  conversation_id: string
  text: string
  due_at: Date
  /** `firing`: it is being said, and can't be cancelled any more */
  state: 'open' | 'firing' | 'fired' | 'cancelled' | 'dropped'
  /** when it is tried: when it is due, or later where one has to wait one's turn */
  fire_at: Date
  /** one of so many that a person may have, while it is open */
  slot?: number
  reason: ReminderReason | null
  message_id: string | null
  created_at: Date
  ended_at?: Date
}

export interface MessagingSettingsRow {
  _id: string
  who_may_write: WhoMayWrite
  reads_privately: boolean
}

/** What is to be said, and how it came to be: written, copied from elsewhere, or due. */
export interface Saying extends Omit<SendMessage, 'type'> {
  type?: SendMessage['type'] | 'reminder'
  forward_of?: string
}

export interface HeldRow {
  /** the id that it keeps as a message */
  _id: string
  conversation_id: string
  sender_id: string
  client_msg_id: string
  /** as it was sent; its files hang on nothing until it is let go */
  content: Omit<Saying, 'conversation_id' | 'client_msg_id'>
  /** those files; missing in rows from before they were shown */
  media?: Media[]
  why: HeldMessage['why']
  /** what was let go is a message and has no row here */
  state: 'held' | 'rejected' | 'dropped'
  due_at: Date | null
  reason: string
  created_at: Date
  /** the instant after which it is forgotten */
  decided_at?: Date
}

export type MessagingModels = ReturnType<typeof createMessagingModels>

const text = { type: String, required: true } as const
const number = { type: Number, required: true } as const
const date = { type: Date, required: true } as const

export function createMessagingModels(db: Connection) {
  const settings = { slow_mode_ms: number, emoji_only: { type: Boolean, required: true }, open_to: text, tier_rank: number, blocked_words: { type: [String], required: true }, filter_action: text, moderation_delay_ms: number }
  const Conversations = db.model<ConversationRow>(
    'Conversation',
    new Schema<ConversationRow>(
      {
        _id: String,
        type: text,
        title: { type: String, default: '' },
        pair: String,
        created_by: text,
        creator_id: { type: String, default: null },
        member_ids: { type: [String], default: null },
        declined_ids: { type: [String], default: undefined },
        participant_count: number,
        settings: { type: new Schema<ConversationSettings>(settings, { _id: false }), required: true },
        last_seq: number,
        quiet: number,
        last_change: number,
        last_message_at: date,
        version: number,
        created_at: date,
      },
      rowOptions<ConversationRow>('conversations'),
    )
      .index({ pair: 1 }, { unique: true, partialFilterExpression: { pair: { $exists: true } } })
      .index({ creator_id: 1 }, { unique: true, partialFilterExpression: { type: 'room' } }),
  )
  const Participations = db.model<ParticipationRow>(
    'Participation',
    new Schema<ParticipationRow>(
      {
        _id: String,
        conversation_id: text,
        user_id: text,
        role: text,
        state: text,
        joined_seq: number,
        delivered_seq: number,
        read_seq: number,
        own_seq: number,
        sent_at: Date,
        muted_until: { type: Date, default: null },
        silenced_until: { type: Date, default: null },
        invited_by: String,
        accepted_at: Date,
        last_message_at: date,
      },
      rowOptions<ParticipationRow>('participations'),
    )
      .index({ user_id: 1, state: 1, last_message_at: -1, _id: -1 })
      .index({ user_id: 1, _id: 1 })
      .index({ conversation_id: 1, state: 1 })
      .index({ conversation_id: 1, role: 1 }),
  )
  const Messages = db.model<MessageRow>(
    'Message',
    new Schema<MessageRow>(
      {
        _id: String,
        conversation_id: text,
        seq: number,
        change: number,
        quiet: number,
        type: { type: String, enum: ['text', 'system', 'tip', 'reminder', 'image', 'voice', 'video', 'file'], required: true },
        sender_id: text,
        client_msg_id: text,
        text: { type: String, default: '' },
        reply_to_id: { type: String, default: null },
        mentions: { type: [String], required: true },
        media: { type: [new Schema<Media>(mediaFields, { _id: false })], default: [] },
        reactions: { type: [new Schema({ emoji: text, count: number }, { _id: false })], required: true },
        hidden_for: { type: [String], required: true },
        deleted_at: { type: Date, default: null },
        system: new Schema<SystemNote>({ kind: text, actor_id: text, subject_ids: { type: [String], required: true }, title: String }, { _id: false }),
        tip: new Schema<NonNullable<MessageRow['tip']>>({ tip_id: text, amount_minor: number, currency: text }, { _id: false }),
        forward_of: String,
        pinned_at: Date,
        terms: { type: [String], default: undefined, select: false },
        edits: { type: [new Schema({ text: { type: String, default: '' }, until: date }, { _id: false })], required: true },
        edited_at: { type: Date, default: null },
        created_at: date,
      },
      rowOptions<MessageRow>('messages'),
    )
      .index({ conversation_id: 1, seq: 1 }, { unique: true })
      .index({ conversation_id: 1, change: 1 })
      // A message that is sent again is the one that is there: what makes a resend harmless.
      .index({ conversation_id: 1, sender_id: 1, client_msg_id: 1 }, { unique: true })
      .index({ sender_id: 1 })
      .index({ conversation_id: 1, pinned_at: -1 }, { partialFilterExpression: { pinned_at: { $exists: true } } })
      .index({ conversation_id: 1, terms: 1, _id: -1 }),
  )
  const Reactions = db.model<ReactionRow>(
    'Reaction',
    new Schema<ReactionRow>({ _id: String, message_id: text, user_id: text, emoji: text }, rowOptions<ReactionRow>('reactions')).index({ message_id: 1 }).index({ user_id: 1 }),
  )
  const Mentions = db.model<MentionRow>(
    'Mention',
    new Schema<MentionRow>({ _id: String, user_id: text, conversation_id: text, seq: number }, rowOptions<MentionRow>('mentions')).index({ user_id: 1, conversation_id: 1, seq: 1 }),
  )
  const Reminders = db.model<ReminderRow>(
    'Reminder',
    new Schema<ReminderRow>(
      { _id: String, user_id: text, conversation_id: text, text, due_at: date, state: text, fire_at: date, slot: Number, reason: { type: String, default: null }, message_id: { type: String, default: null }, created_at: date, ended_at: Date },
      rowOptions<ReminderRow>('reminders'),
    )
      .index({ state: 1, fire_at: 1 })
      .index({ user_id: 1, _id: -1 })
      // Two that are made at once want the same slot, and one of them looks again: so there are never more than there are slots.
      .index({ user_id: 1, slot: 1 }, { unique: true, partialFilterExpression: { slot: { $exists: true } } })
      .index({ ended_at: 1 }, { expireAfterSeconds: 90 * 24 * 3600 }),
  )
  const Settings = db.model<MessagingSettingsRow>(
    'MessagingSettings',
    new Schema<MessagingSettingsRow>({ _id: String, who_may_write: text, reads_privately: { type: Boolean, required: true } }, rowOptions<MessagingSettingsRow>('messaging_settings')),
  )
  const Held = db.model<HeldRow>(
    'HeldMessage',
    new Schema<HeldRow>(
      { _id: String, conversation_id: text, sender_id: text, client_msg_id: text, content: { type: Schema.Types.Mixed, required: true }, media: { type: [Schema.Types.Mixed], default: undefined } as never, why: text, state: text, due_at: { type: Date, default: null }, reason: { type: String, default: '' }, created_at: date, decided_at: Date },
      rowOptions<HeldRow>('held_messages'),
    )
      .index({ conversation_id: 1, sender_id: 1, client_msg_id: 1 }, { unique: true })
      .index({ conversation_id: 1, state: 1, _id: 1 })
      .index({ state: 1, due_at: 1 })
      .index({ sender_id: 1 })
      .index({ 'media.media_id': 1 }, { partialFilterExpression: { state: 'held' } })
      .index({ decided_at: 1 }, { expireAfterSeconds: 90 * 86_400 }),
  )
  return { Conversations, Participations, Messages, Reactions, Mentions, Reminders, Settings, Held }
}

const mediaFields = { media_id: text, kind: text, name: text, content_type: text, size_bytes: number, width: Number, height: Number, duration_ms: Number, waveform: { type: [Number], default: undefined } }

export function participationId(conversationId: string, userId: string): string {
  return `${conversationId}/${userId}`
}
