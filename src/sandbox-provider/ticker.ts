export interface Ticker {
  start(): void
  /** Runs earlier than the next tick would. */
  wakeIn(ms: number): void
  /** No run begins any more; ends when the one that is under way has. */
  stop(): Promise<void>
}

/** One timer over many due rows: ticks at least every `everyMs`, never twice at once. The rows decide what is due; this only wakes. */
export function createTicker({ run, everyMs, onError }: { run: () => Promise<void>; everyMs: number; onError: (error: unknown) => void }): Ticker {
  let timer: NodeJS.Timeout | undefined
  let wakesAt = Infinity
  let running: Promise<void> | undefined
  let stopped = true

  return Object.freeze({ start, wakeIn, stop })

  function start(): void {
    stopped = false
    wakeIn(everyMs)
  }

  function wakeIn(ms: number): void {
    // Timers may fire a millisecond before the wall gets there, and the row would not be due yet.
    const pauseMs = Math.max(0, ms) + 1
    const at = performance.now() + pauseMs
    if (stopped || at >= wakesAt) return
    clearTimeout(timer)
    wakesAt = at
    timer = setTimeout(tick, pauseMs)
  }

  function tick(): void {
    wakesAt = Infinity
    running ??= run()
      .catch(onError)
      .finally(() => {
        running = undefined
        wakeIn(everyMs)
      })
  }

  async function stop(): Promise<void> {
    stopped = true
    clearTimeout(timer)
    await running
  }
}
