import { Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'bson'
import { type Doc, encode, isDocument, setField } from '../document.ts'
import { mongoError } from '../errors.ts'
import { runPipeline } from './aggregate.ts'
import { compareValues } from './compare.ts'
import { compileFilter, isOperators } from './match.ts'
import { asDouble, asExactDouble, isNumeric } from './numbers.ts'
import { compileSort } from './sort.ts'

export interface UpdateOptions {
  arrayFilters?: Doc[]
  let?: Doc
}

export interface Change {
  /** a new document; the given one stays as it is */
  apply(doc: Doc, context: { filter: Doc; inserting: boolean }): Doc
}

/** Where a modifier acts: a way through documents and arrays. */
interface Step {
  operator: string
  path: string[]
  operand: unknown
}

const pipelineStages = new Set(['$set', '$addFields', '$unset', '$project', '$replaceRoot', '$replaceWith'])
const modifiers = new Set(['$set', '$setOnInsert', '$unset', '$inc', '$mul', '$min', '$max', '$rename', '$currentDate', '$push', '$addToSet', '$pull', '$pullAll', '$pop', '$bit'])

/** @throws MongoError for an update that can't be: unknown operators, conflicting paths, operands of the wrong kind */
export function compileUpdate(update: Doc | Doc[], options: UpdateOptions): Change {
  if (Array.isArray(update)) return compilePipeline(update, options)
  if (!isDocument(update)) throw mongoError('FailedToParse', 'Update argument must be either an object or an array')
  if (!isOperators(update)) return compileReplacement(update, options)
  const steps = parseSteps(update)
  const filters = compileArrayFilters(options.arrayFilters ?? [], steps)
  return {
    apply(doc, { filter, inserting }) {
      const changed = clone(doc) as Doc
      for (const step of steps) {
        if (step.operator === '$setOnInsert' && !inserting) continue
        applyStep(changed, doc, step, filter, filters)
      }
      ensureSameId(doc, changed)
      return idFirst(changed)
    },
  }
}

/** What an upsert inserts: the fields that the filter demands, changed by the update. */
export function upsertDocument(filter: Doc, update: Doc | Doc[], options: UpdateOptions): Doc {
  const seed: Doc = {}
  seedFrom(filter, seed)
  const isReplacement = !Array.isArray(update) && !isOperators(update)
  const base = isReplacement ? ('_id' in seed ? { _id: seed['_id'] } : {}) : seed
  const made = compileUpdate(update, options).apply(base, { filter, inserting: true })
  return '_id' in made ? idFirst(made) : { _id: new ObjectId(), ...made }
}

function compileReplacement(replacement: Doc, { arrayFilters }: UpdateOptions): Change {
  if (arrayFilters && arrayFilters.length > 0) throw mongoError('FailedToParse', 'arrayFilters may not be specified for replacement updates')
  const dollar = Object.keys(replacement).find((name, at) => at > 0 && name.startsWith('$') && modifiers.has(name))
  if (dollar) throw mongoError('DollarPrefixedFieldName', `The dollar ($) prefixed field '${dollar}' in '${dollar}' is not allowed in the context of an update's replacement document.`)
  return {
    apply(doc) {
      const changed = clone(replacement) as Doc
      for (const [name, value] of Object.entries(changed)) if (isZeroTimestamp(value)) changed[name] = now()
      if (!('_id' in changed) && '_id' in doc) return { _id: doc['_id'], ...changed }
      ensureSameId(doc, changed)
      return idFirst(changed)
    },
  }
}

function compilePipeline(pipeline: Doc[], { arrayFilters, let: variables }: UpdateOptions): Change {
  if (arrayFilters && arrayFilters.length > 0) throw mongoError('FailedToParse', 'arrayFilters may not be specified for pipeline-style updates')
  for (const stage of pipeline) {
    const [name = ''] = Object.keys(stage)
    if (!pipelineStages.has(name)) throw mongoError('InvalidOptions', `${name} is not allowed to be used within an update`)
  }
  return {
    apply(doc) {
      const [changed = {}] = [...runPipeline(pipeline, { collection: null, now: new Date(), let: variables ?? {}, find: () => [] }, [doc])]
      const whole = '_id' in changed || !('_id' in doc) ? changed : { _id: doc['_id'], ...changed }
      ensureSameId(doc, whole)
      return idFirst(whole)
    },
  }
}

function parseSteps(update: Doc): Step[] {
  const steps = Object.entries(update).flatMap(([operator, fields]) => {
    if (!operator.startsWith('$')) throw mongoError('FailedToParse', `Unknown modifier: ${operator}. Expected a valid update modifier or pipeline-style update specified as an array`)
    if (!modifiers.has(operator)) throw mongoError('FailedToParse', `Unknown modifier: ${operator}. Expected a valid update modifier or pipeline-style update specified as an array`)
    if (!isDocument(fields)) throw mongoError('FailedToParse', `Modifiers operate on fields but we found type ${typeof fields} instead. For example: {$mod: {<field>: ...}} not {${operator}: ${String(fields)}}`)
    return Object.entries(fields).map(([field, operand]): Step => ({ operator, path: splitPath(field), operand }))
  })
  ensureNoConflicts(steps)
  return steps
}

function splitPath(field: string): string[] {
  const path = field.split('.')
  if (field === '' || path.some((part) => part === '')) throw mongoError('EmptyFieldName', `The update path '${field}' contains an empty field name, which is not allowed.`)
  if (path[0]?.startsWith('$') && !['$', '$[]'].includes(path[0]) && !path[0].startsWith('$[')) throw mongoError('DollarPrefixedFieldName', `The dollar ($) prefixed field '${path[0]}' in '${field}' is not valid for storage.`)
  return path
}

function ensureNoConflicts(steps: readonly Step[]): void {
  const paths = steps.flatMap(({ operator, path, operand }) => (operator === '$rename' && typeof operand === 'string' ? [path.join('.'), operand] : [path.join('.')]))
  for (const [at, path] of paths.entries()) {
    const other = paths.find((each, index) => index !== at && (each === path || each.startsWith(`${path}.`)))
    if (other !== undefined) throw mongoError('ConflictingUpdateOperators', `Updating the path '${other}' would create a conflict at '${path}'`)
  }
}

function compileArrayFilters(filters: readonly Doc[], steps: readonly Step[]): Map<string, (element: unknown) => boolean> {
  const compiled = new Map<string, (element: unknown) => boolean>()
  for (const filter of filters) {
    const names = new Set(Object.keys(filter).flatMap((key) => (key.startsWith('$') ? (filter[key] as Doc[]).flatMap(Object.keys) : [key])).map((key) => key.split('.')[0] as string))
    const [name = '', ...others] = names
    if (others.length > 0) throw mongoError('FailedToParse', 'Error parsing array filter :: caused by :: Expected a single top-level field name')
    if (compiled.has(name)) throw mongoError('FailedToParse', `Found multiple array filters with the same top-level field name ${name}`)
    const test = compileFilter(filter)
    compiled.set(name, (element) => test({ [name]: element }))
    if (!steps.some(({ path }) => path.includes(`$[${name}]`))) throw mongoError('FailedToParse', `The array filter for identifier '${name}' was not used in the update`)
  }
  for (const { path } of steps)
    for (const part of path) {
      const name = /^\$\[(.+)\]$/.exec(part)?.[1]
      if (name !== undefined && !compiled.has(name)) throw mongoError('BadValue', `No array filter found for identifier '${name}' in path '${path.join('.')}'`)
    }
  return compiled
}

function applyStep(changed: Doc, original: Doc, step: Step, filter: Doc, filters: ReadonlyMap<string, (element: unknown) => boolean>): void {
  if (step.operator === '$rename') return rename(changed, step)
  for (const path of resolve(changed, original, step, filter, filters)) act(changed, path, step)
}

/** The concrete paths behind `$`, `$[]` and `$[name]`. */
function resolve(changed: Doc, original: Doc, { path }: Step, filter: Doc, filters: ReadonlyMap<string, (element: unknown) => boolean>): string[][] {
  let found: string[][] = [[]]
  for (const part of path) {
    if (part === '$') found = found.map((each) => [...each, String(matchedIndex(original, each, filter))])
    else if (part.startsWith('$[')) {
      const test = filters.get(part.slice(2, -1))
      found = found.flatMap((each) => {
        const list = valueAt(changed, each)
        if (!Array.isArray(list)) throw mongoError('BadValue', `The path '${each.join('.')}' must exist in the document in order to apply array updates.`)
        return list.flatMap((element: unknown, index) => (!test || test(element) ? [[...each, String(index)]] : []))
      })
    } else found = found.map((each) => [...each, part])
  }
  return found
}

// The positional operator means the element that made the filter match.
function matchedIndex(doc: Doc, path: readonly string[], filter: Doc): number {
  const field = path.join('.')
  const list = valueAt(doc, path)
  const parts = Object.entries(flatten(filter)).filter(([name]) => name === field || name.startsWith(`${field}.`))
  if (Array.isArray(list)) {
    const index = list.findIndex((element: unknown) =>
      parts.length > 0 && parts.every(([name, predicate]) => {
        const inner = name === field ? '' : name.slice(field.length + 1)
        if (inner !== '') return compileFilter({ [inner]: predicate })(isDocument(element) ? element : {})
        if (isDocument(predicate) && '$elemMatch' in predicate) return compileFilter({ v: predicate })({ v: [element] })
        return compileFilter({ v: predicate })({ v: element })
      }),
    )
    if (index >= 0) return index
  }
  throw mongoError('BadValue', 'The positional operator did not find the match needed from the query.')
}

function flatten(filter: Doc): Doc {
  const all: Doc = {}
  for (const [name, value] of Object.entries(filter)) {
    if (name === '$and' && Array.isArray(value)) for (const each of value as Doc[]) Object.assign(all, flatten(each))
    else if (!name.startsWith('$')) all[name] = value
  }
  return all
}

function act(doc: Doc, path: string[], { operator, operand }: Step): void {
  const field = path.join('.')
  switch (operator) {
    case '$set':
    case '$setOnInsert':
      return put(doc, path, clone(operand))
    case '$unset':
      return drop(doc, path)
    case '$inc':
    case '$mul':
      return put(doc, path, arithmetic(operator, valueAt(doc, path), operand, field))
    case '$min':
    case '$max': {
      const present = valueAt(doc, path)
      const order = compareValues(operand, present)
      if (present === undefined || (operator === '$min' ? order < 0 : order > 0)) put(doc, path, clone(operand))
      return
    }
    case '$currentDate': {
      const type = isDocument(operand) ? operand['$type'] : 'date'
      if (operand !== true && operand !== false && !isDocument(operand)) throw mongoError('BadValue', `${typeof operand} is not valid type for $currentDate.`)
      if (type !== 'date' && type !== 'timestamp') throw mongoError('BadValue', "The '$type' string field is required to be 'date' or 'timestamp'")
      return put(doc, path, type === 'date' ? new Date() : now())
    }
    case '$push':
      return push(doc, path, operand)
    case '$addToSet':
      return addToSet(doc, path, operand)
    case '$pull':
    case '$pullAll':
      return pull(doc, path, operator, operand)
    case '$pop': {
      const list = arrayAt(doc, path, '$pop')
      if (!isNumeric(operand) || Math.abs(asDouble(operand)) !== 1) throw mongoError('FailedToParse', '$pop expects 1 or -1')
      if (list) put(doc, path, asDouble(operand) === 1 ? list.slice(0, -1) : list.slice(1))
      return
    }
    default:
      return bit(doc, path, operand)
  }
}

function arithmetic(operator: string, present: unknown, operand: unknown, field: string): unknown {
  const verb = operator === '$inc' ? 'increment' : 'multiply'
  if (!isNumeric(operand)) throw mongoError('TypeMismatch', `Cannot ${verb} with non-numeric argument: {${field}: ${String(operand)}}`)
  if (present === undefined) return operator === '$inc' ? operand : arithmetic('$mul', new Int32(0), operand, field)
  if (!isNumeric(present)) throw mongoError('TypeMismatch', `Cannot apply ${operator} to a value of non-numeric type. {field: ${field}} has the field '${field.split('.').at(-1)}' of non-numeric type`)
  if (present instanceof Decimal128 || operand instanceof Decimal128) return decimal(operator, present, operand)
  if (isFloat(present) || isFloat(operand)) return new Double(operator === '$inc' ? asDouble(present) + asDouble(operand) : asDouble(present) * asDouble(operand))
  const exact = operator === '$inc' ? integerOf(present) + integerOf(operand) : integerOf(present) * integerOf(operand)
  if (exact > 0x7fffffffffffffffn || exact < -0x8000000000000000n) throw mongoError('BadValue', `Failed to apply ${operator} operations to current value for document: the result does not fit into 64 bits`)
  const isLong = present instanceof Long || operand instanceof Long || exact > 0x7fffffffn || exact < -0x80000000n
  return isLong ? Long.fromBigInt(exact) : new Int32(Number(exact))
}

function isFloat(value: unknown): boolean {
  return value instanceof Double || (typeof value === 'number' && !Number.isInteger(value))
}

function integerOf(value: unknown): bigint {
  return value instanceof Long ? value.toBigInt() : BigInt(asExactDouble(value) as number)
}

// Exact for what 34 digits hold; beyond that, and for special values, as doubles would have it.
function decimal(operator: string, a: unknown, b: unknown): Decimal128 {
  const [x, y] = [scaled(a), scaled(b)]
  if (!x || !y) return Decimal128.fromString(String(operator === '$inc' ? asDouble(a) + asDouble(b) : asDouble(a) * asDouble(b)))
  if (operator === '$mul') return fromScaled(x.units * y.units, x.scale + y.scale)
  const scale = Math.max(x.scale, y.scale)
  return fromScaled(x.units * 10n ** BigInt(scale - x.scale) + y.units * 10n ** BigInt(scale - y.scale), scale)
}

function scaled(value: unknown): { units: bigint; scale: number } | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:E([+-]\d+))?$/.exec(value instanceof Decimal128 ? value.toString() : value instanceof Long ? value.toString() : String(asDouble(value)))
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', power = '0'] = match
  const shift = Number(power) - fraction.length
  const units = BigInt(`${sign}${whole}${fraction}`) * (shift > 0 ? 10n ** BigInt(shift) : 1n)
  return { units, scale: shift > 0 ? 0 : -shift }
}

