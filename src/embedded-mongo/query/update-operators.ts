/** The update operators, each as a function from a field's value to its next one. */
import { Int32, Long, Timestamp } from 'bson'
import { type Doc, isDocument } from '../document.ts'
import { type CodeName, mongoError } from '../errors.ts'
import { compareValues, isNumeric, typeOf, types } from './compare.ts'
import { compileFilter } from './match.ts'
import { add, integer, multiply, toNumber, toSafeInteger, truncated } from './numbers.ts'
import { elementOrder } from './operators/arrays.ts'
import { setKey } from './operators/sets.ts'
import { compilePredicates, isOperatorDocument, isRegex, valueTest } from './predicates.ts'
import { show, showElement, typeName } from './show.ts'

/** The field is to be taken away. */
export const removed = Symbol('removed')

export interface Modifier {
  /** from the present value, `undefined` when there is none, to the next one; the same value when nothing changes */
  change(present: unknown, place: Place): unknown
  /** makes the field, and the documents around it, where they are missing */
  creates: boolean
}

/** Where a modifier acts, for messages. */
export interface Place {
  doc: Doc
  field: string
}

/** Throws MongoDB's errors for an operand that is of no use to the operator; undefined for an operator that is not known. */
export function compileModifier(operator: string, field: string, operand: unknown): Modifier | undefined {
  switch (operator) {
    case '$set':
    case '$setOnInsert':
      return creating(() => operand)
    case '$unset':
      return keeping((present) => (present === undefined ? undefined : removed))
    case '$inc':
    case '$mul':
      return arithmetic(operator, field, operand)
    case '$min':
      return creating((present) => (present === undefined || compareValues(operand, present) < 0 ? operand : present))
    case '$max':
      return creating((present) => (present === undefined || compareValues(operand, present) > 0 ? operand : present))
    case '$currentDate':
      return currentDate(operand)
    case '$push':
      return push(operand)
    case '$addToSet':
      return addToSet(operand)
    case '$pull':
      return culling('$pull', pullTest(operand))
    case '$pullAll': {
      if (!Array.isArray(operand)) throw mongoError('BadValue', `$pullAll requires an array argument but was given a ${typeName(operand)}`)
      const keys = new Set(operand.map(setKey))
      return culling('$pullAll', (element) => keys.has(setKey(element)))
    }
    case '$pop':
      return pop(operand)
    case '$bit':
      return bit(operand)
    default:
      return undefined
  }
}

function creating(change: Modifier['change']): Modifier {
  return { change, creates: true }
}

function keeping(change: Modifier['change']): Modifier {
  return { change, creates: false }
}

function arithmetic(operator: '$inc' | '$mul', field: string, operand: unknown): Modifier {
  const verb = operator === '$inc' ? 'increment' : 'multiply'
  if (!isNumeric(operand)) throw mongoError('TypeMismatch', `Cannot ${verb} with non-numeric argument: ${showElement(field, operand)}`)
  const nothing = multiply(operand, new Int32(0))
  return creating((present, { doc, field: at }) => {
    if (present === undefined) return operator === '$inc' ? operand : nothing
    if (!isNumeric(present)) {
      throw mongoError('TypeMismatch', `Cannot apply ${operator} to a value of non-numeric type. {_id: ${show(doc['_id'])}} has the field '${lastPart(at)}' of non-numeric type ${typeName(present)}`)
    }
    const result = operator === '$inc' ? add(present, operand) : multiply(present, operand)
    if (result === undefined) throw mongoError('BadValue', `Failed to apply ${operator} operations to current value (${show(present)}) for document {_id: ${show(doc['_id'])}}`)
    return result
  })
}

function currentDate(operand: unknown): Modifier {
  if (typeof operand !== 'boolean' && !isDocument(operand)) {
    throw mongoError('BadValue', `${typeName(operand)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({$type: 'timestamp/date'}).`)
  }
  let type: unknown = 'date'
  if (isDocument(operand)) {
    const other = Object.keys(operand).find((name) => name !== '$type')
    if (other !== undefined) throw mongoError('BadValue', `Unrecognized $currentDate option: ${other}`)
    type = operand['$type']
  }
  if (type !== 'date' && type !== 'timestamp') throw mongoError('BadValue', "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}")
  return creating(() => (type === 'date' ? new Date() : nextTimestamp()))
}

let lastTimestamp = { t: 0, i: 0 }

/** Two timestamps of one process are never the same. */
export function nextTimestamp(): Timestamp {
  const t = Math.max(Math.floor(Date.now() / 1000), lastTimestamp.t)
  lastTimestamp = { t, i: t === lastTimestamp.t ? lastTimestamp.i + 1 : 1 }
  return new Timestamp(lastTimestamp)
}

function push(operand: unknown): Modifier {
  if (!isDocument(operand) || !Object.hasOwn(operand, '$each')) return creating((present, place) => [...arrayIn(present, place), operand])
  for (const clause of Object.keys(operand)) {
    if (!['$each', '$position', '$slice', '$sort'].includes(clause)) throw mongoError('BadValue', `Unrecognized clause in $push: ${clause}`)
  }
  const each = operand['$each']
  if (!Array.isArray(each)) throw mongoError('BadValue', `The argument to $each in $push must be an array but it was of type: ${typeName(each)}`)
  const position = clauseNumber(operand, '$position')
  const size = clauseNumber(operand, '$slice')
  const order = Object.hasOwn(operand, '$sort') ? sortClause(operand['$sort']) : undefined
  return creating((present, place) => {
    const list = arrayIn(present, place)
    const at = position === undefined ? list.length : position < 0 ? Math.max(0, list.length + position) : Math.min(position, list.length)
    const longer = [...list.slice(0, at), ...each, ...list.slice(at)]
    const sorted = order === undefined ? longer : longer.toSorted(order)
    if (size === undefined) return sorted
    return size < 0 ? sorted.slice(size) : sorted.slice(0, size)
  })

  function arrayIn(present: unknown, { doc, field }: Place): unknown[] {
    return listIn(present, 'BadValue', `The field '${field}' must be an array but is of type ${typeName(present)} in document {_id: ${show(doc['_id'])}}`)
  }
}

