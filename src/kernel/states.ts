/** A state machine as a table: from each state, the states that may follow. */
export type StateTable<S extends string> = Readonly<Partial<Record<S, readonly S[]>>>

export interface States<S extends string> {
  may(from: S, to: S): boolean
  isTerminal(state: S): boolean
  /** the states from which `to` may be entered: the filter of a compare-and-set */
  before(to: S): S[]
  readonly all: readonly S[]
}

export function defineStates<S extends string>(table: StateTable<S>): States<S> {
  const next = (from: S): readonly S[] => table[from] ?? []
  const all = [...new Set(Object.entries(table).flatMap(([from, to]) => [from as S, ...(to as readonly S[])]))]
  return Object.freeze({
    may: (from: S, to: S) => next(from).includes(to),
    isTerminal: (state: S) => next(state).length === 0,
    before: (to: S) => all.filter((from) => next(from).includes(to)),
    all,
  })
}
