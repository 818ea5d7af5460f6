import type { Long } from 'bson'
import type { Batch, Source } from '../cursors.ts'
import { maxBatchBytes, sourceOf } from '../cursors.ts'
import { type Doc, encode } from '../document.ts'
import { mongoError } from '../errors.ts'
import { runPipeline } from '../query/aggregate.ts'
import { compileProjection } from '../query/project.ts'
import type { ScanState, Selection, Work } from '../records.ts'
import type { Transaction } from '../transactions/engine.ts'
import { asArray, type Call, type CommandSpec, docField, findCollection, look, namespaceOf, numberField, refuseCollation, variablesOf } from './command.ts'

export const find: CommandSpec = {
  fields: ['filter', 'sort', 'projection', 'hint', 'skip', 'limit', 'batchSize', 'singleBatch', 'collation', 'let', 'allowDiskUse', 'noCursorTimeout', 'allowPartialResults', 'showRecordId', 'returnKey', 'max', 'min', 'tailable', 'awaitData', 'oplogReplay'],
  inTransaction: true,
  run: (call) => {
    refuseUnsupported(call.command)
    const limit = numberField(call.command, 'limit') ?? 0
    if (limit < 0 || (numberField(call.command, 'skip') ?? 0) < 0 || (numberField(call.command, 'batchSize') ?? 0) < 0) throw mongoError('Location51024', 'BSON field value must be >= 0')
    const selection = selectionOf(call.command)
    const projection = docField(call.command, 'projection')
    const project = projection && Object.keys(projection).length > 0 ? compileProjection(projection, selection.filter) : undefined
    const source = findSource(call, selection, project)
    return {
      cursor: call.store.cursors.open({ namespace: namespaceOf(call), source, batchSize: numberField(call.command, 'batchSize'), single: call.command['singleBatch'] === true, transaction: call.transaction }),
    }
  },
}

export const getMore: CommandSpec = {
  fields: ['collection', 'batchSize', 'term', 'lastKnownCommittedOpTime'],
  inTransaction: true,
  run: ({ store, command, database, transaction }) => ({
    cursor: store.cursors.more(command['getMore'] as Long, `${database}.${String(command['collection'])}`, numberField(command, 'batchSize'), transaction),
  }),
}

export const killCursors: CommandSpec = {
  fields: ['cursors'],
  inTransaction: true,
  run: ({ store, command }) => {
    const { killed, missing } = store.cursors.kill(command['cursors'] as Long[])
    return { cursorsKilled: killed, cursorsNotFound: missing, cursorsAlive: [], cursorsUnknown: [] }
  },
}

export const count: CommandSpec = {
  fields: ['query', 'limit', 'skip', 'hint', 'collation', 'fields'],
  run: (call) => {
    refuseCollation(call.command)
    return look(call, (transaction) => {
      const collection = findCollection(call, transaction)
      if (!collection) return { n: 0 }
      const selection = { ...selectionOf(call.command), filter: docField(call.command, 'query') ?? {}, limit: Math.abs(numberField(call.command, 'limit') ?? 0) }
      let n = 0
      for (const _record of call.store.records.select(transaction, collection, selection)) n += 1
      return { n }
    })
  },
}

export const distinct: CommandSpec = {
  fields: ['key', 'query', 'collation', 'hint'],
  inTransaction: true,
  run: (call) => {
    refuseCollation(call.command)
    const { key } = call.command
    if (typeof key !== 'string') throw mongoError('TypeMismatch', "BSON field 'distinct.key' is the wrong type, expected type 'string'")
    return look(call, (transaction) => {
      const collection = findCollection(call, transaction)
      const values = new Map<string, unknown>()
      const found = collection ? call.store.records.select(transaction, collection, { filter: docField(call.command, 'query') ?? {}, hint: call.command['hint'] as string | undefined }) : []
      for (const { doc } of found) for (const value of valuesAt(doc, key.split('.'))) values.set(encode({ v: value }).toString('latin1'), value)
      return { values: [...values.values()] }
    })
  },
}

export const aggregate: CommandSpec = {
  fields: ['pipeline', 'cursor', 'explain', 'allowDiskUse', 'bypassDocumentValidation', 'collation', 'hint', 'let', 'exchange'],
  inTransaction: true,
  run: (call) => {
    refuseCollation(call.command)
    if (call.command['explain'] !== undefined) throw mongoError('CommandNotSupported', 'explain of an aggregation is not supported')
    const pipeline = asArray(call.command['pipeline'], 'pipeline')
    if (docField(call.command, 'cursor') === undefined) throw mongoError('FailedToParse', "The 'cursor' option is required, except for aggregate with the explain argument")
    const name = call.command['aggregate']
    const namespace = typeof name === 'string' ? namespaceOf(call) : `${call.database}.$cmd.aggregate`
    const documents = look(call, (transaction) => [
      ...runPipeline(pipeline, {
        collection: typeof name === 'string' ? name : null,
        now: new Date(),
        let: variablesOf(call.command),
        hint: call.command['hint'] as string | Doc | undefined,
        find: (collection, selection) => readAll(call, transaction, collection, selection),
      }),
    ])
    const batchSize = numberField(docField(call.command, 'cursor') ?? {}, 'batchSize')
    return { cursor: call.store.cursors.open({ namespace, source: sourceOf(documents[Symbol.iterator](), sizeOf), batchSize, single: false, transaction: call.transaction }) }
  },
}

