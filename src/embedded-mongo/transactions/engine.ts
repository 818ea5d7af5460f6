import { mongoError } from '../errors.ts'
import type { Key } from '../keys.ts'
import type { Pair, Storage } from '../storage/storage.ts'
import { createClaims } from './claims.ts'
import { createOverlay, type Overlay } from './overlay.ts'

const pruneAbove = 100_000
/** How long a write outside of transactions waits for others at most; an open transaction ends after half of it. */
const patienceMs = 120_000

/** A view of the store with writes of its own on top. Nobody else sees them before they are committed. */
export interface Transaction {
  readonly id: number
  get(key: Key): Buffer | undefined
  range(start: Key, end: Key, reverse?: boolean): Iterable<Pair>
  put(key: Key, value: Buffer | null): void
  /** @returns what takes back everything that was put since; until the next savepoint */
  savepoint(): () => void
  /**
   * Declares that this transaction decides about `subject`, a document, a unique index key, what a collection is.
   * @throws MongoError WriteConflict when somebody else does so now, or has done so since the snapshot
   */
  claim(subject: string): void
  /** Declares that it writes into `subject`, as others may at the same time, but not while somebody claims it. */
  share(subject: string): void
  /** whether it claims or shares that */
  has(subject: string): boolean
  /** runs when the commit is on disk, before anybody can claim what it wrote */
  onCommit(act: () => void): void
  readonly hasWritten: boolean
  readonly isOpen: boolean
}

export interface Engine {
  /** @param origin `alone`: its conflicts are waited out and not told to anybody */
  begin(origin?: 'alone'): Transaction
  /** resolves when on disk; @returns the version that it made */
  commit(transaction: Transaction): Promise<number>
  abort(transaction: Transaction): void
  /**
   * Runs `work` in a transaction of its own: waits for whoever holds what it wants, until `deadline` (of `performance.now()`) at most, and
   * runs again after a conflict. It holds nothing while it waits, so nobody can wait for each other in a ring.
   */
  alone<T>(work: (transaction: Transaction) => T, deadline?: number): Promise<T>
  /** One read-only look. */
  look<T>(work: (transaction: Transaction) => T): T
  version(): number
  stats(): { write_conflicts: number; waits: number; open_transactions: number }
}

interface State {
  transaction: Transaction
  overlay: Overlay
  version: number
  claims: Set<string>
  shares: Set<string>
  acts: (() => void)[]
  release: () => void
  open: boolean
}

type Attempt<T> = { done: true; transaction: Transaction; result: T; blocker?: undefined } | { done: false; blocker: string | undefined }

/**
 * Snapshot isolation over a store with one writer. Two tables decide: who holds a claim now, and at which version a subject last changed.
 * A snapshot's version is read before its view is opened, and set before claims are let go, so a race can only refuse: it never loses an
 * update.
 */