function fromScaled(units: bigint, scale: number): Decimal128 {
  return Decimal128.fromStringWithRounding(scale === 0 ? units.toString() : `${units}E-${scale}`)
}

function push(doc: Doc, path: string[], operand: unknown): void {
  const list = arrayAt(doc, path, '$push') ?? []
  if (!isDocument(operand) || !('$each' in operand)) return put(doc, path, [...list, clone(operand)])
  const unknown = Object.keys(operand).find((name) => !['$each', '$position', '$slice', '$sort'].includes(name))
  if (unknown) throw mongoError('BadValue', `Unrecognized clause in $push: ${unknown}`)
  const { $each, $position, $slice, $sort } = operand
  if (!Array.isArray($each)) throw mongoError('BadValue', 'The argument to $each in $push must be an array')
  const at = $position === undefined ? list.length : asDouble($position)
  const start = at < 0 ? Math.max(0, list.length + at) : Math.min(at, list.length)
  let next: unknown[] = [...list.slice(0, start), ...($each.map(clone) as unknown[]), ...list.slice(start)]
  if ($sort !== undefined) next = next.toSorted(isDocument($sort) ? bySpec($sort) : (a, b) => compareValues(a, b) * asDouble($sort))
  if ($slice !== undefined) {
    const size = asDouble($slice)
    next = size >= 0 ? next.slice(0, size) : next.slice(size)
  }
  put(doc, path, next)
}

