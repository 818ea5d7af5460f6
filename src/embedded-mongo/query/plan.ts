import { type Doc, isDocument } from '../document.ts'
import { mongoError } from '../errors.ts'
import { compareValues, rankOf } from './compare.ts'
import { directionsOf, type IndexSpec } from './index-keys.ts'
import { bracketOf, encodeKey } from './key-string.ts'
import { isOperators } from './match.ts'
import { asDouble, isNumeric } from './numbers.ts'
import { regexOf } from './regex.ts'

/** How a query is answered. The filter is checked on every document all the same: a plan only leaves out what can't match. */
export interface Plan {
  /** null: every document, in the order of _id */
  index: string | null
  /** of ordered keys, `upper` not included, in rising order and without overlaps */
  ranges: { lower: Buffer; upper: Buffer }[]
  reverse: boolean
  /** the scan yields the order that was asked for */
  sorted: boolean
}

interface Candidate {
  spec: IndexSpec
  multikey: boolean
}

/** What a filter says of one field: points, or one interval within a kind of values. */
type Bound = { points: unknown[] } | { lower: Buffer; upper: Buffer }

interface Scored extends Plan {
  score: number
}

const maxPoints = 10_000
const top = Buffer.from([255])
const emptyKey = Buffer.alloc(0)

/** @throws MongoError BadValue for a hint that names no index */
export function planQuery(filter: Doc, indexes: readonly Candidate[], { sort, hint }: { sort?: Doc | undefined; hint?: string | Doc | undefined }): Plan {
  const order = sort ? Object.entries(sort) : []
  const bounds = boundsOf(filter)
  if (hint !== undefined && hint !== null && !(isDocument(hint) && Object.keys(hint).length === 0)) return byHint(hint, indexes, bounds, order, filter)
  let best: Scored = { index: null, ranges: [{ lower: emptyKey, upper: top }], reverse: isIdSort(order) === -1, sorted: order.length === 0 || isIdSort(order) !== 0, score: isIdSort(order) === 0 ? 0 : 1 }
  for (const candidate of indexes) {
    if (!mayServe(candidate.spec, filter)) continue
    const plan = planWith(candidate, bounds, order)
    if (plan.score > best.score) best = plan
  }
  const { score: _score, ...plan } = best
  return plan
}

function byHint(hint: string | Doc, indexes: readonly Candidate[], bounds: ReadonlyMap<string, Bound>, order: [string, unknown][], filter: Doc): Plan {
  if (isDocument(hint) && '$natural' in hint) return { index: null, ranges: [{ lower: emptyKey, upper: top }], reverse: asDouble(hint['$natural']) < 0, sorted: order.length === 0 }
  const wanted = indexes.find(({ spec }) => (typeof hint === 'string' ? spec.name === hint : keyText(spec.key) === keyText(hint)))
  if (!wanted) throw mongoError('BadValue', 'error processing query: hint provided does not correspond to an existing index')
  if (!mayServe(wanted.spec, filter)) return { index: null, ranges: [{ lower: emptyKey, upper: top }], reverse: false, sorted: order.length === 0 }
  const { score: _score, ...plan } = planWith(wanted, bounds, order)
  return plan
}

function planWith({ spec, multikey }: Candidate, bounds: ReadonlyMap<string, Bound>, order: [string, unknown][]): Scored {
  const fields = Object.keys(spec.key)
  const directions = directionsOf(spec)
  let prefixes: unknown[][] = [[]]
  let used = 0
  for (const field of fields) {
    const bound = bounds.get(field)
    if (!bound || !('points' in bound) || prefixes.length * bound.points.length > maxPoints) break
    // Two predicates on an array may be met by two elements: behind the first multikey field only its own bound holds.
    if (multikey && used > 0 && sharesArray(fields, used)) break
    prefixes = prefixes.flatMap((prefix) => bound.points.map((point) => [...prefix, point]))
    used += 1
  }
  const next = fields[used]
  const interval = next === undefined ? undefined : bounds.get(next)
  const ranged = interval && !('points' in interval) && !(multikey && used > 0 && sharesArray(fields, used)) ? interval : undefined
  const ranges = prefixes.map((prefix) => rangeOf(encodeKey(prefix, directions), ranged, directions[used]))
  const sorted = sortDirection(fields, directions, order, used, prefixes.length === 1, multikey)
  const score = used * 10 + (ranged ? 5 : 0) + (sorted !== 0 && order.length > 0 ? 4 : 0) + (spec.unique && used === fields.length ? 3 : 0)
  return { index: spec.name, ranges: inOrder(ranges), reverse: sorted === -1, sorted: order.length === 0 || sorted !== 0, score }
}

function sharesArray(fields: readonly string[], at: number): boolean {
  const root = (fields[at] as string).split('.')[0]
  return fields.slice(0, at).some((field) => field.split('.')[0] === root)
}

function rangeOf(prefix: Buffer, bound: { lower: Buffer; upper: Buffer } | undefined, direction: 1 | -1 | undefined): { lower: Buffer; upper: Buffer } {
  if (!bound) return { lower: prefix, upper: Buffer.concat([prefix, top]) }
  if (direction !== -1) return { lower: Buffer.concat([prefix, bound.lower]), upper: Buffer.concat([prefix, bound.upper]) }
  // Turned over, the upper end comes first; what was left out at one end is now let in at the other, which the filter makes good.
  return { lower: Buffer.concat([prefix, turned(bound.upper)]), upper: Buffer.concat([prefix, turned(bound.lower), top]) }
}

function turned(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => 255 - byte))
}