function clauseNumber(operand: Doc, clause: string): number | undefined {
  if (!Object.hasOwn(operand, clause)) return undefined
  const number = isNumeric(operand[clause]) ? toSafeInteger(operand[clause]) : undefined
  if (number === undefined) throw mongoError('BadValue', `The value for ${clause} must be an integer value but was given type: ${typeName(operand[clause])}`)
  return number
}

function sortClause(value: unknown): (a: unknown, b: unknown) => number {
  if (!isDocument(value) && !isNumeric(value)) throw mongoError('BadValue', 'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields')
  return elementOrder(value)
}

function addToSet(operand: unknown): Modifier {
  let values = [operand]
  if (isDocument(operand) && Object.keys(operand)[0] === '$each') {
    const each = operand['$each']
    if (!Array.isArray(each)) throw mongoError('TypeMismatch', `The argument to $each in $addToSet must be an array but it was of type ${typeName(each)}`)
    if (Object.keys(operand).length > 1) throw mongoError('BadValue', `Found unexpected fields after $each in $addToSet: ${show(operand)}`)
    values = each
  }
  return creating((present, { field }) => {
    const list = listIn(present, 'BadValue', `Cannot apply $addToSet to non-array field. Field named '${lastPart(field)}' has non-array type ${typeName(present)}`)
    const keys = new Set(list.map(setKey))
    const added = values.filter((value) => {
      const key = setKey(value)
      return keys.has(key) ? false : keys.add(key)
    })
    return added.length === 0 && present !== undefined ? present : [...list, ...added]
  })
}

function culling(operator: string, test: (element: unknown) => boolean): Modifier {
  return keeping((present) => {
    if (present === undefined) return undefined
    const list = listIn(present, 'BadValue', `Cannot apply ${operator} to a non-array value`)
    const kept = list.filter((element) => !test(element))
    return kept.length === list.length ? present : kept
  })
}

/** A value, a condition on the element, or a filter of the documents in the array. */
function pullTest(operand: unknown): (element: unknown) => boolean {
  if (isDocument(operand) && (!isOperatorDocument(operand) || ['$and', '$or', '$nor', '$expr'].includes(Object.keys(operand)[0] as string))) {
    const matches = compileFilter(operand)
    return (element) => isDocument(element) && matches(element)
  }
  if (isRegex(operand) || isDocument(operand)) {
    const tests = compilePredicates(operand, (filter) => compileFilter(filter)).map(valueTest)
    return (element) => tests.every((test) => test(element))
  }
  return (element) => compareValues(element, operand) === 0
}

function pop(operand: unknown): Modifier {
  const end = isNumeric(operand) ? toNumber(operand) : undefined
  if (end === undefined) throw mongoError('FailedToParse', `Expected a number in: ${show(operand)}`)
  if (end !== 1 && end !== -1) throw mongoError('FailedToParse', `$pop expects 1 or -1, found: ${show(operand)}`)
  return keeping((present, { field }) => {
    if (present === undefined) return undefined
    const list = listIn(present, 'TypeMismatch', `Path '${field}' contains an element of non-array type '${typeName(present)}'`)
    if (list.length === 0) return present
    return end === 1 ? list.slice(0, -1) : list.slice(1)
  })
}

function bit(operand: unknown): Modifier {
  if (!isDocument(operand)) throw mongoError('BadValue', `The $bit modifier is not compatible with a ${typeName(operand)}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`)
  const operations = Object.entries(operand)
  if (operations.length === 0) throw mongoError('BadValue', "You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}")
  for (const [name, mask] of operations) {
    if (!['and', 'or', 'xor'].includes(name)) throw mongoError('BadValue', `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator: ${showElement(name, mask)}`)
    if (!isWhole(mask)) throw mongoError('BadValue', `The $bit modifier field must be an Integer(32/64 bit); a '${typeName(mask)}' is not supported here: ${showElement(name, mask)}`)
  }
  return creating((present, { doc, field }) => {
    if (present !== undefined && !isWhole(present)) {
      throw mongoError('BadValue', `Cannot apply $bit to a value of non-integral type.{_id: ${show(doc['_id'])}} has the field ${lastPart(field)} of non-integer type ${typeName(present)}`)
    }
    let value = present === undefined ? 0n : (truncated(present) as bigint)
    let long = typeOf(present) === types.long
    for (const [name, mask] of operations) {
      const bits = truncated(mask) as bigint
      value = name === 'and' ? value & bits : name === 'or' ? value | bits : value ^ bits
      long ||= typeOf(mask) === types.long
    }
    return long ? Long.fromBigInt(value) : integer(value)
  })
}

function isWhole(value: unknown): boolean {
  const type = typeOf(value)
  return type === types.int || type === types.long
}

function listIn(present: unknown, code: CodeName, message: string): unknown[] {
  if (present === undefined) return []
  if (!Array.isArray(present)) throw mongoError(code, message)
  return present
}

function lastPart(field: string): string {
  return field.slice(field.lastIndexOf('.') + 1)
}
