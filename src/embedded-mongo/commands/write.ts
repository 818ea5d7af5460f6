import type { Collection } from '../catalog.ts'
import { type Doc, encode, maxDocumentBytes } from '../document.ts'
import { MongoError, mongoError } from '../errors.ts'
import { compileUpdate, upsertDocument } from '../query/update.ts'
import type { StoredRecord } from '../scan.ts'
import { isRetryableWrite } from '../sessions.ts'
import type { Transaction } from '../transactions/engine.ts'
import { asArray, type Call, type CommandSpec, docField, findCollection, namespaceOf, refuseCollation, variablesOf, write } from './command.ts'

const maxBatch = 100_000

/** What one statement of a batch did. */
export interface Done {
  n: number
  nModified?: number
  upserted?: unknown
}

type Statement = (call: Call, transaction: Transaction, statement: Doc) => Done

export const insert: CommandSpec = {
  fields: ['documents', 'ordered', 'bypassDocumentValidation', 'maxTimeMS'],
  inTransaction: true,
  run: (call) => batch(call, asArray(call.command['documents'], 'documents'), insertOne),
}

export const update: CommandSpec = {
  fields: ['updates', 'ordered', 'bypassDocumentValidation', 'let'],
  inTransaction: true,
  run: (call) => batch(call, asArray(call.command['updates'], 'updates'), updateOne),
}

export const remove: CommandSpec = {
  fields: ['deletes', 'ordered', 'let'],
  inTransaction: true,
  run: (call) => batch(call, asArray(call.command['deletes'], 'deletes'), removeOne),
}

export function insertOne(call: Call, transaction: Transaction, doc: Doc): Done {
  call.store.records.insert(transaction, collectionToWrite(call, transaction), doc)
  return { n: 1 }
}

export function removeOne(call: Call, transaction: Transaction, statement: Doc): Done {
  only(statement, ['q', 'limit', 'hint', 'collation'], 'delete.deletes')
  refuseCollation(statement)
  const collection = findCollection(call, transaction)
  if (!collection) return { n: 0 }
  const found = matches(call, transaction, collection, statement, Number(statement['limit']) === 1)
  for (const record of found) call.store.records.remove(transaction, collection, record)
  return { n: found.length }
}

export function updateOne(call: Call, transaction: Transaction, statement: Doc): Done {
  only(statement, ['q', 'u', 'multi', 'upsert', 'arrayFilters', 'hint', 'collation', 'c', 'sort'], 'update.updates')
  refuseCollation(statement)
  if (statement['sort'] !== undefined) throw mongoError('Location40415', "BSON field 'update.updates.sort' is an unknown field.")
  const multi = statement['multi'] === true
  const filter = docField(statement, 'q') ?? {}
  const spec = statement['u'] as Doc | Doc[]
  if (multi && !Array.isArray(spec) && !isOperators(spec)) throw mongoError('FailedToParse', 'multi update is not supported for replacement-style update')
  const options = updateOptions(call, statement)
  const change = compileUpdate(spec, options)
  const collection = findCollection(call, transaction)
  const found = collection ? matches(call, transaction, collection, statement, !multi) : []
  if (found.length === 0 && statement['upsert'] === true) {
    const made = call.store.records.insert(transaction, collectionToWrite(call, transaction), upsertDocument(filter, spec, options))
    return { n: 1, nModified: 0, upserted: made['_id'] }
  }
  let nModified = 0
  for (const record of found) if (applyChange(call, transaction, collection as Collection, record, change.apply(record.doc, { filter, inserting: false }))) nModified += 1
  return { n: found.length, nModified }
}

/** False when the document stays as it was, which is no write at all. */
export function applyChange(call: Call, transaction: Transaction, collection: Collection, record: StoredRecord, changed: Doc): boolean {
  const bytes = sized(changed)
  if (record.bytes.equals(bytes)) {
    call.store.records.touch(transaction, collection, record)
    return false
  }
  call.store.records.replace(transaction, collection, record, { doc: changed, bytes })
  return true
}

export function updateOptions(call: Call, statement: Doc): { arrayFilters?: Doc[]; let?: Doc } {
  return {
    ...(statement['arrayFilters'] === undefined ? {} : { arrayFilters: asArray(statement['arrayFilters'], 'arrayFilters') }),
    ...(call.command['let'] === undefined ? {} : { let: variablesOf(call.command) }),
  }
}