// Equal fields in front do not matter; then the index must run as the sort does, or exactly against it.
function sortDirection(fields: readonly string[], directions: readonly (1 | -1)[], order: [string, unknown][], used: number, onePrefix: boolean, multikey: boolean): 1 | -1 | 0 {
  if (order.length === 0) return 1
  if (!onePrefix || multikey) return 0
  const rest = order.filter(([field]) => !fields.slice(0, used).includes(field))
  if (rest.length === 0) return 1
  let way: 1 | -1 | 0 = 0
  for (const [at, [field, direction]] of rest.entries()) {
    if (fields[used + at] !== field || !isNumeric(direction)) return 0
    const same: 1 | -1 = Math.sign(asDouble(direction)) === directions[used + at] ? 1 : -1
    if (way !== 0 && way !== same) return 0
    way = same
  }
  return way
}

function inOrder(ranges: { lower: Buffer; upper: Buffer }[]): { lower: Buffer; upper: Buffer }[] {
  const sorted = ranges.toSorted((a, b) => Buffer.compare(a.lower, b.lower))
  return sorted.filter((range, at) => at === 0 || !(sorted[at - 1] as { lower: Buffer }).lower.equals(range.lower))
}

/** What the filter demands of single fields, also inside $and. */
function boundsOf(filter: Doc): Map<string, Bound> {
  const bounds = new Map<string, Bound>()
  for (const [field, predicate] of Object.entries(filter)) {
    if (field === '$and' && Array.isArray(predicate)) {
      for (const each of predicate as Doc[]) for (const [name, bound] of boundsOf(each)) if (!bounds.has(name) || 'points' in bound) bounds.set(name, bound)
    } else if (!field.startsWith('$')) {
      const bound = boundOf(predicate)
      if (bound) bounds.set(field, bound)
    }
  }
  return bounds
}

function boundOf(predicate: unknown): Bound | undefined {
  if (!isOperators(predicate)) return isPoint(predicate) ? { points: [predicate] } : undefined
  if ('$eq' in predicate) return isPoint(predicate['$eq']) ? { points: [predicate['$eq']] } : undefined
  const list = predicate['$in']
  if (Array.isArray(list)) return list.length > 0 && list.length <= maxPoints && list.every(isPoint) ? { points: list } : undefined
  return intervalOf(predicate)
}

// An array may be met as a whole or by an element, null by what is missing, a regex by many: none of them is one key.
function isPoint(value: unknown): boolean {
  return value !== undefined && !Array.isArray(value) && !regexOf(value) && !isOperators(value)
}

function intervalOf(predicate: Doc): Bound | undefined {
  const low = predicate['$gt'] ?? predicate['$gte']
  const high = predicate['$lt'] ?? predicate['$lte']
  const one = low ?? high
  if (one === undefined || one === null || !isPoint(one) || [1, 127, 20].includes(rankOf(one))) return undefined
  if (low !== undefined && high !== undefined && rankOf(low) !== rankOf(high)) return undefined
  const bracket = bracketOf(one)
  return { lower: low === undefined ? bracket.lower : encodeKey([low], [1]), upper: high === undefined ? bracket.upper : Buffer.concat([encodeKey([high], [1]), top]) }
}

/** Whether every document that can match is in the index. */
function mayServe(spec: IndexSpec, filter: Doc): boolean {
  if (spec.sparse) return Object.keys(spec.key).some((field) => demandsPresence(filter[field]))
  if (!spec.partialFilterExpression) return true
  return Object.entries(spec.partialFilterExpression).every(([field, condition]) => implies(filter[field], condition))
}

function demandsPresence(predicate: unknown): boolean {
  if (predicate === undefined || predicate === null) return false
  if (!isOperators(predicate)) return true
  if (predicate['$exists'] === true) return true
  return ['$eq', '$gt', '$gte', '$lt', '$lte', '$type'].some((name) => predicate[name] !== undefined && predicate[name] !== null) || (Array.isArray(predicate['$in']) && predicate['$in'].every((each) => each !== null))
}

function implies(predicate: unknown, condition: unknown): boolean {
  if (predicate === undefined) return false
  if (isOperators(condition)) {
    if (Object.keys(condition).length === 1 && condition['$exists'] === true) return demandsPresence(predicate)
    if (Object.keys(condition).length === 1 && Array.isArray(condition['$in'])) return pointsOf(predicate).length > 0 && pointsOf(predicate).every((point) => (condition['$in'] as unknown[]).some((each) => compareValues(each, point) === 0))
    if (Object.keys(condition).length === 1 && condition['$type'] !== undefined) {
      if (isOperators(predicate) && predicate['$type'] !== undefined && compareValues(predicate['$type'], condition['$type']) === 0) return true
      return condition['$type'] === 'date' && demandsDate(predicate)
    }
    if (Object.keys(condition).length === 1 && '$eq' in condition) return implies(predicate, condition['$eq'])
    return false
  }
  return pointsOf(predicate).length > 0 && pointsOf(predicate).every((point) => compareValues(point, condition) === 0)
}

function demandsDate(predicate: unknown): boolean {
  if (predicate instanceof Date) return true
  return isOperators(predicate) && ['$eq', '$gt', '$gte', '$lt', '$lte'].some((name) => predicate[name] instanceof Date)
}

function pointsOf(predicate: unknown): unknown[] {
  const bound = boundOf(predicate)
  return bound && 'points' in bound ? bound.points : []
}

function isIdSort(order: [string, unknown][]): 1 | -1 | 0 {
  const [[field, direction] = ['', 0], ...rest] = order
  if (field !== '_id' || rest.length > 0) return 0
  return asDouble(direction) < 0 ? -1 : 1
}

function keyText(key: Doc): string {
  return JSON.stringify(Object.entries(key).map(([field, direction]) => [field, isNumeric(direction) ? asDouble(direction) : direction]))
}
