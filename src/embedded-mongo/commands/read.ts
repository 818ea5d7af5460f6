import type { Long } from 'bson'
import type { Collection } from '../catalog.ts'
import { type Batch, maxBatchBytes, type Source, sourceOf } from '../cursors.ts'
import { type Doc, encode } from '../document.ts'
import { mongoError } from '../errors.ts'
import { runPipeline } from '../query/aggregate.ts'
import { compileProjection } from '../query/project.ts'
import { needsSort, type Selection, workOf } from '../records.ts'
import type { Position } from '../scan.ts'
import { encodeKey } from '../query/key-string.ts'
import type { Plan } from '../query/plan.ts'
import type { Transaction } from '../transactions/engine.ts'
import { asArray, type Call, type CommandSpec, docField, findCollection, look, namespaceOf, numberField, refuseCollation, variablesOf } from './command.ts'

export const find: CommandSpec = {
  fields: ['filter', 'sort', 'projection', 'hint', 'skip', 'limit', 'batchSize', 'singleBatch', 'collation', 'let', 'allowDiskUse', 'noCursorTimeout', 'allowPartialResults', 'showRecordId', 'returnKey', 'max', 'min', 'tailable', 'awaitData', 'oplogReplay'],
  inTransaction: true,
  run: (call) => {
    refuseUnsupported(call.command)
    const limit = numberField(call.command, 'limit') ?? 0
    if (limit < 0 || (numberField(call.command, 'skip') ?? 0) < 0 || (numberField(call.command, 'batchSize') ?? 0) < 0) throw mongoError('Location51024', 'BSON field value must be >= 0')
    const selection = selectionOf(call)
    const projection = docField(call.command, 'projection')
    const project = projection && Object.keys(projection).length > 0 ? compileProjection(projection, selection.filter) : undefined
    const source = findSource(call, selection, project)
    return {
      cursor: call.store.cursors.open({ namespace: namespaceOf(call), source, batchSize: numberField(call.command, 'batchSize'), single: call.command['singleBatch'] === true, transaction: call.transaction, deadline: call.deadline }),
    }
  },
}

export const getMore: CommandSpec = {
  fields: ['collection', 'batchSize', 'term', 'lastKnownCommittedOpTime'],
  inTransaction: true,
  run: ({ store, command, database, transaction, deadline }) => ({
    cursor: store.cursors.more(command['getMore'] as Long, { namespace: `${database}.${String(command['collection'])}`, batchSize: numberField(command, 'batchSize'), transaction, deadline }),
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
      const selection = { ...selectionOf(call), filter: docField(call.command, 'query') ?? {}, limit: Math.abs(numberField(call.command, 'limit') ?? 0) }
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
      const found = collection ? call.store.records.select(transaction, collection, { ...selectionOf(call), filter: docField(call.command, 'query') ?? {} }) : []
      // By their ordered keys, for which 1 and 1.0 are one value.
      for (const { doc } of found)
        for (const value of valuesAt(doc, key.split('.'))) {
          const name = encodeKey([value], [1]).toString('latin1')
          if (!values.has(name)) values.set(name, value)
        }
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
    const documents = look(call, (transaction) =>
      gatheredFrom(runPipeline(pipeline, {
        collection: typeof name === 'string' ? name : null,
        now: new Date(),
        let: variablesOf(call.command),
        hint: call.command['hint'] as string | Doc | undefined,
        find: (collection, selection) => readAll(call, transaction, collection, { ...selection, deadline: call.deadline }),
      })),
    )
    const batchSize = numberField(docField(call.command, 'cursor') ?? {}, 'batchSize')
    return { cursor: call.store.cursors.open({ namespace, source: sourceOf(documents), batchSize, single: false, transaction: call.transaction, deadline: call.deadline }) }
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
      const work = workOf(call)
      const selection = { ...selectionOf(asked), filter: (filter as Doc | undefined) ?? {} }
      let returned = 0
      if (collection) for (const _record of call.store.records.select(transaction, collection, selection, work)) returned += 1
      const plan = work.plan
      return {
        queryPlanner: { namespace: namespaceOf(asked), winningPlan: shownPlan(plan, selection, collection), rejectedPlans: [], sorted: plan?.sorted ?? true },
        executionStats: { executionSuccess: true, nReturned: returned, totalKeysExamined: work.keys, totalDocsExamined: work.documents },
      }
    })
  },
}

