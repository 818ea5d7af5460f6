/** Updates: modifiers, replacements and pipelines, as functions from a document to a new one; what is not touched is shared and keeps its types. */
import { ObjectId, Timestamp } from 'bson'
import { type Doc, getField, isDocument, setField } from '../document.ts'
import { mongoError } from '../errors.ts'
import { compareStrings, compareValues } from './compare.ts'
import { compileFilter, compilePosition } from './match.ts'
import { isArrayIndex } from './paths.ts'
import { isOperatorDocument, isRegex } from './predicates.ts'
import { show, showElement, typeName } from './show.ts'
import { compileTransform, stageOf } from './transforms.ts'
import { type Modifier, compileModifier, nextTimestamp, removed } from './update-operators.ts'

export interface UpdateOptions {
  arrayFilters?: Doc[]
  let?: Doc
}

export interface Change {
  /**
   * A new document; the given one stays as it is. `filter` is the one that found it, for the positional operator; `inserting` is true for
   * the document of an upsert.
   */
  apply(doc: Doc, context: { filter: Doc; inserting: boolean }): Doc
}

/** Throws MongoDB's errors for an update that cannot be: unknown operators, conflicting paths, operands of the wrong type. */
export function compileUpdate(update: Doc | Doc[], options: UpdateOptions): Change {
  if (Array.isArray(update)) return compilePipeline(update, options)
  if (!isDocument(update)) throw mongoError('FailedToParse', 'Update argument must be either an object or an array')
  return isModifiers(update) ? compileModifiers(update, options) : compileReplacement(update, options)
}

/** What an upsert inserts: the equalities of the filter, changed by the update; `_id` first, a new one when neither gives it. */
export function upsertDocument(filter: Doc, update: Doc | Doc[], options: UpdateOptions): Doc {
  const seed = seedOf(filter)
  const replacing = !Array.isArray(update) && !isModifiers(update)
  const base = !replacing ? seed : Object.hasOwn(seed, '_id') ? { _id: seed['_id'] } : {}
  const made = compileUpdate(update, options).apply(base, { filter, inserting: true })
  return Object.hasOwn(made, '_id') ? made : { _id: new ObjectId(), ...made }
}

function isModifiers(update: Doc): boolean {
  return Object.keys(update)[0]?.startsWith('$') === true
}

function compileReplacement(replacement: Doc, { arrayFilters }: UpdateOptions): Change {
  if (arrayFilters !== undefined && arrayFilters.length > 0) throw mongoError('FailedToParse', 'arrayFilters may not be specified for replacement updates')
  const modifier = Object.keys(replacement).find((name) => name.startsWith('$') && knownOperators.has(name))
  if (modifier !== undefined) {
    throw mongoError('DollarPrefixedFieldName', `The dollar ($) prefixed field '${modifier}' in '${modifier}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`)
  }
  return {
    apply(doc) {
      const made: Doc = {}
      if (Object.hasOwn(doc, '_id')) made['_id'] = doc['_id']
      else if (Object.hasOwn(replacement, '_id')) made['_id'] = replacement['_id']
      for (const name of Object.keys(replacement)) {
        const value = replacement[name]
        if (name !== '_id') setField(made, name, value instanceof Timestamp && value.t === 0 && value.i === 0 ? nextTimestamp() : value)
        else if (compareValues(value, made['_id']) !== 0) throw mongoError('ImmutableField', `After applying the update, the (immutable) field '_id' was found to have been altered to _id: ${show(value)}`)
      }
      return made
    },
  }
}

const pipelineStages = ['$addFields', '$set', '$project', '$unset', '$replaceRoot', '$replaceWith']