function bySpec(spec: Doc): (a: unknown, b: unknown) => number {
  const order = compileSort(spec)
  return (a, b) => order(isDocument(a) ? a : {}, isDocument(b) ? b : {})
}

function addToSet(doc: Doc, path: string[], operand: unknown): void {
  const list = [...(arrayAt(doc, path, '$addToSet') ?? [])]
  const values = isDocument(operand) && '$each' in operand ? (operand['$each'] as unknown[]) : [operand]
  if (!Array.isArray(values)) throw mongoError('TypeMismatch', 'The argument to $each in $addToSet must be an array')
  for (const value of values) if (!list.some((each) => compareValues(each, value) === 0)) list.push(clone(value))
  put(doc, path, list)
}

function pull(doc: Doc, path: string[], operator: string, operand: unknown): void {
  const list = arrayAt(doc, path, operator)
  if (!list) return
  if (operator === '$pullAll') {
    if (!Array.isArray(operand)) throw mongoError('BadValue', '$pullAll requires an array argument')
    put(doc, path, list.filter((each) => !operand.some((other) => compareValues(each, other) === 0)))
    return
  }
  put(doc, path, list.filter((each) => !pullMatches(operand, each)))
}

function pullMatches(operand: unknown, element: unknown): boolean {
  if (isOperators(operand)) return compileFilter({ v: operand })({ v: element })
  if (isDocument(operand)) return isDocument(element) && compileFilter(operand)(element)
  return compileFilter({ v: operand })({ v: element }) && !(Array.isArray(element) && !Array.isArray(operand))
}

