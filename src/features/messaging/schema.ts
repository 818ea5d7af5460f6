import Joi from 'joi'
import { systemNote, tipNote } from './kinds-schema.ts'
import { cursor, id, instant, limit, name, nothing, page, text } from '../../kernel/schema.ts'
import type { Media } from '../media/contract.ts'
import { media } from '../media/schema.ts'
import type { PageQuery } from '../../kernel/page.ts'
import type {
  Changes,
  Conversation,
  ConversationSettings,
  CreateConversation,
  Edit,
  HeldMessage,
  History,
  HistoryQuery,
  Marked,
  Message,
  MessagingFacts,
  MessagingOperations,
  MessagingSettings,
  Participant,
  ParticipantRole,
  ParticipantState,
  Reaction,
  RestrictMember,
  Room,
  SendMessage,
  SentMessage,
  SyncedConversation,
  UpdateConversation,
} from './contract.ts'

type Input<N extends keyof MessagingOperations> = MessagingOperations[N]['input']

export { nothing }

const seq = Joi.number().integer().min(0).max(Number.MAX_SAFE_INTEGER)
const words = text(4_000)
const type = Joi.string<Conversation['type']>().valid('direct', 'group', 'room')
const role = Joi.string<ParticipantRole>().valid('owner', 'admin', 'member')
const state = Joi.string<ParticipantState>().valid('joined', 'requested', 'invited', 'declined', 'left', 'removed', 'banned')
const openTo = Joi.string<ConversationSettings['open_to']>().valid('all', 'followers', 'members')
const tierRank = Joi.number().integer().min(0).max(100)
const filterAction = Joi.string<ConversationSettings['filter_action']>().valid('hold', 'refuse')
const moderationDelay = Joi.number().integer().min(0).max(60_000)
const blockedWords = Joi.array<string[]>().items(name(50).min(2)).max(200)
const slowMode = Joi.number().integer().min(0).max(6 * 3600_000)
const emoji = Joi.string().min(1).max(64)
const memberIds = Joi.array<string[]>().items(id).min(1).max(255).unique()
const until = instant.allow(null)

export const createConversation = Joi.object<CreateConversation, true>({ type: type.required(), member_ids: memberIds, title: name(80), open_to: openTo, tier_rank: tierRank })
export const listQuery = Joi.object<PageQuery & { state?: 'joined' | 'requested' }, true>({ limit, cursor, state: Joi.string<'joined'>().valid('joined', 'requested') })
export const conversationId = Joi.object<{ conversation_id: string }, true>({ conversation_id: id.required() })
export const updateConversation = Joi.object<UpdateConversation, true>({ conversation_id: id.required(), title: name(80), slow_mode_ms: slowMode, emoji_only: Joi.boolean(), open_to: openTo, tier_rank: tierRank, blocked_words: blockedWords, filter_action: filterAction, moderation_delay_ms: moderationDelay })
export const addMembers = Joi.object<Input<'conversation:add-members'>>({ conversation_id: id.required(), member_ids: memberIds.required() })
export const memberOf = Joi.object<Input<'conversation:remove-member'>, true>({ conversation_id: id.required(), user_id: id.required() })
export const setRole = Joi.object<Input<'conversation:set-role'>>({ conversation_id: id.required(), user_id: id.required(), role: Joi.string<'admin'>().valid('admin', 'member').required() })
export const muteConversation = Joi.object<Input<'conversation:mute'>>({ conversation_id: id.required(), until: until.required() })
export const restrictMember = Joi.object<RestrictMember, true>({ conversation_id: id.required(), user_id: id.required(), until: until.required() })
export const historyQuery = Joi.object<HistoryQuery, true>({ conversation_id: id.required(), before_seq: seq, since_seq: seq, limit })
export const syncQuery = Joi.object<Input<'conversation:sync'>>({ conversation_id: id.required(), since_change: seq, limit })
export const upTo = Joi.object<Input<'conversation:mark-read'>>({ conversation_id: id.required(), up_to_seq: seq.required() })

