import { type Connection, Schema } from 'mongoose'
import { rowOptions } from '../../platform/mongo.ts'
import type { Media } from '../media/contract.ts'
import type { ReportDecision, ReportReason, ReportStatus, ReportSubject } from './contract.ts'

export interface ReportRow {
  _id: string
  reporter_id: string
  subject_type: ReportSubject
  subject_id: string
  about_user_id: string
  /** missing in rows from before words were kept */
  quote?: string
  /** missing in rows from before files were kept */
  media?: Media[]
  reason: ReportReason
  text: string
  status: ReportStatus
  created_at: Date
  decision?: ReportDecision
  note?: string
  resolved_by?: string
  resolved_at?: Date
}

export function createReportModel(db: Connection) {
  return db.model<ReportRow>(
    'Report',
    new Schema<ReportRow>(
      {
        _id: String,
        reporter_id: { type: String, required: true },
        subject_type: { type: String, enum: ['user', 'tip', 'message'], required: true },
        subject_id: { type: String, required: true },
        about_user_id: { type: String, required: true },
        quote: { type: String },
        media: { type: [Schema.Types.Mixed], default: undefined } as never,
        reason: { type: String, enum: ['spam', 'abuse', 'fraud', 'other'], required: true },
        text: { type: String, default: '' },
        status: { type: String, enum: ['open', 'resolved'], required: true },
        created_at: { type: Date, required: true },
        decision: { type: String, enum: ['dismissed', 'acted'] },
        note: String,
        resolved_by: String,
        resolved_at: Date,
      },
      rowOptions<ReportRow>('reports'),
    )
      .index({ reporter_id: 1, subject_type: 1, subject_id: 1 }, { unique: true, partialFilterExpression: { status: 'open' } })
      .index({ status: 1, _id: 1 })
      .index({ subject_id: 1 }, { partialFilterExpression: { status: 'open' } })
      .index({ reporter_id: 1, _id: -1 }),
  )
}

export type ReportModel = ReturnType<typeof createReportModel>
