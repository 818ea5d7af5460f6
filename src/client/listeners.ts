/** Who wants to know when something here changes. */
export interface Listeners {
  /** @returns how to stop listening */
  onChange(handler: () => void): () => void
  tell(): void
  /** nobody is told any more */
  close(): void
}

export function createListeners(): Listeners {
  const handlers = new Set<() => void>()
  let isClosed = false
  return {
    onChange(handler) {
      if (!isClosed) handlers.add(handler)
      return () => void handlers.delete(handler)
    },
    tell() {
      for (const handler of handlers) handler()
    },
    close() {
      isClosed = true
      handlers.clear()
    },
  }
}
