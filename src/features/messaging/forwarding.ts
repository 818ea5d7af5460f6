import type { Context } from '../../kernel/context.ts'
import { AppError, ensure } from '../../kernel/errors.ts'
import type { Access } from './access.ts'
import type { Forwarded, ForwardMessage } from './contract.ts'
import type { MessageRow, Saying } from './model.ts'
import type { Sending } from './sending.ts'

export type Forwarding = ReturnType<typeof createForwarding>

/** What was said in one conversation, said in others: by whoever forwards it, under all the rules of sending, and without a word of who said it first. */
export function createForwarding({ access, sending }: { access: Access; sending: Pick<Sending, 'send'> }) {
  return Object.freeze({ forward })

  /** @throws AppError `not-found` for what they can't read, `forbidden` for what nobody said */
  async function forward(ctx: Context, { message_id, conversation_ids, client_msg_id }: ForwardMessage): Promise<{ data: Forwarded[]; has_more: boolean; next: null }> {
    const { message } = await access.toMessage(ctx, message_id)
    ensure(message.deleted_at === null, 'not-found')
    ensure(message.type !== 'system' && message.type !== 'tip', 'forbidden', 'Only what somebody said is forwarded')
    ensure((message.media ?? []).length === 0, 'forbidden', 'A message with files is not forwarded: each file belongs to the conversation it was sent to')
    const data: Forwarded[] = []
    for (const conversation_id of conversation_ids) data.push(await into(ctx, { ...copyOf(message), conversation_id, client_msg_id }))
    return { data, has_more: false, next: null }
  }

  // Each conversation has its own answer: one that refuses keeps nothing from the others.
  async function into(ctx: Context, saying: Saying): Promise<Forwarded> {
    const { conversation_id } = saying
    try {
      return { conversation_id, message: await sending.send(ctx, saying), refused: null }
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      return { conversation_id, message: null, refused: error.code }
    }
  }
}

/** All that goes over into the copy. Whatever else a message may carry is to be copied here, or stays behind. */
function copyOf({ _id, text }: MessageRow): Pick<Saying, 'text' | 'forward_of'> {
  return { text, forward_of: _id }
}
