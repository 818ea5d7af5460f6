import { Int32 } from 'bson'
import { type Doc, encode, getField, isDocument, setField } from '../../document.ts'
import { mongoError } from '../../errors.ts'
import { binaryOf, typeOf, types } from '../compare.ts'
import { typeName } from '../show.ts'
import { type Builder, type Compiled, argumentsOf, bind, fixed, isNullish, namedArguments } from './operator.ts'

export const objectOperators: { readonly [name: string]: Builder } = {
  $literal: (operand) => () => operand,
  $const: (operand) => () => operand,
  $let: letVariables,
  $getField: (operand, compiler) => {
    const { field, input } = (isDocument(operand) && Object.hasOwn(operand, 'field') ? namedArguments(operand, '$getField', ['field'], ['input']) : { field: operand }) as { field: unknown; input?: unknown }
    const name = compiler.compile(field)
    const from = compiler.compile(input === undefined ? '$$CURRENT' : input)
    return (scope) => {
      const key = name(scope)
      if (typeof key !== 'string') throw mongoError('Location3041704', `$getField requires 'field' to evaluate to type String, but got ${typeName(key)}`)
      const doc = from(scope)
      return isDocument(doc) ? getField(doc, key) : doc === null ? null : undefined
    }
  },
  $setField: (operand, compiler) => {
    const { field, input, value } = namedArguments(operand, '$setField', ['field', 'input', 'value'], [])
    const key = constantName('$setField', field)
    const [from, to] = [compiler.compile(input), compiler.compile(value)]
    return (scope) => withField(from(scope), key, to(scope))
  },
  $unsetField: (operand, compiler) => {
    const { field, input } = namedArguments(operand, '$unsetField', ['field', 'input'], [])
    const key = constantName('$unsetField', field)
    const from = compiler.compile(input)
    return (scope) => withField(from(scope), key, undefined)
  },
  $mergeObjects: (operand, compiler) => {
    const all = argumentsOf(operand).map((item) => compiler.compile(item))
    return (scope) => mergeObjects(all.length === 1 && !Array.isArray(operand) ? listed((all[0] as Compiled)(scope)) : all.map((item) => item(scope)))
  },
  $objectToArray: fixed(1, (value) => {
    if (isNullish(value)) return null
    if (!isDocument(value)) throw mongoError('Location40390', `$objectToArray requires a document input, found: ${typeName(value)}`)
    return Object.entries(value).map(([k, v]) => ({ k, v }))
  }),
  $arrayToObject: fixed(1, arrayToObject),
  $bsonSize: fixed(1, (value) => {
    if (isNullish(value)) return null
    if (!isDocument(value)) throw mongoError('Location31393', `$bsonSize requires a document input, found: ${typeName(value)}`)
    return new Int32(encode(value).length)
  }),
  $binarySize: fixed(1, (value) => {
    if (isNullish(value)) return null
    if (typeof value === 'string') return new Int32(Buffer.byteLength(value))
    if (typeOf(value) !== types.binData) throw mongoError('Location51276', `$binarySize requires a string or BinData argument, found: ${typeName(value)}`)
    return new Int32(binaryOf(value).bytes.length)
  }),
}

/** Later documents win; null and missing ones are passed over. */
export function mergeObjects(values: readonly unknown[]): Doc {
  const merged: Doc = {}
  for (const value of values) {
    if (isNullish(value)) continue
    if (!isDocument(value)) throw mongoError('Location40400', `$mergeObjects requires object inputs, but an input is of type ${typeName(value)}`)
    for (const name of Object.keys(value)) setField(merged, name, value[name])
  }
  return merged
}

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value]
}

function letVariables(operand: unknown, compiler: Parameters<Builder>[1]): Compiled {
  const { vars, in: body } = namedArguments(operand, '$let', ['vars', 'in'], []) as { vars: unknown; in: unknown }
  if (!isDocument(vars)) throw mongoError('Location16874', "invalid parameter: expected an object (vars)")
  const names = Object.keys(vars)
  for (const name of names) checkVariable(name)
  const values = names.map((name): [string, Compiled] => [name, compiler.compile(vars[name])])
  const compiled = compiler.compile(body, names)
  return (scope) => compiled(values.reduce((inner, [name, value]) => bind(inner, name, value(scope)), scope))
}

/** User variables start with a small letter. */
export function checkVariable(name: string): void {
  if (name === '') throw mongoError('FailedToParse', 'empty variable names are not allowed')
  if (!/^[a-z\u0080-\u{10ffff}][A-Za-z0-9_\u0080-\u{10ffff}]*$/u.test(name) && name !== 'CURRENT') {
    throw mongoError('FailedToParse', `'${name}' starts with an invalid character for a user variable name`)
  }
}

function constantName(operator: string, field: unknown): string {
  const name = isDocument(field) && Object.hasOwn(field, '$literal') ? field['$literal'] : field
  if (typeof name !== 'string') throw mongoError('Location4161107', `${operator} requires 'field' to evaluate to a constant, but got ${typeName(name)}`)
  if (name === field && name.startsWith('$')) throw mongoError('Location4161108', `${operator} requires 'field' to be a constant; a field path is none. Use {$literal: ...}.`)
  return name
}

function withField(input: unknown, name: string, value: unknown): unknown {
  if (isNullish(input)) return null
  if (!isDocument(input)) throw mongoError('Location4161105', `$setField requires 'input' to evaluate to type Object, but got ${typeName(input)}`)
  const made: Doc = {}
  for (const key of Object.keys(input)) if (key !== name || value !== undefined) setField(made, key, key === name ? value : input[key])
  if (value !== undefined && !Object.hasOwn(made, name)) setField(made, name, value)
  return made
}

function arrayToObject(value: unknown): unknown {
  if (isNullish(value)) return null
  if (!Array.isArray(value)) throw mongoError('Location40386', `$arrayToObject requires an array input, found: ${typeName(value)}`)
  const made: Doc = {}
  for (const item of value as unknown[]) {
    const pair = Array.isArray(item) ? item : isDocument(item) && Object.keys(item).length === 2 ? [item['k'], item['v']] : undefined
    if (pair === undefined || pair.length !== 2) throw mongoError('Location40392', "$arrayToObject requires an object keys of 'k' and 'v', or an array of size 2.")
    if (typeof pair[0] !== 'string') throw mongoError('Location40394', `$arrayToObject requires an object with keys 'k' and 'v', where the value of 'k' must be of type string. Found type: ${typeName(pair[0])}`)
    setField(made, pair[0], pair[1] ?? null)
  }
  return made
}