function bit(doc: Doc, path: string[], operand: unknown): void {
  if (!isDocument(operand)) throw mongoError('BadValue', 'The $bit modifier is not compatible with a value that is no document')
  for (const [name, mask] of Object.entries(operand)) {
    const present = valueAt(doc, path) ?? new Int32(0)
    if (!(mask instanceof Int32 || mask instanceof Long) || !(present instanceof Int32 || present instanceof Long)) throw mongoError('BadValue', 'The $bit modifier field must be an Integer(32/64 bit)')
    const [a, b] = [integerOf(present), integerOf(mask)]
    const result = name === 'and' ? a & b : name === 'or' ? a | b : name === 'xor' ? a ^ b : undefined
    if (result === undefined) throw mongoError('BadValue', `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}'`)
    put(doc, path, present instanceof Long || mask instanceof Long ? Long.fromBigInt(result) : new Int32(Number(result)))
  }
}

function rename(doc: Doc, { path, operand }: Step): void {
  if (typeof operand !== 'string') throw mongoError('BadValue', `The 'to' field for $rename must be a string: ${path.join('.')}`)
  const value = valueAt(doc, path)
  if (value === undefined) return
  drop(doc, path)
  put(doc, splitPath(operand), value)
}

/** Sets a value, making documents on the way. @throws MongoError PathNotViable where something else stands in it */
function put(doc: Doc, path: readonly string[], value: unknown): void {
  let at: Doc | unknown[] = doc
  for (const [depth, part] of path.slice(0, -1).entries()) {
    const next: unknown = getOf(at, part)
    if (next === undefined) {
      const made: Doc = {}
      setOf(at, part, made, path)
      at = made
    } else if (isDocument(next) || Array.isArray(next)) at = next as Doc | unknown[]
    else throw mongoError('PathNotViable', `Cannot create field '${path[depth + 1]}' in the element '${part}', which is no document`)
  }
  setOf(at, path.at(-1) as string, value, path)
}

