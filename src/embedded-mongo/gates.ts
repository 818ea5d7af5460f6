import { subjectOf } from './catalog.ts'
import { mongoError } from './errors.ts'
import type { Transaction } from './transactions/engine.ts'

/** how long a transaction waits at a gate: whoever builds behind it may be waiting for this very transaction */
const transactionPatienceMs = 1_000

/** Closes a collection to new writers while it is being changed; those who write into it already go on. */
export interface Gates {
  /** @throws MongoError LockTimeout for a transaction, MaxTimeMSExpired at the deadline */
  pass(namespace: string, who: { transaction: Transaction | undefined; deadline: number }): Promise<void>
  alone<T>(namespace: string, work: () => Promise<T>): Promise<T>
}

export function createGates(): Gates {
  const closed = new Map<string, Promise<unknown>>()
  return Object.freeze({ pass, alone })

  async function pass(namespace: string, { transaction, deadline }: { transaction: Transaction | undefined; deadline: number }): Promise<void> {
    if (!closed.has(namespace) || transaction?.has(subjectOf(namespace))) return
    const patience = transaction ? performance.now() + transactionPatienceMs : Number.POSITIVE_INFINITY
    while (closed.has(namespace)) {
      if (performance.now() >= Math.min(patience, deadline))
        throw deadline <= patience ? mongoError('MaxTimeMSExpired', 'operation exceeded time limit') : mongoError('LockTimeout', `Unable to acquire the lock of ${namespace} in time: it is being changed`)
      await settledWithin(closed.get(namespace) as Promise<unknown>, Math.min(patience, deadline) - performance.now())
    }
  }

  async function alone<T>(namespace: string, work: () => Promise<T>): Promise<T> {
    while (closed.has(namespace)) await closed.get(namespace)
    const turn = work()
    closed.set(
      namespace,
      turn.then(
        () => {},
        () => {},
      ),
    )
    try {
      return await turn
    } finally {
      closed.delete(namespace)
    }
  }
}

async function settledWithin(turn: Promise<unknown>, ms: number): Promise<void> {
  if (ms === Number.POSITIVE_INFINITY) return void (await turn)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.max(0, ms))))
  await Promise.race([turn, late])
  clearTimeout(timer)
}