function shownPlan(plan: Plan | undefined, selection: Selection, collection: Collection | undefined): Doc {
  if (!plan || !collection) return { stage: 'EOF' }
  const direction = plan.reverse ? 'backward' : 'forward'
  const index = collection.indexes.find(({ spec }) => spec.name === plan.index)
  const scan = index
    ? { stage: 'FETCH', inputStage: { stage: 'IXSCAN', indexName: index.spec.name, keyPattern: index.spec.key, isMultiKey: index.multikey, isUnique: index.spec.unique === true, direction } }
    : { stage: 'COLLSCAN', direction }
  return needsSort(plan, selection) ? { stage: 'SORT', sortPattern: selection.sort, inputStage: scan } : scan
}

function selectionOf({ command, deadline }: Call): Selection {
  return {
    deadline,
    filter: docField(command, 'filter') ?? {},
    sort: docField(command, 'sort'),
    hint: command['hint'] as string | Doc | undefined,
    let: variablesOf(command),
    skip: numberField(command, 'skip') ?? 0,
    limit: numberField(command, 'limit') ?? 0,
  }
}

/** What an aggregation, or a sort without an index, may hold in memory for its cursor. */
const maxGatheredBytes = 100 * 1024 * 1024

// Each batch looks at the store anew, from the key where the last one stopped, by the plan that the first one had; only what had to be
// sorted is gathered at once.
function findSource(call: Call, selection: Selection, project: ((doc: Doc) => Doc) | undefined): Source {
  const position: Position = {}
  let left = selection.limit || Number.POSITIVE_INFINITY
  let skip = selection.skip ?? 0
  let begun: { plan: Plan; uuid: unknown } | undefined
  let gathered: Source | undefined
  const shape = project ? (record: { doc: Doc }) => encode(project(record.doc)) : (record: { bytes: Buffer }) => record.bytes

  return (size, deadline) =>
    gathered?.(size, deadline) ??
    look(call, (transaction): Batch => {
      const collection = findCollection(call, transaction)
      if (!collection && !begun) return { documents: [], done: true }
      if (!collection || (begun && (begun.uuid !== String(collection.uuid) || !canFollow(begun.plan, collection)))) throw mongoError('QueryPlanKilled', `The collection ${namespaceOf(call)} or its index was dropped while the cursor was open`)
      begun ??= { plan: call.store.records.plan(collection, selection), uuid: String(collection.uuid) }
      const work = { ...workOf({ deadline }), plan: begun.plan }
      if (needsSort(begun.plan, selection)) {
        gathered = sourceOf([...call.store.records.select(transaction, collection, selection, work)].map(shape))
        return gathered(size, deadline)
      }
      return nextBatch(call.store.records.select(transaction, collection, { ...selection, skip, limit: 0 }, work, position), size)
    })

  function nextBatch(found: Iterable<{ doc: Doc; bytes: Buffer }>, size: number): Batch {
    const documents: Buffer[] = []
    let bytes = 0
    for (const record of found) {
      const document = shape(record)
      documents.push(document)
      bytes += document.length
      left -= 1
      if (left <= 0) return { documents, done: true }
      if (documents.length >= size || bytes > maxBatchBytes) {
        skip = 0
        return { documents, done: false }
      }
    }
    return { documents, done: true }
  }
}

function canFollow(plan: Plan, collection: Collection): boolean {
  return plan.index === null || collection.indexes.some(({ spec }) => spec.name === plan.index)
}

function gatheredFrom(documents: Iterable<Doc>): Buffer[] {
  const gathered: Buffer[] = []
  let bytes = 0
  for (const document of documents) {
    const encoded = encode(document)
    bytes += encoded.length
    if (bytes > maxGatheredBytes) throw mongoError('ExceededMemoryLimit', `An aggregation's result may have ${maxGatheredBytes} bytes`)
    gathered.push(encoded)
  }
  return gathered
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