function drop(doc: Doc, path: readonly string[]): void {
  const parent = path.length === 1 ? doc : valueAt(doc, path.slice(0, -1))
  const name = path.at(-1) as string
  if (Array.isArray(parent)) {
    if (/^\d+$/.test(name) && Number(name) < parent.length) parent[Number(name)] = null
  } else if (isDocument(parent)) delete parent[name]
}

function arrayAt(doc: Doc, path: readonly string[], operator: string): unknown[] | undefined {
  const present = valueAt(doc, path)
  if (present === undefined) return undefined
  if (Array.isArray(present)) return present
  throw mongoError('BadValue', `The field '${path.join('.')}' must be an array but is of another type (${operator})`)
}

function valueAt(doc: Doc, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, part) => (isDocument(value) || Array.isArray(value) ? getOf(value as Doc | unknown[], part) : undefined), doc)
}

function getOf(holder: Doc | unknown[], name: string): unknown {
  if (Array.isArray(holder)) return /^\d+$/.test(name) ? holder[Number(name)] : undefined
  return Object.hasOwn(holder, name) ? holder[name] : undefined
}

function setOf(holder: Doc | unknown[], name: string, value: unknown, path: readonly string[]): void {
  if (!Array.isArray(holder)) {
    setField(holder, name, value)
    return
  }
  const index = Number(name)
  if (!/^\d+$/.test(name)) throw mongoError('PathNotViable', `Cannot create field '${name}' in element of '${path.join('.')}': it is an array`)
  if (index > holder.length + 1_500_000) throw mongoError('CannotBackfillArray', `Cannot backfill array to ${index}`)
  while (holder.length < index) holder.push(null)
  holder[index] = value
}

