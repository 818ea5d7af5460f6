import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { type Page, type PageQuery, pageOf } from '../../kernel/page.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Limiter } from '../../platform/rate-limit.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { userOf } from '../accounts/index.ts'
import type { AdminReport, CreateReport, Report, ReportStatus, ResolveReport } from './contract.ts'
import type { ReportModel, ReportRow } from './model.ts'
import { presentReport, presentToAdmin } from './present.ts'
import type { Subjects } from './subjects.ts'

const defaultLimit = 20
const maxExported = 1_000

export interface ReportDependencies {
  Reports: ReportModel
  subjects: Subjects
  /** a day's worth; attempts count, so that nobody finds out by reporting what exists */
  daily: Limiter
  unitOfWork: UnitOfWork
  audit: Audit
  cursors: Cursors
  clock: Clock
}

export type ReportService = ReturnType<typeof createReportService>

/** A block or a mute takes nobody the right to report, and whom a report is about never hears of it. */
export function createReportService({ Reports, subjects, daily, unitOfWork, audit, cursors, clock }: ReportDependencies) {
  return Object.freeze({ create, list, resolve, openAbout, ownersOf, allOf, erase })

  /** @throws AppError `conflict` while an earlier report of the same thing by the same person is open */
  async function create(ctx: Context, input: CreateReport): Promise<Report> {
    const { user_id } = userOf(ctx)
    await daily.take(user_id)
    const subject = await subjects[input.subject_type](input.subject_id)
    ensure(subject && (subject.known_to === 'everybody' || subject.known_to.includes(user_id)), 'not-found')
    ensure(subject.about !== user_id, 'self')
    const { subject_type, subject_id, reason, text = '' } = input
    return unitOfWork.run(ctx, async (tx) => {
      ensure(!(await Reports.exists({ reporter_id: user_id, subject_type, subject_id, status: 'open' })), 'conflict', 'You reported this already; an admin has yet to look at it')
      const row: ReportRow = { _id: newId('rep'), reporter_id: user_id, subject_type, subject_id, about_user_id: subject.about, quote: subject.quote ?? '', ...(subject.media?.length ? { media: [...subject.media] } : {}), reason, text, status: 'open', created_at: clock.now() }
      await Reports.insertMany([row])
      await tx.publish('report.opened', { report_id: row._id, subject_type, subject_id, reason, created_at: row.created_at.toISOString() })
      return presentReport(row)
    })
  }

  /** What is open comes in the order in which it came; what is resolved, newest first. */
  async function list(ctx: Context, { status = 'open', limit = defaultLimit, cursor }: { status?: ReportStatus } & PageQuery): Promise<Page<AdminReport>> {
    const name = `report:list|${userOf(ctx).user_id}|${status}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const beyond = status === 'open' ? { $gt: after } : { $lt: after }
    const rows = await Reports.find({ status, ...(after === undefined ? {} : { _id: beyond }) })
      .sort({ _id: status === 'open' ? 1 : -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    return { ...page, data: page.data.map(presentToAdmin) }
  }

  /** @throws AppError `stale-state` when another admin was first, `self` when it is about whoever decides */
  async function resolve(ctx: Context, { report_id, decision, note }: ResolveReport): Promise<AdminReport> {
    const { user_id } = userOf(ctx)
    const report = (await Reports.findById(report_id).lean()) ?? fail('not-found')
    ensure(report.about_user_id !== user_id, 'self')
    const set = { status: 'resolved' as const, decision, note, resolved_by: user_id, resolved_at: clock.now() }
    return unitOfWork.run(ctx, async (tx) => {
      const resolved = await Reports.findOneAndUpdate({ _id: report_id, status: 'open' }, { $set: set }, { returnDocument: 'after' }).lean()
      await audit.record(tx, ctx, { action: 'report.resolved', subject: report_id, details: { decision } })
      return presentToAdmin(resolved ?? fail('stale-state'))
    })
  }

  /** Of these, what somebody reports and no admin has decided about. */
  async function openAbout(subjectIds: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set((await Reports.find({ subject_id: { $in: [...subjectIds] }, status: 'open' }, { subject_id: 1 }).lean()).map((row) => row.subject_id))
  }

  async function ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Reports.find({ _id: { $in: ids } }, { reporter_id: 1 }).lean()
    return new Map(rows.map((row) => [row._id, row.reporter_id]))
  }

  /** For whoever takes his data along. */
  async function allOf(userId: string): Promise<Report[]> {
    return (await Reports.find({ reporter_id: userId }).limit(maxExported).lean()).map(presentReport)
  }

  async function erase(userId: string): Promise<void> {
    await Reports.updateMany({ reporter_id: userId }, { $set: { text: '' } })
    await Reports.updateMany({ about_user_id: userId }, { $set: { quote: '' }, $unset: { media: 1 } })
  }
}
