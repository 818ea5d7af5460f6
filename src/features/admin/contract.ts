import type { Violation } from '../../kernel/feature.ts'
import type { Routes } from '../../kernel/operation.ts'

export interface SandboxFaults {
  duplicate?: number | null
  reorder?: boolean | null
  delay_ms?: number | null
  drop?: number | boolean | null
  forge?: boolean | null
  timeout_after_charge?: boolean | null
}

export interface AdminOperations {
  'admin:check': { input: { full?: boolean }; output: { violations: Violation[] } }
  'sandbox:faults': { input: SandboxFaults; output: Required<SandboxFaults> }
}

export const adminRoutes = {
  'admin:check': 'POST /api/v1/admin/check',
  'sandbox:faults': 'POST /sandbox/faults',
} as const satisfies Routes<AdminOperations>
