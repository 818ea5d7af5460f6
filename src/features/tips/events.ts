import type { Tip } from './contract.ts'

declare module '../../kernel/events.ts' {
  interface DomainEvents {
    'tip.sent': Tip
  }
}
