import Joi from 'joi'
import { cursor, id, instant, limit, page, text } from '../../kernel/schema.ts'
import type { PageQuery } from '../../kernel/page.ts'
import type { Media } from '../media/contract.ts'
import { media } from '../media/schema.ts'
import type { AdminReport, CreateReport, Report, ReportDecision, ReportFacts, ReportReason, ReportStatus, ReportSubject, ResolveReport } from './contract.ts'

const subjectType = Joi.string<ReportSubject>().valid('user', 'tip', 'message')
const reason = Joi.string<ReportReason>().valid('spam', 'abuse', 'fraud', 'other')
const status = Joi.string<ReportStatus>().valid('open', 'resolved')
const decision = Joi.string<ReportDecision>().valid('dismissed', 'acted')

export const createReport = Joi.object<CreateReport, true>({ subject_type: subjectType.required(), subject_id: id.required(), reason: reason.required(), text: text(1_000) })
export const reportQuery = Joi.object<{ status?: ReportStatus } & PageQuery, true>({ status, limit, cursor })
export const resolveReport = Joi.object<ResolveReport, true>({ report_id: id.required(), decision: decision.required(), note: text(1_000).required() })

const opened = { report_id: id.required(), subject_type: subjectType.required(), subject_id: id.required(), reason: reason.required(), created_at: instant.required() }
const shape = { ...opened, text: Joi.string().allow('').required(), status: status.required() }

export const report = Joi.object<Report, true>(shape)
export const adminReport = Joi.object<AdminReport, true>({
  ...shape,
  reporter_id: id.required(),
  about_user_id: id.required(),
  quote: Joi.string().allow('').required(),
  media: Joi.array<Media[]>().items(media).required(),
  decision: decision.allow(null).required(),
  note: Joi.string().allow('', null).required(),
  resolved_by: id.allow(null).required(),
  resolved_at: instant.allow(null).required(),
})
export const reportPage = page(adminReport)
export const reportOpened = Joi.object<ReportFacts['report:opened'], true>(opened)
