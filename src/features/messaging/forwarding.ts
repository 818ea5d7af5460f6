import type { Context } from '../../kernel/context.ts'
import { AppError, ensure } from '../../kernel/errors.ts'
import type { MediaService } from '../media/index.ts'
import type { Access } from './access.ts'
import type { Forwarded, ForwardMessage } from './contract.ts'
import type { MessageRow, Saying } from './model.ts'
import type { Sending } from './sending.ts'

export type Forwarding = ReturnType<typeof createForwarding>

/** What was said in one conversation, said in others: by whoever forwards it, under all the rules of sending, and without a word of who said it first. */
export function createForwarding({ access, sending, media }: { access: Access; sending: Pick<Sending, 'send'>; media: Pick<MediaService, 'copy'> }) {
  return Object.freeze({ forward })

  /** @throws AppError `not-found` for what they can't read, `forbidden` for what nobody said */
  async function forward(ctx: Context, { message_id, conversation_ids, client_msg_id }: ForwardMessage): Promise<{ data: Forwarded[]; has_more: boolean; next: null }> {
    const { message } = await access.toMessage(ctx, message_id)
    ensure(message.deleted_at === null, 'not-found')
    ensure(message.type !== 'system' && message.type !== 'tip', 'forbidden', 'Only what somebody said is forwarded')
    const data: Forwarded[] = []
    for (const conversation_id of conversation_ids) data.push(await into(ctx, message, { conversation_id, client_msg_id }))
    return { data, has_more: false, next: null }
  }

  // Each conversation has its own answer: one that refuses keeps nothing from the others.
  async function into(ctx: Context, message: MessageRow, { conversation_id, client_msg_id }: { conversation_id: string; client_msg_id: string }): Promise<Forwarded> {
    const { _id, text, type } = message
    // Rows from before there were files have none.
    const files = message.media ?? []
    try {
      if (files.length > 0) await access.to(ctx, conversation_id)
      // What a message carries goes and stays with it, so the files are copied for each.
      const media_ids: string[] = []
      for (const { media_id } of files) media_ids.push(await media.copy(ctx, { media_id, name: `${conversation_id}/${client_msg_id}` }))
      // Whatever else a message may carry is to be copied here, or stays behind.
      const saying: Saying = { conversation_id, client_msg_id, text, forward_of: _id, ...(files.length > 0 ? { media_ids } : {}), ...(type === 'file' ? { type } : {}) }
      return { conversation_id, message: await sending.send(ctx, saying), refused: null }
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      return { conversation_id, message: null, refused: error.code }
    }
  }
}