function compilePipeline(pipeline: readonly unknown[], { arrayFilters, let: variables }: UpdateOptions): Change {
  if (arrayFilters !== undefined && arrayFilters.length > 0) throw mongoError('FailedToParse', 'arrayFilters may not be specified for pipeline-syle updates')
  const transforms = pipeline.map((stage) => {
    const [name, spec] = stageOf(stage)
    const transform = pipelineStages.includes(name) ? compileTransform(name, spec, { let: variables, now: new Date() }) : undefined
    if (transform === undefined) throw mongoError('InvalidOptions', `${name} is not allowed to be used within an update`)
    return transform
  })
  return {
    apply(doc) {
      const changed = transforms.reduce((each, transform) => transform(each), doc)
      return withSameId(doc, Object.hasOwn(changed, '_id') || !Object.hasOwn(doc, '_id') ? changed : { _id: doc['_id'], ...changed })
    },
  }
}

const knownOperators = new Set(['$set', '$setOnInsert', '$unset', '$inc', '$mul', '$min', '$max', '$rename', '$currentDate', '$push', '$addToSet', '$pull', '$pullAll', '$pop', '$bit'])

/** One operator on one path. */
interface Step {
  operator: string
  path: string[]
  /** as it was written */
  field: string
  modifier: Modifier
}

interface Rename {
  from: string[]
  to: string[]
}

type ElementTest = (element: unknown) => boolean

/** What one application of an update works with. */
interface Application {
  doc: Doc
  position: (array: string) => number | undefined
  filters: ReadonlyMap<string, ElementTest>
  /** the concrete paths that were changed, kept where array operators could make two of them meet */
  touched: Set<string> | undefined
}

function compileModifiers(update: Doc, options: UpdateOptions): Change {
  const { steps, renames } = parseModifiers(update)
  const filters = compileArrayFilters(options.arrayFilters ?? [], steps, update)
  const mayMeet = steps.length > 1 && steps.some(({ path }) => path.some((part) => part.startsWith('$')))
  const usesPosition = steps.some(({ path }) => path.includes('$'))
  const positions = new WeakMap<Doc, ReturnType<typeof compilePosition>>()
  return {
    apply(doc, { filter, inserting }) {
      const application: Application = { doc, filters, position: usesPosition && !inserting ? (array) => positionOf(filter)(doc, array) : () => undefined, touched: mayMeet ? new Set() : undefined }
      let changed = doc
      for (const rename of renames) changed = applyRename(changed, rename)
      for (const step of steps) {
        if (step.operator === '$setOnInsert' && !inserting) continue
        changed = descend(changed, step, 0, [], application) as Doc
      }
      return withSameId(doc, changed)
    },
  }

  function positionOf(filter: Doc): ReturnType<typeof compilePosition> {
    const known = positions.get(filter) ?? compilePosition(filter)
    positions.set(filter, known)
    return known
  }
}

function parseModifiers(update: Doc): { steps: Step[]; renames: Rename[] } {
  const steps: Step[] = []
  const renames: Rename[] = []
  const taken: string[] = []
  for (const operator of Object.keys(update)) {
    if (!knownOperators.has(operator)) throw mongoError('FailedToParse', `Unknown modifier: ${operator}. Expected a valid update modifier or pipeline-style update specified as an array`)
    const fields = update[operator]
    if (!isDocument(fields)) {
      throw mongoError('FailedToParse', `Modifiers operate on fields but we found type ${typeName(fields)} instead. For example: {$mod: {<field>: ...}} not {${operator}: ${show(fields)}}`)
    }
    for (const field of Object.keys(fields)) {
      const operand = fields[field]
      const path = parsePath(field)
      claim(taken, field)
      if (operator === '$rename') {
        renames.push(parseRename(field, path, operand))
        claim(taken, operand as string)
      } else steps.push({ operator, path, field, modifier: compileModifier(operator, field, operand) as Modifier })
    }
  }
  // New fields come in the order of their names, indexes in that of their numbers.
  return { steps: steps.sort((a, b) => comparePaths(a.path, b.path)), renames }
}

