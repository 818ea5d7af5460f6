import type { ErrorCode } from '../../kernel/errors.ts'
import type { Page, PageQuery } from '../../kernel/page.ts'
import type { ConversationType, Message, SentMessage } from './contract.ts'

export type SystemKind = 'created' | 'added' | 'invited' | 'joined' | 'left' | 'removed' | 'admin' | 'member' | 'owner' | 'renamed' | 'settings'

/** What happened to a group or a room. Whoever does not know the kind shows the message's text. */
export interface SystemNote {
  kind: SystemKind
  actor_id: string
  /** whom it was done to */
  subject_ids: string[]
  /** what it is called since then */
  title?: string
}

/** A tip as the audience sees it. */
export interface TipNote {
  tip_id: string
  amount_minor: number
  currency: string
  /** null for whoever gave it anonymously */
  name: string | null
  text: string
}

export type ReminderState = 'open' | 'fired' | 'cancelled' | 'dropped'
/** why it was not said when it was due */
export type ReminderReason = 'left' | 'blocked' | 'silenced' | 'forbidden'

export interface Reminder {
  reminder_id: string
  conversation_id: string
  text: string
  due_at: string
  state: ReminderState
  /** of one that was dropped */
  reason: ReminderReason | null
  /** what it became */
  message_id: string | null
  created_at: string
}

export interface CreateReminder {
  conversation_id: string
  text: string
  due_at: string
}

export interface SearchMessages {
  query: string
  conversation_id?: string
  limit?: number
  cursor?: string
}

export interface FoundMessage {
  message: Message
  /** of its conversation, as whoever asks has it */
  title: string
  conversation_type: ConversationType
}

export interface ForwardMessage {
  message_id: string
  conversation_ids: string[]
  /** made by the client, once for each forwarding */
  client_msg_id: string
}

/** What came of it in one conversation: the message, or why it was refused there. */
export interface Forwarded {
  conversation_id: string
  message: SentMessage | null
  refused: ErrorCode | null
}

type Nothing = Record<string, never>

export interface KindOperations {
  'reminder:create': { input: CreateReminder; output: Reminder }
  'reminder:list': { input: PageQuery; output: Page<Reminder> }
  'reminder:cancel': { input: { reminder_id: string }; output: Reminder }
  'message:pin': { input: { message_id: string }; output: Nothing }
  'message:unpin': { input: { message_id: string }; output: Nothing }
  'conversation:pins': { input: { conversation_id: string }; output: { data: Message[]; has_more: boolean; next: null } }
  'message:search': { input: SearchMessages; output: Page<FoundMessage> }
  'message:forward': { input: ForwardMessage; output: { data: Forwarded[]; has_more: boolean; next: null } }
}

export interface KindFacts {
  /** a message was pinned, or is no longer */
  'message:pinned': { conversation_id: string; message_id: string; seq: number; change: number; pinned: boolean }
  /** a reminder has become a message in a conversation of yours */
  'reminder:due': { conversation_id: string; message_id: string; seq: number; sender_id: string; sender_name: string; text: string }
}
