import type { Gates } from './commands/command.ts'

/** Writers of a collection pass unless an index is being built over it; builders wait for each other. */
export function createGates(): Gates {
  const closed = new Map<string, Promise<unknown>>()
  return Object.freeze({
    async pass(namespace: string) {
      while (closed.has(namespace)) await closed.get(namespace)
    },
    async alone<T>(namespace: string, work: () => Promise<T>) {
      while (closed.has(namespace)) await closed.get(namespace)
      const turn = work()
      closed.set(namespace, turn.catch(() => {}))
      try {
        return await turn
      } finally {
        closed.delete(namespace)
      }
    },
  })
}
