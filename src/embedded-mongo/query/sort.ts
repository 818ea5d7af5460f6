import type { Doc } from '../document.ts'
import { MongoError, mongoError } from '../errors.ts'
import { compareValues, isNumeric } from './compare.ts'
import { keyRows } from './key-rows.ts'
import { toNumber } from './numbers.ts'
import { parsePath } from './paths.ts'

/** Field and direction of each part of a sort. Throws MongoDB's errors for anything but 1 and -1. */
export function parseSort(spec: Doc): [string, 1 | -1][] {
  return Object.entries(spec).map(([field, direction]) => {
    if (!isNumeric(direction)) throw mongoError('Location15974', `Illegal key in $sort specification: ${field}`)
    const number = toNumber(direction)
    if (number !== 1 && number !== -1) throw mongoError('Location15975', '$sort key ordering must be 1 (for ascending) or -1 (for descending)')
    if (field === '' || field.split('.').includes('')) throw mongoError('Location15998', 'FieldPath field names may not be empty strings.')
    if (field.startsWith('$') && field !== '$natural') throw mongoError('Location16410', "FieldPath field names may not start with '$'. Consider using $getField or $setField.")
    return [field, number]
  })
}

/**
 * Orders documents. An array counts with its smallest element going up and its largest going down, compound sorts over one array with the
 * first of its rows; what is missing counts as null, an empty array sorts below that. Throws BadValue for a document with arrays on two
 * separate paths of the sort. `{$natural: …}` leaves the order as it is.
 */
export function compileSort(spec: Doc): (a: Doc, b: Doc) => number {
  const fields = parseSort(spec)
  if (fields.some(([field]) => field === '$natural')) return () => 0
  const paths = fields.map(([field]) => parsePath(field))
  const directions = fields.map(([, direction]) => direction)
  // A comparison sort asks for the same document's key many times.
  const keys = new WeakMap<Doc, unknown[]>()
  const keyOf = (doc: Doc): unknown[] => {
    let key = keys.get(doc)
    if (key === undefined) {
      key = firstRow(doc)
      keys.set(doc, key)
    }
    return key
  }
  return (a, b) => compareRows(keyOf(a), keyOf(b))

  function firstRow(doc: Doc): unknown[] {
    try {
      const { rows } = keyRows(doc, paths)
      return rows.reduce((first, row) => (compareRows(row, first) < 0 ? row : first))
    } catch (error) {
      if (error instanceof MongoError && error.codeName === 'CannotIndexParallelArrays') throw mongoError('BadValue', 'cannot sort with keys that are parallel arrays')
      throw error
    }
  }

  function compareRows(a: readonly unknown[], b: readonly unknown[]): number {
    for (let index = 0; index < directions.length; index += 1) {
      const order = compareValues(a[index], b[index])
      if (order !== 0) return order * (directions[index] as number)
    }
    return 0
  }
}
