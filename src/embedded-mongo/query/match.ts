import { Binary, BSONRegExp, Code, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson'
import { type Doc, isDocument } from '../document.ts'
import { mongoError } from '../errors.ts'
import { compareValues, rankOf } from './compare.ts'
import { evaluate } from './expressions.ts'
import { asDouble, isNumeric } from './numbers.ts'
import { candidatesOf, leavesOf } from './paths.ts'
import { compileRegex, regexOf } from './regex.ts'

type Test = (doc: Doc) => boolean
/** of the leaves that a path leads to */
type LeafTest = (leaves: readonly unknown[]) => boolean

export interface FilterEnv {
  let?: Doc | undefined
}

/** A filter as a function. Operands are compared by value, never run. @throws MongoError for operators that are not known here */
export function compileFilter(filter: Doc, env: FilterEnv = {}): Test {
  const tests = Object.entries(filter).map(([name, operand]) => (name.startsWith('$') ? compileTop(name, operand, env) : compileField(name, operand, env)))
  return tests.length === 1 ? (tests[0] as Test) : (doc) => tests.every((test) => test(doc))
}

function compileTop(name: string, operand: unknown, env: FilterEnv): Test {
  switch (name) {
    case '$and':
    case '$or':
    case '$nor': {
      if (!Array.isArray(operand) || operand.length === 0) throw mongoError('BadValue', `${name} must be a nonempty array`)
      const tests = operand.map((each) => {
        if (!isDocument(each)) throw mongoError('BadValue', `${name} argument's entries must be objects`)
        return compileFilter(each, env)
      })
      if (name === '$and') return (doc) => tests.every((test) => test(doc))
      return name === '$or' ? (doc) => tests.some((test) => test(doc)) : (doc) => !tests.some((test) => test(doc))
    }
    case '$expr':
      return (doc) => isTrue(evaluate(operand, doc, env.let))
    case '$comment':
      return () => true
    case '$alwaysTrue':
      return () => true
    case '$alwaysFalse':
      return () => false
    default:
      throw mongoError('BadValue', `unknown top level operator: ${name}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`)
  }
}

function compileField(field: string, operand: unknown, env: FilterEnv): Test {
  const path = field.split('.')
  const test = compilePredicate(operand, env)
  return (doc) => test(leavesOf(doc, path))
}

/** A value, or a document of operators. */
function compilePredicate(operand: unknown, env: FilterEnv): LeafTest {
  if (!isOperators(operand)) {
    const regex = regexOf(operand)
    return regex ? regexTest(regex, operand) : equalTest(operand)
  }
  const tests = Object.entries(operand)
    .filter(([name]) => name !== '$options')
    .map(([name, value]) => compileOperator(name, value, operand, env))
  return (leaves) => tests.every((test) => test(leaves))
}

function compileOperator(name: string, value: unknown, all: Doc, env: FilterEnv): LeafTest {
  switch (name) {
    case '$eq':
      return equalTest(value)
    case '$ne': {
      const equal = equalTest(value)
      return (leaves) => !equal(leaves)
    }
    case '$gt':
      return orderTest(value, (order) => order > 0)
    case '$gte':
      return orderTest(value, (order) => order >= 0)
    case '$lt':
      return orderTest(value, (order) => order < 0)
    case '$lte':
      return orderTest(value, (order) => order <= 0)
    case '$in':
    case '$nin': {
      const tests = listOf(name, value).map((each) => {
        if (isOperators(each)) throw mongoError('BadValue', `cannot nest $ under ${name}`)
        const regex = regexOf(each)
        return regex ? regexTest(regex, each) : equalTest(each)
      })
      return name === '$in' ? (leaves) => tests.some((test) => test(leaves)) : (leaves) => !tests.some((test) => test(leaves))
    }
    case '$exists': {
      const wanted = isTrue(value)
      return (leaves) => leaves.some((leaf) => leaf !== undefined) === wanted
    }
    case '$type': {
      const types = (Array.isArray(value) ? (value as unknown[]) : [value]).map(typeTest)
      return (leaves) => candidatesOf(leaves).some((each) => each !== undefined && types.some((test) => test(each)))
    }
    case '$regex': {
      const options = all['$options']
      const given = regexOf(value)
      if (!given && typeof value !== 'string') throw mongoError('BadValue', '$regex has to be a string')
      const regex = typeof value === 'string' ? compileRegex(value, typeof options === 'string' ? options : '') : compileRegex((value as BSONRegExp).pattern, typeof options === 'string' ? options : (value as BSONRegExp).options)
      return regexTest(regex, undefined)
    }
    case '$not': {
      if (!isDocument(value) && !regexOf(value)) throw mongoError('BadValue', '$not needs a regex or a document')
      if (isDocument(value) && (Object.keys(value).length === 0 || !isOperators(value))) throw mongoError('BadValue', '$not needs a document of operators')
      const test = compilePredicate(value, env)
      return (leaves) => !test(leaves)
    }
    case '$mod': {
      const [divisor, remainder] = listOf('$mod', value).map((each) => Math.trunc(asDouble(each)))
      if (divisor === undefined || remainder === undefined || listOf('$mod', value).length !== 2) throw mongoError('BadValue', 'malformed mod, needs two numbers')
      if (divisor === 0) throw mongoError('BadValue', 'divisor cannot be 0')
      return (leaves) => candidatesOf(leaves).some((each) => isNumeric(each) && Number.isFinite(asDouble(each)) && Math.trunc(asDouble(each)) % divisor === remainder)
    }
    case '$size': {
      const size = asDouble(value)
      if (!Number.isInteger(size) || size < 0) throw mongoError('BadValue', '$size must be a whole number that is not negative')
      return (leaves) => leaves.some((leaf) => Array.isArray(leaf) && leaf.length === size)
    }
    case '$all': {
      const list = listOf('$all', value)
      const tests = list.map((each) => (isOperators(each) ? compilePredicate(each, env) : regexOf(each) ? regexTest(regexOf(each) as RegExp, each) : equalTest(each)))
      return (leaves) => tests.length > 0 && tests.every((test) => test(leaves))
    }
    case '$elemMatch': {
      if (!isDocument(value)) throw mongoError('BadValue', '$elemMatch needs an Object')
      const onValues = isOperators(value) && !Object.keys(value).some((each) => ['$and', '$or', '$nor', '$expr'].includes(each))
      const test = onValues ? compilePredicate(value, env) : undefined
      const filter = onValues ? undefined : compileFilter(value, env)
      return (leaves) => leaves.some((leaf) => Array.isArray(leaf) && (leaf as unknown[]).some((each) => (test ? test([each]) : isDocument(each) && (filter as Test)(each))))
    }
    case '$bitsAllSet':
    case '$bitsAllClear':
    case '$bitsAnySet':
    case '$bitsAnyClear':
      return bitTest(name, value)
    case '$comment':
      return () => true
    default:
      throw mongoError('BadValue', `unknown operator: ${name}`)
  }
}

function equalTest(operand: unknown): LeafTest {
  if (operand === null || operand === undefined) return (leaves) => leaves.length === 0 || candidatesOf(leaves).some((each) => each === null || each === undefined)
  return (leaves) => candidatesOf(leaves).some((each) => each !== undefined && compareValues(each, operand) === 0)
}

// Only values of one kind are compared; MinKey and MaxKey compare with all, and null with what is missing.
function orderTest(operand: unknown, holds: (order: number) => boolean): LeafTest {
  if (regexOf(operand)) throw mongoError('BadValue', "Can't have RegEx as arg to a comparison")
  const rank = rankOf(operand)
  if (rank === 1 || rank === 127) return (leaves) => candidatesOf(leaves).some((each) => each !== undefined && holds(compareValues(each, operand)))
  if (rank === 5) return (leaves) => holds(0) && equalTest(null)(leaves)
  if (isNumeric(operand) && Number.isNaN(asDouble(operand))) return (leaves) => holds(0) && equalTest(operand)(leaves)
  return (leaves) => candidatesOf(leaves).some((each) => rankOf(each) === rank && !(isNumeric(each) && Number.isNaN(asDouble(each))) && holds(compareValues(each, operand)))
}

function regexTest(regex: RegExp, same: unknown): LeafTest {
  return (leaves) => candidatesOf(leaves).some((each) => (typeof each === 'string' ? regex.test(each) : same !== undefined && rankOf(each) === 50 && compareValues(each, same) === 0))
}

function bitTest(name: string, operand: unknown): LeafTest {
  const positions = Array.isArray(operand) ? operand.map(asDouble) : isNumeric(operand) ? bitsOf(BigInt(Math.trunc(asDouble(operand)))) : undefined
  if (!positions || positions.some((each) => !Number.isInteger(each) || each < 0)) throw mongoError('BadValue', `${name} takes a number or a list of bit positions`)
  const isSet = (value: bigint, bit: number) => ((BigInt.asIntN(128, value) >> BigInt(bit)) & 1n) === 1n
  return (leaves) =>
    candidatesOf(leaves).some((each) => {
      if (!isNumeric(each) || !Number.isInteger(asDouble(each))) return false
      const value = each instanceof Long ? each.toBigInt() : BigInt(asDouble(each))
      const set = positions.map((bit) => isSet(value, bit))
      if (name === '$bitsAllSet') return set.every(Boolean)
      if (name === '$bitsAllClear') return !set.some(Boolean)
      return name === '$bitsAnySet' ? set.some(Boolean) : !set.every(Boolean)
    })
}

function bitsOf(mask: bigint): number[] {
  const bits: number[] = []
  for (let bit = 0; mask >> BigInt(bit) > 0n; bit++) if ((mask >> BigInt(bit)) & 1n) bits.push(bit)
  return bits
}

const typeTests: Record<string, (value: unknown) => boolean> = {
  double: (value) => value instanceof Double || (typeof value === 'number' && !Number.isInteger(value)),
  string: (value) => typeof value === 'string',
  object: (value) => isDocument(value),
  array: (value) => Array.isArray(value),
  binData: (value) => value instanceof Binary,
  objectId: (value) => value instanceof ObjectId,
  bool: (value) => typeof value === 'boolean',
  date: (value) => value instanceof Date,
  null: (value) => value === null,
  regex: (value) => rankOf(value) === 50,
  javascript: (value) => value instanceof Code && !value.scope,
  javascriptWithScope: (value) => value instanceof Code && Boolean(value.scope),
  int: (value) => value instanceof Int32 || (typeof value === 'number' && Number.isInteger(value)),
  timestamp: (value) => value instanceof Timestamp,
  long: (value) => value instanceof Long,
  decimal: (value) => value instanceof Decimal128,
  minKey: (value) => value instanceof MinKey,
  maxKey: (value) => value instanceof MaxKey,
  number: isNumeric,
}

const typeNumbers: Record<number, string> = { 1: 'double', 2: 'string', 3: 'object', 4: 'array', 5: 'binData', 7: 'objectId', 8: 'bool', 9: 'date', 10: 'null', 11: 'regex', 13: 'javascript', 15: 'javascriptWithScope', 16: 'int', 17: 'timestamp', 18: 'long', 19: 'decimal', [-1]: 'minKey', 255: 'minKey', 127: 'maxKey' }

function typeTest(type: unknown): (value: unknown) => boolean {
  const name = typeof type === 'string' ? type : typeNumbers[asDouble(type)]
  const test = name === undefined ? undefined : typeTests[name]
  if (!test) throw mongoError('BadValue', `Unknown type name alias: ${String(type)}`)
  return test
}

function listOf(name: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw mongoError('BadValue', `${name} needs an array`)
  return value
}

export function isOperators(value: unknown): value is Doc {
  return isDocument(value) && Object.keys(value)[0]?.startsWith('$') === true
}

function isTrue(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  return isNumeric(value) ? asDouble(value) !== 0 : true
}
