import type { Connection } from 'mongoose'
import type { Clock } from '../../kernel/clock.ts'
import { broadcast } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Limits } from '../../platform/rate-limit.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { AccountService } from '../accounts/index.ts'
import type { Messages } from '../messaging/index.ts'
import type { TipService } from '../tips/index.ts'
import { createReportModel } from './model.ts'
import { reportFacts, reportOperations } from './operations.ts'
import { createReportService, type ReportService } from './service.ts'
import { createSubjects } from './subjects.ts'

const perDay = 20

/** What people bring before the admins. It reaches into whatever can be reported, so it stands to the right of all of that. */
export function createReports(deps: {
  db: Connection
  unitOfWork: UnitOfWork
  limits: Limits
  accounts: Pick<AccountService, 'find'>
  tips: Pick<TipService, 'partiesOf'>
  messages: Messages
  audit: Audit
  cursors: Cursors
  clock: Clock
}): { feature: Feature; reports: Pick<ReportService, 'openAbout'> } {
  const Reports = createReportModel(deps.db)
  const daily = deps.limits.quota({ name: 'report', points: perDay, window_s: 24 * 3600 })
  const reports = createReportService({ ...deps, Reports, daily, subjects: createSubjects(deps) })
  const feature = defineFeature({
    name: 'reports',
    operations: reportOperations(reports),
    facts: reportFacts,
    broadcasts: [broadcast('report.opened', (report) => [{ event: 'report:opened', rooms: [rooms.admin], data: report }])],
    effects: [{ operation: 'report:create', field: 'report_id', ownersOf: reports.ownersOf }],
    personal: [{ name: 'reports', read: reports.allOf, erase: reports.erase }],
    models: [Reports],
  })
  return { feature, reports }
}
