import type { PayoutFacts } from './contract.ts'

declare module '../../kernel/events.ts' {
  interface DomainEvents {
    'payout.updated': PayoutFacts['payout:updated']
  }
}
