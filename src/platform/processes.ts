import { type Connection, Schema } from 'mongoose'
import type { Wall } from '../kernel/clock.ts'
import type { Logger } from '../kernel/context.ts'
import type { Job } from '../kernel/feature.ts'
import { rowOptions } from './mongo.ts'

const beatMs = 5_000
const deadMs = 20_000
const warnEveryBeats = 12

interface ProcessRow {
  _id: string
  started_at: Date
  seen_at: Date
  /** whether it talks to the others through Redis */
  joined: boolean
}

/** Which processes work on this store. Two that are not joined by Redis each tell only their own sockets: that is said loudly. */
export function createProcesses({ connection, wall, processId, joined, log }: { connection: Connection; wall: Wall; processId: string; joined: boolean; log: Logger }) {
  const Rows = connection.model<ProcessRow>(
    'Process',
    new Schema<ProcessRow>(
      { _id: String, started_at: { type: Date, required: true }, seen_at: { type: Date, required: true }, joined: { type: Boolean, required: true } },
      rowOptions<ProcessRow>('processes'),
    ).index({ seen_at: 1 }, { expireAfterSeconds: 24 * 3600 }),
  )
  const startedAt = wall.now()
  let beats = 0
  const job: Job = { name: 'processes.beat', every_ms: beatMs, run: beat }

  return Object.freeze({ announce, retire, alive, job, model: Rows })

  async function announce(): Promise<void> {
    await mark()
    await warnOfStrangers()
  }

  async function retire(): Promise<void> {
    await Rows.deleteOne({ _id: processId })
  }

  /** Ids of all processes that were seen lately, this one among them. */
  async function alive(withinMs = deadMs): Promise<string[]> {
    const rows = await Rows.find({ seen_at: { $gt: new Date(wall.now().getTime() - withinMs) } }, { _id: 1 }).lean()
    return rows.map((row) => row._id)
  }

  async function beat(): Promise<void> {
    await mark()
    if (beats++ % warnEveryBeats === 0) await warnOfStrangers()
  }

  async function mark(): Promise<void> {
    await Rows.updateOne({ _id: processId }, { $set: { seen_at: wall.now(), joined, started_at: startedAt } }, { upsert: true })
  }

  async function warnOfStrangers(): Promise<void> {
    const others = await Rows.find({ _id: { $ne: processId }, seen_at: { $gt: new Date(wall.now().getTime() - deadMs) } }).lean()
    if (others.length === 0 || (joined && others.every((each) => each.joined))) return
    log.error(
      { processes: others.length + 1 },
      'SEVERAL PROCESSES WORK ON THIS STORE AND REDIS DOES NOT JOIN THEM ALL: facts reach the sockets of one process only, limits count per process. Set the same REDIS_URL for each',
    )
  }
}

export type Processes = ReturnType<typeof createProcesses>
