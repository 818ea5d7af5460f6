import type { Context, Logger } from '../../kernel/context.ts'
import { type Check, defineFeature, type Feature, type Violation } from '../../kernel/feature.ts'
import { operation } from '../../kernel/operation.ts'
import { adminRoutes, type SandboxFaults } from './contract.ts'
import * as schema from './schema.ts'

export interface SandboxControls {
  set(faults: SandboxFaults): Promise<Required<SandboxFaults>>
}

const checkEveryMs = 10 * 60_000

/** What an admin asks of the whole: do the invariants hold? And, with the sandbox on, what shall go wrong? */
export function createAdmin({ checks, sandbox, log }: { checks: () => readonly Check[]; sandbox: SandboxControls | undefined; log: Logger }): { feature: Feature; check: typeof check } {
  const feature = defineFeature({
    name: 'admin',
    operations: [
      operation({
        name: 'admin:check',
        route: adminRoutes['admin:check'],
        audience: 'admin',
        errors: [],
        cost: 10,
        input: schema.check,
        output: schema.violations,
        handle: async (_ctx: Context, { full = false }) => ({ violations: await check(full) }),
      }),
      ...(sandbox
        ? [
            operation({
              name: 'sandbox:faults',
              route: adminRoutes['sandbox:faults'],
              audience: 'admin' as const,
              door: 'http' as const,
              errors: [],
              input: schema.setFaults,
              output: schema.presentFaults,
              handle: (_ctx: Context, faults: SandboxFaults) => sandbox.set(faults),
            }),
          ]
        : []),
    ],
    jobs: [{ name: 'admin.check', every_ms: checkEveryMs, run: checkAndTell }],
  })
  return { feature, check }

  async function checkAndTell(): Promise<void> {
    for (const violation of await check(false)) log.error({ violation }, 'an invariant does not hold')
  }

  async function check(full: boolean): Promise<Violation[]> {
    const found: Violation[] = []
    for (const each of checks()) found.push(...(await each.run({ full })))
    return found
  }
}
