/** Stages that change how many documents there are, each on its own: $unwind, $redact, $limit, $skip, $count, $sample. */
import { randomInt } from 'node:crypto'
import { Long } from 'bson'
import { type Doc, getField, isDocument, setField } from '../../document.ts'
import { mongoError } from '../../errors.ts'
import { isNumeric } from '../compare.ts'
import { type ExpressionEnv, compileExpression, fieldPath } from '../expressions.ts'
import { integer, toSafeInteger } from '../numbers.ts'
import { show, typeName } from '../show.ts'
import type { Stage } from './group.ts'

export function compileUnwind(spec: unknown): Stage {
  const { path, indexField, preserve } = unwindOptions(spec)
  return function* (documents) {
    for (const doc of documents) {
      const value = path.reduce<unknown>((from, part) => (isDocument(from) ? getField(from, part) : undefined), doc)
      if (Array.isArray(value) && value.length > 0) {
        for (const [index, item] of value.entries()) yield withIndex(replaced(doc, path, item ?? null), Long.fromNumber(index))
      } else if (Array.isArray(value) || value === null || value === undefined) {
        if (preserve) yield withIndex(Array.isArray(value) ? replaced(doc, path, undefined) : doc, null)
      } else yield withIndex(doc, null)
    }
  }

  function withIndex(doc: Doc, index: Long | null): Doc {
    return indexField === undefined ? doc : replaced(doc, indexField, index)
  }
}

export function compileLimit(spec: unknown): Stage {
  const limit = countOf('$limit', spec, 'Location15957')
  if (limit < 1) throw mongoError('Location15958', 'the limit must be positive')
  return function* (documents) {
    let left = limit
    for (const doc of documents) {
      yield doc
      left -= 1
      if (left === 0) return
    }
  }
}

export function compileSkip(spec: unknown): Stage {
  const skip = countOf('$skip', spec, 'Location15972')
  if (skip < 0) throw mongoError('Location15956', 'Argument to $skip cannot be negative')
  return function* (documents) {
    let left = skip
    for (const doc of documents) {
      if (left === 0) yield doc
      else left -= 1
    }
  }
}

export function compileCount(spec: unknown): Stage {
  if (typeof spec !== 'string' || spec === '') throw mongoError('Location40156', 'the count field must be a non-empty string')
  if (spec.startsWith('$')) throw mongoError('Location40158', 'the count field cannot be a $-prefixed path')
  if (spec.includes('.')) throw mongoError('Location40160', "the count field cannot contain '.'")
  return function* (documents) {
    let count = 0
    for (const _doc of documents) count += 1
    if (count > 0) yield { [spec]: integer(BigInt(count)) }
  }
}

export function compileSample(spec: unknown): Stage {
  if (!isDocument(spec)) throw mongoError('Location28745', 'the $sample stage specification must be an object')
  const size = isNumeric(spec['size']) ? toSafeInteger(spec['size']) : undefined
  if (size === undefined) throw mongoError('Location28746', 'size argument to $sample must be a number')
  if (size < 1) throw mongoError('Location28747', 'size argument to $sample must be a positive integer')
  return (documents) => {
    // A reservoir: every document has the same chance, and no more than the sample is held.
    const kept: Doc[] = []
    let seen = 0
    for (const doc of documents) {
      seen += 1
      const place = kept.length < size ? kept.length : randomInt(seen)
      if (place < size) kept[place] = doc
    }
    return shuffled(kept)
  }
}

export function compileRedact(spec: unknown, env: ExpressionEnv): Stage {
  const decide = compileExpression(spec, env)
  return function* (documents) {
    for (const doc of documents) {
      const kept = redact(doc, doc)
      if (kept !== undefined) yield kept
    }
  }

  function redact(doc: Doc, root: Doc): Doc | undefined {
    const decision = decide(doc, root)
    if (decision === '$$KEEP') return doc
    if (decision === '$$PRUNE') return undefined
    if (decision !== '$$DESCEND') throw mongoError('Location17053', `$redact's expression should not return anything aside from the variables $$KEEP, $$DESCEND, and $$PRUNE, but returned ${show(decision)}`)
    const made: Doc = {}
    for (const name of Object.keys(doc)) {
      const value = inner(doc[name], root)
      if (value !== undefined) setField(made, name, value)
    }
    return made
  }

  function inner(value: unknown, root: Doc): unknown {
    if (Array.isArray(value)) return value.map((item: unknown) => inner(item, root)).filter((item) => item !== undefined)
    return isDocument(value) ? redact(value, root) : value
  }
}

/** The document with another value at a path of documents; undefined takes the field away. */
export function replaced(doc: Doc, path: readonly string[], value: unknown): Doc {
  const [name, ...rest] = path as [string, ...string[]]
  const made: Doc = {}
  for (const key of Object.keys(doc)) if (key !== name || value !== undefined || rest.length > 0) setField(made, key, doc[key])
  if (rest.length > 0) {
    const inside = getField(doc, name)
    if (value === undefined && !isDocument(inside)) return doc
    setField(made, name, replaced(isDocument(inside) ? inside : {}, rest, value))
  } else if (value !== undefined) setField(made, name, value)
  return made
}

function unwindOptions(spec: unknown): { path: string[]; indexField: string[] | undefined; preserve: boolean } {
  const options: Doc = typeof spec === 'string' ? { path: spec } : isDocument(spec) ? spec : {}
  if (typeof spec !== 'string' && !isDocument(spec)) throw mongoError('Location15981', `expected either a string or an object as specification for $unwind stage, got ${typeName(spec)}`)
  const { path, includeArrayIndex, preserveNullAndEmptyArrays } = options
  for (const name of Object.keys(options)) {
    if (!['path', 'includeArrayIndex', 'preserveNullAndEmptyArrays'].includes(name)) throw mongoError('Location28811', `unrecognized option to $unwind stage: ${name}`)
  }
  if (path === undefined) throw mongoError('Location28812', 'no path specified to $unwind stage')
  if (typeof path !== 'string') throw mongoError('Location28808', `expected a string as the path for $unwind stage, got ${typeName(path)}`)
  if (!path.startsWith('$')) throw mongoError('Location28818', `path option to $unwind stage should be prefixed with a '$': ${path}`)
  if (preserveNullAndEmptyArrays !== undefined && typeof preserveNullAndEmptyArrays !== 'boolean') {
    throw mongoError('Location28809', `expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage, got ${typeName(preserveNullAndEmptyArrays)}`)
  }
  if (includeArrayIndex !== undefined && (typeof includeArrayIndex !== 'string' || includeArrayIndex === '')) throw mongoError('Location28810', 'expected a non-empty string for the includeArrayIndex option to $unwind stage')
  return { path: fieldPath(path.slice(1)), indexField: includeArrayIndex === undefined ? undefined : fieldPath(includeArrayIndex as string), preserve: preserveNullAndEmptyArrays === true }
}

function countOf(name: string, spec: unknown, code: `Location${number}`): number {
  const count = isNumeric(spec) ? toSafeInteger(spec) : undefined
  if (count === undefined) throw mongoError(code, `invalid argument to ${name} stage: Expected an integer, but cannot represent it as one: ${show(spec)}`)
  return count
}

function shuffled<T>(list: T[]): T[] {
  for (let index = list.length - 1; index > 0; index -= 1) {
    const other = randomInt(index + 1)
    const kept = list[index] as T
    list[index] = list[other] as T
    list[other] = kept
  }
  return list
}

