import type { Doc } from '../document.ts'
import { mongoError } from '../errors.ts'
import { encodeKey } from './key-string.ts'
import { compileFilter } from './match.ts'
import { asDouble, isNumeric } from './numbers.ts'
import { isDocument } from '../document.ts'

export interface IndexSpec {
  name: string
  key: Doc
  unique?: boolean
  sparse?: boolean
  partialFilterExpression?: Doc
  expireAfterSeconds?: number
}

interface Compiled {
  paths: string[][]
  directions: (1 | -1)[]
  includes: ((doc: Doc) => boolean) | undefined
}

const compiled = new WeakMap<IndexSpec, Compiled>()

/** The keys under which an index finds a document: several when a field holds an array, none when the index leaves the document out. */
export function indexKeys(spec: IndexSpec, doc: Doc): { keys: Buffer[]; multikey: boolean } {
  const { paths, directions, includes } = compile(spec)
  if (includes && !includes(doc)) return { keys: [], multikey: false }
  const columns = paths.map((path) => valuesOf(doc, path))
  if (spec.sparse && columns.every(({ values }) => values.every((value) => value === undefined))) return { keys: [], multikey: false }
  const arrays = columns.filter(({ isArray }) => isArray)
  if (arrays.length > 1 && new Set(paths.filter((_path, at) => columns[at]?.isArray).map((path) => path[0])).size > 1)
    throw mongoError('CannotIndexParallelArrays', `cannot index parallel arrays [${paths.filter((_path, at) => columns[at]?.isArray).map((path) => path.join('.')).join('] [')}]`)
  const rows = columns.reduce<unknown[][]>((made, { values }) => made.flatMap((row) => values.map((value) => [...row, value ?? null])), [[]])
  const keys = new Map(rows.map((row) => encodeKey(row, directions)).map((key) => [key.toString('latin1'), key]))
  return { keys: [...keys.values()], multikey: arrays.length > 0 }
}

/** @throws MongoError CannotCreateIndex for a kind that is not kept here */
export function validateIndexSpec(spec: IndexSpec): void {
  for (const [field, direction] of Object.entries(spec.key)) {
    if (!isNumeric(direction) || asDouble(direction) === 0 || Number.isNaN(asDouble(direction))) throw mongoError('CannotCreateIndex', `The index ${spec.name} is of a kind that is not supported: ${String(direction)}`)
    if (field === '' || field.split('.').some((part) => part === '') || field.includes('$')) throw mongoError('CannotCreateIndex', `'${field}' can not be indexed`)
  }
  if (spec.sparse && spec.partialFilterExpression) throw mongoError('CannotCreateIndex', 'cannot mix "partialFilterExpression" and "sparse" options')
  if (spec.expireAfterSeconds !== undefined && (Object.keys(spec.key).length !== 1 || !(spec.expireAfterSeconds >= 0))) throw mongoError('CannotCreateIndex', 'TTL indexes have one field and a time that is not negative')
  if (spec.partialFilterExpression) compileFilter(spec.partialFilterExpression)
}

export function directionsOf(spec: IndexSpec): (1 | -1)[] {
  return compile(spec).directions
}

function compile(spec: IndexSpec): Compiled {
  const known = compiled.get(spec)
  if (known) return known
  const made: Compiled = {
    paths: Object.keys(spec.key).map((field) => field.split('.')),
    directions: Object.values(spec.key).map((direction) => (asDouble(direction) < 0 ? -1 : 1)),
    includes: spec.partialFilterExpression ? compileFilter(spec.partialFilterExpression) : undefined,
  }
  compiled.set(spec, made)
  return made
}

function valuesOf(value: unknown, path: readonly string[], at = 0): { values: unknown[]; isArray: boolean } {
  if (Array.isArray(value)) {
    const name = path[at]
    if (at < path.length && /^(0|[1-9]\d*)$/.test(name as string)) {
      const found = valuesOf(value[Number(name)], path, at + 1)
      return { values: found.values, isArray: true }
    }
    if (value.length === 0) return { values: [undefined], isArray: true }
    return { values: value.flatMap((each) => (at === path.length ? [each] : isDocument(each) ? valuesOf(each, path, at).values : [undefined])), isArray: true }
  }
  if (at === path.length) return { values: [value], isArray: false }
  if (!isDocument(value)) return { values: [undefined], isArray: false }
  const name = path[at] as string
  return valuesOf(Object.hasOwn(value, name) ? value[name] : undefined, path, at + 1)
}
