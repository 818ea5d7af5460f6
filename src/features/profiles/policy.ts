import type { Actor } from '../../kernel/context.ts'

export function canListFollowers(actor: Actor, creatorId: string): boolean {
  return actor.kind === 'user' && (actor.user_id === creatorId || actor.role === 'admin')
}
