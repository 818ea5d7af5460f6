export interface Batches<T, R> {
  /** Resolves when the batch that holds the item is done, with what came of the item; rejects when it failed. */
  add(key: string, item: T): Promise<R>
}

interface Waiting<T, R> {
  item: T
  resolve: (result: R) => void
  reject: (error: unknown) => void
}

/**
 * Does many small things to one place together: one batch a key is under way, what comes meanwhile goes with the next. A counter that a
 * thousand facts want to move is moved a few dozen times instead.
 * @param work answers what came of each item, in their order, where something did
 */
export function createBatches<T, R = void>(maxSize: number, work: (key: string, items: T[]) => Promise<readonly R[] | void>): Batches<T, R> {
  const queues = new Map<string, Waiting<T, R>[]>()

  return Object.freeze({ add })

  function add(key: string, item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      const queue = queues.get(key)
      queue?.push({ item, resolve, reject })
      if (queue) return
      queues.set(key, [{ item, resolve, reject }])
      void drain(key)
    })
  }

  async function drain(key: string): Promise<void> {
    for (let queue = queues.get(key); queue && queue.length > 0; queue = queues.get(key)) {
      const batch = queue.splice(0, maxSize)
      try {
        const results = await work(
          key,
          batch.map((each) => each.item),
        )
        for (const [index, each] of batch.entries()) each.resolve(results?.[index] as R)
      } catch (error) {
        for (const each of batch) each.reject(error)
      }
    }
    queues.delete(key)
  }
}
