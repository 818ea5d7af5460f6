import { mongoError } from '../../errors.ts'
import { compareValues, truthy } from '../compare.ts'
import { encodeKey } from '../key-string.ts'
import { typeName } from '../show.ts'
import { type Builder, fixed, isNullish, variadic } from './operator.ts'

export const setOperators: { readonly [name: string]: Builder } = {
  $setUnion: variadic(0, Number.POSITIVE_INFINITY, (values) => {
    if (values.some(isNullish)) return null
    return inOrder(distinct(values.flatMap((value) => arrayOf('$setUnion', value))))
  }),
  $setIntersection: variadic(0, Number.POSITIVE_INFINITY, (values) => {
    if (values.some(isNullish)) return null
    const [first = [], ...rest] = values.map((value) => arrayOf('$setIntersection', value))
    const keys = rest.map(keySet)
    return inOrder(distinct(first).filter((item) => keys.every((set) => set.has(setKey(item)))))
  }),
  $setDifference: fixed(2, (a, b) => {
    if (isNullish(a) || isNullish(b)) return null
    const without = keySet(arrayOf('$setDifference', b))
    return distinct(arrayOf('$setDifference', a)).filter((item) => !without.has(setKey(item)))
  }),
  $setEquals: variadic(2, Number.POSITIVE_INFINITY, (values) => {
    const [first, ...rest] = values.map((value) => keySet(arrayOf('$setEquals', value))) as [Set<string>, ...Set<string>[]]
    return rest.every((set) => set.size === first.size && [...set].every((key) => first.has(key)))
  }),
  $setIsSubset: fixed(2, (a, b) => {
    const all = keySet(arrayOf('$setIsSubset', b))
    return arrayOf('$setIsSubset', a).every((item) => all.has(setKey(item)))
  }),
  $anyElementTrue: fixed(1, (value) => arrayOf('$anyElementTrue', value).some(truthy)),
  $allElementsTrue: fixed(1, (value) => arrayOf('$allElementsTrue', value).every(truthy)),
}

/** The same text for values that compare equal, and only for them. */
export function setKey(value: unknown): string {
  return encodeKey([value], [1]).toString('latin1')
}

/** The first of each kind of equal values. */
export function distinct(values: readonly unknown[]): unknown[] {
  const seen = new Set<string>()
  return values.filter((value) => {
    const key = setKey(value)
    return seen.has(key) ? false : seen.add(key)
  })
}

function keySet(values: readonly unknown[]): Set<string> {
  return new Set(values.map(setKey))
}

function inOrder(values: unknown[]): unknown[] {
  return values.toSorted(compareValues)
}

function arrayOf(name: string, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw mongoError('Location17041', `All operands of ${name} must be arrays. One argument is of type: ${typeName(value)}`)
  return value
}
