import { Long } from 'bson'
import { decode, type Doc, encode } from './document.ts'
import { mongoError } from './errors.ts'
import { keyOf } from './keys.ts'
import type { Engine, Transaction } from './transactions/engine.ts'

export const transactionLifetimeMs = 60_000
const maxSessions = 100_000
const keptInMemoryMs = 30 * 60_000

/** What one client session is doing: its newest transaction, or the results of its newest retryable write. */
interface Session {
  key: Buffer
  txnNumber: bigint
  state: 'none' | 'retryable' | 'active' | 'committing' | 'committed' | 'aborted'
  transaction?: Transaction
  timer?: NodeJS.Timeout
  usedAt: number
  /** of the retryable write: statement number → what was answered */
  statements: Map<number, Doc>
  /** the commit under way: who sends it again meanwhile must hear how this one ends */
  committing?: Promise<number>
}

export interface Sessions {
  /** the transaction that this command belongs to, opened by the first */
  enter(command: Doc): Transaction
  commit(command: Doc): Promise<void>
  abort(command: Doc): void
  /** aborts the command's transaction after an error in it */
  giveUp(command: Doc): void
  /**
   * What a retryable write did already, by statement. Claims the session for `transaction`, so that the same write, sent again before the
   * first has ended, waits and then finds what that did.
   */
  recall(transaction: Transaction, command: Doc): ReadonlyMap<number, Doc>
  /** keeps what statements did, by number, in the commit of their effect */
  remember(transaction: Transaction, command: Doc, results: ReadonlyMap<number, Doc>): void
  /** Forgets what is in memory of sessions that nobody has used for a while; what is on disk is read again when it is needed. */
  sweep(): void
  endAll(lsids?: readonly Doc[]): void
}

export function isInTransaction(command: Doc): boolean {
  return command['autocommit'] === false && command['lsid'] !== undefined
}

export function isRetryableWrite(command: Doc): boolean {
  return command['txnNumber'] !== undefined && command['autocommit'] === undefined && command['lsid'] !== undefined
}

