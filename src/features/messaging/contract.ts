import type { Media } from '../media/contract.ts'
import type { Page, PageQuery } from '../../kernel/page.ts'
import type { Routes } from '../../kernel/operation.ts'
import type { KindFacts, KindOperations, SystemNote, TipNote } from './kinds-contract.ts'

export type * from './kinds-contract.ts'

export type ConversationType = 'direct' | 'group' | 'room'
export type ParticipantRole = 'owner' | 'admin' | 'member'
/** `requested`: somebody unknown writes; `invited`: somebody unknown asks into a group. Both are in the list of requests until they are accepted */
export type ParticipantState = 'joined' | 'requested' | 'invited' | 'declined' | 'left' | 'removed' | 'banned'
/** `members`: of tiers of a rank or above */
export type RoomAudience = 'all' | 'followers' | 'members'
/** what becomes of a member's words that are on the list */
export type FilterAction = 'hold' | 'refuse'

export interface Participant {
  user_id: string
  name: string
  role: ParticipantRole
  state: ParticipantState
  /** how far they say that they have got and read; never moves back. Private readers tell nobody how far they read */
  delivered_seq: number
  read_seq: number
}

export interface Reaction {
  emoji: string
  count: number
  mine: boolean
}

/** those with files are told by what is in them; mixed ones are `file` */
export type MessageType = 'text' | 'system' | 'tip' | 'reminder' | 'image' | 'voice' | 'video' | 'file'

export interface Message {
  message_id: string
  conversation_id: string
  /** its place: 1, 2, 3 … without a gap */
  seq: number
  /** the conversation's step in which it was last changed: created, edited, deleted, reacted to */
  change: number
  type: MessageType
  sender_id: string
  sender_name: string
  /** empty once it was deleted */
  text: string
  reply_to_id: string | null
  mentions: string[]
  /** none once it was deleted; `media:sign` tells where each is found */
  media: Media[]
  reactions: Reaction[]
  deleted: boolean
  pinned: boolean
  /** copied from elsewhere; from whom is not told */
  forwarded: boolean
  /** of a message of that type */
  system?: SystemNote
  tip?: TipNote
  edited_at: string | null
  created_at: string
}

export interface ConversationSettings {
  /** the least time between two messages of one member; 0 for none */
  slow_mode_ms: number
  emoji_only: boolean
  /** who may come into a room */
  open_to: RoomAudience
  /** of `members`, the least tier that opens it */
  tier_rank: number
  /** found whatever their case, accents and width, as whole words; told only to those who keep order */
  blocked_words: string[]
  filter_action: FilterAction
  /** how long what a member says is seen by those who keep order before it is by all */
  moderation_delay_ms: number
}

/** A conversation as whoever asks has it. */
export interface Conversation {
  conversation_id: string
  version: number
  type: ConversationType
  /** of a direct one, the other's name */
  title: string
  /** whose room it is */
  creator_id: string | null
  state: ParticipantState
  role: ParticipantRole
  last_seq: number
  last_change: number
  read_seq: number
  delivered_seq: number
  /** messages after what was read and after the last of one's own; what merely happened is not among them */
  unread: number
  /** those among them that name whoever asks */
  mentions: number
  /** makes no noise until then */
  muted_until: string | null
  /** may not write until then */
  silenced_until: string | null
  last_message: Message | null
  /** everybody in a direct conversation or a group; nobody of a room */
  participants: Participant[]
  participant_count: number
  settings: ConversationSettings
  created_at: string
}

/** A creator's room as it looks from the door. */
export interface Room {
  conversation_id: string
  creator_id: string
  title: string
  open_to: RoomAudience
  participant_count: number
  /** whether whoever asks is in it */
  joined: boolean
}

export interface CreateConversation {
  type: ConversationType
  /** the other, or the others; none for a room */
  member_ids?: string[]
  title?: string
  open_to?: RoomAudience
  tier_rank?: number
}

export interface UpdateConversation extends Partial<ConversationSettings> {
  conversation_id: string
  title?: string
}

export interface SendMessage {
  conversation_id: string
  /** made by the client, once for each message: sent again under it, the message is the same */
  client_msg_id: string
  /** may be empty where there are files */
  text: string
  reply_to_id?: string
  mentions?: string[]
  /** own uploads that hang on nothing yet */
  media_ids?: string[]
  /** `text` without files; told of them, it must fit */
  type?: Exclude<MessageType, 'system'>
}

export interface SentMessage extends Message {
  /** it was there already: the answer is that of the first time */
  duplicate: boolean
  /** it is not said yet, and has no place (`seq` 0), or was turned down; null for what was said */
  held: HeldMessage | null
}

/** `dropped`: whoever wrote it was sent out or silenced before it was let go, or a file of it was gone */
export type HeldState = 'held' | 'released' | 'rejected' | 'dropped'

