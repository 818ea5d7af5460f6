import { BSON } from 'mongodb'
import type { Doc } from './format.ts'

/** What the operators of the format look up in the case's entities. Both throw when the name is unknown. */
export interface MatchContext {
  value(name: string): unknown
  sessionId(name: string): unknown
}

/**
 * Compares by the rules of the unified test format and tells the first difference, or undefined when there is none.
 * Extra keys are allowed in a root document only; the order of keys never matters; numbers of different widths are equal when their values are.
 * `expected` may hold the `$$` operators.
 */
export function difference(expected: unknown, actual: unknown, context: MatchContext): string | undefined {
  return compare(expected, actual, { at: '', extraKeys: 'allowed', context })
}

/** As `difference`, for a list whose elements are root documents: what a find or an aggregate returns. */
export function differenceOfEach(expected: unknown, actual: unknown, context: MatchContext): string | undefined {
  return compareArrays(expected as unknown[], actual, { at: '', extraKeys: 'allowed', context })
}

/** As `difference`, with no operators and no extra keys: what a collection must hold. */
export function differenceOfData(expected: Doc[], actual: Doc[]): string | undefined {
  return compareArrays(expected, actual, { at: '', extraKeys: 'refused' })
}

interface Place {
  at: string
  extraKeys: 'allowed' | 'refused'
  /** Absent: `$$` is data. */
  context?: MatchContext
}

function compare(expected: unknown, actual: unknown, place: Place): string | undefined {
  const operator = place.context && operatorOf(expected)
  if (operator) return applyOperator(operator, actual, place as Required<Place>)
  if (isDocument(expected)) return compareDocuments(expected, actual, place)
  if (Array.isArray(expected)) return compareArrays(expected, actual, nested(place))
  return compareScalars(expected, actual, place)
}

function operatorOf(expected: unknown): { name: string; operand: unknown } | undefined {
  if (!isDocument(expected)) return undefined
  const [name, ...others] = Object.keys(expected)
  return name?.startsWith('$$') && others.length === 0 ? { name, operand: expected[name] } : undefined
}

function applyOperator({ name, operand }: { name: string; operand: unknown }, actual: unknown, place: Required<Place>): string | undefined {
  switch (name) {
    case '$$exists':
      return (actual !== undefined) === operand ? undefined : differs(place, operand ? 'a value' : 'no value', actual)
    case '$$type':
      return [operand].flat().some((type) => typesOf(actual).includes(type as string))
        ? undefined
        : differs(place, `type ${operand}`, actual)
    case '$$unsetOrMatches':
      return actual === undefined ? undefined : compare(operand, actual, place)
    case '$$matchesEntity':
      return compare(place.context.value(operand as string), actual, place)
    case '$$sessionLsid':
      return compare(place.context.sessionId(operand as string), actual, nested(place))
    case '$$matchesHexBytes':
      return actual === hexText(operand) ? undefined : differs(place, `bytes ${operand}`, actual)
    case '$$lte':
      return isNumeric(actual) && Number(actual) <= Number(operand) ? undefined : differs(place, `at most ${operand}`, actual)
    case '$$matchAsDocument':
      return compare(operand, BSON.EJSON.parse(actual as string), nested(place))
    case '$$matchAsRoot':
      return compare(operand, actual, { ...place, extraKeys: 'allowed' })
    default:
      throw new Error(`${place.at}: the runner cannot apply ${name} here`)
  }
}

function compareDocuments(expected: Doc, actual: unknown, place: Place): string | undefined {
  if (!isDocument(actual)) return differs(place, expected, actual)
  for (const [key, wanted] of Object.entries(expected)) {
    const below = { ...nested(place), at: `${place.at}.${key}` }
    const operator = place.context && operatorOf(wanted)
    if (!operator && actual[key] === undefined) return differs(below, wanted, actual[key])
    const found = compare(wanted, actual[key], below)
    if (found) return found
  }
  if (place.extraKeys === 'allowed') return undefined
  const extra = Object.keys(actual).filter((key) => !(key in expected) && actual[key] !== undefined)
  return extra.length === 0 ? undefined : `${place.at}: has ${extra.join(', ')} beyond what is expected`
}

