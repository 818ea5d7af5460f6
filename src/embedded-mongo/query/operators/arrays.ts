import { Int32 } from 'bson'
import { isDocument } from '../../document.ts'
import { mongoError } from '../../errors.ts'
import { compareValues, isNumeric, truthy } from '../compare.ts'
import { toNumber } from '../numbers.ts'
import { show, typeName } from '../show.ts'
import { compileSort } from '../sort.ts'
import { firstOrder } from './accumulators.ts'
import { checkVariable } from './objects.ts'
import { type Builder, type Compiled, argumentsOf, bind, fixed, integerArgument, isNullish, named, namedArguments, variadic } from './operator.ts'

export const arrayOperators: { readonly [name: string]: Builder } = {
  $arrayElemAt: fixed(2, (list, index) => {
    if (isNullish(list) || isNullish(index)) return null
    const items = arrayOf('$arrayElemAt', list, 'Location28689')
    const at = integerArgument(index, "$arrayElemAt's second argument")
    return items[at < 0 ? items.length + at : at]
  }),
  $first: fixed(1, (list) => (isNullish(list) ? null : arrayOf('$first', list, 'Location28689')[0])),
  $last: fixed(1, (list) => (isNullish(list) ? null : arrayOf('$last', list, 'Location28689').at(-1))),
  $firstN: taking('$firstN', (list, n) => list.slice(0, n)),
  $lastN: taking('$lastN', (list, n) => list.slice(Math.max(0, list.length - n))),
  $minN: taking('$minN', (list, n) => firstOrder(list, n, 1)),
  $maxN: taking('$maxN', (list, n) => firstOrder(list, n, -1)),
  $concatArrays: variadic(0, Number.POSITIVE_INFINITY, (values) => (values.some(isNullish) ? null : values.flatMap((value) => arrayOf('$concatArrays', value, 'Location28664')))),
  $isArray: fixed(1, (value) => Array.isArray(value)),
  $size: fixed(1, (list) => {
    if (!Array.isArray(list)) throw mongoError('Location17124', `The argument to $size must be an array, but was of type: ${typeName(list)}`)
    return new Int32(list.length)
  }),
  $in: fixed(2, (value, list) => {
    if (!Array.isArray(list)) throw mongoError('Location40081', `$in requires an array as a second argument, found: ${typeName(list)}`)
    return list.some((item: unknown) => compareValues(item, value) === 0)
  }),
  $indexOfArray: variadic(2, 4, ([list, value, start, end]) => {
    if (isNullish(list)) return null
    const items = arrayOf('$indexOfArray', list, 'Location40090')
    const from = start === undefined ? 0 : notNegative('$indexOfArray', start)
    const to = end === undefined ? items.length : Math.min(items.length, notNegative('$indexOfArray', end))
    for (let index = from; index < to; index += 1) if (compareValues(items[index], value) === 0) return new Int32(index)
    return new Int32(-1)
  }),
  $reverseArray: fixed(1, (list) => (isNullish(list) ? null : arrayOf('$reverseArray', list, 'Location34435').toReversed())),
  $range: variadic(2, 3, ([start, end, step]) => range(start, end, step)),
  $slice: variadic(2, 3, (values) => slice(values)),
  $sortArray: (operand, compiler) => {
    const { input, sortBy } = namedArguments(operand, '$sortArray', ['input', 'sortBy'], [])
    const list = compiler.compile(input)
    const order = elementOrder(sortBy)
    return (scope) => {
      const items = list(scope)
      return isNullish(items) ? null : arrayOf('$sortArray', items, 'Location2942504').toSorted(order)
    }
  },
  $zip: named(['inputs'], ['useLongestLength', 'defaults'], ({ inputs, useLongestLength, defaults }) => zip(inputs, useLongestLength === true, defaults)),
  $map: (operand, compiler) => {
    const { input, as, in: body } = namedArguments(operand, '$map', ['input', 'in'], ['as'])
    const name = variableOf(as)
    const [list, each] = [compiler.compile(input), compiler.compile(body, [name])]
    return (scope) => {
      const items = list(scope)
      if (isNullish(items)) return null
      return arrayOf('$map', items, 'Location16883').map((item) => each(bind(scope, name, item)) ?? null)
    }
  },
  $filter: (operand, compiler) => {
    const { input, as, cond, limit } = namedArguments(operand, '$filter', ['input', 'cond'], ['as', 'limit'])
    const name = variableOf(as)
    const [list, test] = [compiler.compile(input), compiler.compile(cond, [name])]
    const most = limit === undefined ? undefined : compiler.compile(limit)
    return (scope) => {
      const items = list(scope)
      if (isNullish(items)) return null
      const bound = most?.(scope)
      const kept = arrayOf('$filter', items, 'Location28651').filter((item) => truthy(test(bind(scope, name, item))))
      return isNullish(bound) ? kept : kept.slice(0, positive('$filter', bound))
    }
  },
  $reduce: (operand, compiler) => {
    const { input, initialValue, in: body } = namedArguments(operand, '$reduce', ['input', 'initialValue', 'in'], [])
    const [list, initial, each] = [compiler.compile(input), compiler.compile(initialValue), compiler.compile(body, ['this', 'value'])] as [Compiled, Compiled, Compiled]
    return (scope) => {
      const items = list(scope)
      if (isNullish(items)) return null
      return arrayOf('$reduce', items, 'Location40080').reduce((value, item) => each(bind(bind(scope, 'this', item), 'value', value)), initial(scope))
    }
  },
}