export function createEngine(storage: Storage): Engine {
  const states = new Map<number, State>()
  const claims = createClaims<State>()
  const changedAt = new Map<string, number>()
  const blockers = new WeakMap<Error, string>()
  let pruneAt = pruneAbove
  let version = 0
  let nextId = 1
  let conflicts = 0
  let waits = 0

  return Object.freeze({ begin, commit, abort, alone, look, version: () => version, stats: () => ({ write_conflicts: conflicts, waits, open_transactions: states.size }) })

  function begin(origin?: 'alone'): Transaction {
    const from = version
    const snapshot = storage.snapshot()
    const overlay = createOverlay(snapshot)
    const id = nextId++
    const transaction: Transaction = Object.freeze({
      id,
      get: (key: Key) => held(state).get(key),
      range: (start: Key, stop: Key, reverse = false) => held(state).range(start, stop, reverse),
      put: (key: Key, value: Buffer | null) => held(state).put(key, value),
      savepoint: () => held(state).savepoint(),
      claim: (subject: string) => claim(state, subject, origin),
      share: (subject: string) => share(state, subject, origin),
      has: (subject: string) => claims.has(subject, state),
      onCommit: (act: () => void) => void state.acts.push(act),
      get hasWritten() {
        return !overlay.isEmpty()
      },
      get isOpen() {
        return state.open
      },
    })
    const state: State = { transaction, overlay, version: from, claims: new Set(), shares: new Set(), acts: [], release: snapshot.release, open: true }
    states.set(id, state)
    return transaction
  }

  // A command may come back from waiting to find that its transaction ended meanwhile.
  function held(state: State): Overlay {
    if (!state.open) throw mongoError('NoSuchTransaction', 'The transaction has ended', { labels: ['TransientTransactionError'] })
    return state.overlay
  }

  function claim(state: State, subject: string, origin: 'alone' | undefined): void {
    held(state)
    if (state.claims.has(subject)) return
    if (!claims.hold(subject, state)) throw conflict(origin, subject)
    state.claims.add(subject)
    if (changedSince(state, subject) || changedSince(state, contentOf(subject))) throw conflict(origin)
  }

  function share(state: State, subject: string, origin: 'alone' | undefined): void {
    held(state)
    if (state.shares.has(subject)) return
    if (!claims.share(subject, state)) throw conflict(origin, subject)
    state.shares.add(subject)
    if (changedSince(state, subject)) throw conflict(origin)
  }

  function changedSince(state: State, subject: string): boolean {
    return (changedAt.get(subject) ?? 0) > state.version
  }

  function conflict(origin: 'alone' | undefined, blocker?: string): Error {
    if (origin === undefined) conflicts += 1
    const error = mongoError('WriteConflict', 'Write conflict during plan execution and yielding is disabled.', { labels: ['TransientTransactionError'] })
    if (blocker !== undefined) blockers.set(error, blocker)
    return error
  }

  async function commit(transaction: Transaction): Promise<number> {
    const state = states.get(transaction.id)
    if (!state?.open) throw mongoError('NoSuchTransaction', 'The transaction has ended')
    const writes = state.overlay.writes()
    end(state)
    try {
      if (writes.length > 0) {
        await storage.commit(writes)
        version += 1
        for (const subject of state.claims) changedAt.set(subject, version)
        for (const subject of state.shares) changedAt.set(contentOf(subject), version)
      }
      for (const act of state.acts) act()
    } finally {
      letGo(state)
    }
    return version
  }

  function abort(transaction: Transaction): void {
    const state = states.get(transaction.id)
    if (!state?.open) return
    end(state)
    letGo(state)
  }

  function end(state: State): void {
    state.open = false
    state.release()
  }

  function letGo(state: State): void {
    states.delete(state.transaction.id)
    for (const subject of state.claims) claims.release(subject, state)
    for (const subject of state.shares) claims.release(subject, state)
    if (changedAt.size > pruneAt) prune()
  }

  // What changed before the oldest open snapshot can conflict with nobody any more. An old snapshot may keep much alive; then looking
  // again at once would find the same.
  function prune(): void {
    const oldest = Math.min(version, ...[...states.values()].map((state) => state.version))
    for (const [subject, at] of changedAt) if (at <= oldest) changedAt.delete(subject)
    pruneAt = Math.max(pruneAbove, changedAt.size * 2)
  }

  async function alone<T>(work: (transaction: Transaction) => T, deadline = Number.POSITIVE_INFINITY): Promise<T> {
    const patience = performance.now() + patienceMs
    let woken: string | undefined
    for (;;) {
      let attempt: Attempt<T> | undefined
      try {
        attempt = attemptOf(work)
      } finally {
        // Whoever blocks it again will wake the next; else there may be nobody left who does.
        if (woken !== undefined && attempt?.blocker !== woken) claims.passOn(woken)
      }
      woken = attempt.blocker
      if (woken !== undefined) await turn(woken, patience, deadline)
      else if (attempt.done) {
        await commit(attempt.transaction)
        return attempt.result
      }
    }
  }

  function attemptOf<T>(work: (transaction: Transaction) => T): Attempt<T> {
    const transaction = begin('alone')
    try {
      return { done: true, transaction, result: work(transaction) }
    } catch (error) {
      abort(transaction)
      if ((error as { code?: unknown }).code !== 112) throw error
      return { done: false, blocker: blockers.get(error as Error) }
    }
  }

  async function turn(subject: string, patience: number, deadline: number): Promise<void> {
    waits += 1
    await claims.wait(subject, Math.min(patience, deadline), () =>
      deadline <= patience ? mongoError('MaxTimeMSExpired', 'operation exceeded time limit') : mongoError('WriteConflict', 'Waited too long for another transaction'),
    )
  }

  function look<T>(work: (transaction: Transaction) => T): T {
    const transaction = begin('alone')
    try {
      return work(transaction)
    } finally {
      abort(transaction)
    }
  }
}

/** Stands for what lies in a subject: whoever claims the whole must know that as well. */
function contentOf(subject: string): string {
  return `~${subject}`
}
