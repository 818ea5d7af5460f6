import { Temporal } from 'temporal-polyfill'
import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { DueRow, DueTable } from '../../kernel/feature.ts'
import { newId } from '../../kernel/ids.ts'
import type { Audit } from '../../platform/audit.ts'
import type { BusinessClock } from '../../platform/business-clock.ts'
import type { Leases } from '../../platform/lease.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { ClockOperations, ClockRun, ClockState } from './contract.ts'
import type { RunModel, RunRow } from './model.ts'

const farthest = Temporal.Duration.from('P1Y')
const leaseMs = 60_000
const tellEveryMs = 500
const listed = 20
/** another process may be at the row that is due; then it is looked at again */
const patienceMs = 5_000
const pauseMs = 50

export interface TravelDependencies {
  Runs: RunModel
  business: BusinessClock
  /** every table of the platform, in the order in which they are gone through */
  dues: () => readonly DueTable[]
  /** ends when all that was set off has been delivered and applied */
  settled: () => Promise<void>
  /** only a sandbox has time to play with */
  movable: boolean
  unitOfWork: UnitOfWork
  audit: Audit
  leases: Leases
  relay: Relay
  clock: Clock
  wall: Wall
}

export type TimeTravel = ReturnType<typeof createTimeTravel>

interface Waiting extends DueRow {
  table: DueTable
}

/**
 * Moves business time from one due row to the next, and at each lets the same code do its work that does it in ordinary time. So a year
 * takes seconds, and nothing happens out of its order.
 */
export function createTimeTravel({ Runs, business, dues, settled, movable, unitOfWork, audit, leases, relay, clock, wall }: TravelDependencies) {
  let travelling = false

  return Object.freeze({ now, read, advance })

  function now(): ClockOperations['clock:now']['output'] {
    return { now: clock.now().toISOString(), offset_ms: business.offsetMs() }
  }

  async function read(): Promise<ClockState> {
    await business.refresh()
    const runs = await Runs.find({}).sort({ _id: -1 }).limit(listed).lean()
    const next = await waiting()
    return { ...now(), movable, next: next.map(({ table, at }) => ({ table: table.name, at: at.toISOString() })), runs: runs.map(presentRun) }
  }

  /**
   * @throws AppError `validation` for no time or more than a year, `forbidden` where time is real, `busy` while it is being moved, `stale-state`
   * when a row is due that would not go on: what ran until then has run
   */
  async function advance(ctx: Context, { by }: { by: string }): Promise<{ now: string }> {
    ensure(movable, 'forbidden', 'Time can be moved with the sandbox only, and never in production')
    await business.refresh()
    const from = clock.now()
    const to = targetOf(from, by)
    ensure(!travelling && (await leases.hold('clock', leaseMs)), 'busy', 'It is being moved already')
    travelling = true
    const run: RunRow = { _id: newId('run'), by, from, to, state: 'running', started_at: wall.now(), ran: [] }
    try {
      await begin(ctx, run)
      const stuck = await travel(run)
      const ended: RunRow = { ...run, state: stuck ? 'stuck' : 'done', finished_at: wall.now(), ...(stuck ? { stuck } : {}) }
      await Runs.updateOne({ _id: run._id }, { $set: ended })
      tell(ended)
      if (stuck) fail('stale-state', `${stuck} is due and does not go on; it is ${clock.now().toISOString()}`)
      return { now: clock.now().toISOString() }
    } finally {
      travelling = false
      await leases.release('clock')
    }
  }

  async function begin(ctx: Context, run: RunRow): Promise<void> {
    await Runs.updateMany({ state: 'running' }, { $set: { state: 'cut' } })
    await unitOfWork.run(ctx, async (tx) => {
      tx.insert(Runs, [run])
      await audit.record(tx, ctx, { action: 'clock.advanced', subject: 'platform', details: { by: run.by } })
    })
  }

  /** @returns the row that would not go on, if there is one */
  async function travel(run: RunRow): Promise<string | undefined> {
    let toldAt = 0
    let patienceUntil = 0
    for (;;) {
      await leases.hold('clock', leaseMs)
      const [first, ...others] = (await waiting()).filter(({ at }) => at <= run.to)
      if (!first) break
      if (first.at > clock.now()) await business.moveTo(first.at)
      const moved = await runAll([first, ...others].filter(({ at }) => at <= clock.now()), run)
      await settled()
      if (moved > 0) patienceUntil = 0
      else if (patienceUntil === 0) patienceUntil = wall.now().getTime() + patienceMs
      else if (wall.now().getTime() > patienceUntil) return `${first.table.name} ${first.row}`
      else await new Promise((resolve) => setTimeout(resolve, pauseMs))
      if (wall.now().getTime() - toldAt > tellEveryMs) {
        toldAt = wall.now().getTime()
        await Runs.updateOne({ _id: run._id }, { $set: { ran: run.ran } })
        tell(run)
      }
    }
    await business.moveTo(run.to)
    await settled()
    return undefined
  }

  async function runAll(tables: readonly Waiting[], run: RunRow): Promise<number> {
    let total = 0
    for (const { table } of tables) {
      const rows = await table.runDue(clock.now())
      if (rows > 0) count(run, table.name, rows)
      total += rows
    }
    return total
  }

  /** What is due first in each table, the earliest of all first; of those due together, in the order of the tables. */
  async function waiting(): Promise<Waiting[]> {
    const found: Waiting[] = []
    for (const table of dues()) {
      const first = await table.next()
      if (first) found.push({ ...first, table })
    }
    return found.toSorted((a, b) => a.at.getTime() - b.at.getTime())
  }

  // How far it is, for whoever looks on: told at once and to nobody later.
  function tell(run: RunRow): void {
    relay.emit({ event: 'clock:moved', rooms: [rooms.admin], data: { ...presentRun(run), now: clock.now().toISOString() } }, { event_id: newId('evt'), at: wall.now().toISOString() })
  }
}

function targetOf(from: Date, by: string): Date {
  const start = Temporal.Instant.fromEpochMilliseconds(from.getTime()).toZonedDateTimeISO('UTC')
  const end = start.add(by)
  const isWithin = Temporal.ZonedDateTime.compare(end, start) > 0 && Temporal.ZonedDateTime.compare(end, start.add(farthest)) <= 0
  ensure(isWithin, 'validation', { errors: [{ path: 'by', code: 'range', detail: 'is more than no time and at most a year, P1Y' }] })
  return new Date(end.epochMilliseconds)
}

function count(run: RunRow, table: string, rows: number): void {
  const counted = run.ran.find((each) => each.table === table)
  if (counted) counted.rows += rows
  else run.ran.push({ table, rows })
}

function presentRun({ _id, by, from, to, state, started_at, finished_at, ran, stuck }: RunRow): ClockRun {
  return {
    run_id: _id,
    by,
    from: from.toISOString(),
    to: to.toISOString(),
    state,
    started_at: started_at.toISOString(),
    finished_at: finished_at?.toISOString() ?? null,
    ran: ran.map(({ table, rows }) => ({ table, rows })),
    stuck: stuck ?? null,
  }
}
