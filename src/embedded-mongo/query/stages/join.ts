/** Stages that bring in documents of other collections or pipelines: $lookup, $graphLookup, $unionWith, $facet. */
import { Long } from 'bson'
import { type Doc, isDocument, setField } from '../../document.ts'
import { mongoError } from '../../errors.ts'
import type { PipelineEnv } from '../aggregate.ts'
import { isNumeric } from '../compare.ts'
import { compileExpression, fieldPath, fieldValue } from '../expressions.ts'
import { toSafeInteger } from '../numbers.ts'
import { checkVariable } from '../operators/objects.ts'
import { setKey } from '../operators/sets.ts'
import { typeName } from '../show.ts'
import type { Stage } from './group.ts'
import { replaced } from './reshape.ts'

/** How a stage runs a pipeline of its own: over a collection, or over given documents. */
export type RunPipeline = (pipeline: readonly unknown[], env: PipelineEnv, given?: Iterable<Doc>) => Iterable<Doc>

/** Answers for local values that come again, as they mostly do, are kept; no more than this many. */
const maxRemembered = 1_000

export function compileLookup(spec: unknown, env: PipelineEnv, run: RunPipeline): Stage {
  const options = optionsOf('$lookup', spec, ['from', 'localField', 'foreignField', 'as', 'let', 'pipeline'])
  const { from, localField, foreignField, as, let: variables, pipeline } = options
  if (from !== undefined && typeof from !== 'string') throw mongoError('FailedToParse', `$lookup argument 'from' must be a string, is type ${typeName(from)}`)
  if (typeof as !== 'string') throw mongoError('FailedToParse', "must specify 'as' field for a $lookup")
  if ((localField === undefined) !== (foreignField === undefined)) throw mongoError('FailedToParse', '$lookup requires both or neither of localField and foreignField to be specified')
  if (pipeline === undefined && localField === undefined) throw mongoError('FailedToParse', "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified")
  if (pipeline !== undefined && !Array.isArray(pipeline)) throw mongoError('TypeMismatch', "'pipeline' option must be specified as an array")
  if (pipeline === undefined && variables !== undefined) throw mongoError('FailedToParse', "$lookup with a 'let' argument must also specify 'pipeline'")
  if (from === undefined && !isDocument(pipeline?.[0])) throw mongoError('FailedToParse', "must specify 'from' field for a $lookup")
  const target = fieldPath(as)
  const local = localField === undefined ? undefined : fieldPath(stringOption('localField', localField))
  const foreign = foreignField === undefined ? '' : stringOption('foreignField', foreignField)
  if (foreign !== '') fieldPath(foreign)
  const values = compileLet(variables, env)
  const remembered = new Map<string, Doc[]>()
  return function* (documents) {
    for (const doc of documents) {
      const bound = Object.fromEntries(values.map(([name, compute]) => [name, compute(doc)]))
      const filter = local === undefined ? undefined : equality(foreign, fieldValue(doc, local))
      const key = setKey([filter?.['filter'] ?? null, bound])
      let found = remembered.get(key)
      if (found === undefined) {
        found = lookUp(filter, bound)
        if (remembered.size < maxRemembered) remembered.set(key, found)
      }
      yield replaced(doc, target, found)
    }
  }

  function lookUp(condition: { filter: Doc } | undefined, bound: Doc): Doc[] {
    const stages: unknown[] = [...(condition === undefined ? [] : [{ $match: condition.filter }]), ...((pipeline as unknown[] | undefined) ?? [])]
    return [...run(stages, { ...env, hint: undefined, collection: (from as string | undefined) ?? null, let: { ...env.let, ...bound } })]
  }
}

export function compileGraphLookup(spec: unknown, env: PipelineEnv): Stage {
  const options = optionsOf('$graphLookup', spec, ['from', 'startWith', 'connectFromField', 'connectToField', 'as', 'maxDepth', 'depthField', 'restrictSearchWithMatch'])
  const { startWith, maxDepth, restrictSearchWithMatch } = options
  const [from, connectFrom, connectTo, as] = ['from', 'connectFromField', 'connectToField', 'as'].map((name) => {
    if (options[name] === undefined) throw mongoError('Location40105', '$graphLookup requires \'from\', \'as\', \'startWith\', \'connectFromField\', and \'connectToField\' to be specified.')
    return stringOption(name, options[name])
  }) as [string, string, string, string]
  const start = compileExpression(startWith, env)
  const most = maxDepth === undefined ? Number.POSITIVE_INFINITY : isNumeric(maxDepth) ? toSafeInteger(maxDepth) : undefined
  if (most === undefined || most < 0) throw mongoError('Location40101', 'maxDepth requires a nonnegative argument')
  if (restrictSearchWithMatch !== undefined && !isDocument(restrictSearchWithMatch)) throw mongoError('Location40185', 'restrictSearchWithMatch must be an object')
  const depthField = options['depthField'] === undefined ? undefined : fieldPath(stringOption('depthField', options['depthField']))
  const [path, target] = [fieldPath(connectFrom), fieldPath(as)]
  return function* (documents) {
    for (const doc of documents) yield replaced(doc, target, search(start(doc)))
  }

  function search(first: unknown): Doc[] {
    const found = new Map<string, Doc>()
    const asked = new Set<string>()
    let frontier = Array.isArray(first) ? (first as unknown[]) : [first]
    for (let depth = 0; depth <= (most as number) && frontier.length > 0; depth += 1) {
      const wanted = frontier.filter((value) => value !== undefined && !asked.has(setKey(value)))
      for (const value of wanted) asked.add(setKey(value))
      if (wanted.length === 0) break
      const filter: Doc = { $or: wanted.map((value) => ({ [connectTo]: { $eq: value } })) }
      const next: unknown[] = []
      for (const each of env.find(from, { filter: restrictSearchWithMatch === undefined ? filter : { $and: [filter, restrictSearchWithMatch] }, let: env.let })) {
        const key = setKey(each['_id'])
        if (found.has(key)) continue
        found.set(key, depthField === undefined ? each : replaced(each, depthField, Long.fromNumber(depth)))
        const value = fieldValue(each, path)
        next.push(...(Array.isArray(value) ? (value as unknown[]) : [value]))
      }
      frontier = next
    }
    return [...found.values()]
  }
}

