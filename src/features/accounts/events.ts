import type { Role } from '../../kernel/context.ts'

declare module '../../kernel/events.ts' {
  interface DomainEvents {
    'account.registered': { user_id: string; role: Role; full_name: string }
    'account.suspended': { user_id: string }
    'account.restored': { user_id: string }
    'account.role-set': { user_id: string; role: Role; full_name: string }
    /** null when nobody has the address */
    'password.forgotten': { user_id: string | null }
    'sign-in.locked': { user_id: string | null; address: string }
    'session.ended': { session_id: string; user_id: string; reason: string }
  }
}
