/** Which index answers a query, and which of its ranges. The filter is checked on every document all the same: a plan only leaves out what cannot match. */
import { type Doc, isDocument } from '../document.ts'
import { mongoError } from '../errors.ts'
import { type Analysis, type Condition, type Interval, analyse, demandsPresence, implied, inOrder, intersect, intervalsOf } from './bounds.ts'
import { equalValues, isNumeric } from './compare.ts'
import { type IndexSpec, keyDirections } from './index-keys.ts'
import { invertKey, keyAfterPrefix } from './key-string.ts'
import { compileFilter } from './match.ts'
import { toNumber } from './numbers.ts'
import { isArrayIndex } from './paths.ts'
import { parseSort } from './sort.ts'

export interface Plan {
  /** null: every document, in the order of _id */
  index: string | null
  /** of index keys, `upper` not included, in rising order and without overlaps */
  ranges: { lower: Buffer; upper: Buffer }[]
  /** each range holds one whole key, its `lower`, and no other */
  points: boolean
  /** to be scanned from the last key of the last range downwards */
  reverse: boolean
  /** the scan yields the order that was asked for */
  sorted: boolean
}

export interface PlannedIndex {
  spec: IndexSpec
  /** some document has, or once had, an array on a path of the index */
  multikey: boolean
}

/**
 * The plan that looks at the fewest keys, as far as the filter alone tells. Throws BadValue for a hint that names no index and MongoDB's
 * errors for a sort that is none.
 */
export function planQuery(filter: Doc, indexes: readonly PlannedIndex[], options: { sort?: Doc | undefined; hint?: string | Doc | undefined }): Plan {
  const sort = parseSort(options.sort ?? {})
  const analysis = analyse(filter)
  const scan = collectionScan(sort)
  if (options.hint !== undefined && options.hint !== null && !isEmpty(options.hint)) return hinted(options.hint, indexes, analysis, sort)
  const natural = sort.find(([field]) => field === '$natural')
  if (natural !== undefined) return { ...scan, reverse: natural[1] === -1, sorted: true }
  // No index beats that of the one document; most queries of a server are such.
  const byId = sort.length === 0 && isOfIds(analysis) ? indexes.find(({ spec }) => spec.name === '_id_') : undefined
  const single = byId && planWith(byId, analysis, sort)
  if (single?.plan.points) return single.plan
  let best: Plan = scan
  let bestScore = scan.sorted && sort.length > 0 ? 1 : 0
  for (const index of indexes) {
    const candidate = planWith(index, analysis, sort)
    if (candidate !== undefined && candidate.score > bestScore) {
      best = candidate.plan
      bestScore = candidate.score
    }
  }
  return best
}

function isOfIds({ conditions, choices }: Analysis): boolean {
  return choices.length === 0 && conditions.length === 1 && conditions[0]?.field === '_id'
}

const wholeIndex = { lower: Buffer.alloc(0), upper: Buffer.from([0xff]) }

/** Documents lie in the order of their _id, which is unique, so that what follows it in a sort decides nothing. */
function collectionScan(sort: readonly [string, 1 | -1][]): Plan {
  const [first] = sort
  return { index: null, ranges: [wholeIndex], points: false, reverse: first?.[0] === '_id' && first[1] === -1, sorted: first === undefined || first[0] === '_id' }
}

function hinted(hint: string | Doc, indexes: readonly PlannedIndex[], analysis: Analysis, sort: readonly [string, 1 | -1][]): Plan {
  if (isDocument(hint) && Object.hasOwn(hint, '$natural')) {
    const scan = collectionScan(sort)
    return { ...scan, reverse: scan.reverse || (sort.length === 0 && toNumber(hint['$natural']) < 0) }
  }
  const index = indexes.find(({ spec }) => (typeof hint === 'string' ? spec.name === hint : isDocument(hint) && sameKey(spec.key, hint)))
  if (index === undefined) {
    throw mongoError('BadValue', 'error processing query: planner returned error :: caused by :: hint provided does not correspond to an existing index')
  }
  // An index that leaves out documents which could match would change the answer.
  return planWith(index, analysis, sort)?.plan ?? collectionScan(sort)
}

