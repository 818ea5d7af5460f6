/** Asks for a turn of a job before its regular one: at once, or when what was just written falls due. */
export interface Bell {
  ring(inMs?: number): void
  /** by whoever gives the job its turns */
  answer(by: (inMs: number) => void): void
}

export function createBell(): Bell {
  let answer: (inMs: number) => void = () => {}
  return Object.freeze({
    ring: (inMs = 0) => answer(inMs),
    answer(by: (inMs: number) => void) {
      answer = by
    },
  })
}
