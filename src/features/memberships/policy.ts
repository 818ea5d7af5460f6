import type { Actor } from '../../kernel/context.ts'

/** Nobody is a member of himself: it would only launder a top-up into earnings. */
export function canJoin(actor: Actor, creator: { _id: string }): boolean {
  return actor.kind === 'user' && actor.user_id !== creator._id
}

/** Its own fan, and an admin, who may end it. */
export function canEnd(actor: Actor, membership: { fan_id: string }): boolean {
  return actor.kind === 'user' && (actor.user_id === membership.fan_id || actor.role === 'admin')
}
