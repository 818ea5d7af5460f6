import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Connection } from 'mongoose'
import type { IndexedModel } from '../kernel/feature.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { PartSource } from './health.ts'
import type { Maintenance } from './maintenance.ts'
import type { Redis } from './redis.ts'

const probeTimeoutMs = 2_000
const indexesBelievedMs = 60_000
export const floorBytes = 200 * 1024 * 1024
const lateSeconds = 60

/** A write went through and is on disk. */
export function storePart(connection: Connection): PartSource {
  return {
    required: true,
    async read() {
      const started = performance.now()
      await connection.collection<{ _id: string; n: number }>('health').updateOne({ _id: 'probe' }, { $inc: { n: 1 } }, { upsert: true, timeoutMS: probeTimeoutMs })
      return { ok: true, detail: `a flushed write took ${Math.round(performance.now() - started)} ms` }
    },
  }
}

/** Every index that was asked for is there: one that somebody dropped would be a promise dropped. */
export function indexesPart(models: () => readonly IndexedModel[]): PartSource {
  let present = { at: Number.NEGATIVE_INFINITY, count: 0 }
  return {
    required: true,
    async read() {
      if (performance.now() - present.at > indexesBelievedMs) {
        const missing: string[] = []
        for (const model of models()) if ((await model.diffIndexes()).toCreate.length > 0) missing.push(model.modelName)
        if (missing.length > 0) return { ok: false, detail: `missing on ${missing.join(', ')}; a restart builds them` }
        present = { at: performance.now(), count: models().length }
      }
      return { ok: true, detail: `as declared on ${present.count} collections` }
    },
  }
}

/** A store on a full disk can't promise anything. */
export function diskPart(folder: string, required: boolean): PartSource {
  return {
    required,
    async read() {
      const free = await freeBytes(folder)
      return { ok: free >= floorBytes, detail: `${Math.floor(free / 1024 / 1024)} MB free for ${folder}, ${floorBytes / 1024 / 1024} MB are needed` }
    },
  }
}

/** News that is late, or was given up, is for the admin to look at: every process would tell the same. */
export function outboxPart({ oldestSeconds, parked }: Dispatcher): PartSource {
  return {
    required: false,
    async read() {
      const [oldest, given] = await Promise.all([oldestSeconds(), parked()])
      return { ok: oldest < lateSeconds && given === 0, detail: `the oldest delivery waits ${Math.round(oldest)} s, ${given} are parked` }
    },
  }
}

/** Without Redis every process still serves its own sockets, so its loss sends nobody away. */
export function redisPart(redis: Redis | undefined): PartSource {
  return {
    required: false,
    read: async () => (redis ? { ok: redis.state() === 'ready', detail: redis.state() } : { ok: true, detail: 'off: one process' }),
  }
}

export function maintenancePart(maintenance: Maintenance): PartSource {
  return {
    required: false,
    async read() {
      const { on, message, since } = await maintenance.current()
      return { ok: !on, detail: on ? `on since ${since}${message ? `: ${message}` : ''}` : 'off' }
    },
  }
}

/** @param folder may be missing yet: then of where it will be made */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(folder) === folder) throw error
    return freeBytes(dirname(folder))
  }
}
