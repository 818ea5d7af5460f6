import { Timestamp } from 'bson'
import { type Call, type CommandSpec, ensureKnownFields, type Store } from './commands/command.ts'
import { commands } from './commands/index.ts'
import type { Doc } from './document.ts'
import { MongoError, mongoError } from './errors.ts'
import type { Failure } from './failpoints.ts'
import { isRetriable, labelsOf, type Situation } from './labels.ts'
import { isInTransaction, isRetryableWrite } from './sessions.ts'
import { StoreRefused } from './storage/refusal.ts'

/** The answer, or the wish that the connection be cut. */
export type Outcome = { body: Doc } | { close: true }

const writes = new Set(['insert', 'update', 'delete', 'bulkWrite', 'findAndModify', 'findandmodify'])
const ending = new Set(['commitTransaction', 'abortTransaction'])
const readConcerns = new Set(['local', 'available', 'majority', 'linearizable', 'snapshot'])

/** One command, from its fail point to its answer. Nothing thrown in it leaves it. */
export async function dispatch(store: Store, command: Doc, appName: string): Promise<Outcome> {
  const name = Object.keys(command)[0] ?? ''
  const failure = store.failPoints.strike(name, appName, `${String(command['$db'])}.${String(command[name])}`)
  if (failure && name !== 'configureFailPoint') {
    if (failure.blockMs > 0) await new Promise((resolve) => setTimeout(resolve, failure.blockMs))
    if (failure.closeConnection) return { close: true }
    if (failure.error) return { body: { ...refusal(failure.error, situationOf(name, command), failure.labels !== undefined), operationTime: operationTime() } }
  }
  const body = await answer(store, name, command)
  return { body: { ...withWriteConcern(body, failure, name, command), operationTime: operationTime() } }
}

async function answer(store: Store, name: string, command: Doc): Promise<Doc> {
  const inTransaction = isInTransaction(command)
  try {
    const spec = commands.get(name)
    if (!spec) throw mongoError('CommandNotFound', `no such command: '${name}'`)
    if (typeof command['$db'] !== 'string') throw mongoError('Location40414' as never, 'BSON field \'OpMsg.$db\' is missing but a required field')
    ensureKnownFields(name, command, spec)
    ensureConcerns(name, command, inTransaction)
    const call: Call = { store, name, command, database: command['$db'], transaction: inTransaction && !ending.has(name) ? enter(store, name, command, spec) : undefined, deadline: deadlineOf(command) }
    return { ...(await spec.run(call)), ok: 1 }
  } catch (error) {
    const known = asMongoError(error)
    // Whatever fails in a transaction ends it: half of a statement may have been done.
    if (inTransaction && !ending.has(name)) giveUp(store, command)
    return refusal(known, situationOf(name, command), false)
  }
}

function enter(store: Store, name: string, command: Doc, spec: CommandSpec): Call['transaction'] {
  if (!spec.inTransaction) throw mongoError('OperationNotSupportedInTransaction', `Cannot run '${name}' in a multi-document transaction.`)
  if (command['writeConcern'] !== undefined) throw mongoError('InvalidOptions', 'writeConcern is not allowed within a multi-statement transaction')
  if (command['readConcern'] !== undefined && command['startTransaction'] !== true) throw mongoError('InvalidOptions', 'Only the first command in a transaction may specify a readConcern')
  return store.sessions.enter(command)
}

function giveUp(store: Store, command: Doc): void {
  try {
    store.sessions.giveUp(command)
  } catch {
    // The command did not say which transaction it meant: there is none to end.
  }
}

function ensureConcerns(name: string, command: Doc, inTransaction: boolean): void {
  if (command['apiVersion'] !== undefined && command['apiVersion'] !== '1') throw mongoError('APIVersionError', 'API version must be "1"')
  const level = (command['readConcern'] as Doc | undefined)?.['level']
  if (level !== undefined && !readConcerns.has(level as string)) throw mongoError('FailedToParse', 'Either \'level\' must be one of local, available, majority, linearizable or snapshot')
  if (inTransaction && level !== undefined && !['local', 'majority', 'snapshot'].includes(level as string))
    throw mongoError('InvalidOptions', 'The readConcern level must be either \'local\' (default), \'majority\' or \'snapshot\' in order to run in a transaction')
  if (command['autocommit'] !== undefined && command['txnNumber'] === undefined) throw mongoError('InvalidOptions', "'autocommit' field requires a transaction number to also be specified")
  if (command['txnNumber'] !== undefined && command['lsid'] === undefined) throw mongoError('InvalidOptions', 'Transaction number requires a session ID to also be specified')
  if (command['txnNumber'] !== undefined && command['autocommit'] === undefined && !writes.has(name)) throw mongoError('Location50768' as never, `txnNumber may only be provided for multi-document transactions and retryable write commands. '${name}' is neither.`)
}

function deadlineOf(command: Doc): number {
  const limit = Number(command['maxTimeMS'] ?? 0)
  return limit > 0 ? performance.now() + limit : Number.POSITIVE_INFINITY
}

function asMongoError(error: unknown): MongoError {
  if (error instanceof MongoError) return error
  if (error instanceof StoreRefused) return mongoError('InternalError', error.message)
  return mongoError('InternalError', error instanceof Error ? `${error.name}: ${error.message}` : 'unknown')
}

function refusal(error: MongoError, situation: Situation, fixedLabels: boolean): Doc {
  const labels = fixedLabels ? error.labels : [...new Set([...labelsOf(error.code, situation), ...(situation.inTransaction ? error.labels : [])])]
  return { ok: 0, errmsg: error.message, code: error.code, codeName: error.codeName, ...error.info, ...(labels.length > 0 ? { errorLabels: labels } : {}) }
}

function situationOf(name: string, command: Doc): Situation {
  return { command: name, inTransaction: isInTransaction(command), isRetryableWrite: isRetryableWrite(command) }
}

function withWriteConcern(body: Doc, failure: Failure | undefined, name: string, command: Doc): Doc {
  if (body['ok'] !== 1) return body
  const injected = failure?.writeConcernError
  if (injected) {
    const { errorLabels, ...error } = injected
    const retry = (isRetryableWrite(command) || ending.has(name)) && isRetriable(Number(injected['code']))
    const labels = (errorLabels as string[] | undefined) ?? failure.labels ?? (retry ? ['RetryableWriteError'] : [])
    return { ...body, writeConcernError: error, ...(labels.length > 0 ? { errorLabels: labels } : {}) }
  }
  const w = (command['writeConcern'] as Doc | undefined)?.['w']
  const members = w === undefined || typeof w === 'string' ? 1 : Number(w)
  if (typeof w === 'string' && w !== 'majority') return { ...body, writeConcernError: { code: 79, codeName: 'UnknownReplWriteConcern', errmsg: `No write concern mode named '${w}' found in replica set configuration` } }
  return members > 1 ? { ...body, writeConcernError: { code: 100, codeName: 'UnsatisfiableWriteConcern', errmsg: 'Not enough data-bearing nodes' } } : body
}

// One node's time is its number of commits under the present second; it never goes back, since both only grow. There is no `$clusterTime`
// beside it: clients carry that from member to member, and send it along with every command, where there is more than one.
let last = { seconds: 0, increment: 0 }

function operationTime(): Timestamp {
  const seconds = Math.max(last.seconds, Math.floor(Date.now() / 1000))
  const increment = seconds === last.seconds ? last.increment + 1 : 1
  last = { seconds, increment }
  return new Timestamp({ t: seconds, i: increment })
}
