import type { AdminReport, Report } from './contract.ts'
import type { ReportRow } from './model.ts'

export function presentReport(row: ReportRow): Report {
  const { _id, subject_type, subject_id, reason, text, status, created_at } = row
  return { report_id: _id, subject_type, subject_id, reason, text, status, created_at: created_at.toISOString() }
}

export function presentToAdmin(row: ReportRow): AdminReport {
  return {
    ...presentReport(row),
    reporter_id: row.reporter_id,
    about_user_id: row.about_user_id,
    quote: row.quote ?? '',
    media: row.media ?? [],
    decision: row.decision ?? null,
    note: row.note ?? null,
    resolved_by: row.resolved_by ?? null,
    resolved_at: row.resolved_at?.toISOString() ?? null,
  }
}
