/** What a filter may demand of the values at one path. */
import { BSONRegExp, type Binary } from 'bson'
import { type Doc, isDocument } from '../document.ts'
import { mongoError } from '../errors.ts'
import { binaryOf, compareNumbers, compareValues, isNumeric, numberRank, rankOf, regexOf, smallNumber, text, truthy, typeOf, types } from './compare.ts'
import { toInteger, toNumber, toSafeInteger, truncated } from './numbers.ts'
import { compileRegex } from './regex.ts'
import { show } from './show.ts'

/** One demand on the values at a path, or `none`: that not all of several demands hold. */
export type Predicate = Leaf | { none: Predicate[] }

/** A test of single values; `whole` means that arrays are tested as such only, `negated` that no value at the path may pass it. */
export interface Leaf {
  test: (value: unknown) => boolean
  negated: boolean
  whole: boolean
  /** for $elemMatch: the index of the matching element */
  position?: (value: unknown) => number | undefined
}

type CompileFilter = (filter: Doc) => (doc: Doc) => boolean
type Test = (value: unknown) => boolean

/** The predicates that `operand` of `{field: operand}` means: equality, a pattern, or operators; all of them must hold. */
export function compilePredicates(operand: unknown, compileFilter: CompileFilter): Predicate[] {
  if (isRegex(operand)) return [positive(regexTest(operand))]
  if (!isOperatorDocument(operand)) return [positive(equalTest(operand))]
  const predicates: Predicate[] = []
  for (const name of Object.keys(operand)) predicates.push(...compileOperator(name, operand[name], operand, compileFilter))
  return predicates
}

/** True for `{$gt: 1}`, but not for `{}` or a DBRef. */
export function isOperatorDocument(value: unknown): value is Doc {
  if (!isDocument(value)) return false
  for (const name in value) return name.startsWith('$') && name !== '$ref' && name !== '$id' && name !== '$db'
  return false
}

export function isRegex(value: unknown): value is BSONRegExp | RegExp {
  return value instanceof BSONRegExp || value instanceof RegExp
}

function positive(test: Test): Leaf {
  return { test, negated: false, whole: false }
}

function negative(test: Test): Leaf {
  return { test, negated: true, whole: false }
}

function compileOperator(name: string, value: unknown, all: Doc, compileFilter: CompileFilter): Predicate[] {
  switch (name) {
    case '$eq':
      return [positive(equalTest(value))]
    case '$ne':
      if (isRegex(value)) throw mongoError('BadValue', "Can't have regex as arg to $ne.")
      return [negative(equalTest(value))]
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return [positive(orderTest(name, value))]
    case '$in':
      return [positive(inTest(name, value))]
    case '$nin':
      return [negative(inTest(name, value))]
    case '$exists': {
      const test: Test = (each) => each !== undefined
      return [truthy(value) ? positive(test) : negative(test)]
    }
    case '$type':
      return [positive(typeTest(value))]
    case '$regex':
      return [positive(regexOperator(value, all['$options']))]
    case '$options':
      if (!Object.hasOwn(all, '$regex')) throw mongoError('BadValue', '$options needs a $regex')
      return []
    case '$not':
      return notOperator(value, compileFilter)
    case '$mod':
      return [positive(modTest(value))]
    case '$size':
      return [{ test: sizeTest(value), negated: false, whole: true }]
    case '$all':
      return allOperator(value, compileFilter)
    case '$elemMatch':
      return [elemMatch(value, compileFilter)]
    case '$bitsAllSet':
    case '$bitsAllClear':
    case '$bitsAnySet':
    case '$bitsAnyClear':
      return [positive(bitTest(name, value))]
    case '$comment':
      return []
    case '$near':
    case '$nearSphere':
    case '$geoNear':
      throw mongoError('NoQueryExecutionPlans', 'unable to find index for $geoNear query')
    case '$geoWithin':
    case '$geoIntersects':
    case '$within':
    case '$maxDistance':
    case '$minDistance':
      throw mongoError('BadValue', `${name} is not supported by this server`)
    default:
      throw mongoError('BadValue', `unknown operator: ${name}`)
  }
}

