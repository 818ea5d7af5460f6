import Joi from 'joi'
import type { ClientSession } from 'mongodb'
import { createInputReader } from '../platform/input.ts'
import type { Store } from './store.ts'

/** How badly this company behaves. All off: it behaves well. */
export interface Faults {
  /** so many more copies of each webhook, at the same instant and on connections of their own */
  duplicate: number
  /** webhooks wait for a later one to overtake them; one that stays alone leaves after two seconds */
  reorder: boolean
  /** each webhook leaves so much later */
  delay_ms: number
  /** so many webhooks from now are never sent; true: none is */
  drop: number | boolean
  /** each webhook is accompanied by two that lie: one signed by a stranger, one not signed at all */
  forge: boolean
  /** a new checkout is kept, and its request never answered */
  timeout_after_charge: boolean
}

/** What is left out stays; null, false and 0 put an end to it. */
export type FaultSettings = { [Name in keyof Faults]?: Faults[Name] | null }

const none: Faults = Object.freeze({ duplicate: 0, reorder: false, delay_ms: 0, drop: 0, forge: false, timeout_after_charge: false })

const maxDelayMs = 72 * 3600_000
// Numbers may be turned off by false and switches by 0: one rule for all.
const count = (max: number) => Joi.alternatives(Joi.number().integer().min(0).max(max), Joi.valid(false, null))
const flag = Joi.alternatives(Joi.boolean(), Joi.valid(0, null))
const settings = Joi.object<FaultSettings>({
  duplicate: count(100),
  reorder: flag,
  delay_ms: count(maxDelayMs),
  drop: Joi.alternatives(Joi.number().integer().min(0).max(100_000), Joi.boolean(), Joi.valid(null)),
  forge: flag,
  timeout_after_charge: flag,
})

export type FaultSwitches = ReturnType<typeof createFaults>

/** Kept in the database, so that a fault outlives a restart and all processes have it. */
export function createFaults(store: Store) {
  const check = createInputReader(settings)

  return Object.freeze({ read, set, takeDrop })

  async function read(session?: ClientSession): Promise<Faults> {
    const row = await store.settings.findOne({ _id: 'faults' }, { projection: { _id: 0 }, ...(session ? { session } : {}) })
    return { ...none, ...row }
  }

  /** @throws AppError `validation`, for unknown names too */
  async function set(changes: FaultSettings): Promise<Faults> {
    const wanted = check(changes) as FaultSettings
    const values = Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, value || none[name as keyof Faults]]))
    if (Object.keys(values).length > 0) await store.settings.updateOne({ _id: 'faults' }, { $set: values }, { upsert: true })
    return read()
  }

  /** Whether the webhook that is being written is one of those that get lost. */
  async function takeDrop({ drop }: Faults, session: ClientSession): Promise<boolean> {
    if (typeof drop === 'boolean') return drop
    if (drop === 0) return false
    const taken = await store.settings.updateOne({ _id: 'faults', drop: { $gt: 0 } }, { $inc: { drop: -1 } }, { session })
    return taken.modifiedCount === 1
  }
}
