import { type Connection, Schema } from 'mongoose'
import type { Wall } from '../kernel/clock.ts'
import { rowOptions } from './mongo.ts'

interface LeaseRow {
  _id: string
  owner: string
  until: Date
}

/** Thrift between processes: whoever holds the lease does the work, so that others need not try. Never the only guard of anything. */
export function createLeases({ connection, wall, owner }: { connection: Connection; wall: Wall; owner: string }) {
  const schema = new Schema<LeaseRow>({ _id: String, owner: { type: String, required: true }, until: { type: Date, required: true } }, rowOptions<LeaseRow>('leases'))
  const Leases = connection.model<LeaseRow>('Lease', schema)

  return Object.freeze({ hold, release, releaseAll, model: Leases })

  /** Takes or prolongs a lease. False while somebody else has it. */
  async function hold(name: string, forMs: number): Promise<boolean> {
    const now = wall.now()
    try {
      const result = await Leases.updateOne(
        { _id: name, $or: [{ owner }, { until: { $lte: now } }] },
        { $set: { owner, until: new Date(now.getTime() + forMs) } },
        { upsert: true },
      )
      return result.matchedCount + result.upsertedCount === 1
    } catch (error) {
      if ((error as { code?: unknown }).code === 11000) return false
      throw error
    }
  }

  /** After a start as the only process: whoever held these is gone. */
  async function releaseAll(): Promise<void> {
    await Leases.deleteMany({})
  }

  async function release(name: string): Promise<void> {
    await Leases.deleteOne({ _id: name, owner })
  }
}

export type Leases = ReturnType<typeof createLeases>
