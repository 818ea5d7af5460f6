import { type Doc, getField, isDocument } from '../document.ts'

/**
 * What a dotted path leads to. Arrays on the way are walked into, element by element, and by index where a part is a number. A document
 * that lacks the field gives `undefined`; a value that can't have fields gives nothing.
 */
export function leavesOf(value: unknown, path: readonly string[], at = 0): unknown[] {
  if (at === path.length) return [value]
  const name = path[at] as string
  if (Array.isArray(value)) {
    const indexed = /^(0|[1-9]\d*)$/.test(name) && Number(name) < value.length ? leavesOf(value[Number(name)], path, at + 1) : []
    return [...indexed, ...value.filter(isDocument).flatMap((each) => leavesOf(each, path, at))]
  }
  if (!isDocument(value)) return at === 0 ? [undefined] : []
  return leavesOf(getField(value, name), path, at + 1).concat(Object.hasOwn(value, name) || at + 1 === path.length ? [] : [undefined])
}

/** The value itself and, of an array, its elements: what most predicates look at. */
export function candidatesOf(leaves: readonly unknown[]): unknown[] {
  return leaves.flatMap((leaf) => (Array.isArray(leaf) ? [...(leaf as unknown[]), leaf] : [leaf]))
}

export function fieldAt(doc: Doc, path: string): unknown {
  return path.split('.').reduce<unknown>((value, part) => (isDocument(value) ? getField(value, part) : Array.isArray(value) ? (value as unknown[])[Number(part)] : undefined), doc)
}
