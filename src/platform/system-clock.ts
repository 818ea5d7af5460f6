import type { Clock, Wall } from '../kernel/clock.ts'

/** The only reader of the machine's clock. */
export const wall: Wall = Object.freeze({ now: () => new Date() })

/** Business time. It runs with the wall until a sandbox moves it. */
export function createClock(source: Wall): Clock {
  return Object.freeze({ now: () => source.now() })
}