/** The order that `$sortArray` and `$push` with `$sort` mean: 1 or -1 for whole values, or a sort of documents. */
export function elementOrder(sortBy: unknown): (a: unknown, b: unknown) => number {
  if (isDocument(sortBy)) {
    if (Object.keys(sortBy).length === 0) throw mongoError('BadValue', 'The sort specification must not be empty')
    const order = compileSort(sortBy)
    const none = {}
    return (a, b) => order(isDocument(a) ? a : none, isDocument(b) ? b : none)
  }
  const direction = isNumeric(sortBy) ? toNumber(sortBy) : Number.NaN
  if (direction !== 1 && direction !== -1) throw mongoError('BadValue', `The $sort element value must be either 1 or -1, but is ${show(sortBy)}`)
  return (a, b) => compareValues(a, b) * direction
}

function arrayOf(name: string, value: unknown, code: `Location${number}`): unknown[] {
  if (!Array.isArray(value)) throw mongoError(code, `${name} only supports arrays, not ${typeName(value)}`)
  return value
}

function taking(name: string, take: (list: unknown[], n: number) => unknown[]): Builder {
  return named(['input', 'n'], [], ({ input, n }) => (isNullish(input) ? null : take(arrayOf(name, input, 'Location5788200'), positive(name, n))))
}

function positive(name: string, value: unknown): number {
  const number = integerArgument(value, `the count of ${name}`)
  if (number < 1) throw mongoError('Location5787908', `'n' must be greater than 0, found ${number}`)
  return number
}

function notNegative(name: string, value: unknown): number {
  const number = integerArgument(value, `an index of ${name}`)
  if (number < 0) throw mongoError('Location40097', `${name} requires a nonnegative starting index, found: ${number}`)
  return number
}

function variableOf(as: unknown): string {
  if (as === undefined) return 'this'
  if (typeof as !== 'string') throw mongoError('FailedToParse', 'a variable name must be a string')
  checkVariable(as)
  return as
}

/** MongoDB's own bound is one of memory; a list of more numbers has no use. */
const maxRange = 1_000_000

function range(start: unknown, end: unknown, step: unknown): unknown[] {
  const from = integerArgument(start, "$range's starting value")
  const to = integerArgument(end, "$range's ending value")
  const by = step === undefined ? 1 : integerArgument(step, "$range's step")
  if (by === 0) throw mongoError('Location34449', '$range requires a non-zero step value')
  const count = Math.max(0, Math.ceil((to - from) / by))
  if (count > maxRange) throw mongoError('ExceededMemoryLimit', `$range would make more than ${maxRange} numbers`)
  return Array.from({ length: count }, (_, index) => new Int32(from + index * by))
}

function slice([list, first, second]: unknown[]): unknown {
  if (isNullish(list) || isNullish(first)) return null
  const items = arrayOf('$slice', list, 'Location28724')
  const at = integerArgument(first, 'the second argument of $slice')
  if (second === undefined) return at < 0 ? items.slice(at) : items.slice(0, at)
  if (second === null) return null
  const count = integerArgument(second, 'the third argument of $slice')
  if (count <= 0) throw mongoError('Location28729', `Third argument to $slice must be positive: ${count}`)
  const from = at < 0 ? Math.max(0, items.length + at) : at
  return items.slice(from, from + count)
}

function zip(inputs: unknown, longest: boolean, defaults: unknown): unknown {
  if (!Array.isArray(inputs)) throw mongoError('Location34461', `inputs must be an array of expressions, found ${typeName(inputs)}`)
  if (inputs.some(isNullish)) return null
  const lists = inputs.map((input) => arrayOf('$zip', input, 'Location34468'))
  if (defaults !== undefined && !longest) throw mongoError('Location34466', 'cannot specify defaults unless useLongestLength is true')
  const fill = argumentsOf(defaults ?? null)
  const lengths = lists.map((list) => list.length)
  const length = lists.length === 0 ? 0 : longest ? Math.max(...lengths) : Math.min(...lengths)
  return Array.from({ length }, (_, index) => lists.map((list, which) => (index < list.length ? list[index] : (fill[which] ?? null))))
}
