/** Which keys a document has in an index. */
import { type Doc, getField, isDocument } from '../document.ts'
import { mongoError } from '../errors.ts'
import { isNumeric } from './compare.ts'
import { encodeKey } from './key-string.ts'
import { compileFilter } from './match.ts'

export interface IndexSpec {
  name: string
  key: Doc
  unique?: boolean
  sparse?: boolean
  partialFilterExpression?: Doc
  expireAfterSeconds?: number
  collation?: Doc
}

/**
 * The keys of `doc` in the index, each once and in key order; none when the index leaves the document out. `multikey` says that an array
 * lay on one of the paths, also when it gave a single key. Throws `CannotIndexParallelArrays` when two paths run through different arrays.
 */
export function indexKeys(spec: IndexSpec, doc: Doc): { keys: Buffer[]; multikey: boolean } {
  return compiled(spec)(doc)
}

/** Refuses what this store cannot index: hashed, text, 2d, 2dsphere, wildcard and any collation but simple. */
export function validateIndexSpec(spec: IndexSpec): void {
  const fields = Object.keys(spec.key)
  if (fields.length === 0) throw mongoError('CannotCreateIndex', 'Index keys cannot be empty.')
  if (fields.length > 32) throw mongoError('Location13103', `too many compound keys {}`)
  for (const field of fields) {
    const direction = spec.key[field]
    if (typeof direction === 'string') {
      if (['hashed', 'text', '2d', '2dsphere', 'geoHaystack'].includes(direction)) {
        throw mongoError('CannotCreateIndex', `Index type '${direction}' is not supported by this server`)
      }
      throw mongoError('CannotCreateIndex', `Unknown index plugin '${direction}'`)
    }
    if (!isNumeric(direction)) {
      throw mongoError('CannotCreateIndex', `Values in v:2 index key pattern must be numbers > 0, numbers < 0, or strings`)
    }
    const number = Number(direction)
    if (number === 0 || Number.isNaN(number)) throw mongoError('CannotCreateIndex', 'Values in the index key pattern cannot be 0.')
    validatePath(field)
  }
  if (spec.sparse === true && spec.partialFilterExpression !== undefined) {
    throw mongoError('CannotCreateIndex', 'cannot mix "partialFilterExpression" and "sparse" options')
  }
  if (spec.expireAfterSeconds !== undefined && fields.length > 1) {
    throw mongoError('CannotCreateIndex', 'TTL indexes are single-field indexes, compound indexes do not support TTL.')
  }
  if (spec.expireAfterSeconds !== undefined && fields[0] === '_id') {
    throw mongoError('InvalidIndexSpecificationOption', "The field 'expireAfterSeconds' is not valid for an _id index specification.")
  }
  if (spec.collation !== undefined && getField(spec.collation, 'locale') !== 'simple') {
    throw mongoError('CannotCreateIndex', "Only the collation {locale: 'simple'} is supported by this server")
  }
  if (spec.partialFilterExpression !== undefined) {
    validatePartialFilter(spec.partialFilterExpression, 0)
    compileFilter(spec.partialFilterExpression)
  }
}

/** 1 or -1 for each field of the index. */
export function keyDirections(key: Doc): (1 | -1)[] {
  return Object.values(key).map((direction) => (Number(direction) < 0 ? -1 : 1))
}

function validatePath(field: string): void {
  if (field === '$**' || field.endsWith('.$**')) throw mongoError('CannotCreateIndex', 'Wildcard indexes are not supported by this server')
  const parts = field.split('.')
  if (parts.includes('')) throw mongoError('CannotCreateIndex', 'Index keys cannot contain an empty field.')
  if (parts.some((part) => part.startsWith('$') && part !== '$id' && part !== '$db' && part !== '$ref')) {
    throw mongoError('CannotCreateIndex', `Index key contains an illegal field name: field name starts with '$'.`)
  }
}

const partialOperators = new Set(['$eq', '$gt', '$gte', '$lt', '$lte', '$exists', '$type', '$in', '$and', '$or', '$geoWithin'])

function validatePartialFilter(filter: Doc, depth: number): void {
  if (depth > 4) throw mongoError('CannotCreateIndex', 'partialFilterExpression depth may not exceed 4')
  for (const [name, value] of Object.entries(filter)) {
    if (name.startsWith('$')) {
      if (name !== '$and' && name !== '$or') throw notPartial(name)
      if (Array.isArray(value)) for (const branch of value) if (isDocument(branch)) validatePartialFilter(branch, depth + 1)
      continue
    }
    if (!isDocument(value)) continue
    for (const operator of Object.keys(value)) {
      if (!operator.startsWith('$')) break
      if (!partialOperators.has(operator)) throw notPartial(operator)
      if (operator === '$exists' && value[operator] === false) throw notPartial('$not')
    }
  }
}

