import type { Bell } from '../../kernel/bell.ts'

/** How often a job of this feature looks for rows; each look sees as far as the next. */
export const dueEveryMs = 5_000
/** After as many as one look takes there may be more. Not at once: these may be the same, which can't be done just now. */
export const fullLookMs = 1_000

export function soonOf(now: Date): Date {
  return new Date(now.getTime() + dueEveryMs)
}

/** Of rows that are due soon those that are due now; for the others the bell rings in time. */
export function takeDue<T>(rows: readonly T[], dueAt: (row: T) => Date | null, { now, bell }: { now: Date; bell: Pick<Bell, 'ring'> }): T[] {
  const due: T[] = []
  for (const row of rows) {
    const inMs = (dueAt(row) ?? now).getTime() - now.getTime()
    if (inMs <= 0) due.push(row)
    else bell.ring(inMs)
  }
  return due
}