/** Something that is seen by its author and by those who keep order, until it is let go. */
export interface HeldMessage {
  /** as a message it has the same id */
  held_id: string
  conversation_id: string
  client_msg_id: string
  sender_id: string
  sender_name: string
  text: string
  reply_to_id: string | null
  /** seen by its author and by those who decide about it */
  media: Media[]
  why: 'words' | 'delay'
  state: HeldState
  /** then it goes by itself; null waits for a decision */
  release_at: string | null
  /** what was said to its author when it was turned down */
  reason: string
  created_at: string
}

type HeldId = { held_id: string }

export interface Edit {
  text: string
  /** when these words gave way */
  until: string
}

export interface HistoryQuery {
  conversation_id: string
  /** newest first, from below it; from the end without either */
  before_seq?: number
  /** oldest first, from above it */
  since_seq?: number
  limit?: number
}

export interface History {
  data: Message[]
  has_more: boolean
  /** the seq to go on from, in the same direction */
  next: number | null
}

/** What changed in a conversation since a step: each message once, as it is now. */
export interface Changes {
  conversation_id: string
  data: Message[]
  /** where whoever asked is afterwards */
  change: number
  last_change: number
  has_more: boolean
}

export interface Marked {
  conversation_id: string
  delivered_seq: number
  read_seq: number
  unread: number
  mentions: number
}

export interface SyncedConversation {
  conversation: Conversation
  /** absent where nothing was asked since */
  changes?: Changes
}

/** `paid`: whoever ever paid this creator */
export type WhoMayWrite = 'everyone' | 'followers' | 'members' | 'paid' | 'nobody'

export interface MessagingSettings {
  /** to whoever is new; those who write to each other already go on */
  who_may_write: WhoMayWrite
  /** read markers are told to nobody */
  reads_privately: boolean
}

export interface RestrictMember {
  conversation_id: string
  user_id: string
  /** until then; null ends it */
  until: string | null
}

type ConversationId = { conversation_id: string }
type MemberOf = { conversation_id: string; user_id: string }
type Nothing = Record<string, never>

export interface MessagingOperations extends KindOperations {
  'conversation:create': { input: CreateConversation; output: Conversation }
  'conversation:list': { input: PageQuery & { state?: 'joined' | 'requested' }; output: Page<Conversation> }
  'conversation:read': { input: ConversationId; output: Conversation }
  'conversation:update': { input: UpdateConversation; output: Conversation }
  'conversation:add-members': { input: ConversationId & { member_ids: string[] }; output: Conversation }
  'conversation:remove-member': { input: MemberOf; output: Nothing }
  'conversation:set-role': { input: MemberOf & { role: 'admin' | 'member' }; output: Nothing }
  'room:read': { input: { creator_id: string }; output: { room: Room | null } }
  'conversation:join': { input: ConversationId; output: Conversation }
  'conversation:leave': { input: ConversationId; output: Nothing }
  'conversation:accept': { input: ConversationId; output: Conversation }
  'conversation:decline': { input: ConversationId; output: Nothing }
  'conversation:mute': { input: ConversationId & { until: string | null }; output: Conversation }
  'conversation:history': { input: HistoryQuery; output: History }
  'conversation:sync': { input: ConversationId & { since_change?: number; limit?: number }; output: Changes }
  'conversation:mark-delivered': { input: ConversationId & { up_to_seq: number }; output: Marked }
  'conversation:mark-read': { input: ConversationId & { up_to_seq: number }; output: Marked }
  'message:send': { input: SendMessage; output: SentMessage }
  'message:edit': { input: { message_id: string; text: string }; output: Message }
  'message:edits': { input: { message_id: string }; output: { data: Edit[]; has_more: boolean; next: null } }
  'message:delete': { input: { message_id: string; scope?: 'all' | 'me' }; output: Nothing }
  'reaction:add': { input: { message_id: string; emoji: string }; output: { reactions: Reaction[] } }
  'reaction:remove': { input: { message_id: string; emoji: string }; output: { reactions: Reaction[] } }
  'typing:start': { input: ConversationId; output: Nothing }
  'typing:stop': { input: ConversationId; output: Nothing }
  'moderation:timeout': { input: RestrictMember; output: Nothing }
  'moderation:ban': { input: RestrictMember; output: Nothing }
  'moderation:queue': { input: ConversationId & PageQuery; output: Page<HeldMessage> }
  'moderation:approve': { input: HeldId; output: Message }
  'moderation:reject': { input: HeldId & { reason?: string }; output: HeldMessage }
  'session:sync': { input: { conversations: { conversation_id: string; since_change: number }[] }; output: { data: SyncedConversation[]; has_more: boolean; next: null } }
  'messaging-settings:read': { input: Nothing; output: MessagingSettings }
  'messaging-settings:update': { input: Partial<MessagingSettings>; output: MessagingSettings }
}

