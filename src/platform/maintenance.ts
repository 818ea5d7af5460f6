import { type Connection, Schema } from 'mongoose'
import type { Wall } from '../kernel/clock.ts'
import type { Context } from '../kernel/context.ts'
import { fail } from '../kernel/errors.ts'
import type { Tx } from '../kernel/events.ts'
import type { AnyOperation } from '../kernel/operation.ts'
import { rowOptions } from './mongo.ts'

interface MaintenanceRow {
  _id: string
  on: boolean
  message?: string
  since: Date
}

export interface MaintenanceState {
  on: boolean
  message?: string
  /** ISO instant of the last change; absent when there never was one */
  since?: string
}

const rowId = 'maintenance'
const believedMs = 3_000
const retryAfterMs = 15_000

export type Maintenance = ReturnType<typeof createMaintenance>

/** A switch in the store that every process sees within 5 s: while it is on, only admins write. Reads, webhooks and deliveries go on. */
export function createMaintenance({ connection, wall }: { connection: Connection; wall: Wall }) {
  const schema = new Schema<MaintenanceRow>({ _id: String, on: { type: Boolean, required: true }, message: String, since: { type: Date, required: true } }, rowOptions<MaintenanceRow>('switches'))
  const Switches = connection.model<MaintenanceRow>('Switch', schema)
  let known: { state: MaintenanceState; until: number } = { state: { on: false }, until: 0 }

  return Object.freeze({ set, read, current, ensureOpen, model: Switches })

  async function set(_tx: Tx, { on, message }: { on: boolean; message?: string }): Promise<void> {
    await Switches.replaceOne({ _id: rowId }, { on, ...(message ? { message } : {}), since: wall.now() }, { upsert: true })
  }

  /** As it is now; what this process believes from here on. */
  async function read(): Promise<MaintenanceState> {
    const now = wall.now().getTime()
    const row = await Switches.findById(rowId).lean()
    const state = row ? { on: row.on, ...(row.message ? { message: row.message } : {}), since: row.since.toISOString() } : { on: false }
    known = { state, until: now + believedMs }
    return state
  }

  /** As it was at most three seconds ago. */
  async function current(): Promise<MaintenanceState> {
    return known.until > wall.now().getTime() ? known.state : read()
  }

  /** @throws AppError `retry` with the admin's message when this would write, maintenance is on and no admin asks */
  async function ensureOpen(operation: Pick<AnyOperation, 'in_maintenance' | 'route'>, ctx: Context): Promise<void> {
    if (operation.in_maintenance || operation.route.startsWith('GET ')) return
    if (ctx.actor.kind === 'user' && ctx.actor.role === 'admin') return
    const { on, message } = await current()
    if (on) fail('retry', { detail: message ?? 'Maintenance: nothing can be changed for the moment', retry_after_ms: retryAfterMs })
  }
}