/** Equality with one value; null also finds what is missing. */
export function equalTest(operand: unknown): Test {
  if (operand === null || operand === undefined) return (value) => value === null || value === undefined
  if (typeof operand === 'boolean') return (value) => value === operand
  if (typeof operand === 'string') return (value) => value === operand || (typeof value === 'object' && value !== null && compareValues(value, operand) === 0)
  const number = smallNumber(operand)
  if (number !== undefined && !Number.isNaN(number)) {
    return (value) => {
      const other = smallNumber(value)
      return other === undefined ? typeof value === 'object' && value !== null && compareValues(value, operand) === 0 : other === number
    }
  }
  return (value) => value !== undefined && compareValues(value, operand) === 0
}

/** Order within the operand's type bracket only. NaN is neither below nor above anything. */
function orderTest(name: string, operand: unknown): Test {
  if (isRegex(operand)) throw mongoError('BadValue', "Can't have RegEx as arg to predicate over field")
  const below = name === '$lt' || name === '$lte'
  const orEqual = name === '$gte' || name === '$lte'
  const rank = rankOf(operand)
  const passes = (order: number): boolean => (order === 0 ? orEqual : order < 0 === below)
  if (operand === null || operand === undefined) return orEqual ? equalTest(null) : () => false
  if (rank === numberRank) {
    if (Number.isNaN(toNumber(operand))) return orEqual ? equalTest(operand) : () => false
    return (value) => rankOf(value) === numberRank && !Number.isNaN(smallNumber(value) ?? 0) && passesNumber(value)
  }
  // The two ends of the order compare with every type.
  if (rank === -1 || rank === 127) return (value) => value !== undefined && passes(compareValues(value, operand))
  return (value) => rankOf(value) === rank && passes(compareValues(value, operand))

  function passesNumber(value: unknown): boolean {
    // A decimal NaN is the one that smallNumber does not see.
    if (typeOf(value) === types.decimal && Number.isNaN(toNumber(value))) return false
    return passes(compareNumbers(value, operand))
  }
}

function inTest(name: string, value: unknown): Test {
  const list = listOf(name, value)
  const tests: Test[] = []
  const texts = new Set<string>()
  for (const item of list) {
    if (isOperatorDocument(item)) throw mongoError('BadValue', `cannot nest $ under ${name}`)
    if (isRegex(item)) tests.push(regexTest(item))
    else if (typeof item === 'string') texts.add(item)
    else tests.push(equalTest(item))
  }
  if (texts.size === 0) return (each) => tests.some((test) => test(each))
  return (each) => (typeof each === 'string' && texts.has(each)) || tests.some((test) => test(each)) || (typeOf(each) === types.symbol && texts.has(text(each)))
}

function regexTest(operand: BSONRegExp | RegExp): Test {
  const { pattern, options } = regexOf(operand)
  return patternTest(pattern, options)
}

function patternTest(pattern: string, options: string): Test {
  const regex = compileRegex(pattern, options)
  const same = new BSONRegExp(pattern, options)
  return (value) => (typeof value === 'string' ? regex.test(value) : isRegex(value) && compareValues(value, same) === 0)
}

function regexOperator(value: unknown, options: unknown): Test {
  if (options !== undefined && typeof options !== 'string') throw mongoError('BadValue', '$options has to be a string')
  if (isRegex(value)) {
    const own = regexOf(value)
    if (options !== undefined && own.options !== '') throw mongoError('Location51075', 'options set in both $regex and $options')
    return patternTest(own.pattern, options ?? own.options)
  }
  if (typeof value !== 'string') throw mongoError('BadValue', '$regex has to be a string')
  return patternTest(value, options === undefined ? '' : [...options].sort().join(''))
}

