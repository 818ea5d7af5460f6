/** The end of a client, for whatever waits in it. Unlike an AbortSignal it bears any number of them. */
export interface Ending {
  readonly isOver: boolean
  /** @returns how to stop waiting for it */
  onEnd(act: () => void): () => void
  end(): void
}

export function createEnding(): Ending {
  const acts = new Set<() => void>()
  let isOver = false
  return {
    get isOver() { return isOver },
    onEnd(act) {
      if (isOver) act()
      else acts.add(act)
      return () => void acts.delete(act)
    },
    end() {
      isOver = true
      for (const act of acts) act()
    },
  }
}

/** Resolves after the time or, without an error, at the end. */
export async function pause(ms: number, ending: Ending): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let forget = (): void => {}
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
    forget = ending.onEnd(resolve)
  })
  clearTimeout(timer)
  forget()
}

/** Doubles with each attempt up to its bound; the upper half is left to chance, so that many who failed together do not come back together. */
export function backoff(attempt: number, { firstMs, maxMs }: { firstMs: number; maxMs: number }): number {
  return spread(Math.min(maxMs, firstMs * 2 ** Math.max(0, attempt - 1)) / 2, 1)
}

/** Somewhat longer, by chance: never sooner, and at most by that share. */
export function spread(ms: number, share: number): number {
  return ms * (1 + Math.random() * share)
}
