/** Accumulators: of $group, one value for each document; as expressions, over a list. */
import { Double, Int32, Long } from 'bson'
import { type Doc, isDocument } from '../../document.ts'
import { mongoError } from '../../errors.ts'
import { compareValues, isNumeric, typeOf, types } from '../compare.ts'
import { add, divide, integer, maxLong, minLong, toDecimal, toNumber, truncated } from '../numbers.ts'
import { compileSort } from '../sort.ts'
import { mergeObjects } from './objects.ts'
import { type Builder, type Compiled, type Compiler, type Scope, argumentsOf, integerArgument, isNullish, namedArguments } from './operator.ts'
import { setKey } from './sets.ts'

/** One running result. */
export interface Accumulator {
  add(scope: Scope): void
  result(): unknown
}

/** Makes a fresh accumulator for each group; `first` is the scope of the group's first document. */
export type AccumulatorFactory = (first: Scope) => Accumulator

/** Compiles `{$sum: …}` of a $group. Throws 15952 for an unknown accumulator. */
export function compileAccumulator(field: string, spec: unknown, compiler: Compiler): AccumulatorFactory {
  if (!isDocument(spec)) throw mongoError('Location40234', `The field '${field}' must be an accumulator object`)
  const names = Object.keys(spec)
  const [name] = names
  if (names.length !== 1 || name === undefined) throw mongoError('Location40238', `The field '${field}' must specify one accumulator`)
  const operand = spec[name]
  const build = Object.hasOwn(accumulators, name) ? accumulators[name] : undefined
  if (build === undefined) throw mongoError('Location15952', `unknown group operator '${name}'`)
  return build(operand, compiler, name)
}

/** `$sum`, `$avg` and their kin over a list, or over several arguments. */
export const accumulatorOperators: { readonly [name: string]: Builder } = {
  $sum: overList(sum),
  $avg: overList(average),
  $min: overList((values) => extreme(values, -1)),
  $max: overList((values) => extreme(values, 1)),
  $stdDevPop: overList((values) => deviation(values, 0)),
  $stdDevSamp: overList((values) => deviation(values, 1)),
}

/** The `n` smallest (1) or largest (-1) values, null and missing ones left out. */
export function firstOrder(values: readonly unknown[], n: number, direction: 1 | -1): unknown[] {
  return values
    .filter((value) => !isNullish(value))
    .toSorted((a, b) => compareValues(a, b) * direction)
    .slice(0, n)
}

type Factory = (operand: unknown, compiler: Compiler, name: string) => AccumulatorFactory

const accumulators: { readonly [name: string]: Factory } = {
  $sum: simple(() => {
    const total = createSum()
    return { add: total.add, result: total.result }
  }),
  $avg: simple(() => {
    const total = createSum()
    return { add: total.add, result: () => total.mean() }
  }),
  $min: simple(() => running((kept, value) => (isNullish(value) || (kept !== undefined && compareValues(value, kept) >= 0) ? kept : value))),
  $max: simple(() => running((kept, value) => (isNullish(value) || (kept !== undefined && compareValues(value, kept) <= 0) ? kept : value))),
  $first: simple(() => {
    let seen = false
    let first: unknown
    return {
      add: (value) => {
        if (!seen) first = value
        seen = true
      },
      result: () => first ?? null,
    }
  }),
  $last: simple(() => running((_kept, value) => value)),
  $push: collecting((values) => values),
  $addToSet: simple(() => {
    const values = new Map<string, unknown>()
    return {
      add: (value) => {
        if (value === undefined) return
        const key = setKey(value)
        if (!values.has(key)) values.set(key, value)
      },
      result: () => [...values.values()],
    }
  }),
  $mergeObjects: collecting(mergeObjects),
  $stdDevPop: collecting((values) => deviation(values, 0)),
  $stdDevSamp: collecting((values) => deviation(values, 1)),
  $count: (operand) => {
    if (!isDocument(operand) || Object.keys(operand).length > 0) throw mongoError('TypeMismatch', '$count takes no arguments, i.e. $count:{}')
    return () => {
      let count = 0
      return { add: () => void (count += 1), result: () => integer(BigInt(count)) }
    }
  },
  $firstN: counted((values, n) => values.slice(0, n)),
  $lastN: counted((values, n) => values.slice(Math.max(0, values.length - n))),
  $minN: counted((values, n) => firstOrder(values, n, 1)),
  $maxN: counted((values, n) => firstOrder(values, n, -1)),
  $top: ordered(1, true),
  $bottom: ordered(-1, true),
  $topN: ordered(1, false),
  $bottomN: ordered(-1, false),
}

interface Feed {
  add(value: unknown): void
  result(): unknown
}

function simple(create: () => Feed): Factory {
  return (operand, compiler, name) => {
    if (Array.isArray(operand)) throw mongoError('Location40237', `The ${name} accumulator is a unary operator`)
    const value = compiler.compile(operand)
    return () => {
      const feed = create()
      return { add: (scope) => feed.add(value(scope)), result: feed.result }
    }
  }
}

function running(next: (kept: unknown, value: unknown) => unknown): Feed {
  let kept: unknown
  return { add: (value) => void (kept = next(kept, value)), result: () => kept ?? null }
}

function collecting(finish: (values: unknown[]) => unknown): Factory {
  return simple(() => {
    const values: unknown[] = []
    return {
      add: (value) => {
        if (value !== undefined) values.push(value)
      },
      result: () => finish(values),
    }
  })
}