export const messagingRoutes = {
  'conversation:create': { route: 'POST /api/v1/conversations', once: 'optional' },
  'conversation:list': 'GET /api/v1/conversations',
  'conversation:read': 'GET /api/v1/conversations/:conversation_id',
  'conversation:update': 'PUT /api/v1/conversations/:conversation_id',
  'conversation:add-members': 'POST /api/v1/conversations/:conversation_id/members',
  'conversation:remove-member': 'DELETE /api/v1/conversations/:conversation_id/members/:user_id',
  'conversation:set-role': 'PUT /api/v1/conversations/:conversation_id/members/:user_id/role',
  'room:read': 'GET /api/v1/creators/:creator_id/room',
  'conversation:join': 'POST /api/v1/conversations/:conversation_id/join',
  'conversation:leave': 'POST /api/v1/conversations/:conversation_id/leave',
  'conversation:accept': 'POST /api/v1/conversations/:conversation_id/accept',
  'conversation:decline': 'POST /api/v1/conversations/:conversation_id/decline',
  'conversation:mute': 'PUT /api/v1/conversations/:conversation_id/mute',
  'conversation:history': 'GET /api/v1/conversations/:conversation_id/messages',
  'conversation:sync': 'GET /api/v1/conversations/:conversation_id/changes',
  'conversation:mark-delivered': 'PUT /api/v1/conversations/:conversation_id/delivered',
  'conversation:mark-read': 'PUT /api/v1/conversations/:conversation_id/read',
  'message:send': { route: 'POST /api/v1/conversations/:conversation_id/messages', repeatable: true },
  'message:edit': 'PUT /api/v1/messages/:message_id',
  'message:edits': 'GET /api/v1/messages/:message_id/edits',
  'message:delete': 'DELETE /api/v1/messages/:message_id',
  'reaction:add': 'PUT /api/v1/messages/:message_id/reactions/:emoji',
  'reaction:remove': 'DELETE /api/v1/messages/:message_id/reactions/:emoji',
  'typing:start': 'socket-only',
  'typing:stop': 'socket-only',
  'moderation:timeout': 'PUT /api/v1/conversations/:conversation_id/members/:user_id/timeout',
  'moderation:ban': 'PUT /api/v1/conversations/:conversation_id/members/:user_id/ban',
  'moderation:queue': 'GET /api/v1/conversations/:conversation_id/held',
  'moderation:approve': 'POST /api/v1/held-messages/:held_id/approve',
  'moderation:reject': 'POST /api/v1/held-messages/:held_id/reject',
  'session:sync': { route: 'POST /api/v1/conversations/sync', repeatable: true },
  'messaging-settings:read': 'GET /api/v1/messaging-settings',
  'messaging-settings:update': 'PUT /api/v1/messaging-settings',
  'reminder:create': { route: 'POST /api/v1/conversations/:conversation_id/reminders', once: 'optional' },
  'reminder:list': 'GET /api/v1/reminders',
  'reminder:cancel': 'DELETE /api/v1/reminders/:reminder_id',
  'message:pin': 'PUT /api/v1/messages/:message_id/pin',
  'message:unpin': 'DELETE /api/v1/messages/:message_id/pin',
  'conversation:pins': 'GET /api/v1/conversations/:conversation_id/pins',
  'message:search': 'GET /api/v1/messages/search',
  'message:forward': { route: 'POST /api/v1/messages/:message_id/forward', repeatable: true },
} as const satisfies Routes<MessagingOperations>

/** Facts of one conversation carry the step they are: whoever misses one asks with `conversation:sync` since the last one they have. */
export interface MessagingFacts extends KindFacts {
  'message:created': Message
  'message:updated': { conversation_id: string; message_id: string; seq: number; change: number; text: string; mentions: string[]; edited_at: string }
  'message:deleted': { conversation_id: string; message_id: string; seq: number; change: number }
  /** to whoever took it off their own list, on every device */
  'message:hidden': { conversation_id: string; message_id: string; seq: number }
  'reaction:changed': { conversation_id: string; message_id: string; seq: number; change: number; user_id: string; emoji: string; added: boolean; reactions: Omit<Reaction, 'mine'>[] }
  'receipt:updated': { conversation_id: string; user_id: string; delivered_seq: number; read_seq: number }
  'typing:changed': { conversation_id: string; user_id: string; typing: boolean }
  /** who is in it, or how it is, has changed: read it again */
  'conversation:updated': { conversation_id: string; version: number }
  /** a message names you */
  'message:mentioned': { conversation_id: string; message_id: string; seq: number; sender_name: string; text: string }
  /** to its author and those who keep order: it waits */
  'message:held': HeldMessage
  /** to the same: it waits no longer */
  'message:decided': { conversation_id: string; held_id: string; client_msg_id: string; sender_id: string; state: Exclude<HeldState, 'held'>; reason: string }
}
