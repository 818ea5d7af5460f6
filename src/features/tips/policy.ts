import type { Actor } from '../../kernel/context.ts'

/** Nobody tips himself: it would only launder a top-up into earnings. */
export function canTip(actor: Actor, creator: { _id: string }): boolean {
  return actor.kind === 'user' && actor.user_id !== creator._id
}
