import type { Violation } from '../../kernel/feature.ts'
import type { Page, PageQuery } from '../../kernel/page.ts'
import type { Routes } from '../../kernel/operation.ts'

export interface SandboxFaults {
  duplicate?: number | null
  reorder?: boolean | null
  delay_ms?: number | null
  drop?: number | boolean | null
  forge?: boolean | null
  timeout_after_charge?: boolean | null
}

/** One event on its way to one subscriber. */
export interface Delivery {
  event_id: string
  event: string
  subscriber: string
  state: 'due' | 'parked'
  attempts: number
  last_error: string | null
  due_at: string
}

/** How a job has gone in the process that answers. */
export interface JobRun {
  name: string
  every_ms: number
  kind: 'timer' | 'scheduled'
  runs: number
  failures: number
  last_run_at: string | null
  last_ms: number | null
  last_error: string | null
}

export interface AuditEntry {
  audit_id: string
  at: string
  actor: string
  /** empty where it is nobody's who has an account */
  actor_name: string
  action: string
  subject: string
  address: string
  request_id: string
  details: Record<string, string | number | boolean>
}

export interface AuditQuery extends PageQuery {
  action?: string
  subject?: string
}

export interface KeptMail {
  mail_id: string
  to: string
  subject: string
  /** null where a mail server sends it */
  text: string | null
  state: 'due' | 'sent' | 'parked' | 'kept'
  attempts: number
  last_error: string | null
  created_at: string
}

export type MailQuery = PageQuery

export interface SetMaintenance {
  on: boolean
  /** what people are told who want to change something meanwhile */
  message?: string
}

export interface MaintenanceState {
  on: boolean
  message?: string
  /** of the last change */
  since?: string
}

export interface AdminOperations {
  'admin:check': { input: { full?: boolean }; output: { violations: Violation[] } }
  'delivery:list': { input: { state?: Delivery['state']; limit?: number; cursor?: string }; output: Page<Delivery> }
  'delivery:retry': { input: { event_id: string; subscriber: string }; output: Delivery }
  'audit:list': { input: AuditQuery; output: Page<AuditEntry> }
  'mail:list': { input: MailQuery; output: Page<KeptMail> }
  'job:list': { input: Record<string, never>; output: { data: JobRun[] } }
  'maintenance:set': { input: SetMaintenance; output: MaintenanceState }
  'maintenance:read': { input: Record<string, never>; output: MaintenanceState }
  'sandbox:faults': { input: SandboxFaults; output: Required<SandboxFaults> }
  'sandbox:read-faults': { input: Record<string, never>; output: Required<SandboxFaults> }
}

export const adminRoutes = {
  'admin:check': 'POST /api/v1/admin/check',
  'delivery:list': 'GET /api/v1/admin/deliveries',
  'delivery:retry': 'POST /api/v1/admin/deliveries/:event_id/:subscriber/retry',
  'audit:list': 'GET /api/v1/admin/audit',
  'mail:list': 'GET /api/v1/admin/mails',
  'job:list': 'GET /api/v1/admin/jobs',
  'maintenance:set': 'POST /api/v1/admin/maintenance',
  'maintenance:read': 'GET /api/v1/admin/maintenance',
  'sandbox:faults': { route: 'POST /sandbox/faults', door: 'http' },
  'sandbox:read-faults': { route: 'GET /sandbox/faults', door: 'http' },
} as const satisfies Routes<AdminOperations>
