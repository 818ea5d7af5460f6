/** Numbers that a seed decides, so that a failing run can be asked for again. */
export interface Random {
  /** From 0 up to but not including 1. */
  next(): number
  /** A whole number from 0 up to but not including `below`. */
  below(below: number): number
  /** True with the given probability, 0…1. */
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
  shuffled<T>(of: readonly T[]): T[]
  /** An independent stream for one worker: what it draws does not depend on when the others draw. */
  stream(number: number): Random
}

/** mulberry32: 32 bits of state, plenty for choosing steps. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return Object.freeze({ next, below, chance, pick, shuffled, stream })

  function below(limit: number): number {
    return Math.floor(next() * limit)
  }

  function chance(probability: number): boolean {
    return next() < probability
  }

  function pick<T>(from: readonly T[]): T {
    return from[below(from.length)]!
  }

  function shuffled<T>(of: readonly T[]): T[] {
    const rest = [...of]
    return of.map(() => rest.splice(below(rest.length), 1)[0] as T)
  }

  function stream(number: number): Random {
    return createRandom(seed + Math.imul(number + 1, 0x9e3779b9))
  }

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
