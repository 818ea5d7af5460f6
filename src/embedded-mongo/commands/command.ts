import type { Catalog, Collection } from '../catalog.ts'
import type { Cursors } from '../cursors.ts'
import type { Doc } from '../document.ts'
import { mongoError } from '../errors.ts'
import type { FailPoints } from '../failpoints.ts'
import type { Gates } from '../gates.ts'
import { evaluate } from '../query/expressions.ts'
import type { Records } from '../records.ts'
import type { Sessions } from '../sessions.ts'
import type { StorageStats } from '../storage/storage.ts'
import type { Engine, Transaction } from '../transactions/engine.ts'

/** Everything a command may work with. */
export interface Store {
  engine: Engine
  catalog: Catalog
  records: Records
  cursors: Cursors
  sessions: Sessions
  failPoints: FailPoints
  gates: Gates
  storageStats: () => StorageStats
  address: string
}

/** One call of one command. */
export interface Call {
  store: Store
  /** the command's name as it was sent */
  name: string
  command: Doc
  database: string
  /** the multi-document transaction it belongs to */
  transaction: Transaction | undefined
  /** by when it must be answered (of `performance.now()`), from its maxTimeMS */
  deadline: number
}

export interface CommandSpec {
  /** the command's own fields; with those that every command takes, all that are accepted */
  fields: readonly string[]
  inTransaction?: boolean
  run(call: Call): Doc | Promise<Doc>
}

const generic = new Set([
  '$db', 'lsid', 'txnNumber', 'autocommit', 'startTransaction', 'readConcern', 'writeConcern', '$readPreference', '$clusterTime', 'comment', 'maxTimeMS',
  'apiVersion', 'apiStrict', 'apiDeprecationErrors', 'stmtId', 'stmtIds', '$audit', 'databaseVersion', 'mayBypassWriteBlocking', 'rawData',
])

/** @throws MongoError for a field that is neither the command's own nor of all commands: nothing is ignored */
export function ensureKnownFields(name: string, command: Doc, spec: CommandSpec): void {
  for (const field of Object.keys(command)) {
    if (field === name || generic.has(field) || spec.fields.includes(field)) continue
    throw mongoError('Location40415', `BSON field '${name}.${field}' is an unknown field.`)
  }
}

export function namespaceOf({ database, command, name }: Call): string {
  const collection = command[name]
  if (typeof collection !== 'string') throw mongoError('InvalidNamespace', `collection name has invalid type ${typeof collection}`)
  if (collection === '') throw mongoError('InvalidNamespace', `Invalid namespace specified '${database}.'`)
  return `${database}.${collection}`
}

export function findCollection(call: Call, transaction: Transaction): Collection | undefined {
  return call.store.catalog.find(transaction, namespaceOf(call))
}

/** A look at one snapshot: the transaction's own, or one of this moment. */
export function look<T>(call: Call, work: (transaction: Transaction) => T): T {
  return call.transaction ? work(call.transaction) : call.store.engine.look(work)
}

/** A write: in the command's transaction, or in one of its own that waits for its turn. */
export function write<T>(call: Call, work: (transaction: Transaction) => T): Promise<T> {
  return writeInto([namespaceOf(call)], call, work)
}

export async function writeInto<T>(namespaces: readonly string[], call: Call, work: (transaction: Transaction) => T): Promise<T> {
  for (const namespace of namespaces) await call.store.gates.pass(namespace, call)
  return call.transaction ? work(call.transaction) : call.store.engine.alone(work, call.deadline)
}

/** A change of what a collection is: writers wait outside meanwhile, so that none slips in between and none can keep it from its turn. */
export async function change<T>(call: Call, namespace: string, work: (transaction: Transaction) => T): Promise<T> {
  if (call.transaction) return work(call.transaction)
  return call.store.gates.alone(namespace, () => call.store.engine.alone(work, call.deadline))
}

export function numberField(command: Doc, field: string): number | undefined {
  const value = command[field]
  if (value === undefined || value === null) return undefined
  const number = Number(value)
  if (!Number.isFinite(number)) throw mongoError('TypeMismatch', `BSON field '${field}' is the wrong type, expected a number`)
  return Math.trunc(number)
}

export function docField(command: Doc, field: string): Doc | undefined {
  const value = command[field]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'object' || Array.isArray(value)) throw mongoError('TypeMismatch', `BSON field '${field}' is the wrong type, expected type 'object'`)
  return value as Doc
}

/** The command's `let`, each computed once; they may not look at documents. */
export function variablesOf(command: Doc): Doc {
  const given = docField(command, 'let') ?? {}
  return Object.fromEntries(Object.entries(given).map(([name, expression]) => [name, evaluate(expression, {})]))
}

export function refuseCollation(command: Doc): void {
  const collation = docField(command, 'collation')
  if (collation && Object.keys(collation).length > 0 && collation['locale'] !== 'simple') throw mongoError('CommandNotSupported', 'This store compares by bytes: collations other than simple are not supported')
}

/** 64-bit where a count may be long, as drivers expect plain numbers. */
export function asArray(value: unknown, field: string): Doc[] {
  if (!Array.isArray(value)) throw mongoError('TypeMismatch', `BSON field '${field}' is the wrong type, expected type 'array'`)
  return value as Doc[]
}