function notPartial(name: string): Error {
  return mongoError('CannotCreateIndex', `Expression not supported in partial index: ${name}`)
}

type KeyGenerator = (doc: Doc) => { keys: Buffer[]; multikey: boolean }

// Specs live as long as their index; compiling one for every document would cost more than the keys.
const generators = new WeakMap<IndexSpec, KeyGenerator>()

function compiled(spec: IndexSpec): KeyGenerator {
  let generator = generators.get(spec)
  if (generator === undefined) {
    generator = compileKeys(spec)
    generators.set(spec, generator)
  }
  return generator
}

function compileKeys(spec: IndexSpec): KeyGenerator {
  const paths = Object.keys(spec.key).map((field) => field.split('.'))
  const directions = keyDirections(spec.key)
  const included = spec.partialFilterExpression === undefined ? undefined : compileFilter(spec.partialFilterExpression)
  const sparse = spec.sparse === true
  return (doc) => {
    if (included !== undefined && !included(doc)) return { keys: [], multikey: false }
    const found: Found = { rows: [], multikey: false, present: false }
    expand(
      paths.map((path) => ({ at: doc, path, done: false })),
      found,
    )
    if (sparse && !found.present) return { keys: [], multikey: found.multikey }
    const only = found.rows[0]
    if (found.rows.length === 1 && only !== undefined) return { keys: [encodeKey(only, directions)], multikey: found.multikey }
    const keys = found.rows.map((row) => encodeKey(row, directions)).sort(Buffer.compare)
    return { keys: keys.filter((key, index) => index === 0 || !key.equals(keys[index - 1] as Buffer)), multikey: found.multikey }
  }
}

/** What is known of one field of the index: a finished value, or the place in the document from where the rest of the path leads on. */
interface Cursor {
  at: unknown
  path: readonly string[]
  done: boolean
}

interface Found {
  rows: unknown[][]
  multikey: boolean
  present: boolean
}

/** One row for every element of the array that the paths share; all paths that meet an array must meet the same one. */
function expand(cursors: Cursor[], found: Found): void {
  const advanced = cursors.map(advance)
  const first = advanced.find((cursor) => !cursor.done)
  if (first === undefined) {
    if (advanced.some((cursor) => cursor.at !== undefined)) found.present = true
    found.rows.push(advanced.map((cursor) => (cursor.at === emptyArray ? undefined : (cursor.at ?? null))))
    return
  }
  found.multikey = true
  const array = first.at as unknown[]
  for (const cursor of advanced) {
    if (!cursor.done && cursor.at !== array) {
      const names = [cursor, first].map((each) => `[${each.path[0] ?? ''}]`)
      throw mongoError('CannotIndexParallelArrays', `cannot index parallel arrays ${names.join(' ')}`)
    }
  }
  if (array.length === 0) {
    // An empty array at the end of a path has a key of its own, below null; further along a path it counts as a missing field.
    expand(
      advanced.map((cursor) => (cursor.done ? cursor : { at: cursor.path.length === 0 ? emptyArray : undefined, path: [], done: true })),
      found,
    )
    return
  }
  for (const element of array) {
    expand(
      advanced.map((cursor) => (cursor.done ? cursor : elementCursor(element, cursor.path))),
      found,
    )
  }
}

const emptyArray = Symbol('empty array')

/** Only the outermost array is expanded: an array inside it is a value at the end of a path, and nothing further along one. */
function elementCursor(element: unknown, path: readonly string[]): Cursor {
  if (path.length === 0) return { at: element, path, done: true }
  if (isDocument(element)) return { at: element, path, done: false }
  return { at: undefined, path: [], done: true }
}

/** Walks on through documents until the path ends, breaks off, or meets an array that must be expanded. */
function advance(cursor: Cursor): Cursor {
  if (cursor.done) return cursor
  let { at, path } = cursor
  for (;;) {
    if (Array.isArray(at)) {
      const next = path[0]
      const positional = next !== undefined && isArrayIndex(next) ? Number(next) : -1
      if (positional < 0) return { at, path, done: false }
      if (at.some((element) => isDocument(element) && Object.hasOwn(element, next as string))) {
        throw mongoError('Location16746', `Ambiguous field name found in array (do not use numeric field names in embedded elements in an array), field: '${next}'`)
      }
      if (positional >= at.length) return { at, path, done: false }
      at = at[positional]
      path = path.slice(1)
      continue
    }
    if (path.length === 0) return { at, path, done: true }
    if (!isDocument(at)) return { at: undefined, path: [], done: true }
    at = getField(at, path[0] as string)
    path = path.slice(1)
  }
}

export function isArrayIndex(name: string): boolean {
  return /^(0|[1-9][0-9]{0,8})$/.test(name)
}