function parsePath(field: string): string[] {
  if (field === '') throw mongoError('EmptyFieldName', "An empty update path is not valid.")
  const path = field.split('.')
  if (path.includes('')) throw mongoError('EmptyFieldName', `The update path '${field}' contains an empty field name, which is not allowed.`)
  if (path.length > 200) throw mongoError('Overflow', 'The update path is nested too deeply')
  for (const [index, part] of path.entries()) {
    if (!part.startsWith('$')) continue
    if (part !== '$' && !/^\$\[[^\]]*\]$/.test(part)) {
      if (index > 0 && ['$id', '$ref', '$db'].includes(part)) continue
      throw mongoError('DollarPrefixedFieldName', `The dollar ($) prefixed field '${part}' in '${field}' is not valid for storage.`)
    }
    if (index === 0) throw mongoError('BadValue', `Cannot have positional (i.e. '$') element in the first position in path '${field}'`)
  }
  if (path.filter((part) => part === '$').length > 1) throw mongoError('BadValue', `Too many positional (i.e. '$') elements found in path '${field}'`)
  return path
}

function claim(taken: string[], field: string): void {
  for (const other of taken) {
    if (other === field || other.startsWith(`${field}.`) || field.startsWith(`${other}.`)) {
      throw mongoError('ConflictingUpdateOperators', `Updating the path '${field}' would create a conflict at '${other.length < field.length ? other : field}'`)
    }
  }
  taken.push(field)
}

function parseRename(field: string, from: string[], operand: unknown): Rename {
  if (typeof operand !== 'string') throw mongoError('BadValue', `The 'to' field for $rename must be a string: ${field}: ${show(operand)}`)
  const to = parsePath(operand)
  if (from.some((part) => part.startsWith('$'))) throw mongoError('BadValue', `The source field for $rename may not be dynamic: ${field}`)
  if (to.some((part) => part.startsWith('$'))) throw mongoError('BadValue', `The destination field for $rename may not be dynamic: ${operand}`)
  if (field === operand) throw mongoError('BadValue', `The source and target field for $rename must differ: ${field}: "${operand}"`)
  if (operand.startsWith(`${field}.`) || field.startsWith(`${operand}.`)) throw mongoError('BadValue', `The source and target field for $rename must not be on the same path: ${field}: "${operand}"`)
  return { from, to }
}

function comparePaths(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [x, y] = [a[index] as string, b[index] as string]
    if (x !== y) return isArrayIndex(x) && isArrayIndex(y) ? Number(x) - Number(y) : compareStrings(x, y)
  }
  return a.length - b.length
}

function compileArrayFilters(filters: readonly Doc[], steps: readonly Step[], update: Doc): Map<string, ElementTest> {
  const compiled = new Map<string, ElementTest>()
  for (const filter of filters) {
    const names = new Set(fieldsOf(filter).map((field) => field.split('.')[0] as string))
    const [name] = names
    if (name === undefined) throw mongoError('FailedToParse', 'Cannot use an expression without a top-level field name in arrayFilters')
    if (names.size > 1) throw mongoError('FailedToParse', `Error parsing array filter :: caused by :: Expected a single top-level field name, found '${[...names].slice(0, 2).join("' and '")}'`)
    if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) throw mongoError('BadValue', `Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${name}'`)
    if (compiled.has(name)) throw mongoError('FailedToParse', `Found multiple array filters with the same top-level field name ${name}`)
    if (!steps.some(({ path }) => path.includes(`$[${name}]`))) throw mongoError('FailedToParse', `The array filter for identifier '${name}' was not used in the update ${show(update)}`)
    const matches = compileFilter(filter)
    compiled.set(name, (element) => matches({ [name]: element }))
  }
  for (const { path, field } of steps) {
    for (const part of path) {
      const name = part.startsWith('$[') ? part.slice(2, -1) : ''
      if (name !== '' && !compiled.has(name)) throw mongoError('BadValue', `No array filter found for identifier '${name}' in path '${field}'`)
    }
  }
  return compiled
}

function fieldsOf(filter: Doc): string[] {
  return Object.keys(filter).flatMap((name) => {
    const operand = filter[name]
    if (!name.startsWith('$')) return [name]
    return Array.isArray(operand) ? operand.filter(isDocument).flatMap(fieldsOf) : []
  })
}