export function compileUnionWith(spec: unknown, env: PipelineEnv, run: RunPipeline): Stage {
  const options = typeof spec === 'string' ? { coll: spec } : optionsOf('$unionWith', spec, ['coll', 'pipeline'])
  const { coll, pipeline } = options as { coll?: unknown; pipeline?: unknown }
  if (coll !== undefined && typeof coll !== 'string') throw mongoError('TypeMismatch', `BSON field '$unionWith.coll' is the wrong type '${typeName(coll)}', expected type 'string'`)
  if (coll === undefined && pipeline === undefined) throw mongoError('FailedToParse', "$unionWith stage without explicit collection must have a pipeline with $documents as first stage")
  if (pipeline !== undefined && !Array.isArray(pipeline)) throw mongoError('TypeMismatch', "'pipeline' option must be specified as an array")
  return function* (documents) {
    yield* documents
    yield* run((pipeline as unknown[] | undefined) ?? [], { ...env, hint: undefined, collection: coll ?? null })
  }
}

export function compileFacet(spec: unknown, env: PipelineEnv, run: RunPipeline): Stage {
  if (!isDocument(spec) || Object.keys(spec).length === 0) throw mongoError('Location40169', `the $facet specification must be a non-empty object, but found: ${typeName(spec)}`)
  const facets = Object.keys(spec).map((name): [string, unknown[]] => {
    const stages = spec[name]
    if (name.startsWith('$') || name.includes('.')) throw mongoError('Location40170', `the $facet field name '${name}' is not valid`)
    if (!Array.isArray(stages)) throw mongoError('Location40170', `arguments to $facet must be arrays, ${name} is type ${typeName(stages)}`)
    for (const stage of stages) {
      const refused = isDocument(stage) ? Object.keys(stage).find((key) => ['$facet', '$out', '$merge', '$documents', '$collStats', '$indexStats'].includes(key)) : undefined
      if (refused !== undefined) throw mongoError('Location40600', `${refused} is not allowed to be used within a $facet stage`)
    }
    return [name, stages]
  })
  return function* (documents) {
    const all = [...documents]
    const made: Doc = {}
    for (const [name, stages] of facets) setField(made, name, [...run(stages, env, all)])
    yield made
  }
}

function optionsOf(name: string, spec: unknown, known: readonly string[]): Doc {
  if (!isDocument(spec)) throw mongoError('FailedToParse', `the ${name} stage specification must be an object, but found ${typeName(spec)}`)
  for (const key of Object.keys(spec)) if (!known.includes(key)) throw mongoError('FailedToParse', `unknown argument to ${name}: ${key}`)
  return spec
}

function stringOption(name: string, value: unknown): string {
  if (typeof value !== 'string') throw mongoError('FailedToParse', `argument '${name}' must be a string, is type ${typeName(value)}`)
  return value
}

function compileLet(variables: unknown, env: PipelineEnv): [string, (doc: Doc) => unknown][] {
  if (variables === undefined) return []
  if (!isDocument(variables)) throw mongoError('FailedToParse', `$lookup argument 'let' must be an object, is type ${typeName(variables)}`)
  return Object.keys(variables).map((name) => {
    checkVariable(name)
    return [name, compileExpression(variables[name], env)]
  })
}

/** The elements of an array are wanted one by one, a missing value finds null and missing ones; patterns are values here. */
function equality(field: string, value: unknown): { filter: Doc } {
  if (!Array.isArray(value)) return { filter: { [field]: { $eq: value ?? null } } }
  if (value.length === 0) return { filter: { $alwaysFalse: 1 } }
  return { filter: { $or: value.map((item: unknown) => ({ [field]: { $eq: item ?? null } })) } }
}
