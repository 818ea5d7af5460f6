import type { Clock } from '../kernel/clock.ts'
import type { DueTable, Job } from '../kernel/feature.ts'

/** What looks at a table of due rows in ordinary time: page after page, until nothing moves any more. */
export function jobOf({ name, every_ms, bell, runDue }: DueTable, { clock, refresh }: { clock: Clock; refresh: () => Promise<void> }): Job {
  return { name, every_ms, ...(bell ? { bell } : {}), run }

  async function run(): Promise<void> {
    await refresh()
    while ((await runDue(clock.now())) > 0);
  }
}