/** The value at `path[at…]` of `value` after the step; containers on the way are copied only when something in them changes. */
function descend(value: unknown, step: Step, at: number, walked: readonly string[], application: Application): unknown {
  const { path, modifier } = step
  if (at === path.length) {
    const next = modifier.change(value, { doc: application.doc, field: walked.join('.') })
    if (application.touched !== undefined && next !== value) touch(application.touched, walked.join('.'), step)
    return next
  }
  const part = path[at] as string
  if (part.startsWith('$[')) return descendElements(value, step, at, walked, application)
  const name = part === '$' ? positional(application, walked) : part
  if (isDocument(value)) return withChild(value, name, descend(getField(value, name), step, at + 1, [...walked, name], application))
  if (Array.isArray(value)) return descendIndex(value, name, step, at, walked, application)
  if (value === undefined) {
    if (!modifier.creates) return undefined
    return withChild({}, name, descend(undefined, step, at + 1, [...walked, name], application))
  }
  if (step.operator === '$unset') return value
  throw mongoError('PathNotViable', `Cannot create field '${name}' in element ${showElement(walked.at(-1) ?? '', value)}`)
}

/** The same document when the child stays what it is. */
function withChild(doc: Doc, name: string, next: unknown): Doc {
  if (next === removed) {
    const rest: Doc = {}
    for (const key of Object.keys(doc)) if (key !== name) setField(rest, key, doc[key])
    return rest
  }
  if (next === undefined || next === getField(doc, name)) return doc
  const copy: Doc = { ...doc }
  setField(copy, name, next)
  return copy
}

/** MongoDB's bound on the nulls that an index far beyond an array's end would bring. */
const maxPadding = 1_500_000

function descendIndex(list: unknown[], name: string, step: Step, at: number, walked: readonly string[], application: Application): unknown {
  if (!isArrayIndex(name)) {
    if (step.operator === '$unset') return list
    throw mongoError('PathNotViable', `Cannot create field '${name}' in element ${showElement(walked.at(-1) ?? '', list)}`)
  }
  const index = Number(name)
  if (index > list.length + maxPadding) throw mongoError('CannotBackfillArray', `Cannot add array element at index ${index}: more than ${maxPadding} elements would have to be filled in`)
  const next = descend(list[index], step, at + 1, [...walked, name], application)
  if (next === list[index]) return list
  const copy = [...list]
  while (copy.length < index) copy.push(null)
  // An array keeps its other indexes, so an element is not taken out but nulled.
  copy[index] = next === removed ? null : next
  return copy
}

function descendElements(list: unknown, step: Step, at: number, walked: readonly string[], application: Application): unknown {
  const name = (step.path[at] as string).slice(2, -1)
  if (list === undefined) throw mongoError('BadValue', `The path '${walked.join('.')}' must exist in the document in order to apply array updates.`)
  if (!Array.isArray(list)) throw mongoError('BadValue', `Cannot apply array updates to non-array element ${walked.at(-1) ?? ''}: ${show(list)}`)
  const test = name === '' ? undefined : application.filters.get(name)
  let changed = false
  const next = list.map((element: unknown, index) => {
    if (test !== undefined && !test(element)) return element
    const result = descend(element, step, at + 1, [...walked, String(index)], application)
    changed ||= result !== element
    return result === removed ? null : result
  })
  return changed ? next : list
}

function positional({ position }: Application, walked: readonly string[]): string {
  const index = position(walked.join('.'))
  if (index === undefined) throw mongoError('BadValue', 'The positional operator did not find the match needed from the query.')
  return String(index)
}

function touch(touched: Set<string>, path: string, { field }: Step): void {
  for (const other of touched) {
    if (other === path || other.startsWith(`${path}.`) || path.startsWith(`${other}.`)) {
      throw mongoError('ConflictingUpdateOperators', `Update created a conflict at '${other.length < path.length ? other : path}' by the path '${field}'`)
    }
  }
  touched.add(path)
}