function seedFrom(filter: Doc, seed: Doc): void {
  for (const [name, value] of Object.entries(filter)) {
    if (name === '$and' && Array.isArray(value)) for (const each of value as Doc[]) seedFrom(each, seed)
    else if (name === '$or' && Array.isArray(value) && value.length === 1) seedFrom(value[0] as Doc, seed)
    else if (!name.startsWith('$')) {
      const equal = !isOperators(value) ? value : '$eq' in value ? value['$eq'] : Array.isArray(value['$in']) && value['$in'].length === 1 ? (value['$in'] as unknown[])[0] : undefined
      if (equal !== undefined && !isRegexValue(equal)) put(seed, name.split('.'), clone(equal))
    }
  }
}

function isRegexValue(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value instanceof RegExp || (value as { _bsontype?: string })._bsontype === 'BSONRegExp')
}

function ensureSameId(before: Doc, after: Doc): void {
  if (!('_id' in before)) return
  if (!('_id' in after) || !encode({ v: before['_id'] }).equals(encode({ v: after['_id'] })) && compareValues(before['_id'], after['_id']) !== 0)
    throw mongoError('ImmutableField', "Performing an update on the path '_id' would modify the immutable field '_id'")
  after['_id'] = before['_id']
}

function idFirst(doc: Doc): Doc {
  if (!('_id' in doc) || Object.keys(doc)[0] === '_id') return doc
  const { _id, ...rest } = doc
  return { _id, ...rest }
}

function isZeroTimestamp(value: unknown): boolean {
  return value instanceof Timestamp && value.isZero()
}

function now(): Timestamp {
  return new Timestamp({ t: Math.floor(Date.now() / 1000), i: 1 })
}

/** Values of BSON's own classes are never changed in place, so they may be shared. */
function clone(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clone)
  if (!isDocument(value)) return value
  const copy: Doc = {}
  for (const [name, item] of Object.entries(value)) setField(copy, name, clone(item))
  return copy
}

