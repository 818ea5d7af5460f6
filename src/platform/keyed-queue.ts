import { fail } from '../kernel/errors.ts'

export interface KeyedQueue {
  /** Runs one task a key at a time, in order. @throws AppError `retry` when too many wait for the key */
  run<T>(key: string, task: () => Promise<T>): Promise<T>
}

/**
 * Smooths contention: transactions on one account would only conflict and run again, so those of this process take turns. It is thrift,
 * not safety: the guard in the database decides.
 */
export function createKeyedQueue(maxWaiting: number): KeyedQueue {
  const tails = new Map<string, { last: Promise<unknown>; waiting: number }>()

  return Object.freeze({ run })

  async function run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const tail = tails.get(key) ?? { last: Promise.resolve(), waiting: 0 }
    if (tail.waiting >= maxWaiting) fail('retry', { retry_after_ms: 1000 })
    tail.waiting++
    tails.set(key, tail)
    const mine = tail.last.then(task)
    tail.last = mine.catch(() => {})
    try {
      return await mine
    } finally {
      if (--tail.waiting === 0) tails.delete(key)
    }
  }
}
