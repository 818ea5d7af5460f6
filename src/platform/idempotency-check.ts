import type { Wall } from '../kernel/clock.ts'
import type { Check, Effect, Violation } from '../kernel/feature.ts'
import type { Idempotency, IdempotencyRow } from './idempotency.ts'

const name = 'idempotency.one-effect'
const pageSize = 500
const maxReported = 100

/** I13: one key of one principal and operation has one request, one answer and one effect, which is there and belongs to that principal. */
export function createIdempotencyCheck({ idempotency, effects, wall }: { idempotency: Idempotency; effects: readonly Effect[]; wall: Wall }): Check {
  const byOperation = new Map(effects.map((each) => [each.operation, each]))

  return { name, run }

  async function run(): Promise<Violation[]> {
    const found: Violation[] = []
    const named = new Map<string, string>()
    for (let after = ''; ; ) {
      const rows = await idempotency.model
        .find({ _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(pageSize)
        .lean()
      const owners = await ownersOf(rows)
      for (const row of rows) {
        const fault = faultOf(row, owners, named)
        if (fault) found.push({ check: name, detail: fault, subject: row._id })
      }
      if (rows.length < pageSize || found.length >= maxReported) return found.slice(0, maxReported)
      after = rows.at(-1)?._id ?? ''
    }
  }

  function faultOf(row: IdempotencyRow, owners: ReadonlyMap<string, string | readonly string[]>, named: Map<string, string>): string | undefined {
    const { principal, effect } = partsOf(row)
    if (!effect) return 'is of an operation that takes no key'
    if (!row.request_hash) return 'does not say which request it answered'
    const id = effectIdOf(row, effect)
    if (id === undefined) return faultWithoutEffect(row)
    if (row.state === 'done' && row.resource_id !== undefined && row.resource_id !== id) return `answers ${id}, its intent was ${row.resource_id}`
    const key = keyOf(effect, id)
    const other = named.get(key)
    named.set(key, row._id)
    const owner = owners.get(key)
    if (other && typeof owner === 'string') return `made ${id}, and so did ${other}`
    if (owner === undefined) return `made ${id}, which is not there`
    return owner === principal || (typeof owner !== 'string' && owner.includes(principal)) ? undefined : `made ${id}, which belongs to somebody else`
  }

  function faultWithoutEffect(row: IdempotencyRow): string | undefined {
    if (row.state === 'done') return 'is done and names nothing that it made'
    const isOver = (row.lease_until?.getTime() ?? 0) <= wall.now().getTime()
    return isOver ? 'was started, its lease is over, and it names no intent' : undefined
  }

  async function ownersOf(rows: readonly IdempotencyRow[]): Promise<ReadonlyMap<string, string | readonly string[]>> {
    const ids = new Map<Effect, string[]>()
    for (const row of rows) {
      const { effect } = partsOf(row)
      const id = effect && effectIdOf(row, effect)
      if (effect && id !== undefined) ids.set(effect, [...(ids.get(effect) ?? []), id])
    }
    const pages = await Promise.all([...ids].map(async ([effect, some]) => [...(await effect.ownersOf(some))].map(([id, owner]) => [keyOf(effect, id), owner] as const)))
    return new Map(pages.flat())
  }

  function partsOf(row: IdempotencyRow): { principal: string; effect: Effect | undefined } {
    const [principal = '', operation = ''] = row._id.split('|')
    return { principal, effect: byOperation.get(operation) }
  }
}

// One thing may be made by one operation and changed by another: each has a say of its own.
function keyOf({ operation }: Effect, id: string): string {
  return `${operation} ${id}`
}

function effectIdOf(row: IdempotencyRow, { field }: Effect): string | undefined {
  if (row.state === 'started') return row.resource_id
  const id = (row.answer as Record<string, unknown> | null | undefined)?.[field]
  return typeof id === 'string' ? id : undefined
}