export function createSessions(engine: Engine): Sessions {
  const sessions = new Map<string, Session>()
  return Object.freeze({ enter, commit, abort, giveUp, recall, remember, sweep, endAll })

  function enter(command: Doc): Transaction {
    const session = sessionOf(command)
    const number = txnNumberOf(command)
    if (number < session.txnNumber) throw tooOld(number, session)
    if (command['startTransaction'] === true) {
      if (number === session.txnNumber && session.state !== 'none' && session.state !== 'aborted')
        throw mongoError('ConflictingUpdateOperators', `Cannot start transaction ${number}: it is in progress`)
      end(session, 'aborted')
      return open(session, number)
    }
    if (number !== session.txnNumber || session.state === 'none' || session.state === 'aborted' || session.state === 'retryable') throw noSuch(number)
    if (session.state !== 'active' || !session.transaction) throw mongoError('TransactionCommitted', `Transaction with { txnNumber: ${number} } has been committed.`)
    return session.transaction
  }

  async function commit(command: Doc): Promise<void> {
    const session = sessionOf(command)
    const number = txnNumberOf(command)
    if (number < session.txnNumber) throw tooOld(number, session)
    if (number > session.txnNumber) throw noSuch(number)
    if (session.state === 'committed') return
    if (session.state === 'committing') return void (await session.committing)
    if (session.state !== 'active' || !session.transaction) throw noSuch(number)
    await (session.committing = commitNow(session, session.transaction))
  }

  async function commitNow(session: Session, transaction: Transaction): Promise<number> {
    clearTimeout(session.timer)
    session.state = 'committing'
    delete session.transaction
    // So that a commit which is sent again after a crash is answered by what happened; where nothing was written nothing needs to be known.
    if (transaction.hasWritten) transaction.put(keyOf.session(session.key), rowOf(session, 'committed'))
    try {
      const version = await engine.commit(transaction)
      session.state = 'committed'
      return version
    } catch (error) {
      session.state = 'aborted'
      throw error
    } finally {
      delete session.committing
    }
  }

  function abort(command: Doc): void {
    const session = sessionOf(command)
    const number = txnNumberOf(command)
    if (number < session.txnNumber) throw tooOld(number, session)
    if (number > session.txnNumber || session.state === 'aborted' || session.state === 'none') throw noSuch(number)
    if (session.state === 'committed' || session.state === 'committing') throw mongoError('TransactionCommitted', `Transaction with { txnNumber: ${number} } has been committed.`)
    end(session, 'aborted')
  }

  function giveUp(command: Doc): void {
    const session = sessionOf(command)
    if (txnNumberOf(command) === session.txnNumber && session.state === 'active') end(session, 'aborted')
  }

  function recall(transaction: Transaction, command: Doc): ReadonlyMap<number, Doc> {
    const session = sessionOf(command)
    const number = txnNumberOf(command)
    transaction.claim(`s${nameOf(session.key)}`)
    if (number < session.txnNumber) throw tooOld(number, session)
    if (number === session.txnNumber) {
      if (session.state !== 'retryable') throw mongoError('TransactionTooOld', `Retryable write with txnNumber ${number} is prohibited: a transaction has that number`)
      return session.statements
    }
    end(session, 'aborted')
    Object.assign(session, { txnNumber: number, state: 'retryable', statements: new Map() })
    return session.statements
  }

  function remember(transaction: Transaction, command: Doc, results: ReadonlyMap<number, Doc>): void {
    const session = sessionOf(command)
    const number = session.txnNumber
    const statements = new Map([...session.statements, ...results])
    transaction.put(keyOf.session(session.key), rowOf({ ...session, statements }, 'retryable'))
    transaction.onCommit(() => {
      if (session.txnNumber === number) session.statements = statements
    })
  }

  function endAll(lsids?: readonly Doc[]): void {
    const named = lsids?.map((lsid) => nameOf(keyOfLsid(lsid)))
    for (const [name, session] of sessions) if (!named || named.includes(name)) end(session, 'aborted')
  }

  function open(session: Session, number: bigint): Transaction {
    const transaction = engine.begin()
    const timer = setTimeout(() => end(session, 'aborted'), transactionLifetimeMs)
    timer.unref()
    Object.assign(session, { txnNumber: number, state: 'active', transaction, timer, statements: new Map() })
    return transaction
  }

  function end(session: Session, state: Session['state']): void {
    clearTimeout(session.timer)
    if (session.state !== 'active') return
    if (session.transaction) engine.abort(session.transaction)
    delete session.transaction
    session.state = state
  }

  function sessionOf(command: Doc): Session {
    const key = keyOfLsid(command['lsid'] as Doc)
    const name = nameOf(key)
    const known = sessions.get(name)
    const session = known ?? load(key)
    session.usedAt = performance.now()
    if (known) return known
    if (sessions.size >= maxSessions) forgetUnusedFor(0)
    sessions.set(name, session)
    return session
  }

  function load(key: Buffer): Session {
    const bytes = engine.look((transaction) => transaction.get(keyOf.session(key)))
    if (!bytes) return { key, txnNumber: -1n, state: 'none', statements: new Map(), usedAt: 0 }
    const row = decode(bytes)
    const statements = new Map<number, Doc>()
    for (const { n, to, result } of row['statements'] as Doc[]) for (let at = Number(n); at <= Number(to); at++) statements.set(at, result as Doc)
    return { key, txnNumber: (row['txnNumber'] as Long).toBigInt(), state: row['state'] as Session['state'], statements, usedAt: 0 }
  }

  function sweep(): void {
    forgetUnusedFor(keptInMemoryMs)
  }

  function forgetUnusedFor(ms: number): void {
    const limit = performance.now() - ms
    for (const [name, session] of sessions) if (session.usedAt <= limit && session.state !== 'active' && session.state !== 'committing') sessions.delete(name)
  }
}

function rowOf(session: Pick<Session, 'txnNumber' | 'statements'>, state: string): Buffer {
  return encode({ txnNumber: Long.fromBigInt(session.txnNumber), state, statements: state === 'retryable' ? runsOf(session.statements) : [], at: new Date() })
}

/** Neighbours that did the same are one entry: most batches are so many times "one document". */
function runsOf(statements: ReadonlyMap<number, Doc>): Doc[] {
  const runs: { n: number; to: number; result: Doc; text: string }[] = []
  for (const [n, result] of [...statements].toSorted(([a], [b]) => a - b)) {
    const text = Object.keys(result).some((field) => field !== 'n' && field !== 'nModified') ? '' : `${String(result['n'])} ${String(result['nModified'])}`
    const last = runs.at(-1)
    if (last && text !== '' && last.text === text && last.to === n - 1) last.to = n
    else runs.push({ n, to: n, result, text })
  }
  return runs.map(({ n, to, result }) => ({ n, to, result }))
}

function keyOfLsid(lsid: Doc): Buffer {
  return encode({ id: lsid['id'] })
}

function nameOf(key: Buffer): string {
  return key.toString('latin1')
}

function txnNumberOf(command: Doc): bigint {
  const number = command['txnNumber']
  if (!(number instanceof Long)) throw mongoError('TypeMismatch', 'txnNumber must be a long')
  return number.toBigInt()
}

function tooOld(number: bigint, session: Session): Error {
  return mongoError('TransactionTooOld', `Cannot use txnNumber ${number}: the session has moved on to ${session.txnNumber}`)
}

function noSuch(number: bigint): Error {
  return mongoError('NoSuchTransaction', `Given transaction number ${number} does not match any in-progress transactions.`)
}
