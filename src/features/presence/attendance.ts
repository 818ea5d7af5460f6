import type { Logger } from '../../kernel/context.ts'
import type { Redis } from '../../platform/redis.ts'

export type Present = 'online' | 'away'

/** Who is there, on whatever process. */
export interface Attendance {
  /** These are here, on this process. It is said again every few seconds, or it is over. */
  keep(here: ReadonlyMap<string, Present>): Promise<void>
  /** gone from this process */
  drop(userIds: readonly string[]): Promise<void>
  /** of those who are there; undefined while only this process can be asked */
  statesOf(userIds: readonly string[]): Promise<Map<string, Present> | undefined>
}

/** A process that died says nothing any more: its people are gone when this is over. */
export const keptMs = 8_000
const processesEveryMs = 2_000
const chunk = 1_000

/** One process knows its own people, and there are no others. */
export function createLoneAttendance(): Attendance {
  const there = new Map<string, Present>()
  return Object.freeze({
    async keep(here: ReadonlyMap<string, Present>) {
      for (const [userId, state] of here) there.set(userId, state)
    },
    async drop(userIds: readonly string[]) {
      for (const each of userIds) there.delete(each)
    },
    async statesOf(userIds: readonly string[]) {
      return new Map(userIds.flatMap((each) => (there.has(each) ? [[each, there.get(each) as Present]] : [])))
    },
  })
}

/** A key for each person and process, which runs out by itself. Nobody has to be told of a death for it to be noticed. */
export function createSharedAttendance({ redis, processId, recentProcesses, log }: { redis: Redis; processId: string; recentProcesses: () => Promise<string[]>; log: Logger }): Attendance {
  const { counters } = redis
  let processes: { ids: readonly string[]; at: number } | undefined

  return Object.freeze({ keep, drop, statesOf })

  // What does not get through now is said again in a moment; whoever is asked meanwhile knows that Redis is away.
  async function keep(here: ReadonlyMap<string, Present>): Promise<void> {
    await quietly(async () => {
      for (const some of chunksOf([...here])) {
        const pipeline = counters.pipeline()
        for (const [userId, state] of some) pipeline.set(keyOf(userId, processId), state, 'PX', keptMs)
        await pipeline.exec()
      }
    })
  }

  async function drop(userIds: readonly string[]): Promise<void> {
    await quietly(async () => {
      for (const some of chunksOf(userIds)) await counters.del(some.map((each) => keyOf(each, processId)))
    })
  }

  async function statesOf(userIds: readonly string[]): Promise<Map<string, Present> | undefined> {
    if (redis.state() !== 'ready') return undefined
    const ids = await processIds()
    const keys = userIds.flatMap((userId) => ids.map((each): [string, string] => [userId, keyOf(userId, each)]))
    const states = new Map<string, Present>()
    const answered = await quietly(async () => {
      for (const some of chunksOf(keys)) {
        const values = await counters.mget(some.map(([, key]) => key))
        for (const [at, value] of values.entries()) {
          const userId = some[at]?.[0] as string
          if (value === 'online' || (value === 'away' && !states.has(userId))) states.set(userId, value)
        }
      }
    })
    return answered ? states : undefined
  }

  async function processIds(): Promise<readonly string[]> {
    const now = performance.now()
    if (!processes || now - processes.at > processesEveryMs) processes = { ids: [...new Set([processId, ...(await recentProcesses())])], at: now }
    return processes.ids
  }

  async function quietly(work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      log.debug({ err: error }, 'Redis did not say who is there')
      return false
    }
  }

  function keyOf(userId: string, process: string): string {
    return `${redis.prefix}:presence:${userId}:${process}`
  }
}

function* chunksOf<T>(all: readonly T[]): Generator<T[]> {
  for (let from = 0; from < all.length; from += chunk) yield all.slice(from, from + chunk)
}