/** The collection to write into, made at the first write to it. */
export function collectionToWrite(call: Call, transaction: Transaction): Collection {
  return findCollection(call, transaction) ?? call.store.catalog.create(transaction, namespaceOf(call))
}

export function isOperators(update: Doc): boolean {
  return Object.keys(update)[0]?.startsWith('$') === true
}

async function batch(call: Call, statements: readonly Doc[], act: Statement): Promise<Doc> {
  ensureBatch(statements)
  return write(call, (transaction) => {
    const { done, errors } = runStatements(call, transaction, statements, (statement) => act(call, transaction, statement))
    const upserted = done.flatMap(({ index, upserted: _id }) => (_id === undefined ? [] : [{ index, _id }]))
    return {
      n: sum(done, 'n'),
      ...(call.name === 'update' ? { nModified: sum(done, 'nModified') } : {}),
      ...(upserted.length > 0 ? { upserted } : {}),
      ...(errors.length > 0 ? { writeErrors: errors } : {}),
    }
  })
}

export function ensureBatch(statements: readonly Doc[]): void {
  if (statements.length === 0 || statements.length > maxBatch) throw mongoError('InvalidLength', `Write batch sizes must be between 1 and ${maxBatch}. Got ${statements.length} operations.`)
}

/** Runs the statements of a batch in one transaction: those before an error in an ordered batch stay, as do the others of an unordered one. */
export function runStatements(call: Call, transaction: Transaction, statements: readonly Doc[], act: (statement: Doc) => Done): { done: (Done & { index: number })[]; errors: Doc[] } {
  const ordered = call.command['ordered'] !== false
  const retryable = !call.transaction && isRetryableWrite(call.command)
  const earlier: ReadonlyMap<number, Doc> = retryable ? call.store.sessions.recall(transaction, call.command) : new Map<number, Doc>()
  const results = new Map<number, Doc>()
  const done: (Done & { index: number })[] = []
  const errors: Doc[] = []
  const firstStatement = Number(call.command['stmtId'] ?? 0)
  for (const [index, statement] of statements.entries()) {
    const before = earlier.get(firstStatement + index)
    const undo = transaction.savepoint()
    try {
      const result = before ? rememberedAs(before) : act(statement)
      done.push({ ...result, index })
      if (!before) results.set(firstStatement + index, { ...result })
    } catch (error) {
      // A statement that can't be read fails the whole command; a conflict runs it again; in a transaction there is no going on.
      if (!(error instanceof MongoError) || error.code === 40415 || error.code === 112 || call.transaction) throw error
      // Half of a statement, an entry in one index and none in the next, must not be committed with the others.
      undo()
      errors.push({ index, code: error.code, errmsg: error.message, ...error.info })
      if (ordered) break
    }
  }
  if (retryable && results.size > 0) call.store.sessions.remember(transaction, call.command, results)
  return { done, errors }
}

export function sum(done: readonly Done[], field: 'n' | 'nModified'): number {
  return done.reduce((total, each) => total + (each[field] ?? 0), 0)
}

function rememberedAs({ n, nModified, upserted }: Doc): Done {
  return { n: Number(n), ...(nModified === undefined ? {} : { nModified: Number(nModified) }), ...(upserted === undefined ? {} : { upserted }) }
}

function matches(call: Call, transaction: Transaction, collection: Collection, statement: Doc, one: boolean): StoredRecord[] {
  const selection = { filter: docField(statement, 'q') ?? {}, hint: statement['hint'] as string | Doc | undefined, let: variablesOf(call.command), limit: one ? 1 : 0, deadline: call.deadline }
  return [...call.store.records.select(transaction, collection, selection)]
}

function only(statement: Doc, known: readonly string[], where: string): void {
  const unknown = Object.keys(statement).find((field) => !known.includes(field))
  if (unknown) throw mongoError('Location40415', `BSON field '${where}.${unknown}' is an unknown field.`)
}

function sized(doc: Doc): Buffer {
  const bytes = encode(doc)
  if (bytes.length > maxDocumentBytes) throw mongoError('BSONObjectTooLarge', `Resulting document after update is larger than ${maxDocumentBytes}`)
  return bytes
}
