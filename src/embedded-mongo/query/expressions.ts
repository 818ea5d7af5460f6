/**
 * Aggregation expressions as functions over typed documents. They are our own and not a library's, because numbers must keep their BSON type
 * and integers their exactness through every sum; an operator that is not in the tables of `operators/` is refused by name.
 */
import { type Doc, getField, isDocument, setField } from '../document.ts'
import { mongoError } from '../errors.ts'
import { accumulatorOperators } from './operators/accumulators.ts'
import { arithmeticOperators } from './operators/arithmetic.ts'
import { arrayOperators } from './operators/arrays.ts'
import { conditionOperators } from './operators/conditions.ts'
import { conversionOperators } from './operators/conversions.ts'
import { dateOperators } from './operators/dates.ts'
import { objectOperators } from './operators/objects.ts'
import type { Builder, Compiled, Compiler, Frame, Scope } from './operators/operator.ts'
import { setOperators } from './operators/sets.ts'
import { stringOperators } from './operators/strings.ts'

export interface ExpressionEnv {
  /** values of `$$name` */
  let?: Doc | undefined
  /** what `$$NOW` says; the moment of compiling when absent */
  now?: Date | undefined
}

/**
 * A function from a document to the expression's value; `undefined` stands for a missing one. `$$ROOT` is `root`, or the document itself.
 * Throws MongoDB's errors for what cannot be read.
 */
export function compileExpression(expression: unknown, env: ExpressionEnv = {}): (doc: Doc, root?: Doc) => unknown {
  const { compiler, scopeOf } = expressionContext(env)
  const compiled = compiler.compile(expression)
  return (doc, root = doc) => compiled(root === doc ? scopeOf(doc) : { ...scopeOf(doc), root })
}

/** The compiler and the scopes for what has expressions inside, such as accumulators. */
export function expressionContext(env: ExpressionEnv): { compiler: Compiler; scopeOf(doc: Doc): Scope } {
  const variables = env.let ?? {}
  const frame = Object.keys(variables).reduce<Frame | undefined>((parent, name) => ({ name, value: variables[name], parent }), undefined)
  const now = env.now ?? new Date()
  return { compiler: compilerOf(new Set(Object.keys(variables))), scopeOf: (doc) => ({ root: doc, current: doc, frame, now }) }
}

/** The value of one expression over one document. */
export function evaluate(expression: unknown, doc: Doc, variables: Doc = {}): unknown {
  return compileExpression(expression, { let: variables })(doc)
}

/** The value at a path, through documents and through every document of arrays, which then gives an array. */
export function fieldValue(from: unknown, parts: readonly string[], at = 0): unknown {
  let value = from
  for (let index = at; index < parts.length; index += 1) {
    if (Array.isArray(value)) {
      return value.map((item: unknown) => (isDocument(item) || Array.isArray(item) ? fieldValue(item, parts, index) : undefined)).filter((item) => item !== undefined)
    }
    if (!isDocument(value)) return undefined
    value = getField(value, parts[index] as string)
  }
  return value
}

/** Checks a field path of an expression or stage. */
export function fieldPath(path: string): string[] {
  if (path === '') throw mongoError('Location40352', 'FieldPath cannot be constructed with empty string')
  if (path.endsWith('.')) throw mongoError('Location40353', "FieldPath must not end with a '.'.")
  const parts = path.split('.')
  for (const part of parts) {
    if (part === '') throw mongoError('Location15998', 'FieldPath field names may not be empty strings.')
    if (part.startsWith('$')) throw mongoError('Location16410', "FieldPath field names may not start with '$'. Consider using $getField or $setField.")
    if (part.includes('\0')) throw mongoError('Location16411', 'FieldPath field names may not contain null bytes.')
  }
  return parts
}

const operators = new Map<string, Builder>([
  ...Object.entries(arithmeticOperators),
  ...Object.entries(arrayOperators),
  ...Object.entries(conditionOperators),
  ...Object.entries(stringOperators),
  ...Object.entries(dateOperators),
  ...Object.entries(objectOperators),
  ...Object.entries(setOperators),
  ...Object.entries(conversionOperators),
  ...Object.entries(accumulatorOperators),
])

const systemVariables = new Set(['ROOT', 'CURRENT', 'NOW', 'REMOVE', 'KEEP', 'PRUNE', 'DESCEND'])

function compilerOf(names: ReadonlySet<string>): Compiler {
  return {
    compile: (expression, added = []) => (added.length === 0 ? compile(expression, names) : compile(expression, new Set([...names, ...added]))),
  }
}

function compile(expression: unknown, names: ReadonlySet<string>): Compiled {
  if (typeof expression === 'string') return expression.startsWith('$') ? compileReference(expression, names) : () => expression
  if (Array.isArray(expression)) {
    const items = expression.map((item: unknown) => compile(item, names))
    return (scope) => items.map((item) => item(scope) ?? null)
  }
  if (isDocument(expression)) return compileDocument(expression, names)
  return () => expression
}

function compileDocument(expression: Doc, names: ReadonlySet<string>): Compiled {
  const fields = Object.keys(expression)
  const [first] = fields
  if (first !== undefined && first.startsWith('$')) {
    if (fields.length > 1) throw mongoError('Location15983', `an object representing an expression must have exactly one field: { ${fields.join(', ')} }`)
    const builder = operators.get(first)
    if (builder === undefined) throw mongoError('InvalidPipelineOperator', `Unrecognized expression '${first}'`)
    return builder(expression[first], compilerOf(names), first)
  }
  const compiled = fields.map((name): [string, Compiled] => {
    if (name.startsWith('$')) throw mongoError('Location15983', `an object representing an expression must have exactly one field: { ${fields.join(', ')} }`)
    if (name === '' || name.includes('.')) throw mongoError('Location16412', "FieldPath field names may not contain '.' or be empty.")
    return [name, compile(expression[name], names)]
  })
  return (scope) => {
    const made: Doc = {}
    for (const [name, value] of compiled) {
      const result = value(scope)
      if (result !== undefined) setField(made, name, result)
    }
    return made
  }
}

function compileReference(reference: string, names: ReadonlySet<string>): Compiled {
  if (!reference.startsWith('$$')) {
    const parts = fieldPath(reference.slice(1))
    const [only] = parts
    if (parts.length === 1 && only !== undefined) return ({ current }) => (isDocument(current) ? getField(current, only) : fieldValue(current, parts))
    return ({ current }) => fieldValue(current, parts)
  }
  const [name, ...rest] = reference.slice(2).split('.')
  if (name === undefined || name === '') throw mongoError('FailedToParse', 'empty variable names are not allowed')
  const parts = rest.length === 0 ? [] : fieldPath(rest.join('.'))
  const read = readerOf(name, names)
  return parts.length === 0 ? read : (scope) => fieldValue(read(scope), parts)
}

function readerOf(name: string, names: ReadonlySet<string>): Compiled {
  if (names.has(name)) return (scope) => lookUp(scope, name)
  if (!systemVariables.has(name)) throw mongoError('Location17276', `Use of undefined variable: ${name}`)
  switch (name) {
    case 'ROOT':
      return ({ root }) => root
    case 'CURRENT':
      return ({ current }) => current
    case 'NOW':
      return ({ now }) => now
    case 'REMOVE':
      return () => undefined
    default:
      return () => `$$${name}`
  }
}

function lookUp({ frame }: Scope, name: string): unknown {
  for (let each = frame; each !== undefined; each = each.parent) if (each.name === name) return each.value
  return undefined
}
