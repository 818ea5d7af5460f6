/** Dotted paths through documents and arrays, in the way that filters walk them. */
import { type Doc, getField, isDocument } from '../document.ts'

export interface Path {
  /** as it was written */
  text: string
  parts: readonly string[]
  /** the array index that a part means, or -1 */
  indexes: readonly number[]
}

export function parsePath(text: string): Path {
  const parts = text.split('.')
  return { text, parts, indexes: parts.map((part) => (isArrayIndex(part) ? Number(part) : -1)) }
}

export function isArrayIndex(name: string): boolean {
  return /^(0|[1-9][0-9]{0,8})$/.test(name)
}

/**
 * Whether `test` holds for a value that the path leads to. Arrays on the way are entered: elements that are documents, and the one whose
 * index the path names. At the end of the path the elements of an array are tested, then the array itself; `whole` skips the elements.
 * What is not there is tested as undefined; an array without a fitting element leads nowhere.
 */
export function anyAt(doc: Doc, path: Path, test: (value: unknown) => boolean, whole: boolean): boolean {
  return walk(doc, path, 0, test, whole, undefined)
}

/** The index, in the first array that was entered, of the element which made `anyAt` true; undefined without one. */
export function indexAt(doc: Doc, path: Path, test: (value: unknown) => boolean): number | undefined {
  const found: Found = { index: undefined }
  return walk(doc, path, 0, test, false, found) ? found.index : undefined
}

/** The value at a path that enters documents only. */
export function valueAt(doc: Doc, path: Path): unknown {
  let value: unknown = doc
  for (const part of path.parts) {
    if (!isDocument(value)) return undefined
    value = getField(value, part)
  }
  return value
}

interface Found {
  index: number | undefined
}

function walk(from: Doc, path: Path, at: number, test: (value: unknown) => boolean, whole: boolean, found: Found | undefined): boolean {
  const { parts } = path
  let value: unknown = from
  for (let next = at; next < parts.length; next += 1) {
    // Only the start of a walk can be an array here: an element of an $elemMatch, seen as a document of its indexes.
    if (Array.isArray(value)) value = (value as unknown[])[path.indexes[next] as number]
    else if (isDocument(value)) value = getField(value, parts[next] as string)
    else return test(undefined)
    if (Array.isArray(value)) return enter(value, path, next + 1, test, whole, found)
  }
  return test(value)
}

function enter(list: unknown[], path: Path, next: number, test: (value: unknown) => boolean, whole: boolean, found: Found | undefined): boolean {
  const last = path.parts.length
  if (next === last) {
    if (!whole) {
      for (let index = 0; index < list.length; index += 1) if (test(list[index])) return at(found, index)
    }
    return test(list)
  }
  const wanted = path.indexes[next] as number
  for (let index = 0; index < list.length; index += 1) {
    const element = list[index]
    if (isDocument(element)) {
      if (walk(element, path, next, test, whole, found)) return at(found, index)
      if (wanted === index && (next + 1 === last ? test(element) : walk(element, path, next + 1, test, whole, found))) return true
    } else if (wanted === index) {
      if (next + 1 === last) {
        if (test(element)) return true
      } else if (Array.isArray(element) && enter(element, path, next + 1, test, whole, found)) return true
    }
  }
  return false
}

/** The outermost array is the one whose index counts, and it reports last. */
function at(found: Found | undefined, index: number): true {
  if (found !== undefined) found.index = index
  return true
}
