import type { Meta } from './line.ts'

const remembered = 2_000

/**
 * Says whether a fact is news. It is not when the same event was told before, nor when a newer version of the same thing was: facts come at
 * least once and in no order.
 */
export function createNewsFilter(): (fact: string, data: unknown, meta: Meta | undefined) => boolean {
  const events = new Set<string>()
  const versions = new Map<string, number>()

  return (fact, data, meta) => {
    const { version, thing } = identityOf(fact, data)
    if (meta) {
      // One event may tell of several things, as when many speak at once.
      const event = `${thing} ${meta.event_id}`
      if (events.has(event)) return false
      events.add(event)
      forgetOldest(events)
    }
    if (version === undefined) return true
    if (version < (versions.get(thing) ?? 0)) return false
    versions.delete(thing)
    versions.set(thing, version)
    forgetOldest(versions)
    return true
  }
}

/** What carries a version names itself first. */
function identityOf(fact: string, data: unknown): { thing: string; version: number | undefined } {
  const entries = Object.entries((data ?? {}) as Record<string, unknown>)
  const version = entries.find(([name]) => name === 'version')?.[1]
  const id = entries.find(([name]) => name.endsWith('_id'))?.[1]
  return { thing: `${fact} ${String(id)}`, version: typeof version === 'number' ? version : undefined }
}

function forgetOldest(kept: Set<string> | Map<string, number>): void {
  if (kept.size > remembered) kept.delete(kept.keys().next().value as string)
}
