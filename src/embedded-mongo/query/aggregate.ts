import { type Doc, isDocument } from '../document.ts'
import { mongoError } from '../errors.ts'
import { aggregate, refuseScripts } from './expressions.ts'
import { compileFilter } from './match.ts'
import { asDouble } from './numbers.ts'
import { compileSort } from './sort.ts'

export interface PipelineEnv {
  /** null for an aggregation over no collection */
  collection: string | null
  now: Date
  let: Doc
  hint?: string | Doc | undefined
  find(collection: string, selection: { filter: Doc; sort?: Doc; limit?: number; hint?: string | Doc | undefined; let?: Doc }): Iterable<Doc>
}

/** Stages that mingo computes as the server does. */
const computed = new Set(['$project', '$addFields', '$set', '$unset', '$group', '$unwind', '$count', '$replaceRoot', '$replaceWith', '$lookup', '$facet', '$bucket', '$bucketAuto', '$sortByCount', '$sample', '$redact', '$densify', '$fill', '$setWindowFields', '$unionWith'])
const own = new Set(['$match', '$sort', '$limit', '$skip', '$documents'])

/**
 * The documents that a pipeline yields. A leading $match and $sort (with its $limit) go to the indexes; filters, orders and cuts are ours,
 * with BSON's own comparisons; what is computed goes through mingo.
 * @throws MongoError for stages that are not known here
 */
export function runPipeline(pipeline: readonly Doc[], env: PipelineEnv, given?: Iterable<Doc>): Iterable<Doc> {
  for (const stage of pipeline) ensureKnown(stage)
  const stages = [...pipeline]
  let documents: Iterable<Doc> = given ?? []
  if (!given && env.collection !== null) {
    const filter = isStage(stages[0], '$match') ? ((stages.shift() as Doc)['$match'] as Doc) : {}
    const sort = isStage(stages[0], '$sort') ? ((stages.shift() as Doc)['$sort'] as Doc) : undefined
    const limit = isStage(stages[0], '$limit') ? asDouble((stages[0] as Doc)['$limit']) : 0
    documents = env.find(env.collection, { filter, ...(sort ? { sort } : {}), limit, hint: env.hint, let: env.let })
  }
  while (stages.length > 0) {
    const [name = ''] = Object.keys(stages[0] as Doc)
    if (own.has(name)) {
      documents = runOwn(name, (stages.shift() as Doc)[name], documents, env)
      continue
    }
    const run: Doc[] = []
    while (stages.length > 0 && computed.has(Object.keys(stages[0] as Doc)[0] ?? '')) run.push(stages.shift() as Doc)
    documents = isPlainCount(run) ? counted(documents, ((run[0] as Doc)['$group'] as Doc)['_id']) : aggregate(run, documents, env.let, (collection) => [...env.find(collection, { filter: {} })])
  }
  return documents
}

function runOwn(name: string, operand: unknown, documents: Iterable<Doc>, env: PipelineEnv): Iterable<Doc> {
  switch (name) {
    case '$match': {
      const matches = compileFilter(operand as Doc, { let: env.let })
      return [...documents].filter((doc) => matches(doc))
    }
    case '$sort':
      return [...documents].toSorted(compileSort(operand as Doc))
    case '$limit':
      return first(documents, positive('$limit', operand, 1))
    case '$skip':
      return [...documents].slice(positive('$skip', operand, 0))
    default:
      return operand as Doc[]
  }
}

// What countDocuments sends: no need to carry documents through anything.
function isPlainCount(run: readonly Doc[]): boolean {
  const group = run.length === 1 ? (run[0] as Doc)['$group'] : undefined
  return isDocument(group) && Object.keys(group).join() === '_id,n' && isConstant(group['_id']) && isDocument(group['n']) && Object.keys(group['n']).join() === '$sum' && asDouble(group['n']['$sum']) === 1
}

function isConstant(value: unknown): boolean {
  return value === null || (!isDocument(value) && typeof value !== 'string' && asDouble(value) === 1)
}

function* counted(documents: Iterable<Doc>, id: unknown): Iterable<Doc> {
  let n = 0
  for (const _doc of documents) n += 1
  if (n > 0) yield { _id: id, n }
}

function first(documents: Iterable<Doc>, limit: number): Doc[] {
  const kept: Doc[] = []
  for (const doc of documents) {
    if (kept.length >= limit) break
    kept.push(doc)
  }
  return kept
}

function positive(name: string, operand: unknown, least: number): number {
  const number = asDouble(operand)
  if (!Number.isInteger(number) || number < least) throw mongoError('Location15958', `the ${name} must be ${least === 1 ? 'positive' : 'not negative'}`)
  return number
}

function isStage(stage: Doc | undefined, name: string): boolean {
  return stage !== undefined && name in stage
}

function ensureKnown(stage: Doc): void {
  const names = isDocument(stage) ? Object.keys(stage) : []
  const [name = ''] = names
  if (names.length !== 1) throw mongoError('Location40323', 'A pipeline stage specification object must contain exactly one field.')
  if (!own.has(name) && !computed.has(name)) throw mongoError(name === '$out' || name === '$merge' || name === '$changeStream' ? 'CommandNotSupported' : 'Location40324', name === '$out' || name === '$merge' || name === '$changeStream' ? `${name} is not supported by this store` : `Unrecognized pipeline stage name: '${name}'`)
  refuseScripts(stage)
}
