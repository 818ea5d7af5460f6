import type { Store } from './commands/command.ts'
import { decode } from './document.ts'
import { rangeOf } from './keys.ts'

const everyMs = 60_000
const garbageEveryMs = 1_000
const page = 1_000
const sessionKeptMs = 3 * 24 * 3_600_000

export interface SweepOptions {
  everyMs?: number
  now?: () => number
  onFailure?: (error: unknown) => void
}

/** What goes by itself: documents past their time, cursors that nobody asks any more, sessions that ended long ago, what a drop has left. */
export function createSweeps(store: Store, { everyMs: every = everyMs, now = Date.now, onFailure = () => {} }: SweepOptions = {}): { stop(): Promise<void> } {
  let stopped = false
  const timers = [repeat(sweep, every), repeat(collectGarbage, Math.min(every, garbageEveryMs))]
  return { stop }

  async function stop(): Promise<void> {
    stopped = true
    await Promise.all(timers.map((timer) => timer.stop()))
  }

  async function sweep(): Promise<void> {
    store.cursors.sweep()
    store.sessions.sweep()
    await expireDocuments()
    await forgetSessions()
  }

  async function collectGarbage(): Promise<void> {
    while (!stopped && (await store.catalog.takeGarbage(page)));
  }

  async function expireDocuments(): Promise<void> {
    for (const collection of store.engine.look((transaction) => store.catalog.list(transaction)))
      for (const { spec } of collection.indexes) {
        if (spec.expireAfterSeconds === undefined) continue
        const [field = '_id'] = Object.keys(spec.key)
        const limit = new Date(now() - spec.expireAfterSeconds * 1_000)
        let gone = page
        while (gone === page && !stopped) gone = await expirePage(collection.namespace, { $and: [{ [field]: { $lt: limit } }, spec.partialFilterExpression ?? {}] })
      }
  }

  async function expirePage(namespace: string, filter: Record<string, unknown>): Promise<number> {
    const deadline = performance.now() + every
    await store.gates.pass(namespace, { transaction: undefined, deadline })
    return store.engine.alone((transaction) => {
      const present = store.catalog.find(transaction, namespace)
      if (!present) return 0
      const old = [...store.records.select(transaction, present, { filter, limit: page })]
      for (const record of old) store.records.remove(transaction, present, record)
      return old.length
    }, deadline)
  }

  async function forgetSessions(): Promise<void> {
    await store.engine.alone((transaction) => {
      const { start, end } = rangeOf.sessions()
      for (const { key, value } of transaction.range(start, end)) if (now() - (decode(value)['at'] as Date).getTime() > sessionKeptMs) transaction.put(key, null)
    })
  }

  function repeat(work: () => Promise<void>, ms: number): { stop(): Promise<void> } {
    let running: Promise<void> | undefined
    const timer = setInterval(() => {
      running ??= work()
        .catch(onFailure)
        .finally(() => (running = undefined))
    }, ms)
    timer.unref()
    return {
      async stop() {
        clearInterval(timer)
        await running
      },
    }
  }
}