export const explain: CommandSpec = {
  fields: ['verbosity'],
  run: (call) => {
    const inner = call.command['explain'] as Doc
    const name = Object.keys(inner)[0] ?? ''
    const filter = name === 'find' ? inner['filter'] : name === 'count' ? inner['query'] : name === 'update' ? firstOf(inner['updates']) : name === 'delete' ? firstOf(inner['deletes']) : inner['query']
    const asked: Call = { ...call, name, command: { ...inner, $db: call.database } }
    return look(call, (transaction) => {
      const collection = findCollection(asked, transaction)
      const work: Work = { keys: 0, documents: 0 }
      const selection = { ...selectionOf(inner), filter: (filter as Doc | undefined) ?? {} }
      let returned = 0
      if (collection) for (const _record of call.store.records.select(transaction, collection, selection, work)) returned += 1
      const plan = work.plan
      const winningPlan = plan && plan.index !== null ? { stage: 'FETCH', inputStage: { stage: 'IXSCAN', indexName: plan.index, direction: plan.reverse ? 'backward' : 'forward' } } : { stage: 'COLLSCAN' }
      return {
        queryPlanner: { namespace: namespaceOf(asked), winningPlan, rejectedPlans: [], sorted: plan?.sorted ?? true },
        executionStats: { executionSuccess: true, nReturned: returned, totalKeysExamined: work.keys, totalDocsExamined: work.documents },
      }
    })
  },
}

export function selectionOf(command: Doc): Selection {
  return {
    filter: docField(command, 'filter') ?? {},
    sort: docField(command, 'sort'),
    hint: command['hint'] as string | Doc | undefined,
    let: variablesOf(command),
    skip: numberField(command, 'skip') ?? 0,
    limit: numberField(command, 'limit') ?? 0,
  }
}

// In a transaction the snapshot is there anyway. Outside, each batch looks at the store anew, from the key where the last one stopped;
// only what had to be sorted, skipped into or limited is gathered at once.
function findSource(call: Call, selection: Selection, project: ((doc: Doc) => Doc) | undefined): Source {
  const shape = (doc: Doc) => (project ? project(doc) : doc)
  if (call.transaction) {
    const transaction = call.transaction
    const iterate = function* (): Generator<Doc> {
      const collection = findCollection(call, transaction)
      if (collection) for (const { doc } of call.store.records.select(transaction, collection, selection)) yield shape(doc)
    }
    return sourceOf(iterate(), sizeOf)
  }
  const state: ScanState = {}
  let left = selection.limit || Number.POSITIVE_INFINITY
  let skip = selection.skip ?? 0
  let gathered: Source | undefined
  return (size) => gathered?.(size) ?? call.store.engine.look((transaction): Batch => {
    const collection = findCollection(call, transaction)
    if (!collection) return { documents: [], done: true }
    if (!call.store.records.plan(collection, selection).sorted && selection.sort && Object.keys(selection.sort).length > 0) {
      gathered = sourceOf([...call.store.records.select(transaction, collection, selection)].map(({ doc }) => shape(doc))[Symbol.iterator](), sizeOf)
      return gathered(size)
    }
    const documents: Doc[] = []
    let bytes = 0
    for (const record of call.store.records.select(transaction, collection, { ...selection, skip, limit: 0 }, undefined, state)) {
      documents.push(shape(record.doc))
      bytes += record.bytes.length
      left -= 1
      if (left <= 0) return { documents, done: true }
      if (documents.length >= size || bytes > maxBatchBytes) {
        skip = 0
        return { documents, done: false }
      }
    }
    return { documents, done: true }
  })
}

function* readAll(call: Call, transaction: Transaction, collectionName: string, selection: Selection): Iterable<Doc> {
  const collection = call.store.catalog.find(transaction, `${call.database}.${collectionName}`)
  if (collection) for (const { doc } of call.store.records.select(transaction, collection, selection)) yield doc
}

function refuseUnsupported(command: Doc): void {
  refuseCollation(command)
  for (const field of ['max', 'min', 'returnKey', 'showRecordId', 'tailable', 'awaitData'])
    if (command[field] !== undefined && command[field] !== false) throw mongoError('CommandNotSupported', `find: ${field} is not supported`)
}

function firstOf(statements: unknown): unknown {
  return (statements as Doc[] | undefined)?.[0]?.['q']
}

function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  if (path.length === 0) return Array.isArray(value) ? value : value === undefined ? [] : [value]
  if (Array.isArray(value)) {
    const [head = ''] = path
    const byIndex = /^\d+$/.test(head) ? valuesAt(value[Number(head)], path.slice(1)) : []
    return [...byIndex, ...value.filter((each) => each !== null && typeof each === 'object' && !Array.isArray(each)).flatMap((each) => valuesAt(each, path))]
  }
  if (value === null || typeof value !== 'object') return []
  const [head = '', ...rest] = path
  return Object.hasOwn(value, head) ? valuesAt((value as Doc)[head], rest) : []
}

function sizeOf(doc: Doc): number {
  return encode(doc).length
}
