import { mongoError } from '../errors.ts'
import type { Pair, Storage } from '../storage/storage.ts'
import { createOverlay, type Overlay } from './overlay.ts'

const pruneAbove = 100_000

/** A view of the store with writes of its own on top. Nobody else sees them before they are committed. */
export interface Transaction {
  readonly id: number
  get(key: Buffer): Buffer | undefined
  range(start: Buffer, end: Buffer, reverse?: boolean): Iterable<Pair>
  put(key: Buffer, value: Buffer | null): void
  /**
   * Declares that this transaction decides about `subject`, a document or a unique index key.
   * @throws MongoError WriteConflict when somebody else does so now, or has done so since the snapshot
   */
  claim(subject: string): void
  /** runs when the commit is on disk, before anybody can claim what it wrote */
  onCommit(act: () => void): void
  readonly isOpen: boolean
}

export interface Engine {
  begin(): Transaction
  /** resolves when on disk; @returns the version that it made */
  commit(transaction: Transaction): Promise<number>
  abort(transaction: Transaction): void
  /** Runs `work` in a transaction of its own: waits for whoever holds what it wants, and runs again after a conflict. */
  alone<T>(work: (transaction: Transaction) => T): Promise<T>
  /** One read-only look. */
  look<T>(work: (transaction: Transaction) => T): T
  version(): number
  stats(): { write_conflicts: number; open_transactions: number }
}

/** Thrown at a claim that another open transaction holds; who may wait, waits for `ended`. */
interface Conflict extends Error {
  ended?: Promise<void>
}

interface State {
  transaction: Transaction
  overlay: Overlay
  version: number
  claims: Set<string>
  acts: (() => void)[]
  release: () => void
  ended: Promise<void>
  end: () => void
  open: boolean
}

/**
 * Snapshot isolation over a store with one writer. Two tables decide: who holds a claim now, and at which version a subject last changed.
 * A snapshot's version is read before its view is opened, and set before claims are let go, so a race can only refuse: it never loses an
 * update.
 */
export function createEngine(storage: Storage): Engine {
  const states = new Map<number, State>()
  const claims = new Map<string, State>()
  const changedAt = new Map<string, number>()
  let version = 0
  let nextId = 1
  let conflicts = 0

  return Object.freeze({ begin, commit, abort, alone, look, version: () => version, stats: () => ({ write_conflicts: conflicts, open_transactions: states.size }) })

  function begin(): Transaction {
    const from = version
    const snapshot = storage.snapshot()
    const overlay = createOverlay(snapshot)
    let end = (): void => {}
    const ended = new Promise<void>((resolve) => (end = resolve))
    const id = nextId++
    const transaction: Transaction = Object.freeze({
      id,
      get: overlay.get,
      range: (start: Buffer, stop: Buffer, reverse = false) => overlay.range(start, stop, reverse),
      put: overlay.put,
      claim: (subject: string) => claim(state, subject),
      onCommit: (act: () => void) => void state.acts.push(act),
      get isOpen() {
        return state.open
      },
    })
    const state: State = { transaction, overlay, version: from, claims: new Set(), acts: [], release: snapshot.release, ended, end, open: true }
    states.set(id, state)
    return transaction
  }

  function claim(state: State, subject: string): void {
    const holder = claims.get(subject)
    if (holder === state) return
    if (holder) throw conflict(holder.ended)
    if ((changedAt.get(subject) ?? 0) > state.version) throw conflict()
    claims.set(subject, state)
    state.claims.add(subject)
  }

  function conflict(ended?: Promise<void>): Conflict {
    conflicts += 1
    return Object.assign(mongoError('WriteConflict', 'Write conflict during plan execution and yielding is disabled.', { labels: ['TransientTransactionError'] }), { ended })
  }

  async function commit(transaction: Transaction): Promise<number> {
    const state = states.get(transaction.id)
    if (!state?.open) throw mongoError('NoSuchTransaction', 'The transaction has ended')
    state.open = false
    state.release()
    try {
      await storage.commit(state.overlay.writes())
      if (!state.overlay.isEmpty()) {
        version += 1
        for (const subject of state.claims) changedAt.set(subject, version)
      }
      for (const act of state.acts) act()
    } finally {
      finish(state)
    }
    return version
  }

  function abort(transaction: Transaction): void {
    const state = states.get(transaction.id)
    if (!state?.open) return
    state.open = false
    state.release()
    finish(state)
  }

  function finish(state: State): void {
    for (const subject of state.claims) claims.delete(subject)
    states.delete(state.transaction.id)
    state.end()
    if (changedAt.size > pruneAbove) prune()
  }

  // What changed before the oldest open snapshot can conflict with nobody any more.
  function prune(): void {
    const oldest = Math.min(version, ...[...states.values()].map((state) => state.version))
    for (const [subject, at] of changedAt) if (at <= oldest) changedAt.delete(subject)
  }

  async function alone<T>(work: (transaction: Transaction) => T): Promise<T> {
    for (;;) {
      const transaction = begin()
      try {
        const result = work(transaction)
        await commit(transaction)
        return result
      } catch (error) {
        abort(transaction)
        if ((error as { code?: unknown }).code !== 112) throw error
        await (error as Conflict).ended
      }
    }
  }

  function look<T>(work: (transaction: Transaction) => T): T {
    const transaction = begin()
    try {
      return work(transaction)
    } finally {
      abort(transaction)
    }
  }
}
