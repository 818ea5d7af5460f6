export interface Batches<T> {
  /** Resolves when the batch that holds the item is done, rejects when it failed. */
  add(key: string, item: T): Promise<void>
}

interface Waiting<T> {
  item: T
  resolve: () => void
  reject: (error: unknown) => void
}

/**
 * Does many small things to one place together: one batch a key is under way, what comes meanwhile goes with the next. A counter that a
 * thousand facts want to move is moved a few dozen times instead.
 */
export function createBatches<T>(maxSize: number, work: (key: string, items: T[]) => Promise<void>): Batches<T> {
  const queues = new Map<string, Waiting<T>[]>()

  return Object.freeze({ add })

  function add(key: string, item: T): Promise<void> {
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
        await work(
          key,
          batch.map((each) => each.item),
        )
        for (const each of batch) each.resolve()
      } catch (error) {
        for (const each of batch) each.reject(error)
      }
    }
    queues.delete(key)
  }
}