function notOperator(value: unknown, compileFilter: CompileFilter): Predicate[] {
  if (isRegex(value)) return [negative(regexTest(value))]
  if (!isDocument(value)) throw mongoError('BadValue', '$not needs a regex or a document')
  if (Object.keys(value).length === 0) throw mongoError('BadValue', '$not cannot be empty')
  if (!isOperatorDocument(value)) throw mongoError('BadValue', `unknown operator: ${Object.keys(value)[0]}`)
  const predicates = compilePredicates(value, compileFilter)
  const [only] = predicates
  if (predicates.length === 1 && only !== undefined && 'test' in only) return [{ ...only, negated: !only.negated }]
  return [{ none: predicates }]
}

function allOperator(value: unknown, compileFilter: CompileFilter): Predicate[] {
  const list = listOf('$all', value)
  if (list.length === 0) return [positive(() => false)]
  const elements = list.filter((item) => isDocument(item) && Object.keys(item)[0] === '$elemMatch')
  if (elements.length > 0) {
    if (elements.length < list.length) throw mongoError('BadValue', '$all/$elemMatch has to be consistent')
    return elements.map((item) => elemMatch((item as Doc)['$elemMatch'], compileFilter))
  }
  return list.map((item) => {
    if (isOperatorDocument(item)) throw mongoError('BadValue', 'no $ expressions in $all')
    return positive(isRegex(item) ? regexTest(item) : equalTest(item))
  })
}

const filterOperators = new Set(['$and', '$or', '$nor', '$expr', '$where', '$text', '$jsonSchema', '$alwaysTrue', '$alwaysFalse'])

function elemMatch(value: unknown, compileFilter: CompileFilter): Leaf {
  if (!isDocument(value)) throw mongoError('BadValue', '$elemMatch needs an Object')
  const first = Object.keys(value)[0]
  const onValues = isOperatorDocument(value) && !filterOperators.has(first as string)
  const test = onValues ? elementTest(value, compileFilter) : documentTest(compileFilter(value))
  return {
    test: (each) => Array.isArray(each) && each.some(test),
    negated: false,
    whole: true,
    position: (each) => {
      const index = Array.isArray(each) ? each.findIndex(test) : -1
      return index < 0 ? undefined : index
    },
  }
}

/** All operators on one element; an element that is an array is a value here, and not entered. */
function elementTest(operators: Doc, compileFilter: CompileFilter): Test {
  const tests = compilePredicates(operators, compileFilter).map(valueTest)
  return (element) => tests.every((test) => test(element))
}

/** A predicate on one value instead of a path. */
export function valueTest(predicate: Predicate): Test {
  if ('none' in predicate) {
    const tests = predicate.none.map(valueTest)
    return (value) => !tests.every((test) => test(value))
  }
  const { test, negated } = predicate
  return negated ? (value) => !test(value) : test
}

/** Elements that are arrays count as documents of their indexes. */
function documentTest(filter: (doc: Doc) => boolean): Test {
  return (element) => (isDocument(element) || Array.isArray(element)) && filter(element as Doc)
}

function listOf(name: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw mongoError('BadValue', `${name} needs an array`)
  return value
}

const aliases: { readonly [name: string]: number } = {
  double: 1, string: 2, object: 3, array: 4, binData: 5, undefined: 6, objectId: 7, bool: 8, date: 9, null: 10, regex: 11, dbPointer: 12,
  javascript: 13, symbol: 14, javascriptWithScope: 15, int: 16, timestamp: 17, long: 18, decimal: 19, minKey: -1, maxKey: 127,
}

function typeTest(value: unknown): Test {
  const wanted = new Set<number>()
  const list = Array.isArray(value) ? (value as unknown[]) : [value]
  if (list.length === 0) throw mongoError('FailedToParse', '$type must match at least one type')
  for (const item of list) {
    if (item === 'number') for (const type of [types.int, types.long, types.double, types.decimal]) wanted.add(type)
    else if (typeof item === 'string') {
      if (!Object.hasOwn(aliases, item)) throw mongoError('BadValue', `Unknown type name alias: ${item}`)
      wanted.add(aliases[item] as number)
    } else {
      if (!isNumeric(item)) throw mongoError('TypeMismatch', 'type must be represented as a number or a string')
      const code = toSafeInteger(item)
      if (code === undefined || !Object.values(aliases).includes(code)) throw mongoError('BadValue', `Invalid numerical type code: ${show(item)}`)
      wanted.add(code)
    }
  }
  return (each) => each !== undefined && wanted.has(typeOf(each))
}