function compareArrays(expected: unknown[], actual: unknown, place: Place): string | undefined {
  if (!Array.isArray(actual)) return differs(place, expected, actual)
  if (actual.length !== expected.length) return differs(place, `${expected.length} elements`, actual)
  for (const [index, wanted] of expected.entries()) {
    const found = compare(wanted, actual[index], { ...place, at: `${place.at}[${index}]` })
    if (found) return found
  }
  return undefined
}

function compareScalars(expected: unknown, actual: unknown, place: Place): string | undefined {
  const same = isNumeric(expected)
    ? isNumeric(actual) && Object.is(numberOf(expected), numberOf(actual))
    : canonical(expected) === canonical(actual)
  return same ? undefined : differs(place, expected, actual)
}

type Numeric = number | bigint | BSON.Int32 | BSON.Long | BSON.Double

function isNumeric(value: unknown): value is Numeric {
  return typeof value === 'number' || typeof value === 'bigint' || ['Int32', 'Long', 'Double'].includes(bsonType(value) ?? '')
}

/** Whole numbers become a bigint, so that a Long beyond 2^53 is compared in full. */
function numberOf(value: Numeric): number | bigint {
  if (typeof value === 'bigint') return value
  if (BSON.Long.isLong(value)) return value.toBigInt()
  const number = Number(value)
  return Number.isInteger(number) ? BigInt(number) : number
}

function canonical(value: unknown): string | undefined {
  return value === undefined ? undefined : BSON.EJSON.stringify({ value }, { relaxed: false })
}

/** A number that the driver has unwrapped no longer tells its width, so a whole one counts as every width it fits. */
function typesOf(value: unknown): string[] {
  if (value === null) return ['null']
  if (Array.isArray(value)) return ['array']
  if (value instanceof Date) return ['date']
  if (value instanceof RegExp) return ['regex']
  if (value instanceof Uint8Array) return ['binData']
  const wrapped = bsonType(value)
  if (wrapped) return wrappedTypes[wrapped] ?? [wrapped]
  switch (typeof value) {
    case 'number':
      return ['number', 'double', ...(Number.isSafeInteger(value) ? ['long'] : []), ...(value === (value | 0) ? ['int'] : [])]
    case 'bigint':
      return ['number', 'long']
    case 'boolean':
      return ['bool']
    case 'undefined':
      return []
    default:
      return [typeof value]
  }
}

const wrappedTypes: Record<string, string[]> = {
  Int32: ['number', 'int'],
  Long: ['number', 'long'],
  Double: ['number', 'double'],
  Decimal128: ['number', 'decimal'],
  ObjectId: ['objectId'],
  Binary: ['binData'],
  Timestamp: ['timestamp'],
  BSONRegExp: ['regex'],
  Code: ['javascript'],
  MinKey: ['minKey'],
  MaxKey: ['maxKey'],
}

function hexText(operand: unknown): string {
  if (typeof operand !== 'string' || !/^(?:[0-9a-f]{2})*$/i.test(operand))
    throw new Error(`${String(operand)} is not a list of hexadecimal bytes`)
  return Buffer.from(operand, 'hex').toString()
}

function isDocument(value: unknown): value is Doc {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !(value instanceof Date || value instanceof RegExp || value instanceof Uint8Array || bsonType(value))
}

function bsonType(value: unknown): string | undefined {
  return (value as { _bsontype?: string } | null | undefined)?._bsontype
}

function nested(place: Place): Place {
  return { ...place, extraKeys: 'refused' }
}

function differs(place: Place, expected: unknown, actual: unknown): string {
  return `${place.at || 'the value'}: expected ${show(expected)}, got ${show(actual)}`
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? value : value === undefined ? 'nothing' : BSON.EJSON.stringify(value)
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}
