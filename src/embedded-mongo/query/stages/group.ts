/** $group and the stages that are a $group in other words. */
import { Int32 } from 'bson'
import { type Doc, isDocument, setField } from '../../document.ts'
import { mongoError } from '../../errors.ts'
import { compareValues } from '../compare.ts'
import { type ExpressionEnv, compileExpression, expressionContext } from '../expressions.ts'
import { type Accumulator, type AccumulatorFactory, compileAccumulator } from '../operators/accumulators.ts'
import { argumentsOf, namedArguments } from '../operators/operator.ts'
import { setKey } from '../operators/sets.ts'
import { toSafeInteger } from '../numbers.ts'
import { show, typeName } from '../show.ts'

export type Stage = (documents: Iterable<Doc>) => Iterable<Doc>

export function compileGroup(spec: unknown, env: ExpressionEnv): Stage {
  if (!isDocument(spec)) throw mongoError('Location15947', "a group's fields must be specified in an object")
  if (!Object.hasOwn(spec, '_id')) throw mongoError('Location15955', 'a group specification must include an _id')
  const { _id: id, ...fields } = spec
  const idOf = compileExpression(id, env)
  const grouping = compileFields(fields, env)
  return function* (documents) {
    const groups = new Map<string, { id: unknown; row: Row }>()
    for (const doc of documents) {
      const value = idOf(doc) ?? null
      const key = setKey(value)
      let group = groups.get(key)
      if (group === undefined) {
        group = { id: value, row: grouping.start(doc) }
        groups.set(key, group)
      }
      grouping.add(group.row, doc)
    }
    for (const group of groups.values()) yield grouping.finish(group.id, group.row)
  }
}

export function compileSortByCount(spec: unknown, env: ExpressionEnv): Stage {
  if (typeof spec === 'string' ? !spec.startsWith('$') : !isDocument(spec) || !Object.keys(spec)[0]?.startsWith('$')) {
    throw mongoError('Location40147', `the sortByCount field must be defined as a $-prefixed path or an expression, not ${show(spec)}`)
  }
  const group = compileGroup({ _id: spec, count: { $sum: new Int32(1) } }, env)
  return (documents) => [...group(documents)].sort((a, b) => compareValues(b['count'], a['count']))
}

export function compileBucket(spec: unknown, env: ExpressionEnv): Stage {
  const { groupBy, boundaries, default: fallback, output } = namedArguments(spec, '$bucket', ['groupBy', 'boundaries'], ['default', 'output']) as { groupBy: unknown; boundaries: unknown; default?: unknown; output?: unknown }
  const valueOf = compileExpression(groupExpression(groupBy), env)
  const bounds = boundariesOf(boundaries, env)
  const hasDefault = fallback !== undefined
  const other = hasDefault ? compileExpression(fallback, env)({}) : undefined
  if (hasDefault && compareValues(other, bounds[0]) >= 0 && compareValues(other, bounds.at(-1)) < 0) {
    throw mongoError('Location40199', "The $bucket 'default' field must be less than the lowest boundary or greater than or equal to the highest boundary.")
  }
  const grouping = compileFields(outputOf(output), env)
  return function* (documents) {
    const rows = new Map<number, Row>()
    for (const doc of documents) {
      const value = valueOf(doc)
      let bucket = bounds.findLastIndex((bound) => compareValues(value, bound) >= 0)
      if (bucket < 0 || bucket === bounds.length - 1) {
        if (!hasDefault) throw mongoError('Location40066', '$switch could not find a matching branch for an input, and no default was specified.')
        bucket = -1
      }
      const row = rows.get(bucket) ?? grouping.start(doc)
      rows.set(bucket, row)
      grouping.add(row, doc)
    }
    const found = [...rows].map(([bucket, row]) => grouping.finish(bucket < 0 ? (other ?? null) : bounds[bucket], row))
    yield* found.sort((a, b) => compareValues(a['_id'], b['_id']))
  }
}

