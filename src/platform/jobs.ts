import { Agenda } from 'agenda'
import { MongoBackend } from '@agendajs/mongo-backend'
import type { Connection } from 'mongoose'
import type { Wall } from '../kernel/clock.ts'
import type { Logger } from '../kernel/context.ts'
import type { Job } from '../kernel/feature.ts'
import { createTicker, type Ticker } from '../kernel/ticker.ts'

const minuteMs = 60_000
const drainMs = 5_000
/** Agenda asks for each of its jobs this often whether it is due. */
const lookEvery = '20 seconds'

export interface Jobs {
  start(): Promise<void>
  stop(): Promise<void>
  /** A clock was moved: each timer has a turn now. */
  wake(): void
  /** how each job has gone in this process */
  states(): JobState[]
}

export interface JobState {
  name: string
  every_ms: number
  /** `timer`: in every process; `scheduled`: in one of them, woken by Agenda */
  kind: 'timer' | 'scheduled'
  runs: number
  failures: number
  last_run_at: Date | null
  last_ms: number | null
  last_error: string | null
}

/**
 * Wakes recurring work; the rows decide what is due. Short sweeps are timers of this process, longer ones are Agenda's, which shares them
 * out among processes. Neither is trusted to run a thing exactly once.
 */
export function createJobs({ connection, jobs, wall, log }: { connection: Connection; jobs: readonly Job[]; wall: Wall; log: Logger }): Jobs {
  const sweeps = jobs.filter((job) => job.every_ms < minuteMs)
  const scheduled = jobs.filter((job) => job.every_ms >= minuteMs)
  const tickers: Ticker[] = []
  let agenda: Agenda | undefined
  const states = new Map(
    jobs.map(({ name, every_ms }): [string, JobState] => [
      name,
      { name, every_ms, kind: every_ms < minuteMs ? 'timer' : 'scheduled', runs: 0, failures: 0, last_run_at: null, last_ms: null, last_error: null },
    ]),
  )

  return Object.freeze({ start, stop, wake, states: () => [...states.values()] })

  async function start(): Promise<void> {
    for (const job of sweeps) tickers.push(startSweep(job))
    if (scheduled.length === 0) return
    const backend = new MongoBackend({ mongo: connection.getClient().db(connection.name), collection: 'agenda_jobs', ensureIndex: true })
    agenda = new Agenda({ backend, processEvery: lookEvery, defaultLockLifetime: 2 * minuteMs })
    agenda.on('error', (error: unknown) => log.error({ err: error }, 'the scheduler has trouble'))
    // oxlint-disable-next-line typescript/no-misused-promises -- of the two overloads, the one that waits for a promise is meant
    for (const job of scheduled) agenda.define(job.name, async () => attempt(job))
    await agenda.start()
    for (const job of scheduled) await agenda.every(job.every_ms, job.name)
  }

  async function stop(): Promise<void> {
    await Promise.all(tickers.splice(0).map((ticker) => ticker.stop()))
    // drain() lets running jobs end; stop() would unlock them in the middle.
    await agenda?.drain(drainMs)
    agenda = undefined
  }

  function wake(): void {
    for (const ticker of tickers) ticker.wakeIn(0)
  }

  // The first turn is at once: a process that was away has something to catch up with.
  function startSweep(job: Job): Ticker {
    const ticker = createTicker({ run: () => attempt(job), everyMs: job.every_ms, onError: (error) => log.error({ err: error, job: job.name }, 'a job could not even fail') })
    job.bell?.answer(ticker.wakeIn)
    ticker.start()
    ticker.wakeIn(0)
    return ticker
  }

  async function attempt(job: Job): Promise<void> {
    const startedAt = wall.now()
    let failure: string | undefined
    try {
      await job.run()
    } catch (error) {
      failure = error instanceof Error ? error.message.slice(0, 500) : 'unknown'
      log.warn({ err: error, job: job.name }, 'a job failed; its rows stay due')
    }
    const before = states.get(job.name) as JobState
    states.set(job.name, {
      ...before,
      runs: before.runs + 1,
      failures: before.failures + (failure === undefined ? 0 : 1),
      last_run_at: startedAt,
      last_ms: wall.now().getTime() - startedAt.getTime(),
      ...(failure === undefined ? {} : { last_error: failure }),
    })
  }
}
