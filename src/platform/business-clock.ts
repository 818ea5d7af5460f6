import { type Connection, Schema } from 'mongoose'
import type { Clock } from '../kernel/clock.ts'
import { rowOptions } from './mongo.ts'

interface OffsetRow {
  _id: 'business'
  /** how far business time is ahead of the machine's */
  offset_ms: number
}

export interface BusinessClock {
  readonly clock: Clock
  /** Reads how far the whole platform's clock was moved: another process may have done it. */
  refresh(): Promise<void>
  /** Moves it forward, never back. */
  moveTo(at: Date): Promise<void>
  offsetMs(): number
  readonly model: ReturnType<typeof modelOf>
}

/** Business time: that of the machine, and ahead of it by what a sandbox was moved. The offset is stored, so that it outlives the process. */
export function createBusinessClock({ connection, source }: { connection: Connection; source: Clock }): BusinessClock {
  const model = modelOf(connection)
  let ahead = 0
  const clock = Object.freeze({ now: () => new Date(source.now().getTime() + ahead) })

  return Object.freeze({ clock, refresh, moveTo, offsetMs: () => ahead, model })

  async function refresh(): Promise<void> {
    const row = await model.findById('business').lean()
    ahead = Math.max(ahead, row?.offset_ms ?? 0)
  }

  async function moveTo(at: Date): Promise<void> {
    await model.updateOne({ _id: 'business' }, { $max: { offset_ms: at.getTime() - source.now().getTime() } }, { upsert: true })
    await refresh()
  }
}

function modelOf(connection: Connection) {
  return connection.model<OffsetRow>('BusinessClock', new Schema<OffsetRow>({ _id: String, offset_ms: { type: Number, required: true, min: 0 } }, rowOptions<OffsetRow>('business_clock')))
}
