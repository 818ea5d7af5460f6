/** What a filter says about single fields, as intervals of index key components. */
import { type Doc, isDocument } from '../document.ts'
import { compareValues, rankOf, regexOf, truthy } from './compare.ts'
import { encodeKey, keyAfterPrefix, rankByte, stringPrefixKey } from './key-string.ts'
import { isOperatorDocument, isRegex } from './predicates.ts'
import { literalPrefix } from './regex.ts'

/** Components from `lower` up to and without `upper`, in ascending direction; a point holds one value only. */
export interface Interval {
  lower: Buffer
  upper: Buffer
  point: boolean
}

/** One condition that every matching document fulfils. Conditions with the same `group` are met by one element of an array. */
export interface Condition {
  field: string
  operator: string
  value: unknown
  /** the operators beside it, for `$options` */
  beside: Doc
  group: number | undefined
}

export interface Analysis {
  conditions: Condition[]
  /** the branches of each $or */
  choices: Doc[][]
}

/** The conditions of a filter, also within $and; whatever is neither is left to the filter itself. */
export function analyse(filter: Doc): Analysis {
  const analysis: Analysis = { conditions: [], choices: [] }
  collect(filter, '', undefined, analysis)
  return analysis
}

/** The intervals in which an index component of a matching document must lie; undefined when the condition says nothing of the kind. */
export function intervalsOf(condition: Condition): Interval[] | undefined {
  const { operator, value } = condition
  switch (operator) {
    case '$eq':
      return isKeyable(value) ? [pointOf(value ?? null)] : undefined
    case '$in':
      return intervalsOfList(value)
    case '$exists':
      return truthy(value) ? undefined : [pointOf(null)]
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return intervalsOfOrder(operator, value)
    case '$regex': {
      const options = condition.beside['$options']
      if (isRegex(value)) return intervalsOfPattern(regexOf(value).pattern, typeof options === 'string' ? options : regexOf(value).options)
      return typeof value === 'string' ? intervalsOfPattern(value, typeof options === 'string' ? options : '') : undefined
    }
    default:
      return undefined
  }
}

/** The parts that two unions of intervals share. */
export function intersect(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const shared: Interval[] = []
  for (const x of a) {
    for (const y of b) {
      const lower = Buffer.compare(x.lower, y.lower) >= 0 ? x.lower : y.lower
      const upper = Buffer.compare(x.upper, y.upper) <= 0 ? x.upper : y.upper
      if (Buffer.compare(lower, upper) < 0) shared.push({ lower, upper, point: x.point || y.point })
    }
  }
  return inOrder(shared)
}

/** Sorted and without overlaps. */
export function inOrder<T extends { lower: Buffer; upper: Buffer }>(intervals: readonly T[]): T[] {
  const merged: T[] = []
  for (const interval of intervals.toSorted((a, b) => Buffer.compare(a.lower, b.lower))) {
    const last = merged.at(-1)
    if (last === undefined || Buffer.compare(interval.lower, last.upper) >= 0) merged.push(interval)
    else if (Buffer.compare(interval.upper, last.upper) > 0) merged[merged.length - 1] = { ...last, upper: interval.upper, point: false }
  }
  return merged
}

/**
 * Whether every document that fulfils all of `conditions` also fulfils `wanted`. Equalities are tried against `test`, which is `wanted` as a
 * function of a value; false means only that it could not be shown.
 */
export function implied(wanted: Condition, conditions: readonly Condition[], test: (value: unknown) => boolean): boolean {
  return conditions.some((given) => {
    if (given.field !== wanted.field) return false
    if (given.operator === wanted.operator && compareValues(given.value, wanted.value) === 0 && given.operator !== '$regex') return true
    if (wanted.operator === '$exists') return truthy(wanted.value) && demandsPresence(given)
    if (given.operator === '$eq') return isKeyable(given.value) && given.value !== null && test(given.value)
    if (given.operator === '$in' && Array.isArray(given.value)) {
      return given.value.length > 0 && given.value.every((value) => isKeyable(value) && value !== null && !isRegex(value) && test(value))
    }
    return isOrder(given.operator) && impliedByOrder(wanted, given)
  })
}

/** True when no document without the field can fulfil the condition. */
export function demandsPresence({ operator, value }: Condition): boolean {
  switch (operator) {
    case '$eq':
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return value !== null && value !== undefined && ![-1, 127].includes(rankOf(value))
    case '$in':
      return Array.isArray(value) && value.every((item) => item !== null && item !== undefined)
    case '$exists':
      return truthy(value)
    case '$regex':
    case '$type':
    case '$mod':
    case '$size':
    case '$elemMatch':
      return true
    default:
      return false
  }
}

function collect(filter: Doc, prefix: string, group: number | undefined, analysis: Analysis): void {
  for (const name of Object.keys(filter)) {
    const operand = filter[name]
    if (name === '$and' && Array.isArray(operand)) {
      for (const branch of operand) if (isDocument(branch)) collect(branch, prefix, group, analysis)
    } else if (name === '$or' && Array.isArray(operand) && prefix === '') {
      if (operand.length > 0 && operand.every(isDocument)) analysis.choices.push(operand)
    } else if (!name.startsWith('$')) collectField(prefix + name, operand, group, analysis)
  }
}