/** Undefined when the index may lack a document that matches. */
function planWith(index: PlannedIndex, analysis: Analysis, sort: readonly [string, 1 | -1][]): { plan: Plan; score: number } | undefined {
  if (alternativesOf(analysis).some((conditions) => !serves(index.spec, conditions))) return undefined
  const access = accessOf(index, analysis)
  const direction = sortDirection(index, access, sort)
  const { spec } = index
  const fields = Object.keys(spec.key).length
  // Of two that bound as much, the one with fewer places to look at.
  const scattered = Math.min(0.9, (access.ranges.length - 1) / 100)
  const score = access.equalities * 10 - scattered + (access.ranged ? 5 : 0) + (sort.length > 0 && direction !== 0 ? 4 : 0) + (spec.unique === true && access.equalities === fields ? 3 : 0)
  return { plan: { index: spec.name, ranges: access.ranges, points: access.equalities === fields && !access.ranged, reverse: direction === -1, sorted: direction !== 0 }, score: spec.name === '_id_' && score > 0 ? score + 1 : score }
}

/** How far the conditions lead into an index. */
interface Access {
  ranges: { lower: Buffer; upper: Buffer }[]
  /** leading fields with equalities only */
  equalities: number
  /** of these, how many have one value each */
  constants: number
  /** the field behind the equalities is bounded too */
  ranged: boolean
}

/** The ways in which a filter may be met: with one $or, one for each of its branches. */
function alternativesOf({ conditions, choices }: Analysis): Condition[][] {
  const [choice] = choices
  if (choice === undefined || choice.length > 100) return [conditions]
  return choice.map((branch) => [...conditions, ...regrouped(analyse(branch).conditions, conditions.length)])
}

/** Groups are numbered within one analysis; joined with another they must not meet. */
function regrouped(conditions: readonly Condition[], by: number): Condition[] {
  return conditions.map((condition) => (condition.group === undefined ? condition : { ...condition, group: condition.group + by + 1 }))
}

function accessOf(index: PlannedIndex, analysis: Analysis): Access {
  const plain = accessWith(index, analysis.conditions)
  const alternatives = alternativesOf(analysis)
  if (alternatives.length === 1) return accessWith(index, alternatives[0] as Condition[])
  const accesses = alternatives.map((conditions) => accessWith(index, conditions))
  const equalities = Math.min(...accesses.map((access) => access.equalities))
  const ranged = accesses.every((access) => access.equalities > equalities || access.ranged)
  if (equalities * 2 + Number(ranged) <= plain.equalities * 2 + Number(plain.ranged)) return plain
  return { ranges: inOrder(accesses.flatMap((access) => access.ranges)), equalities, constants: plain.constants, ranged }
}

const maxPrefixes = 10_000

function accessWith({ spec, multikey }: PlannedIndex, conditions: readonly Condition[]): Access {
  const fields = Object.keys(spec.key)
  const directions = keyDirections(spec.key)
  const used: { field: string; group: number | undefined }[] = []
  let prefixes: Buffer[] = [Buffer.alloc(0)]
  const access: Access = { ranges: [wholeIndex], equalities: 0, constants: 0, ranged: false }
  for (const [position, field] of fields.entries()) {
    const bound = boundOf(field, conditions, multikey, used)
    if (bound === undefined) break
    const components = bound.intervals.map((interval) => component(interval, directions[position] as 1 | -1))
    if (bound.intervals.every((interval) => interval.point) && prefixes.length * components.length <= maxPrefixes) {
      const points = bound.intervals.map((interval) => (directions[position] === 1 ? interval.lower : invertKey(interval.lower)))
      prefixes = prefixes.flatMap((prefix) => points.map((point) => Buffer.concat([prefix, point])))
      access.equalities += 1
      if (points.length === 1 && access.constants === position) access.constants += 1
      used.push({ field, group: bound.group })
      continue
    }
    access.ranged = true
    access.ranges = inOrder(prefixes.flatMap((prefix) => components.map(({ lower, upper }) => ({ lower: Buffer.concat([prefix, lower]), upper: Buffer.concat([prefix, upper]) }))))
    return access
  }
  if (access.equalities > 0) access.ranges = inOrder(prefixes.map((prefix) => ({ lower: prefix, upper: keyAfterPrefix(prefix) })))
  return access
}

/** An ascending interval as it lies in the index. */
function component({ lower, upper }: Interval, direction: 1 | -1): { lower: Buffer; upper: Buffer } {
  if (direction === 1) return { lower, upper }
  return { lower: keyAfterPrefix(invertKey(upper)), upper: keyAfterPrefix(invertKey(lower)) }
}

