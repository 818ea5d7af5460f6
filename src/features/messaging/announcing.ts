import type { Context } from '../../kernel/context.ts'
import { AppError } from '../../kernel/errors.ts'
import type { Conversations } from './conversations.ts'
import type { Sending } from './sending.ts'

export type Announcing = ReturnType<typeof createAnnouncing>

/** what says that somebody is not to get it, now or later */
const refusals = new Set(['blocked', 'forbidden', 'not-found', 'self'])

/** The same words to many, each in a conversation of their own. Told again under the same `client_msg_id` it is there once. */
export function createAnnouncing({ conversations, sending, context }: { conversations: Pick<Conversations, 'create'>; sending: Pick<Sending, 'say'>; context: () => Context }) {
  return Object.freeze({ tell })

  /** False when they do not want it: a block, a request that was declined, a door that is closed. */
  async function tell({ creator_id, recipient_id, client_msg_id, text }: { creator_id: string; recipient_id: string; client_msg_id: string; text: string }): Promise<boolean> {
    const ctx: Context = { ...context(), actor: { kind: 'user', user_id: creator_id, role: 'creator', session_id: '', epoch: 0 } }
    try {
      const { conversation_id } = await conversations.create(ctx, { type: 'direct', member_ids: [recipient_id] })
      await sending.say(creator_id, { conversation_id, client_msg_id, text })
      return true
    } catch (error) {
      if (error instanceof AppError && refusals.has(error.code)) return false
      throw error
    }
  }
}
