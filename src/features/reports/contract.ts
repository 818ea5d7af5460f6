import type { Routes } from '../../kernel/operation.ts'
import type { Page, PageQuery } from '../../kernel/page.ts'
import type { Media } from '../media/contract.ts'

export type ReportSubject = 'user' | 'tip' | 'message'
export type ReportReason = 'spam' | 'abuse' | 'fraud' | 'other'
export type ReportStatus = 'open' | 'resolved'
export type ReportDecision = 'dismissed' | 'acted'

export interface CreateReport {
  subject_type: ReportSubject
  subject_id: string
  reason: ReportReason
  text?: string
}

export interface Report {
  report_id: string
  subject_type: ReportSubject
  subject_id: string
  reason: ReportReason
  text: string
  status: ReportStatus
  created_at: string
}

/** What an admin sees of it. */
export interface AdminReport extends Report {
  reporter_id: string
  /** whom it is about: the user, or whoever sent the tip or the message */
  about_user_id: string
  /** the words that are reported, as they were then */
  quote: string
  /** the files of the message that is reported: `media:sign` opens them for an admin until it is resolved, also when the message is gone */
  media: Media[]
  decision: ReportDecision | null
  note: string | null
  resolved_by: string | null
  resolved_at: string | null
}

export interface ResolveReport {
  report_id: string
  decision: ReportDecision
  note: string
}

export interface ReportOperations {
  'report:create': { input: CreateReport; output: Report }
  'report:list': { input: { status?: ReportStatus } & PageQuery; output: Page<AdminReport> }
  'report:resolve': { input: ResolveReport; output: AdminReport }
}

export const reportRoutes = {
  'report:create': { route: 'POST /api/v1/reports', once: 'optional' },
  'report:list': 'GET /api/v1/admin/reports',
  'report:resolve': 'POST /api/v1/admin/reports/:report_id/resolve',
} as const satisfies Routes<ReportOperations>

export interface ReportFacts {
  /** to the admins */
  'report:opened': { report_id: string; subject_type: ReportSubject; subject_id: string; reason: ReportReason; created_at: string }
}
