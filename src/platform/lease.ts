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
  /** what this process holds, as far as it was told */
  const held = new Map<string, Date>()

  return Object.freeze({ hold, release, releaseAll, model: Leases })

  /** Takes or prolongs a lease; one that still has half of its time needs no word to the store. False while somebody else has it. */
  async function hold(name: string, forMs: number): Promise<boolean> {
    const now = wall.now()
    if ((held.get(name)?.getTime() ?? 0) - now.getTime() > forMs / 2) return true
    held.delete(name)
    const until = new Date(now.getTime() + forMs)
    try {
      const result = await Leases.updateOne(
        { _id: name, $or: [{ owner }, { until: { $lte: now } }] },
        { $set: { owner, until } },
        { upsert: true },
      )
      if (result.matchedCount + result.upsertedCount !== 1) return false
      held.set(name, until)
      return true
    } catch (error) {
      if ((error as { code?: unknown }).code === 11000) return false
      throw error
    }
  }

  /** After a start as the only process: whoever held these is gone. */
  async function releaseAll(): Promise<void> {
    held.clear()
    await Leases.deleteMany({})
  }

  async function release(name: string): Promise<void> {
    held.delete(name)
    await Leases.deleteOne({ _id: name, owner })
  }
}

export type Leases = ReturnType<typeof createLeases>