export function compileBucketAuto(spec: unknown, env: ExpressionEnv): Stage {
  const { groupBy, buckets, output, granularity } = namedArguments(spec, '$bucketAuto', ['groupBy', 'buckets'], ['output', 'granularity'])
  if (granularity !== undefined) throw mongoError('NotImplemented', '$bucketAuto: granularity is not supported by this server')
  const count = toSafeInteger(buckets)
  if (count === undefined || count < 1) throw mongoError('Location40243', `The $bucketAuto 'buckets' field must be greater than 0, but found: ${show(buckets)}`)
  const valueOf = compileExpression(groupExpression(groupBy), env)
  const grouping = compileFields(outputOf(output), env)
  return function* (documents) {
    const rows = [...documents].map((doc) => ({ doc, value: valueOf(doc) ?? null })).sort((a, b) => compareValues(a.value, b.value))
    // Equal values stay together, so a bucket may take more than its share.
    const share = Math.max(1, Math.round(rows.length / count))
    let at = 0
    for (let bucket = 1; at < rows.length; bucket += 1) {
      let end = bucket === count ? rows.length : Math.min(rows.length, at + share)
      while (end < rows.length && compareValues(rows[end]?.value, rows[end - 1]?.value) === 0) end += 1
      const members = rows.slice(at, end)
      const row = grouping.start(members[0]?.doc as Doc)
      for (const { doc } of members) grouping.add(row, doc)
      yield grouping.finish({ min: members[0]?.value, max: (end < rows.length ? rows[end] : members.at(-1))?.value }, row)
      at = end
    }
  }
}

type Row = Accumulator[]

function compileFields(fields: Doc, env: ExpressionEnv): { start(first: Doc): Row; add(row: Row, doc: Doc): void; finish(id: unknown, row: Row): Doc } {
  const { compiler, scopeOf } = expressionContext(env)
  const factories = Object.keys(fields).map((name): [string, AccumulatorFactory] => {
    if (name.includes('.')) throw mongoError('Location40235', `The field name '${name}' cannot contain '.'`)
    if (name.startsWith('$')) throw mongoError('Location40236', `The field name '${name}' cannot be an operator name`)
    return [name, compileAccumulator(name, fields[name], compiler)]
  })
  return {
    start: (first) => factories.map(([, create]) => create(scopeOf(first))),
    add: (row, doc) => {
      const scope = scopeOf(doc)
      for (const accumulator of row) accumulator.add(scope)
    },
    finish: (id, row) => {
      const made: Doc = { _id: id }
      for (const [index, [name]] of factories.entries()) setField(made, name, row[index]?.result() ?? null)
      return made
    },
  }
}

function groupExpression(groupBy: unknown): unknown {
  const expression = (typeof groupBy === 'string' && groupBy.startsWith('$')) || (isDocument(groupBy) && Object.keys(groupBy)[0]?.startsWith('$') === true)
  if (!expression) throw mongoError('Location40202', `The $bucket 'groupBy' field must be defined as a $-prefixed path or an expression, but found: ${show(groupBy)}`)
  return groupBy
}

function boundariesOf(boundaries: unknown, env: ExpressionEnv): unknown[] {
  if (!Array.isArray(boundaries)) throw mongoError('Location40200', `The $bucket 'boundaries' field must be an array, but found type: ${typeName(boundaries)}`)
  if (boundaries.length < 2) throw mongoError('Location40192', `The $bucket 'boundaries' field must have at least 2 values, but found ${boundaries.length} value(s).`)
  const values = argumentsOf(boundaries).map((bound) => compileExpression(bound, env)({}))
  for (let index = 1; index < values.length; index += 1) {
    if (compareValues(values[index - 1], values[index]) >= 0) throw mongoError('Location40194', "The 'boundaries' option to $bucket must be sorted in ascending order.")
  }
  return values
}

function outputOf(output: unknown): Doc {
  if (output === undefined) return { count: { $sum: new Int32(1) } }
  if (!isDocument(output)) throw mongoError('Location40196', `The $bucket 'output' field must be an object, but found type: ${typeName(output)}`)
  return output
}
