/** Aggregation pipelines: stages over iterables, each reading the one before only as far as it must. */
import { type Doc, isDocument } from '../document.ts'
import { mongoError } from '../errors.ts'
import { compileExpression } from './expressions.ts'
import { compileFilter } from './match.ts'
import { isNumeric } from './compare.ts'
import { toSafeInteger } from './numbers.ts'
import { compileSort, parseSort } from './sort.ts'
import { type Stage, compileBucket, compileBucketAuto, compileGroup, compileSortByCount } from './stages/group.ts'
import { compileFacet, compileGraphLookup, compileLookup, compileUnionWith } from './stages/join.ts'
import { compileCount, compileLimit, compileRedact, compileSample, compileSkip, compileUnwind } from './stages/reshape.ts'
import { compileTransform, stageOf } from './transforms.ts'

export interface PipelineEnv {
  /** null for an aggregation over no collection */
  collection: string | null
  /** what `$$NOW` says */
  now: Date
  /** values of `$$name` */
  let: Doc
  hint?: string | Doc | undefined
  /** documents of a collection of the same database; `limit` 0 means all */
  find(collection: string, selection: { filter: Doc; sort?: Doc; limit?: number; hint?: string | Doc | undefined; let?: Doc }): Iterable<Doc>
}

/**
 * The documents that a pipeline yields. What leads it of `$match`, `$sort` and `$limit` is handed down to `find`, where the indexes are.
 * Every stage is read before the first document moves. Throws MongoDB's errors for stages that it would refuse, and for those that this
 * store does not have.
 */
export function runPipeline(pipeline: readonly unknown[], env: PipelineEnv, given?: Iterable<Doc>): Iterable<Doc> {
  const stages = pipeline.map(stageOf)
  const { selection, rest } = given === undefined && env.collection !== null ? pushedDown(stages) : { selection: { filter: {} }, rest: stages }
  const compiled = rest.map(([name, spec], index) => compileStage(name, spec, index === 0 && given === undefined && env.collection === null, env))
  const source = given ?? (env.collection === null ? [] : env.find(env.collection, { ...selection, let: env.let, hint: env.hint }))
  return compiled.reduce<Iterable<Doc>>((documents, stage) => stage(documents), source)
}

interface Selection {
  filter: Doc
  sort?: Doc
  limit?: number
}

type NamedStage = [string, unknown]

/** The selection that the first stages amount to, and what is left of the pipeline. */
function pushedDown(stages: readonly NamedStage[]): { selection: Selection; rest: NamedStage[] } {
  const rest = [...stages]
  const filters: Doc[] = []
  while (rest[0]?.[0] === '$match') filters.push(filterOf((rest.shift() as NamedStage)[1]))
  const [only] = filters
  const selection: Selection = { filter: filters.length === 1 && only !== undefined ? only : filters.length === 0 ? {} : { $and: filters } }
  if (rest[0]?.[0] === '$sort') {
    selection.sort = sortOf(rest[0][1])
    rest.shift()
  }
  selection.limit = limitOf(rest)
  return { selection, rest }
}

/** How many documents a leading `$skip` and `$limit` can use; the stages stay where they are. */
function limitOf(stages: readonly NamedStage[]): number {
  const [first, second] = stages
  const skip = first?.[0] === '$skip' ? wholeOf(first[1]) : 0
  const limit = first?.[0] === '$limit' ? wholeOf(first[1]) : skip > 0 && second?.[0] === '$limit' ? wholeOf(second[1]) : 0
  return limit > 0 ? limit + skip : 0
}

function wholeOf(value: unknown): number {
  return isNumeric(value) ? (toSafeInteger(value) ?? 0) : 0
}

/** Known to MongoDB, refused here by name. */
const unsupported = new Set([
  '$changeStream', '$changeStreamSplitLargeEvent', '$collStats', '$currentOp', '$densify', '$fill', '$geoNear', '$indexStats', '$listLocalSessions', '$listSampledQueries',
  '$listSearchIndexes', '$listSessions', '$merge', '$out', '$planCacheStats', '$search', '$searchMeta', '$setWindowFields', '$shardedDataDistribution', '$vectorSearch',
])

function compileStage(name: string, spec: unknown, leading: boolean, env: PipelineEnv): Stage {
  const transform = compileTransform(name, spec, env)
  if (transform !== undefined) return (documents) => map(documents, transform)
  switch (name) {
    case '$match': {
      const matches = compileFilter(filterOf(spec), { let: env.let })
      return (documents) => filter(documents, matches)
    }
    case '$sort': {
      const order = compileSort(sortOf(spec))
      return (documents) => lazily(() => [...documents].sort(order))
    }
    case '$limit':
      return compileLimit(spec)
    case '$skip':
      return compileSkip(spec)
    case '$count':
      return compileCount(spec)
    case '$group':
      return compileGroup(spec, env)
    case '$sortByCount':
      return compileSortByCount(spec, env)
    case '$bucket':
      return compileBucket(spec, env)
    case '$bucketAuto':
      return compileBucketAuto(spec, env)
    case '$unwind':
      return compileUnwind(spec)
    case '$redact':
      return compileRedact(spec, env)
    case '$sample':
      return compileSample(spec)
    case '$lookup':
      return compileLookup(spec, env, runPipeline)
    case '$graphLookup':
      return compileGraphLookup(spec, env)
    case '$unionWith':
      return compileUnionWith(spec, env, runPipeline)
    case '$facet':
      return compileFacet(spec, env, runPipeline)
    case '$documents':
      return compileDocuments(spec, leading, env)
    default:
      if (unsupported.has(name)) throw mongoError('CommandNotSupported', `The stage ${name} is not supported by this server`)
      throw mongoError('Location40324', `Unrecognized pipeline stage name: '${name}'`)
  }
}

function filterOf(spec: unknown): Doc {
  if (!isDocument(spec)) throw mongoError('Location15959', 'the match filter must be an expression in an object')
  return spec
}

function sortOf(spec: unknown): Doc {
  if (!isDocument(spec)) throw mongoError('Location15973', 'the $sort key specification must be an object')
  if (Object.keys(spec).length === 0) throw mongoError('Location15976', '$sort stage must have at least one sort key')
  parseSort(spec)
  return spec
}

function compileDocuments(spec: unknown, leading: boolean, env: PipelineEnv): Stage {
  if (!leading) throw mongoError('Location40602', '$documents is only valid as the first stage in a pipeline')
  const documents = compileExpression(spec, env)({})
  if (!Array.isArray(documents) || !documents.every(isDocument)) throw mongoError('Location5858203', 'expected an array of documents as the argument of $documents')
  return () => documents
}

function* map(documents: Iterable<Doc>, transform: (doc: Doc) => Doc): Iterable<Doc> {
  for (const doc of documents) yield transform(doc)
}

function* filter(documents: Iterable<Doc>, matches: (doc: Doc) => boolean): Iterable<Doc> {
  for (const doc of documents) if (matches(doc)) yield doc
}

function* lazily(compute: () => Doc[]): Iterable<Doc> {
  yield* compute()
}
