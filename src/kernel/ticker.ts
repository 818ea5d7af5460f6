import { AsyncResource } from 'node:async_hooks'

export interface Ticker {
  start(): void
  /** Runs at that moment too, not only at the next tick: for what is due within the minute. */
  wakeIn(ms: number): void
  /** No run begins any more; ends when the one that is under way has. */
  stop(): Promise<void>
}

const maxWishes = 256
const maxWishMs = 60_000

/** One timer over many due rows: ticks every `everyMs` and when it was asked to, never twice at once. The rows decide what is due. */
export function createTicker({
  run,
  everyMs,
  onError,
}: {
  run: () => Promise<void>
  everyMs: number
  onError: (error: unknown) => void
}): Ticker {
  // Whoever asks for a turn may be inside a transaction; what is done in the turn must not believe that it is.
  const own = new AsyncResource('Ticker')
  const wishes = new Set<number>()
  let timer: NodeJS.Timeout | undefined
  let nextTick = 0
  let running: Promise<void> | undefined
  let stopped = true

  return Object.freeze({ start, wakeIn, stop })

  function start(): void {
    stopped = false
    nextTick = performance.now() + everyMs
    arm()
  }

  function wakeIn(ms: number): void {
    if (stopped || ms > maxWishMs || wishes.size >= maxWishes) return
    // Timers may fire a millisecond before the wall gets there, and the row would not be due yet.
    wishes.add(performance.now() + Math.max(0, ms) + 1)
    arm()
  }

  async function stop(): Promise<void> {
    stopped = true
    clearTimeout(timer)
    await running
  }

  function arm(): void {
    clearTimeout(timer)
    if (!stopped) timer = setTimeout(() => own.runInAsyncScope(tick), Math.max(0, Math.min(nextTick, ...wishes) - performance.now())).unref()
  }

  function tick(): void {
    // Whoever asks while a run is under way is heard when it has ended.
    if (running) return
    const now = performance.now()
    for (const at of wishes) if (at <= now) wishes.delete(at)
    nextTick = now + everyMs
    running = run()
      .catch(onError)
      .finally(() => {
        running = undefined
        arm()
      })
  }
}
