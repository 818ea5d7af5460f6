import type { ReportFacts } from './contract.ts'

declare module '../../kernel/events.ts' {
  interface DomainEvents {
    'report.opened': ReportFacts['report:opened']
  }
}
