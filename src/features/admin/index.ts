import type { Wall } from '../../kernel/clock.ts'
import type { Logger } from '../../kernel/context.ts'
import type { Context } from '../../kernel/context.ts'
import { type Check, defineFeature, type Feature, type Violation } from '../../kernel/feature.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { JobState } from '../../platform/jobs.ts'
import type { Mails } from '../../platform/mail.ts'
import type { Maintenance } from '../../platform/maintenance.ts'
import type { Outbox } from '../../platform/outbox.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { AccountService } from '../accounts/index.ts'
import { createDeliveries } from './deliveries.ts'
import { createRecords } from './records.ts'
import type { SandboxFaults } from './contract.ts'
import { adminOperations, maintenanceOperations, type SandboxControls, sandboxOperations } from './operations.ts'

const checkEveryMs = 10 * 60_000

/** What an admin asks of the whole: do the invariants hold, what is stuck, how do the jobs go? And, with the sandbox on, what shall go wrong? */
export function createAdmin({
  checks,
  jobs,
  outbox,
  audit,
  accounts,
  mails,
  cursors,
  wall,
  sandbox,
  maintenance,
  unitOfWork,
  onViolation,
  onChecked,
  log,
}: {
  checks: () => readonly Check[]
  jobs: () => JobState[]
  outbox: Outbox
  audit: Audit
  accounts: Pick<AccountService, 'namesOf'>
  mails: Mails
  cursors: Cursors
  wall: Wall
  sandbox: SandboxControls | undefined
  maintenance: Maintenance
  unitOfWork: UnitOfWork
  onViolation: (check: string) => void
  /** told what each check found, and whether it walked everything */
  onChecked: (violations: readonly Violation[], full: boolean) => Promise<void>
  log: Logger
}): { feature: Feature; check: typeof check } {
  const deliveries = createDeliveries({ outbox, unitOfWork, audit, cursors, wall })
  const presentJobs = () => jobs().map((job) => ({ ...job, last_run_at: job.last_run_at?.toISOString() ?? null }))
  const feature = defineFeature({
    name: 'admin',
    operations: [
      ...adminOperations({ check: checkFor, deliveries, records: createRecords({ audit, accounts, mails, cursors }), jobs: presentJobs }),
      ...maintenanceOperations({ maintenance, audit, unitOfWork }),
      ...(sandbox ? sandboxOperations({ read: sandbox.read, set: setFaults }) : []),
    ],
    jobs: [{ name: 'admin.check', every_ms: checkEveryMs, run: checkAndTell }],
    models: [maintenance.model],
  })
  return { feature, check }

  async function checkFor(ctx: Context, full: boolean): Promise<Violation[]> {
    const violations = await check(full)
    await unitOfWork.run(ctx, (tx) => audit.record(tx, ctx, { action: 'admin.checked', subject: 'platform', details: { full, violations: violations.length } }))
    return violations
  }

  async function setFaults(ctx: Context, faults: SandboxFaults): Promise<Required<SandboxFaults>> {
    await unitOfWork.run(ctx, (tx) => audit.record(tx, ctx, { action: 'sandbox.faults-set', subject: 'sandbox', details: Object.fromEntries(Object.entries(faults).map(([fault, to]) => [fault, to ?? 'off'])) }))
    return (sandbox as SandboxControls).set(faults)
  }

  async function checkAndTell(): Promise<void> {
    for (const violation of await check(false)) log.error({ violation }, 'an invariant does not hold')
  }

  async function check(full: boolean): Promise<Violation[]> {
    const found: Violation[] = []
    for (const each of checks()) found.push(...(await each.run({ full })))
    for (const violation of found) onViolation(violation.check)
    await onChecked(found, full)
    return found
  }
}
