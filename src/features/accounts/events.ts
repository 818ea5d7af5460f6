import type { Role } from '../../kernel/context.ts'

declare module '../../kernel/events.ts' {
  interface DomainEvents {
    'account.registered': { user_id: string; role: Role; full_name: string }
    'session.ended': { session_id: string; user_id: string; reason: string }
  }
}
