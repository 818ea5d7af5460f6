import type { Context } from '../../kernel/context.ts'
import { fail } from '../../kernel/errors.ts'
import type { UserActor } from './tokens.ts'

export function userOf(ctx: Context): UserActor {
  if (ctx.actor.kind !== 'user') return fail('unauthenticated')
  return ctx.actor
}

/** What must be unique of an email address. */
export function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase()
}

export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase().trim()
}