function collectField(field: string, operand: unknown, group: number | undefined, analysis: Analysis): void {
  const add = (operator: string, value: unknown, beside: Doc = {}): void => {
    analysis.conditions.push({ field, operator, value, beside, group })
  }
  if (isRegex(operand)) return add('$regex', operand)
  if (!isOperatorDocument(operand)) return add('$eq', operand)
  for (const operator of Object.keys(operand)) {
    const value = operand[operator]
    // Any one of the values that must all be there will do.
    if (operator === '$all' && Array.isArray(value) && value.length > 0 && !isRegex(value[0])) {
      if (!isOperatorDocument(value[0])) add('$eq', value[0])
    } else add(operator, value, operand)
    // Inside another $elemMatch, elements of an inner array would be mixed with those of the outer one.
    if (operator === '$elemMatch' && isDocument(value) && group === undefined) collectElements(field, value, analysis)
  }
}

/** What one element of the array at `field` must fulfil: an equality or order of its own, or of its fields. */
function collectElements(field: string, value: Doc, analysis: Analysis): void {
  const group = analysis.conditions.length
  if (!isOperatorDocument(value)) return collect(value, `${field}.`, group, analysis)
  for (const operator of Object.keys(value)) {
    if (['$eq', '$in', '$gt', '$gte', '$lt', '$lte', '$regex'].includes(operator)) {
      analysis.conditions.push({ field, operator, value: value[operator], beside: value, group })
    }
  }
}

/** An array may be met as a whole or by one of its elements, so it is no single key; nor is a document of operators. */
function isKeyable(value: unknown): boolean {
  return !Array.isArray(value) && !isOperatorDocument(value)
}

function pointOf(value: unknown): Interval {
  const lower = encodeKey([value], [1])
  return { lower, upper: keyAfterPrefix(lower), point: true }
}

const maxListed = 10_000

function intervalsOfList(value: unknown): Interval[] | undefined {
  if (!Array.isArray(value) || value.length > maxListed) return undefined
  const intervals: Interval[] = []
  for (const item of value) {
    if (!isKeyable(item)) return undefined
    const found = isRegex(item) ? intervalsOfPattern(regexOf(item).pattern, regexOf(item).options) : [pointOf(item ?? null)]
    if (found === undefined) return undefined
    intervals.push(...found)
  }
  return inOrder(intervals)
}

function intervalsOfOrder(operator: string, value: unknown): Interval[] | undefined {
  if (value === null) return operator.endsWith('e') ? [pointOf(null)] : []
  const rank = rankOf(value)
  if (!isKeyable(value) || isRegex(value) || rank === -1 || rank === 127 || value === undefined) return undefined
  const key = encodeKey([value], [1])
  const bracket = { lower: Buffer.from([rankByte(rank)]), upper: Buffer.from([rankByte(rank) + 1]) }
  if (operator === '$gt') return [{ lower: keyAfterPrefix(key), upper: bracket.upper, point: false }]
  if (operator === '$gte') return [{ lower: key, upper: bracket.upper, point: false }]
  if (operator === '$lt') return [{ lower: bracket.lower, upper: key, point: false }]
  return [{ lower: bracket.lower, upper: keyAfterPrefix(key), point: false }]
}

/** Strings with the pattern's literal beginning; a pattern that is stored as a value also matches itself. */
function intervalsOfPattern(pattern: string, options: string): Interval[] | undefined {
  const found = literalPrefix(pattern, options)
  if (found === undefined) return undefined
  const lower = stringPrefixKey(found.prefix)
  const regexes = rankByte(50)
  return [
    { lower, upper: keyAfterPrefix(lower), point: false },
    { lower: Buffer.from([regexes]), upper: Buffer.from([regexes + 1]), point: false },
  ]
}

function isOrder(operator: string): boolean {
  return operator === '$gt' || operator === '$gte' || operator === '$lt' || operator === '$lte'
}

function impliedByOrder(wanted: Condition, given: Condition): boolean {
  if (wanted.operator === '$type') return typeImplied(wanted.value, given.value)
  if (!isOrder(wanted.operator) || wanted.operator.slice(0, 3) !== given.operator.slice(0, 3)) return false
  const bounds = intervalsOf(given)
  const room = intervalsOf(wanted)
  if (bounds === undefined || room === undefined) return false
  return bounds.every((inner) => room.some((outer) => Buffer.compare(outer.lower, inner.lower) <= 0 && Buffer.compare(inner.upper, outer.upper) <= 0))
}

/** A comparison finds values of its operand's bracket only; the brackets of these types hold no other type. */
function typeImplied(wanted: unknown, operand: unknown): boolean {
  const names = new Map<number, readonly unknown[]>([
    [45, ['date', 9]],
    [40, ['bool', 8]],
    [35, ['objectId', 7]],
    [20, ['object', 3]],
    [30, ['binData', 5]],
    [10, ['number']],
  ])
  return (names.get(rankOf(operand)) ?? []).some((name) => compareValues(name, wanted) === 0)
}

