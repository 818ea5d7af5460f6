import type { Routes } from '../../kernel/operation.ts'

/** One journey of business time. */
export interface ClockRun {
  run_id: string
  /** ISO 8601 duration */
  by: string
  from: string
  /** where it was to end; where it did, unless it is stuck or was cut off */
  to: string
  /** `stuck`: a row was due and would not go on; `cut`: the process ended in the middle */
  state: 'running' | 'done' | 'stuck' | 'cut'
  started_at: string
  finished_at: string | null
  /** how many rows of which table went on */
  ran: { table: string; rows: number }[]
  /** the row that would not */
  stuck: string | null
}

export interface ClockState {
  /** business time */
  now: string
  /** how far that is ahead of the machine's */
  offset_ms: number
  /** whether it can be moved here: with the sandbox, outside of production */
  movable: boolean
  /** what is due next, of each table in which something waits */
  next: { table: string; at: string }[]
  /** the last journeys, newest first */
  runs: ClockRun[]
}

export interface ClockOperations {
  'clock:now': { input: Record<string, never>; output: { now: string; offset_ms: number } }
  'clock:read': { input: Record<string, never>; output: ClockState }
  'clock:advance': { input: { by: string }; output: { now: string } }
}

export const clockRoutes = {
  'clock:now': 'GET /api/v1/clock',
  'clock:read': 'GET /api/v1/admin/clock',
  'clock:advance': 'POST /api/v1/admin/clock/advance',
} as const satisfies Routes<ClockOperations>

export interface ClockFacts {
  /** how far a journey is */
  'clock:moved': ClockRun & { now: string }
}
