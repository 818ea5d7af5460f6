import type { Context } from '../../kernel/context.ts'
import { ensure } from '../../kernel/errors.ts'
import { userOf } from '../accounts/index.ts'
import { type ConversationRow, type MessageRow, type MessagingModels, participationId, type ParticipationRow } from './model.ts'
import { canKnow, canRead } from './policy.ts'

export interface Seat {
  conversation: ConversationRow
  me: ParticipationRow
}

export type Access = ReturnType<typeof createAccess>

/** The one way to a conversation: through one's own participation. Whoever has none learns not even that it is there. */
export function createAccess({ Conversations, Participations, Messages }: MessagingModels) {
  return Object.freeze({ to, glimpse, toMessage })

  /** @throws AppError `not-found` */
  async function to(ctx: Context, conversationId: string): Promise<Seat> {
    const seat = await glimpse(ctx, conversationId)
    ensure(canRead(seat.me), 'not-found')
    return seat
  }

  /** Also for whoever is only asked into it: that it is there, and nothing that is said. @throws AppError `not-found` */
  async function glimpse(ctx: Context, conversationId: string): Promise<Seat> {
    const { user_id } = userOf(ctx)
    // One after the other: inside a transaction nothing goes side by side.
    const me = await Participations.findById(participationId(conversationId, user_id)).lean()
    ensure(me && canKnow(me), 'not-found')
    const conversation = await Conversations.findById(conversationId).lean()
    ensure(conversation, 'not-found')
    return { conversation, me }
  }

  /** @throws AppError `not-found`, also for what was said before they came */
  async function toMessage(ctx: Context, messageId: string): Promise<Seat & { message: MessageRow }> {
    const message = await Messages.findById(messageId).lean()
    ensure(message, 'not-found')
    const seat = await to(ctx, message.conversation_id)
    ensure(message.seq > seat.me.joined_seq && !message.hidden_for.includes(seat.me.user_id), 'not-found')
    return { ...seat, message }
  }
}
