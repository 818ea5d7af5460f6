import type { Context } from '../../kernel/context.ts'
import type { Violation } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { nothing } from '../../kernel/schema.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Maintenance } from '../../platform/maintenance.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { adminRoutes, type JobRun, type SandboxFaults, type SetMaintenance } from './contract.ts'
import type { Deliveries } from './deliveries.ts'
import type { Records } from './records.ts'
import * as schema from './schema.ts'

export interface SandboxControls {
  read(): Promise<Required<SandboxFaults>>
  set(faults: SandboxFaults): Promise<Required<SandboxFaults>>
}

/** The same, for whoever asks. */
export interface SandboxDesk {
  read(): Promise<Required<SandboxFaults>>
  set(ctx: Context, faults: SandboxFaults): Promise<Required<SandboxFaults>>
}

export function adminOperations({ check, deliveries, records, jobs }: { check: (ctx: Context, full: boolean) => Promise<Violation[]>; deliveries: Deliveries; records: Records; jobs: () => JobRun[] }): AnyOperation[] {
  return [
    operation({
      name: 'admin:check',
      summary: 'Check every invariant of money and deliveries',
      route: adminRoutes['admin:check'],
      audience: 'admin',
      errors: [],
      cost: 10,
      input: schema.check,
      output: schema.violations,
      handle: async (ctx: Context, { full = false }) => ({ violations: await check(ctx, full) }),
    }),
    operation({
      name: 'delivery:list',
      summary: 'Facts on their way to subscribers: parked ones, or those still due',
      route: adminRoutes['delivery:list'],
      audience: 'admin',
      errors: ['cursor'],
      input: schema.deliveryQuery,
      output: schema.deliveryPage,
      handle: deliveries.list,
    }),
    operation({
      name: 'delivery:retry',
      summary: 'Try a delivery again now',
      route: adminRoutes['delivery:retry'],
      audience: 'admin',
      errors: ['not-found'],
      input: schema.retry,
      output: schema.delivery,
      handle: deliveries.retry,
    }),
    operation({
      name: 'audit:list',
      summary: 'Who did what, newest first',
      route: adminRoutes['audit:list'],
      audience: 'admin',
      errors: ['cursor'],
      input: schema.auditQuery,
      output: schema.auditPage,
      handle: records.listAudit,
    }),
    operation({
      name: 'mail:list',
      summary: 'The mails of the last week; with their text where no mail server is set',
      route: adminRoutes['mail:list'],
      audience: 'admin',
      errors: ['cursor'],
      input: schema.mailQuery,
      output: schema.mailPage,
      handle: records.listMails,
    }),
    operation({
      name: 'job:list',
      summary: 'The recurring jobs and how they went in this process',
      route: adminRoutes['job:list'],
      audience: 'admin',
      errors: [],
      input: nothing,
      output: schema.jobList,
      handle: async () => ({ data: jobs() }),
    }),
  ]
}

export function maintenanceOperations({ maintenance, audit, unitOfWork }: { maintenance: Maintenance; audit: Audit; unitOfWork: UnitOfWork }): AnyOperation[] {
  return [
    operation({
      name: 'maintenance:set',
      summary: 'Stop everybody but admins from changing anything, or let them again',
      route: adminRoutes['maintenance:set'],
      audience: 'admin',
      errors: [],
      input: schema.setMaintenance,
      output: schema.maintenance,
      handle: async (ctx: Context, wish: SetMaintenance) => {
        await unitOfWork.run(ctx, async (tx) => {
          await maintenance.set(tx, wish)
          await audit.record(tx, ctx, { action: wish.on ? 'maintenance.begun' : 'maintenance.ended', subject: 'platform' })
        })
        return maintenance.read()
      },
    }),
    operation({
      name: 'maintenance:read',
      summary: 'Whether maintenance is on, and since when',
      route: adminRoutes['maintenance:read'],
      audience: 'admin',
      errors: [],
      input: nothing,
      output: schema.maintenance,
      handle: maintenance.read,
    }),
  ]
}

/** Only where the sandbox company is one of the providers. */
export function sandboxOperations(sandbox: SandboxDesk): AnyOperation[] {
  return [
    operation({
      name: 'sandbox:faults',
      summary: 'Set what the sandbox payment company does wrong',
      ...adminRoutes['sandbox:faults'],
      audience: 'admin',
      errors: [],
      input: schema.setFaults,
      output: schema.presentFaults,
      handle: sandbox.set,
    }),
    operation({
      name: 'sandbox:read-faults',
      summary: 'What the sandbox payment company does wrong at present',
      ...adminRoutes['sandbox:read-faults'],
      audience: 'admin',
      errors: [],
      input: nothing,
      output: schema.presentFaults,
      handle: () => sandbox.read(),
    }),
  ]
}
