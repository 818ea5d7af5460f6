import { AsyncLocalStorage } from 'node:async_hooks'
import type { Connection } from 'mongoose'
import type { Wall } from '../kernel/clock.ts'
import type { Context } from '../kernel/context.ts'
import { fail } from '../kernel/errors.ts'
import type { Tx } from '../kernel/events.ts'
import type { Idempotency } from './idempotency.ts'
import { createKeyedQueue } from './keyed-queue.ts'
import type { Outbox, PublishedEvent } from './outbox.ts'

const budgetMs = 10_000
const maxWaiting = 1_000

export interface UnitOfWork {
  /**
   * One transaction: everything written in `work` happens together, with its facts and the answer under the caller's idempotency key, or
   * not at all. `work` may run again after a conflict, so it loads what it changes and has no other effect.
   * @param turn contenders for one account of this process take turns under this name
   * @throws AppError `retry` when conflicts used up the 10 s
   */
  run<T>(ctx: Context, work: (tx: Tx) => Promise<T>, turn?: string): Promise<T>
  /** One snapshot, no writes. */
  read<T>(work: () => Promise<T>): Promise<T>
  /**
   * For operations that ask another company in between: `intend` stores what is wanted and returns its id, `settle` goes on from there. A
   * caller that comes back with the same key after a crash goes on from the stored intent.
   */
  staged<T>(ctx: Context, stages: { intend: (tx: Tx) => Promise<string>; settle: (resourceId: string) => Promise<T> }): Promise<T>
  /** true inside `run`: there, a write without the transaction would be a bug */
  isInside(): boolean
}

export function createUnitOfWork({
  connection,
  outbox,
  idempotency,
  wall,
  onCommitted,
}: {
  connection: Connection
  outbox: Outbox
  idempotency: Idempotency
  wall: Wall
  onCommitted: (published: PublishedEvent[]) => void
}): UnitOfWork {
  const inside = new AsyncLocalStorage<true>()
  const turns = createKeyedQueue(maxWaiting)

  return Object.freeze({ run, read, staged, isInside: () => inside.getStore() === true })

  async function run<T>(ctx: Context, work: (tx: Tx) => Promise<T>, turn?: string): Promise<T> {
    if (inside.getStore()) throw new Error('A transaction was opened inside a transaction: pass the tx on instead')
    return turn ? turns.run(turn, () => commit(ctx, work)) : commit(ctx, work)
  }

  async function commit<T>(ctx: Context, work: (tx: Tx) => Promise<T>): Promise<T> {
    const deadline = wall.now().getTime() + budgetMs
    let published: PublishedEvent[] = []
    let answer: T | undefined
    await connection.transaction(
      () =>
        inside.run(true, async () => {
          // withTransaction would go on for two minutes; nobody waits that long for an answer.
          if (wall.now().getTime() > deadline) fail('retry', { retry_after_ms: 1000 })
          published = []
          const earlier = await idempotency.inTransaction(ctx)
          if (earlier) {
            answer = earlier.answer as T
            return
          }
          const tx: Tx = {
            async publish(name, payload) {
              published.push(await outbox.publish(name, payload))
            },
          }
          answer = await work(tx)
          if (ctx.once) await idempotency.store(ctx.once, answer)
        }),
      { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true }, readPreference: 'primary' },
    )
    onCommitted(published)
    return answer as T
  }

  async function read<T>(work: () => Promise<T>): Promise<T> {
    let answer: T | undefined
    await connection.transaction(
      async () => {
        answer = await work()
      },
      { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', journal: true }, readPreference: 'primary' },
    )
    return answer as T
  }

  async function staged<T>(ctx: Context, { intend, settle }: { intend: (tx: Tx) => Promise<string>; settle: (resourceId: string) => Promise<T> }): Promise<T> {
    const once = ctx.once
    if (!once) throw new Error('A staged operation needs an idempotency key')
    const unfinished = await idempotency.claim(once)
    if (unfinished) {
      once.staged = true
      return settle(unfinished)
    }
    const step: Context = { ...ctx, once: undefined }
    let made: { resourceId: string } | { earlier: unknown } | undefined
    await run(step, async (tx) => {
      const earlier = await idempotency.inTransaction(ctx)
      if (earlier) {
        made = { earlier: earlier.answer }
        return
      }
      const resourceId = await intend(tx)
      await idempotency.begin(once, resourceId)
      made = { resourceId }
    })
    if (!made) throw new Error('The intent was neither stored nor found')
    if ('earlier' in made) return made.earlier as T
    once.staged = true
    return settle(made.resourceId)
  }
}
