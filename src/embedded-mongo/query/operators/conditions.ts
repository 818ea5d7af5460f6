import { Int32 } from 'bson'
import { isDocument } from '../../document.ts'
import { mongoError } from '../../errors.ts'
import { compareValues, truthy } from '../compare.ts'
import { type Builder, type Compiled, argumentsOf, fixed, isNullish, namedArguments } from './operator.ts'

/** Comparisons are over all types, in BSON's order, where a missing value comes below null. */
export const conditionOperators: { readonly [name: string]: Builder } = {
  $eq: fixed(2, (a, b) => compareValues(a, b) === 0),
  $ne: fixed(2, (a, b) => compareValues(a, b) !== 0),
  $gt: fixed(2, (a, b) => compareValues(a, b) > 0),
  $gte: fixed(2, (a, b) => compareValues(a, b) >= 0),
  $lt: fixed(2, (a, b) => compareValues(a, b) < 0),
  $lte: fixed(2, (a, b) => compareValues(a, b) <= 0),
  $cmp: fixed(2, (a, b) => new Int32(Math.sign(compareValues(a, b)))),
  $not: fixed(1, (value) => !truthy(value)),
  $and: (operand, compiler) => {
    const all = argumentsOf(operand).map((item) => compiler.compile(item))
    return (scope) => all.every((item) => truthy(item(scope)))
  },
  $or: (operand, compiler) => {
    const all = argumentsOf(operand).map((item) => compiler.compile(item))
    return (scope) => all.some((item) => truthy(item(scope)))
  },
  $cond: (operand, compiler) => {
    const [test, then, otherwise] = conditionParts(operand).map((item) => compiler.compile(item)) as [Compiled, Compiled, Compiled]
    return (scope) => (truthy(test(scope)) ? then(scope) : otherwise(scope))
  },
  $ifNull: (operand, compiler) => {
    const all = argumentsOf(operand)
    if (all.length < 2) throw mongoError('Location1257300', '$ifNull needs at least two arguments, had: ' + all.length)
    const compiled = all.map((item) => compiler.compile(item))
    return (scope) => {
      for (let index = 0; index < compiled.length - 1; index += 1) {
        const value = (compiled[index] as Compiled)(scope)
        if (!isNullish(value)) return value
      }
      return (compiled.at(-1) as Compiled)(scope)
    }
  },
  $switch: (operand, compiler) => {
    const { branches, default: fallback } = namedArguments(operand, '$switch', ['branches'], ['default']) as { branches: unknown; default?: unknown }
    if (!Array.isArray(branches)) throw mongoError('Location40061', "$switch expected an array for 'branches'")
    if (branches.length === 0) throw mongoError('Location40068', '$switch requires at least one branch.')
    const compiled = branches.map((branch: unknown) => {
      const { case: test, then } = namedArguments(branch, '$switch branch', ['case', 'then'], [])
      return { test: compiler.compile(test), then: compiler.compile(then) }
    })
    const otherwise = isDocument(operand) && Object.hasOwn(operand, 'default') ? compiler.compile(fallback) : undefined
    return (scope) => {
      for (const { test, then } of compiled) if (truthy(test(scope))) return then(scope)
      if (otherwise === undefined) throw mongoError('Location40066', '$switch could not find a matching branch for an input, and no default was specified.')
      return otherwise(scope)
    }
  },
}

function conditionParts(operand: unknown): unknown[] {
  if (Array.isArray(operand)) {
    if (operand.length !== 3) throw mongoError('Location16020', `Expression $cond takes exactly 3 arguments. ${operand.length} were passed in.`)
    return operand
  }
  if (!isDocument(operand)) throw mongoError('Location16020', 'Expression $cond takes exactly 3 arguments. 1 were passed in.')
  for (const name of Object.keys(operand)) {
    if (!['if', 'then', 'else'].includes(name)) throw mongoError('Location17083', `Unrecognized parameter to $cond: ${name}`)
  }
  for (const [name, code] of [['if', 17080], ['then', 17081], ['else', 17082]] as const) {
    if (!Object.hasOwn(operand, name)) throw mongoError(`Location${code}`, `Missing '${name}' parameter to $cond`)
  }
  return [operand['if'], operand['then'], operand['else']]
}
