/** What the tables of operators have in common. */
import { type Doc, isDocument } from '../../document.ts'
import { mongoError } from '../../errors.ts'
import { isNumeric } from '../compare.ts'
import { toSafeInteger } from '../numbers.ts'
import { show, typeName } from '../show.ts'

export interface Frame {
  name: string
  value: unknown
  parent: Frame | undefined
}

/** What an expression sees while it is computed. */
export interface Scope {
  root: unknown
  /** what plain field paths start from: the root, but for $redact */
  current: unknown
  frame: Frame | undefined
  now: Date
}

export type Compiled = (scope: Scope) => unknown

export interface Compiler {
  /** `names` are variables that the expression may use besides those it is written under */
  compile(expression: unknown, names?: readonly string[]): Compiled
}

export type Builder = (operand: unknown, compiler: Compiler, name: string) => Compiled

export function bind(scope: Scope, name: string, value: unknown): Scope {
  return { ...scope, frame: { name, value, parent: scope.frame } }
}

/** An operator of exactly `count` arguments. */
export function fixed(count: number, compute: (...values: unknown[]) => unknown): Builder {
  return (operand, compiler, name) => {
    const list = argumentsOf(operand)
    if (list.length !== count) throw mongoError('Location16020', `Expression ${name} takes exactly ${count} arguments. ${list.length} were passed in.`)
    const [a, b, c] = list.map((item) => compiler.compile(item))
    if (count === 1) return (scope) => compute((a as Compiled)(scope))
    if (count === 2) return (scope) => compute((a as Compiled)(scope), (b as Compiled)(scope))
    return (scope) => compute((a as Compiled)(scope), (b as Compiled)(scope), (c as Compiled)(scope))
  }
}

/** An operator of any number of arguments between `least` and `most`. */
export function variadic(least: number, most: number, compute: (values: unknown[]) => unknown): Builder {
  return (operand, compiler, name) => {
    const list = argumentsOf(operand)
    if (list.length < least || list.length > most) {
      throw mongoError('Location28667', `Expression ${name} takes at least ${least} arguments, and at most ${most}, but ${list.length} were passed in.`)
    }
    const compiled = list.map((item) => compiler.compile(item))
    return (scope) => compute(compiled.map((item) => item(scope)))
  }
}

/** An operator with named arguments; `compute` gets those that were given, `undefined` for the rest. */
export function named(required: readonly string[], optional: readonly string[], compute: (values: { [name: string]: unknown }, given: ReadonlySet<string>) => unknown): Builder {
  return (operand, compiler, name) => {
    const compiled = Object.entries(namedArguments(operand, name, required, optional)).map(([key, value]): [string, Compiled] => [key, compiler.compile(value)])
    const given = new Set(compiled.map(([key]) => key))
    return (scope) => {
      const values: { [key: string]: unknown } = {}
      for (const [key, value] of compiled) values[key] = value(scope)
      return compute(values, given)
    }
  }
}

export function namedArguments(operand: unknown, name: string, required: readonly string[], optional: readonly string[]): Doc {
  if (!isDocument(operand)) throw mongoError('FailedToParse', `${name} requires an object as an argument, found: ${typeName(operand)}`)
  for (const key of Object.keys(operand)) {
    if (!required.includes(key) && !optional.includes(key)) throw mongoError('FailedToParse', `${name} found an unknown argument: ${key}`)
  }
  for (const key of required) if (!Object.hasOwn(operand, key)) throw mongoError('FailedToParse', `${name} requires '${key}' to be specified`)
  return operand
}

export function argumentsOf(operand: unknown): unknown[] {
  return Array.isArray(operand) ? operand : [operand]
}

export function isNullish(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

export function integerArgument(value: unknown, what: string): number {
  const number = isNumeric(value) ? toSafeInteger(value) : undefined
  if (number === undefined) throw mongoError('BadValue', `${what} must be a whole number, but is ${show(value)}`)
  return number
}

export function stringArgument(value: unknown, what: string): string {
  if (typeof value !== 'string') throw mongoError('TypeMismatch', `${what} must be a string, but is of type ${typeName(value)}`)
  return value
}
