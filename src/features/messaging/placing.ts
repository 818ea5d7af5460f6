import type { Clock } from '../../kernel/clock.ts'
import { fail } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import type { ConversationRow, MessageRow, MessagingModels, ParticipationRow } from './model.ts'
import { seenBy } from './present.ts'

/** What the server itself says in a conversation. */
export type Line = Pick<MessageRow, 'type' | 'sender_id'> & Partial<Pick<MessageRow, 'client_msg_id' | 'system' | 'tip'>>

export type Placing = ReturnType<typeof createPlacing>

/** The next place and the next step of a conversation, for what is said without anybody sending it; and what is unread from there on. */
export function createPlacing({ models: { Conversations, Messages }, clock }: { models: MessagingModels; clock: Clock }) {
  return Object.freeze({ append, nextStep, unreadOf })

  /** Only in a transaction: the place is taken together with what stands there. */
  async function append(conversationId: string, line: Line): Promise<{ conversation: ConversationRow; row: MessageRow }> {
    const isQuiet = line.type === 'system'
    const moved = { last_seq: 1, last_change: 1, quiet: isQuiet ? 1 : 0 }
    const conversation = (await Conversations.findOneAndUpdate({ _id: conversationId }, { $inc: moved }, { returnDocument: 'after' }).lean()) ?? fail('not-found')
    const _id = newId('msg')
    const row: MessageRow = {
      _id,
      conversation_id: conversationId,
      seq: conversation.last_seq,
      change: conversation.last_change,
      quiet: conversation.quiet,
      // No client's own id has a space in it.
      client_msg_id: `system ${_id}`,
      text: '',
      reply_to_id: null,
      mentions: [],
      media: [],
      reactions: [],
      hidden_for: [],
      deleted_at: null,
      edits: [],
      edited_at: null,
      created_at: clock.now(),
      ...line,
    }
    await Messages.insertMany([row])
    return { conversation, row }
  }

  async function nextStep(conversationId: string): Promise<number> {
    const row = await Conversations.findOneAndUpdate({ _id: conversationId }, { $inc: { last_change: 1 } }, { returnDocument: 'after', projection: { last_change: 1 } }).lean()
    return row?.last_change ?? fail('not-found')
  }

  /** One look at one row, however much was said. */
  async function unreadOf({ _id, last_seq, quiet }: ConversationRow, me: Pick<ParticipationRow, 'read_seq' | 'own_seq' | 'joined_seq'>): Promise<number> {
    const base = seenBy(me)
    if (base >= last_seq) return 0
    const before = quiet === 0 || base === 0 ? 0 : ((await Messages.findOne({ conversation_id: _id, seq: base }, { quiet: 1 }).lean())?.quiet ?? 0)
    return last_seq - base - (quiet - before)
  }
}
