import type { Relations } from '../profiles/index.ts'
import { type MessagingModels, participationId } from './model.ts'
import { canChange, canRead } from './policy.ts'

/** Who may have the files of a message now: whoever may read its words, and not across a block; while it waits, whoever decides about it. */
export function createReaders({ models, relations }: { models: MessagingModels; relations: Relations }) {
  const { Conversations, Participations, Messages, Held } = models

  return Object.freeze({ mayRead, mayDecide })

  /** Whoever left, was sent away or came later has no part in it. */
  async function mayRead(userId: string, messageId: string): Promise<'yes' | 'no' | 'blocked'> {
    const message = await Messages.findById(messageId).lean()
    if (!message || message.deleted_at !== null || message.hidden_for.includes(userId)) return 'no'
    const me = await Participations.findById(participationId(message.conversation_id, userId)).lean()
    if (!me || !canRead(me) || message.seq <= me.joined_seq) return 'no'
    const conversation = await Conversations.findById(message.conversation_id).lean()
    // Between two it is the other; a room is its creator's company; in a group both are guests of somebody else.
    const other = conversation?.type === 'direct' ? conversation.member_ids?.find((each) => each !== userId) : conversation?.creator_id
    return other && other !== userId && (await relations.between({ by: other, whom: userId })).blocked ? 'blocked' : 'yes'
  }
  async function mayDecide(userId: string, mediaId: string): Promise<boolean> {
    const waiting = await Held.findOne({ 'media.media_id': mediaId, state: 'held' }, { conversation_id: 1 }).lean()
    const me = waiting && (await Participations.findById(participationId(waiting.conversation_id, userId)).lean())
    const conversation = me && (await Conversations.findById(me.conversation_id).lean())
    return conversation ? canChange(me, conversation) : false
  }
}
