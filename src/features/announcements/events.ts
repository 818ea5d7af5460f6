import type { Announcement } from './contract.ts'

declare module '../../kernel/events.ts' {
  interface DomainEvents {
    'announcement.changed': { creator_id: string; announcement: Announcement }
  }
}