function counted(take: (values: unknown[], n: number) => unknown[]): Factory {
  return (operand, compiler, name) => {
    const { input, n } = namedArguments(operand, name, ['input', 'n'], [])
    const [value, count] = [compiler.compile(input), compiler.compile(n)] as [Compiled, Compiled]
    return (first) => {
      const most = positiveCount(name, count(first))
      const values: unknown[] = []
      return { add: (scope) => void values.push(value(scope) ?? null), result: () => take(values, most) }
    }
  }
}

/** $top and $bottom: `output` of the first or last documents under a sort of their own. */
function ordered(end: 1 | -1, single: boolean): Factory {
  return (operand, compiler, name) => {
    const { sortBy, output, n } = namedArguments(operand, name, single ? ['sortBy', 'output'] : ['sortBy', 'output', 'n'], [])
    if (!isDocument(sortBy)) throw mongoError('Location5788005', `${name} requires 'sortBy' to be an object`)
    const order = compileSort(sortBy)
    const value = compiler.compile(output)
    const count = single ? undefined : compiler.compile(n)
    return (first) => {
      const most = count === undefined ? 1 : positiveCount(name, count(first))
      const rows: { doc: Doc; value: unknown }[] = []
      return {
        add: (scope) => void rows.push({ doc: scope.root as Doc, value: value(scope) ?? null }),
        result: () => {
          const sorted = rows.toSorted((a, b) => order(a.doc, b.doc))
          const kept = (end === 1 ? sorted.slice(0, most) : sorted.slice(-most)).map((row) => row.value)
          return single ? (kept[0] ?? null) : kept
        },
      }
    }
  }
}

function positiveCount(name: string, value: unknown): number {
  const count = integerArgument(value, `'n' of ${name}`)
  if (count < 1) throw mongoError('Location5787908', `'n' must be greater than 0, found ${count}`)
  return count
}

function overList(compute: (values: readonly unknown[]) => unknown): Builder {
  return (operand, compiler) => {
    const compiled = argumentsOf(operand).map((item) => compiler.compile(item))
    const [only] = compiled
    if (compiled.length === 1 && only !== undefined) {
      return (scope) => {
        const value = only(scope)
        return compute(Array.isArray(value) ? value : [value])
      }
    }
    return (scope) => compute(compiled.map((item) => item(scope)))
  }
}

function sum(values: readonly unknown[]): unknown {
  const total = createSum()
  for (const value of values) total.add(value)
  return total.result()
}

function average(values: readonly unknown[]): unknown {
  const total = createSum()
  for (const value of values) total.add(value)
  return total.mean()
}

function extreme(values: readonly unknown[], sign: 1 | -1): unknown {
  return values.reduce((kept: unknown, value) => (isNullish(value) || (kept !== null && compareValues(value, kept) * sign <= 0) ? kept : value), null)
}

function deviation(values: readonly unknown[], less: number): unknown {
  const numbers = values.filter(isNumeric).map(toNumber)
  if (numbers.length <= less) return null
  // Welford's way: no difference of two large sums.
  let mean = 0
  let squares = 0
  for (const [index, number] of numbers.entries()) {
    const before = number - mean
    mean += before / (index + 1)
    squares += before * (number - mean)
  }
  return new Double(Math.sqrt(squares / (numbers.length - less)))
}

/** A sum of all number types at once: integers exact, doubles with their lost digits carried along, the widest type decides the answer's. */
function createSum(): Feed & { mean(): unknown } {
  let count = 0
  let whole = 0
  let wide = 0n
  let doubles = 0
  let lost = 0
  let decimals: unknown
  let widest: number = types.int
  return { add: addValue, result, mean }

  function addValue(value: unknown): void {
    if (!isNumeric(value)) return
    count += 1
    const type = typeOf(value)
    if (type === types.decimal) {
      widest = types.decimal
      decimals = decimals === undefined ? value : add(decimals, value)
    } else if (type === types.double) {
      if (widest !== types.decimal) widest = types.double
      addDouble(toNumber(value))
    } else if (type === types.long) {
      if (widest === types.int) widest = types.long
      wide += truncated(value) as bigint
    } else {
      whole += toNumber(value)
      if (Math.abs(whole) > 2 ** 52) {
        wide += BigInt(whole)
        whole = 0
      }
    }
  }

  function addDouble(value: number): void {
    const total = doubles + value
    if (Number.isFinite(total)) lost += Math.abs(doubles) >= Math.abs(value) ? doubles - total + value : value - total + doubles
    doubles = total
  }

  function result(): unknown {
    const integers = wide + BigInt(whole)
    if (widest === types.decimal) return decimalTotal(integers)
    if (widest === types.double) return new Double(doubleTotal(integers))
    if (integers < minLong || integers > maxLong) return new Double(Number(integers))
    return widest === types.long ? Long.fromBigInt(integers) : integer(integers)
  }

  function mean(): unknown {
    if (count === 0) return null
    const integers = wide + BigInt(whole)
    if (widest === types.decimal) return divide(decimalTotal(integers), new Int32(count))
    return new Double(doubleTotal(integers) / count)
  }

  function doubleTotal(integers: bigint): number {
    const exact = Number(integers)
    const rest = Number.isFinite(exact) ? Number(integers - BigInt(exact)) : 0
    return Number.isFinite(doubles) ? doubles + exact + (lost + rest) : doubles
  }

  function decimalTotal(integers: bigint): unknown {
    const parts = [decimals, toDecimal(integers), toDecimal(new Double(doubles + lost))]
    return parts.reduce((total, part) => add(total, part))
  }
}
