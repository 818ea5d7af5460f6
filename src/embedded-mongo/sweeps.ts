import { decode } from './document.ts'
import type { Store } from './commands/command.ts'
import { rangeOf } from './keys.ts'

const everyMs = 60_000
const page = 1_000
const sessionKeptMs = 3 * 24 * 3_600_000

/** What goes by itself: documents past their time, cursors that nobody asks any more, sessions that ended long ago. */
export function createSweeps(store: Store, sweepEveryMs = everyMs): { stop(): void } {
  let running = false
  const timer = setInterval(() => {
    if (running) return
    running = true
    sweep()
      .catch(() => {})
      .finally(() => (running = false))
  }, sweepEveryMs)
  timer.unref()
  return { stop: () => clearInterval(timer) }

  async function sweep(): Promise<void> {
    store.cursors.sweep()
    await expireDocuments()
    await forgetSessions()
  }

  async function expireDocuments(): Promise<void> {
    for (const collection of store.engine.look((transaction) => store.catalog.list(transaction)))
      for (const { spec } of collection.indexes) {
        if (spec.expireAfterSeconds === undefined) continue
        const [field = '_id'] = Object.keys(spec.key)
        let gone = page
        while (gone === page) {
          await store.gates.pass(collection.namespace)
          const limit = new Date(Date.now() - spec.expireAfterSeconds * 1_000)
          gone = await store.engine.alone((transaction) => {
            const present = store.catalog.find(transaction, collection.namespace)
            if (!present) return 0
            const old = [...store.records.select(transaction, present, { filter: { [field]: { $lt: limit } }, limit: page })]
            for (const record of old) store.records.remove(transaction, present, record)
            return old.length
          })
        }
      }
  }

  async function forgetSessions(): Promise<void> {
    await store.engine.alone((transaction) => {
      const { start, end } = rangeOf.sessions()
      for (const { key, value } of transaction.range(start, end)) if (Date.now() - (decode(value)['at'] as Date).getTime() > sessionKeptMs) transaction.put(key, null)
    })
  }
}