function modTest(value: unknown): Test {
  if (!Array.isArray(value)) throw mongoError('BadValue', 'malformed mod, needs to be an array')
  if (value.length < 2) throw mongoError('BadValue', 'malformed mod, not enough elements')
  if (value.length > 2) throw mongoError('BadValue', 'malformed mod, too many elements')
  const [first, second] = value as [unknown, unknown]
  if (!isNumeric(first)) throw mongoError('BadValue', 'malformed mod, divisor not a number')
  if (!isNumeric(second)) throw mongoError('BadValue', 'malformed mod, remainder not a number')
  const divisor = truncated(first)
  const remainder = truncated(second)
  if (divisor === undefined) throw mongoError('BadValue', 'malformed mod, divisor value is invalid')
  if (remainder === undefined) throw mongoError('BadValue', 'malformed mod, remainder value is invalid')
  if (divisor === 0n) throw mongoError('BadValue', 'divisor cannot be 0')
  return (each) => {
    if (!isNumeric(each)) return false
    const whole = truncated(each)
    return whole !== undefined && whole % divisor === remainder
  }
}

function sizeTest(value: unknown): Test {
  const size = isNumeric(value) ? toSafeInteger(value) : undefined
  if (size === undefined) throw mongoError('BadValue', `Failed to parse $size. Expected a number in: $size: ${show(value)}`)
  if (size < 0) throw mongoError('BadValue', `Failed to parse $size. Expected a non-negative number in: $size: ${show(value)}`)
  return (each) => Array.isArray(each) && each.length === size
}

function bitTest(name: string, operand: unknown): Test {
  const positions = bitPositions(name, operand)
  const wantSet = name.endsWith('Set')
  const all = name.startsWith('$bitsAll')
  return (value) => {
    const isSet = bitsOf(value)
    if (isSet === undefined) return false
    return all ? positions.every((bit) => isSet(bit) === wantSet) : positions.some((bit) => isSet(bit) === wantSet)
  }
}

function bitPositions(name: string, operand: unknown): number[] {
  if (Array.isArray(operand)) {
    return operand.map((item: unknown) => {
      const bit = isNumeric(item) ? toSafeInteger(item) : undefined
      if (bit === undefined) throw mongoError('BadValue', `Failed to parse bit position. Expected a number in: ${show(item)}`)
      if (bit < 0) throw mongoError('BadValue', `Failed to parse bit position. Expected a non-negative number in: ${show(item)}`)
      return bit
    })
  }
  if (isNumeric(operand)) {
    const mask = toInteger(operand)
    if (mask === undefined) throw mongoError('FailedToParse', `Expected an integer: ${name}: ${show(operand)}`)
    if (mask < 0n) throw mongoError('FailedToParse', `Expected a non-negative number in: ${name}: ${show(operand)}`)
    return [...Array(63).keys()].filter((bit) => (mask >> BigInt(bit)) & 1n)
  }
  if (typeOf(operand) === types.binData) {
    const { bytes } = binaryOf(operand as Binary)
    return [...Array(bytes.length * 8).keys()].filter((bit) => ((bytes[bit >> 3] as number) >> (bit & 7)) & 1)
  }
  throw mongoError('BadValue', `${name} takes an Array, a number, or a BinData but received: ${show(operand)}`)
}

/** Negative numbers have all bits above their own set, as two's complement continues. */
function bitsOf(value: unknown): ((bit: number) => boolean) | undefined {
  if (typeOf(value) === types.binData) {
    const { bytes } = binaryOf(value)
    return (bit) => (((bytes[Math.floor(bit / 8)] ?? 0) >> bit % 8) & 1) === 1
  }
  if (!isNumeric(value)) return undefined
  const whole = toInteger(value)
  if (whole === undefined) return undefined
  return (bit) => (bit > 63 ? whole < 0n : ((whole >> BigInt(bit)) & 1n) === 1n)
}