export const clientMsgId = Joi.string().pattern(/^[\x21-\x7e]{8,64}$/).example('b1946ac92492d2347c6235b4d2611184')
export const sendMessage = Joi.object<SendMessage, true>({
  conversation_id: id.required(),
  client_msg_id: clientMsgId.required(),
  text: text(4_000).example('See you tonight!').required(),
  reply_to_id: id,
  mentions: Joi.array<string[]>().items(id).max(20).unique(),
  media_ids: Joi.array<string[]>().items(id).min(1).max(10).unique(),
  type: Joi.string<'text'>().valid('text', 'image', 'voice', 'video', 'file'),
})
export const editMessage = Joi.object<Input<'message:edit'>>({ message_id: id.required(), text: text(4_000).pattern(/\S/u).example('See you tomorrow!').required() })
export const messageId = Joi.object<{ message_id: string }, true>({ message_id: id.required() })
export const deleteMessage = Joi.object<Input<'message:delete'>>({ message_id: id.required(), scope: Joi.string<'all'>().valid('all', 'me') })
export const react = Joi.object<Input<'reaction:add'>>({ message_id: id.required(), emoji: emoji.example('👏').required() })

const count = Joi.number().integer().min(0)
const reaction = Joi.object<Reaction, true>({ emoji: emoji.required(), count: count.required(), mine: Joi.boolean().required() })
const messageShape = {
  message_id: id.required(),
  conversation_id: id.required(),
  seq: seq.required(),
  change: seq.required(),
  type: Joi.string<Message['type']>().valid('text', 'system', 'tip', 'reminder', 'image', 'voice', 'video', 'file').required(),
  sender_id: id.required(),
  sender_name: Joi.string().allow('').required(),
  text: words.required(),
  reply_to_id: id.allow(null).required(),
  mentions: Joi.array<string[]>().items(id).required(),
  media: Joi.array<Message['media']>().items(media).required(),
  reactions: Joi.array<Reaction[]>().items(reaction).required(),
  deleted: Joi.boolean().required(),
  pinned: Joi.boolean().required(),
  forwarded: Joi.boolean().required(),
  system: systemNote,
  tip: tipNote,
  edited_at: instant.allow(null).required(),
  created_at: instant.required(),
}
export const message = Joi.object<Message, true>(messageShape)
const heldShape = {
  held_id: id.required(),
  conversation_id: id.required(),
  client_msg_id: Joi.string().required(),
  sender_id: id.required(),
  sender_name: Joi.string().allow('').required(),
  text: words.required(),
  reply_to_id: id.allow(null).required(),
  media: Joi.array<Media[]>().items(media).required(),
  why: Joi.string<HeldMessage['why']>().valid('words', 'delay').required(),
  state: Joi.string<HeldMessage['state']>().valid('held', 'released', 'rejected', 'dropped').required(),
  release_at: instant.allow(null).required(),
  reason: text(200).required(),
  created_at: instant.required(),
}
export const heldMessage = Joi.object<HeldMessage, true>(heldShape)
export const heldPage = page(heldMessage)
export const heldId = Joi.object<{ held_id: string }, true>({ held_id: id.required() })
export const queueQuery = Joi.object<Input<'moderation:queue'>>({ conversation_id: id.required(), limit, cursor })
export const rejectHeld = Joi.object<Input<'moderation:reject'>>({ held_id: id.required(), reason: text(200) })
export const sentMessage = Joi.object<SentMessage, true>({ ...messageShape, duplicate: Joi.boolean().required(), held: heldMessage.allow(null).required() })
export const reactions = Joi.object<{ reactions: Reaction[] }, true>({ reactions: Joi.array<Reaction[]>().items(reaction).required() })
export const edits = Joi.object<{ data: Edit[]; has_more: boolean; next: null }>({
  data: Joi.array<Edit[]>().items(Joi.object<Edit, true>({ text: words.required(), until: instant.required() })).required(),
  has_more: Joi.boolean().required(),
  next: Joi.valid(null).required(),
})

