/** A document's values under a list of paths, arrays spread out: what an index holds of it, and what a sort goes by. */
import { type Doc, getField, isDocument } from '../document.ts'
import { mongoError } from '../errors.ts'
import { type Path, isArrayIndex } from './paths.ts'

export interface KeyRows {
  /** one value for each path; null where nothing is there, undefined for an empty array */
  rows: unknown[][]
  /** an array lay on one of the paths */
  multikey: boolean
  /** at least one path leads to something */
  present: boolean
}

/** Throws `CannotIndexParallelArrays` when two paths run through different arrays. */
export function keyRows(doc: Doc, paths: readonly Path[]): KeyRows {
  const simple = simpleRow(doc, paths)
  if (simple !== undefined) return simple
  const found: KeyRows = { rows: [], multikey: false, present: false }
  expand(
    paths.map((path) => ({ at: doc, path: path.parts, done: false, name: '' })),
    found,
  )
  return found
}

/** The usual document has no array on any of the paths. */
function simpleRow(doc: Doc, paths: readonly Path[]): KeyRows | undefined {
  const row: unknown[] = []
  let present = false
  for (const { parts } of paths) {
    let value: unknown = doc
    for (const part of parts) {
      value = isDocument(value) ? getField(value, part) : undefined
      if (Array.isArray(value)) return undefined
    }
    if (value !== undefined) present = true
    row.push(value ?? null)
  }
  return { rows: [row], multikey: false, present }
}

/** What is known of one path: a finished value, or the place in the document from where the rest of the path leads on. */
interface Cursor {
  at: unknown
  path: readonly string[]
  done: boolean
  /** the field that led here */
  name: string
}

/** One row for every element of the array that the paths share; all paths that meet an array must meet the same one. */
function expand(cursors: Cursor[], found: KeyRows): void {
  const advanced = cursors.map(advance)
  const first = advanced.find((cursor) => !cursor.done)
  if (first === undefined) {
    if (advanced.some((cursor) => cursor.at !== undefined)) found.present = true
    found.rows.push(advanced.map((cursor) => (cursor.at === emptyArray ? undefined : (cursor.at ?? null))))
    return
  }
  found.multikey = true
  const array = first.at as unknown[]
  for (const cursor of advanced) {
    if (!cursor.done && cursor.at !== array) {
      throw mongoError('CannotIndexParallelArrays', `cannot index parallel arrays [${cursor.name}] [${first.name}]`)
    }
  }
  if (array.length === 0) {
    // An empty array at the end of a path has a key of its own, below null; further along a path it counts as a missing field.
    expand(
      advanced.map((cursor) => (cursor.done ? cursor : { at: cursor.path.length === 0 ? emptyArray : undefined, path: [], done: true, name: '' })),
      found,
    )
    return
  }
  for (const element of array) {
    expand(
      advanced.map((cursor) => (cursor.done ? cursor : elementCursor(element, cursor.path))),
      found,
    )
  }
}

const emptyArray = Symbol('empty array')

/** Only the outermost array is expanded: an array inside it is a value at the end of a path, and nothing further along one. */
function elementCursor(element: unknown, path: readonly string[]): Cursor {
  if (path.length === 0) return { at: element, path, done: true, name: '' }
  if (isDocument(element)) return { at: element, path, done: false, name: '' }
  return { at: undefined, path: [], done: true, name: '' }
}

/** Walks on through documents until the path ends, breaks off, or meets an array that must be expanded. */
function advance(cursor: Cursor): Cursor {
  if (cursor.done) return cursor
  let { at, path, name } = cursor
  for (;;) {
    if (Array.isArray(at)) {
      const next = path[0]
      const positional = next !== undefined && isArrayIndex(next) ? Number(next) : -1
      if (positional < 0) return { at, path, done: false, name }
      if (at.some((element) => isDocument(element) && Object.hasOwn(element, next as string))) {
        throw mongoError('Location16746', `Ambiguous field name found in array (do not use numeric field names in embedded elements in an array), field: '${next}'`)
      }
      if (positional >= at.length) return { at, path, done: false, name }
      at = at[positional]
      path = path.slice(1)
      continue
    }
    if (path.length === 0) return { at, path, done: true, name }
    if (!isDocument(at)) return { at: undefined, path: [], done: true, name }
    name = path[0] as string
    at = getField(at, name)
    path = path.slice(1)
  }
}