function applyRename(doc: Doc, { from, to }: Rename): Doc {
  const value = plainValue(doc, from, 'source')
  if (value === undefined) return doc
  plainValue(doc, to, 'destination')
  const application: Application = { doc, filters: new Map(), position: () => undefined, touched: undefined }
  const without = descend(doc, { operator: '$unset', path: from, field: from.join('.'), modifier: compileModifier('$unset', '', '') as Modifier }, 0, [], application) as Doc
  return descend(without, { operator: '$rename', path: to, field: to.join('.'), modifier: compileModifier('$set', '', value) as Modifier }, 0, [], application) as Doc
}

function plainValue(doc: Doc, path: readonly string[], which: 'source' | 'destination'): unknown {
  let value: unknown = doc
  for (const [index, part] of path.entries()) {
    if (Array.isArray(value)) {
      throw mongoError('BadValue', `The ${which} field cannot be an array element, '${path.join('.')}' in doc with _id: ${show(doc['_id'])} has an array field called '${path[index - 1] ?? ''}'`)
    }
    if (!isDocument(value)) return undefined
    value = getField(value, part)
  }
  return value
}

/** The changed document with `_id` in front; its value must be the one it was. */
function withSameId(before: Doc, after: Doc): Doc {
  if (Object.hasOwn(before, '_id')) {
    if (!Object.hasOwn(after, '_id') || compareValues(before['_id'], after['_id']) !== 0) {
      throw mongoError('ImmutableField', "Performing an update on the path '_id' would modify the immutable field '_id'")
    }
    if (after['_id'] !== before['_id'] || Object.keys(after)[0] !== '_id') return idFirst(after, before['_id'])
    return after
  }
  return Object.hasOwn(after, '_id') && Object.keys(after)[0] !== '_id' ? idFirst(after, after['_id']) : after
}

function idFirst(doc: Doc, id: unknown): Doc {
  const made: Doc = { _id: id }
  for (const name of Object.keys(doc)) if (name !== '_id') setField(made, name, doc[name])
  return made
}

function seedOf(filter: Doc): Doc {
  const equalities: [string, unknown][] = []
  collectEqualities(filter, equalities)
  const fields = equalities.map(([field]) => field)
  for (const [index, field] of fields.entries()) {
    const same = fields.indexOf(field)
    if (same !== index) throw mongoError('NotSingleValueField', `cannot infer query fields to set, path '${field}' is matched twice`)
    const within = fields.find((other) => other.startsWith(`${field}.`))
    if (within !== undefined) throw mongoError('NotSingleValueField', `cannot infer query fields to set, both paths '${field}' and '${within}' are matched`)
  }
  return equalities.reduce<Doc>((seed, [field, value]) => seeded(seed, field.split('.'), value), {})
}

function collectEqualities(filter: Doc, found: [string, unknown][]): void {
  for (const name of Object.keys(filter)) {
    const operand = filter[name]
    if (name === '$and' || (name === '$or' && Array.isArray(operand) && operand.length === 1)) {
      if (Array.isArray(operand)) for (const branch of operand) if (isDocument(branch)) collectEqualities(branch, found)
    } else if (!name.startsWith('$') && !isRegex(operand)) {
      if (!isOperatorDocument(operand)) found.push([name, operand])
      else if (Object.hasOwn(operand, '$eq')) found.push([name, operand['$eq']])
      else {
        for (const operator of ['$in', '$all']) {
          const list = operand[operator]
          if (Array.isArray(list) && list.length === 1 && !isRegex(list[0]) && !isOperatorDocument(list[0])) found.push([name, list[0]])
        }
      }
    }
  }
}

/** Numbers in a path name fields here: there is no array yet. */
function seeded(doc: Doc, path: readonly string[], value: unknown): Doc {
  const [name, ...rest] = path as [string, ...string[]]
  const inner = getField(doc, name)
  const copy: Doc = { ...doc }
  setField(copy, name, rest.length === 0 ? value : seeded(isDocument(inner) ? inner : {}, rest, value))
  return copy
}