const participant = Joi.object<Participant, true>({ user_id: id.required(), name: Joi.string().allow('').required(), role: role.required(), state: state.required(), delivered_seq: seq.required(), read_seq: seq.required() })
export const conversation = Joi.object<Conversation, true>({
  conversation_id: id.required(),
  version: Joi.number().integer().min(1).required(),
  type: type.required(),
  title: Joi.string().allow('').required(),
  creator_id: id.allow(null).required(),
  state: state.required(),
  role: role.required(),
  last_seq: seq.required(),
  last_change: seq.required(),
  read_seq: seq.required(),
  delivered_seq: seq.required(),
  unread: count.required(),
  mentions: count.required(),
  muted_until: until.required(),
  silenced_until: until.required(),
  last_message: message.allow(null).required(),
  participants: Joi.array<Participant[]>().items(participant).required(),
  participant_count: count.required(),
  settings: Joi.object<ConversationSettings, true>({ slow_mode_ms: slowMode.required(), emoji_only: Joi.boolean().required(), open_to: openTo.required(), tier_rank: tierRank.required(), blocked_words: blockedWords.required(), filter_action: filterAction.required(), moderation_delay_ms: moderationDelay.required() }).required(),
  created_at: instant.required(),
})
export const creatorId = Joi.object<{ creator_id: string }, true>({ creator_id: id.required() })
const room = Joi.object<Room, true>({ conversation_id: id.required(), creator_id: id.required(), title: Joi.string().required(), open_to: openTo.required(), participant_count: count.required(), joined: Joi.boolean().required() })
export const roomOrNone = Joi.object<{ room: Room | null }, true>({ room: room.allow(null).required() })
export const conversationPage = page(conversation)
export const history = Joi.object<History, true>({ data: Joi.array<Message[]>().items(message).required(), has_more: Joi.boolean().required(), next: seq.allow(null).required() })
export const changes = Joi.object<Changes, true>({
  conversation_id: id.required(),
  data: Joi.array<Message[]>().items(message).required(),
  change: seq.required(),
  last_change: seq.required(),
  has_more: Joi.boolean().required(),
})
export const marked = Joi.object<Marked, true>({ conversation_id: id.required(), delivered_seq: seq.required(), read_seq: seq.required(), unread: count.required(), mentions: count.required() })

const asked = Joi.object<Input<'session:sync'>['conversations'][number], true>({ conversation_id: id.required(), since_change: seq.required() })
export const syncAll = Joi.object<Input<'session:sync'>>({ conversations: Joi.array().items(asked).max(50).required() })
export const syncedAll = Joi.object<{ data: SyncedConversation[]; has_more: boolean; next: null }>({
  data: Joi.array<SyncedConversation[]>().items(Joi.object<SyncedConversation, true>({ conversation: conversation.required(), changes })).required(),
  has_more: Joi.boolean().required(),
  next: Joi.valid(null).required(),
})

const whoMayWrite = Joi.string<MessagingSettings['who_may_write']>().valid('everyone', 'followers', 'members', 'paid', 'nobody')
export const updateSettings = Joi.object<Partial<MessagingSettings>, true>({ who_may_write: whoMayWrite, reads_privately: Joi.boolean() })
export const settings = Joi.object<MessagingSettings, true>({ who_may_write: whoMayWrite.required(), reads_privately: Joi.boolean().required() })

const place = { conversation_id: id.required(), message_id: id.required(), seq: seq.required() }
export const messageUpdated = Joi.object<MessagingFacts['message:updated'], true>({ ...place, change: seq.required(), text: words.required(), mentions: Joi.array<string[]>().items(id).required(), edited_at: instant.required() })
export const messageDeleted = Joi.object<MessagingFacts['message:deleted'], true>({ ...place, change: seq.required() })
export const messageHidden = Joi.object<MessagingFacts['message:hidden'], true>(place)
export const reactionChanged = Joi.object<MessagingFacts['reaction:changed'], true>({
  ...place,
  change: seq.required(),
  user_id: id.required(),
  emoji: emoji.required(),
  added: Joi.boolean().required(),
  reactions: Joi.array<MessagingFacts['reaction:changed']['reactions']>().items(Joi.object({ emoji: emoji.required(), count: count.required() })).required(),
})
export const receiptUpdated = Joi.object<MessagingFacts['receipt:updated'], true>({ conversation_id: id.required(), user_id: id.required(), delivered_seq: seq.required(), read_seq: seq.required() })
export const typingChanged = Joi.object<MessagingFacts['typing:changed'], true>({ conversation_id: id.required(), user_id: id.required(), typing: Joi.boolean().required() })
export const conversationUpdated = Joi.object<MessagingFacts['conversation:updated'], true>({ conversation_id: id.required(), version: Joi.number().integer().min(1).required() })
export const messageMentioned = Joi.object<MessagingFacts['message:mentioned'], true>({ ...place, sender_name: Joi.string().allow('').required(), text: words.required() })
export const messageDecided = Joi.object<MessagingFacts['message:decided'], true>({
  conversation_id: id.required(),
  held_id: id.required(),
  client_msg_id: Joi.string().required(),
  sender_id: id.required(),
  state: Joi.string<MessagingFacts['message:decided']['state']>().valid('released', 'rejected', 'dropped').required(),
  reason: text(200).required(),
})
