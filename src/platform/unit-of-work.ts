import type { ClientSession, Connection } from 'mongoose'
import type { Wall } from '../kernel/clock.ts'
import type { Context, Once } from '../kernel/context.ts'
import { AppError, fail } from '../kernel/errors.ts'
import type { Tx } from '../kernel/events.ts'
import type { Idempotency } from './idempotency.ts'
import { type Insert, insertByCollection, type Insertion } from './insertions.ts'
import { createKeyedQueue } from './keyed-queue.ts'
import type { Outbox, PublishedEvent } from './outbox.ts'
import { inTransaction, sessionOf } from './transactions.ts'

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
  insert = insertByCollection,
  onCommitted,
  onRetry = () => {},
}: {
  connection: Connection
  outbox: Outbox
  idempotency: Idempotency
  wall: Wall
  /** the quickest way that the store has; any has the default */
  insert?: Insert
  onCommitted: (published: PublishedEvent[]) => void
  /** a conflict: the work runs again */
  onRetry?: () => void
}): UnitOfWork {
  const running = new WeakSet<ClientSession>()
  const turns = createKeyedQueue(maxWaiting)

  return Object.freeze({ run, read, staged, isInside })

  function isInside(): boolean {
    const session = sessionOf(connection)
    return session !== undefined && running.has(session)
  }

  async function run<T>(ctx: Context, work: (tx: Tx) => Promise<T>, turn?: string): Promise<T> {
    if (isInside()) throw new Error('A transaction was opened inside a transaction: pass the tx on instead')
    return turn ? turns.run(turn, () => commitOrReplay(ctx, work)) : commitOrReplay(ctx, work)
  }

  // Whatever stopped it may be the work of a twin under the same key, its row, or the money that it spent: then its answer is the answer.
  async function commitOrReplay<T>(ctx: Context, work: (tx: Tx) => Promise<T>): Promise<T> {
    try {
      return await commit(ctx, work)
    } catch (error) {
      const earlier = isRefusal(error) ? await idempotency.earlier(ctx) : undefined
      if (!earlier) throw error
      return earlier.answer as T
    }
  }

  async function commit<T>(ctx: Context, work: (tx: Tx) => Promise<T>): Promise<T> {
    const deadline = wall.now().getTime() + budgetMs
    let published: PublishedEvent[] = []
    let answer: T | undefined
    let attempts = 0
    await inTransaction(connection, async (session) => {
      running.add(session)
      // withTransaction would go on for two minutes; nobody waits that long for an answer.
      if (wall.now().getTime() > deadline) fail('retry', { retry_after_ms: 1000 })
      published = []
      if (attempts > 0) onRetry()
      // The caller looked before the first attempt; what a second one has lost to may be a twin that is there now.
      const earlier = attempts++ > 0 ? await idempotency.earlier(ctx) : undefined
      if (earlier) {
        answer = earlier.answer as T
        return
      }
      let waiting: Insertion[] = []
      const tx: Tx = {
        insert(into, rows) {
          for (const row of rows) waiting.push({ into, row } as unknown as Insertion)
        },
        async flush() {
          const now = waiting
          waiting = []
          if (now.length > 0) await insert(session, now)
        },
        async publish(name, payload) {
          published.push(outbox.eventOf(name, payload))
        },
      }
      answer = await work(tx)
      outbox.store(tx, published)
      if (ctx.once) await idempotency.store(tx, ctx.once, answer)
      await tx.flush()
    })
    onCommitted(published)
    return answer as T
  }

  async function read<T>(work: () => Promise<T>): Promise<T> {
    let answer: T | undefined
    await inTransaction(connection, async () => {
      answer = await work()
    })
    return answer as T
  }

  async function staged<T>(ctx: Context, { intend, settle }: { intend: (tx: Tx) => Promise<string>; settle: (resourceId: string) => Promise<T> }): Promise<T> {
    const once = ctx.once
    if (!once) throw new Error('A staged operation needs an idempotency key')
    const unfinished = await idempotency.claim(once)
    if (unfinished) return goOn(once, () => settle(unfinished))
    const step: Context = { ...ctx, once: undefined }
    let made: { resourceId: string } | { earlier: unknown } | undefined
    await run(step, async (tx) => {
      const earlier = await idempotency.earlier(ctx)
      if (earlier) {
        made = { earlier: earlier.answer }
        return
      }
      const resourceId = await intend(tx)
      idempotency.begin(tx, once, resourceId)
      made = { resourceId }
    })
    if (!made) throw new Error('The intent was neither stored nor found')
    if ('earlier' in made) return made.earlier as T
    const { resourceId } = made
    return goOn(once, () => settle(resourceId))
  }

  // A definite no burns no key. What is unknown goes on from its intent, and who sends the key again must not meet the lease of this call.
  async function goOn<T>(once: Once, settle: () => Promise<T>): Promise<T> {
    once.staged = true
    try {
      return await settle()
    } catch (error) {
      const isFinal = error instanceof AppError && error.status < 500
      await (isFinal ? idempotency.forget(once) : idempotency.release(once)).catch(() => {})
      throw error
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof AppError || (error as { code?: unknown }).code === 11000
}
