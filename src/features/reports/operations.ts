import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { reportRoutes } from './contract.ts'
import * as schema from './schema.ts'
import type { ReportService } from './service.ts'

export function reportOperations(reports: ReportService): AnyOperation[] {
  return [
    operation({
      name: 'report:create',
      summary: 'Report a person or a tip to the admins',
      ...reportRoutes['report:create'],
      audience: 'signed-in',
      status: 201,
      errors: ['not-found', 'self', 'conflict'],
      input: schema.createReport,
      output: schema.report,
      handle: reports.create,
    }),
    operation({
      name: 'report:list',
      summary: 'The queue of reports, the oldest open one first',
      route: reportRoutes['report:list'],
      audience: 'admin',
      errors: ['cursor'],
      input: schema.reportQuery,
      output: schema.reportPage,
      handle: reports.list,
    }),
    operation({
      name: 'report:resolve',
      summary: 'Decide on a report',
      route: reportRoutes['report:resolve'],
      audience: 'admin',
      errors: ['not-found', 'stale-state', 'self'],
      input: schema.resolveReport,
      output: schema.adminReport,
      handle: reports.resolve,
    }),
  ]
}

export const reportFacts: AnyFact[] = [
  fact({ name: 'report:opened', summary: 'Somebody reported a person or a tip', namespace: '/', room: 'admin', data: schema.reportOpened }),
]