/**
 * What is known of one field. Without arrays all conditions hold for the one value there is. With arrays each may be met by another
 * element, so only one of them counts, or those of one $elemMatch; and a field of the same array as one that is bounded already counts
 * only if both are of that $elemMatch.
 */
function boundOf(
  field: string,
  conditions: readonly Condition[],
  multikey: boolean,
  used: readonly { field: string; group: number | undefined }[],
): { intervals: Interval[]; group: number | undefined } | undefined {
  if (field.split('.').some(isArrayIndex)) return undefined
  const root = field.split('.')[0]
  const sharing = multikey ? used.find((other) => other.field.split('.')[0] === root) : undefined
  const found: { intervals: Interval[]; group: number | undefined }[] = []
  for (const condition of conditions) {
    if (condition.field !== field) continue
    if (sharing !== undefined && (condition.group === undefined || condition.group !== sharing.group)) continue
    const intervals = intervalsOf(condition)
    if (intervals === undefined) continue
    const partner = found.find((each) => !multikey || (each.group !== undefined && each.group === condition.group))
    if (partner === undefined) found.push({ intervals, group: condition.group })
    else partner.intervals = intersect(partner.intervals, intervals)
  }
  return found.reduce<{ intervals: Interval[]; group: number | undefined } | undefined>((best, each) => (best === undefined || isNarrower(each.intervals, best.intervals) ? each : best), undefined)
}

function isNarrower(a: readonly Interval[], b: readonly Interval[]): boolean {
  const pointsA = a.every((interval) => interval.point)
  const pointsB = b.every((interval) => interval.point)
  return pointsA === pointsB ? a.length < b.length && pointsA : pointsA
}

/**
 * 1 or -1 when the scan, upwards or downwards, yields the sort; 0 when it does not. Leading fields with one value each may be passed over.
 * An array has several keys, and the first one within a bound need not be the one it is sorted by: then only a scan of the whole index will do.
 */
function sortDirection({ spec, multikey }: PlannedIndex, access: Access, sort: readonly [string, 1 | -1][]): 1 | -1 | 0 {
  if (sort.length === 0) return 1
  const fields = Object.keys(spec.key)
  const directions = keyDirections(spec.key)
  if (multikey && (access.equalities > 0 || access.ranged)) return 0
  const constants = multikey ? [] : fields.slice(0, access.constants)
  let position = 0
  let way: 1 | -1 | 0 = 0
  for (const [field, direction] of sort) {
    if (field === '_id' && spec.name === '_id_' && position > 0) break
    while (position < constants.length && fields[position] !== field) position += 1
    if (fields[position] === field) {
      if (position >= constants.length) {
        const turn: 1 | -1 = direction === directions[position] ? 1 : -1
        if (way !== 0 && way !== turn) return 0
        way = turn
      }
      position += 1
      if (spec.name === '_id_') break
    } else if (!constants.includes(field)) return 0
  }
  return way === 0 ? 1 : way
}

/** Whether every document that meets the conditions has keys in the index. */
function serves(spec: IndexSpec, conditions: readonly Condition[]): boolean {
  if (spec.sparse === true) return Object.keys(spec.key).some((field) => conditions.some((condition) => condition.field === field && demandsPresence(condition)))
  return spec.partialFilterExpression === undefined || impliedFilter(spec.partialFilterExpression, conditions)
}

function impliedFilter(filter: Doc, conditions: readonly Condition[]): boolean {
  const { conditions: wanted, choices } = analyse(filter)
  return (
    wanted.every((condition) => {
      const test = compileFilter({ value: { [condition.operator]: condition.value } })
      return implied(condition, conditions, (value) => test({ value }))
    }) && choices.every((branches) => branches.some((branch) => impliedFilter(branch, conditions)))
  )
}

function isEmpty(hint: string | Doc): boolean {
  return isDocument(hint) && Object.keys(hint).length === 0
}

function sameKey(a: Doc, b: Doc): boolean {
  const fieldsA = Object.keys(a)
  const fieldsB = Object.keys(b)
  return fieldsA.length === fieldsB.length && fieldsA.every((field, index) => fieldsB[index] === field && (isNumeric(b[field]) ? toNumber(a[field]) === toNumber(b[field]) : equalValues(a[field], b[field])))
}
