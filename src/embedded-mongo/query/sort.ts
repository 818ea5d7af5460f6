import type { Doc } from '../document.ts'
import { mongoError } from '../errors.ts'
import { compareValues } from './compare.ts'
import { asDouble, isNumeric } from './numbers.ts'
import { leavesOf } from './paths.ts'

/** Orders documents; of an array the smallest element counts going up, the largest going down, and what is missing counts as null. */
export function compileSort(spec: Doc): (a: Doc, b: Doc) => number {
  const fields = Object.entries(spec).map(([field, direction]) => {
    if (!isNumeric(direction) || Math.abs(asDouble(direction)) !== 1) throw mongoError('Location15975', '$sort key ordering must be 1 (for ascending) or -1 (for descending)')
    return { path: field.split('.'), direction: asDouble(direction) as 1 | -1 }
  })
  return (a, b) => {
    for (const { path, direction } of fields) {
      const order = compareValues(sortValue(a, path, direction), sortValue(b, path, direction))
      if (order !== 0) return order * direction
    }
    return 0
  }
}

function sortValue(doc: Doc, path: readonly string[], direction: 1 | -1): unknown {
  const values = leavesOf(doc, path).flatMap((leaf) => (Array.isArray(leaf) ? ((leaf as unknown[]).length === 0 ? [undefined] : (leaf as unknown[])) : [leaf]))
  if (values.length <= 1) return values[0]
  return values.reduce((best, value) => (compareValues(value, best) * direction < 0 ? value : best))
}
