import type { Clock } from '../../src/kernel/clock.ts'

export interface MovableClock extends Clock {
  /** what is due by it then is looked for at once */
  onMove(act: () => void): void
  advance(by: { ms?: number; seconds?: number; minutes?: number; hours?: number; days?: number }): void
}

/** Time that a test moves; it runs on from there with the machine's. */
export function createMovableClock(): MovableClock {
  let offset = 0
  const acts: (() => void)[] = []
  return {
    now: () => new Date(Date.now() + offset),
    onMove: (act) => void acts.push(act),
    advance({ ms = 0, seconds = 0, minutes = 0, hours = 0, days = 0 }) {
      offset += ms + 1_000 * (seconds + 60 * (minutes + 60 * (hours + 24 * days)))
      for (const act of acts) act()
    },
  }
}
