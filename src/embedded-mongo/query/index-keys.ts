/** Which keys a document has in an index. */
import { type Doc, getField, isDocument } from '../document.ts'
import { mongoError } from '../errors.ts'
import { isNumeric } from './compare.ts'
import { keyRows } from './key-rows.ts'
import { encodeKey } from './key-string.ts'
import { compileFilter } from './match.ts'
import { toNumber } from './numbers.ts'
import { parsePath } from './paths.ts'
import { isRegex } from './predicates.ts'

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
  if (fields.length > 32) throw mongoError('Location13103', 'too many compound keys')
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
    const number = toNumber(direction)
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
  return Object.values(key).map((direction) => (toNumber(direction) < 0 ? -1 : 1))
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
    if (isRegex(value)) throw notPartial('$regex')
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
  const paths = Object.keys(spec.key).map(parsePath)
  const directions = keyDirections(spec.key)
  const included = spec.partialFilterExpression === undefined ? undefined : compileFilter(spec.partialFilterExpression)
  const sparse = spec.sparse === true
  return (doc) => {
    if (included !== undefined && !included(doc)) return { keys: [], multikey: false }
    const found = keyRows(doc, paths)
    if (sparse && !found.present) return { keys: [], multikey: found.multikey }
    const only = found.rows[0]
    if (found.rows.length === 1 && only !== undefined) return { keys: [encodeKey(only, directions)], multikey: found.multikey }
    const keys = found.rows.map((row) => encodeKey(row, directions)).sort(Buffer.compare)
    return { keys: keys.filter((key, index) => index === 0 || !key.equals(keys[index - 1] as Buffer)), multikey: found.multikey }
  }
}
