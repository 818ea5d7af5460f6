import type { Bell } from '../../kernel/bell.ts'
import type { Clock } from '../../kernel/clock.ts'

/** How often a job of this feature looks for rows; each look sees as far as the next. */
export const dueEveryMs = 5_000
/** After as many as one look takes there may be more. Not at once: these may be the same, which can't be done just now. */
export const fullLookMs = 1_000

export function soonOf(clock: Clock): Date {
  return new Date(clock.now().getTime() + dueEveryMs)
}

/** Of rows that are due soon those that are due now; for the others the bell rings in time. */
export function takeDue<T>(rows: readonly T[], dueAt: (row: T) => Date | null, { clock, bell }: { clock: Clock; bell: Pick<Bell, 'ring'> }): T[] {
  const now = clock.now().getTime()
  const due: T[] = []
  for (const row of rows) {
    const inMs = (dueAt(row)?.getTime() ?? now) - now
    if (inMs <= 0) due.push(row)
    else bell.ring(inMs)
  }
  return due
}
