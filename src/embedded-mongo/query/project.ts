import { type Doc, isDocument, setField } from '../document.ts'
import { mongoError } from '../errors.ts'
import { evaluate } from './expressions.ts'
import { compileFilter } from './match.ts'
import { asDouble, isNumeric } from './numbers.ts'

/** A tree of what is wanted: true and false at its leaves, functions where something is computed. */
interface Node {
  children: Map<string, Node | boolean | ((value: unknown, doc: Doc) => unknown)>
}

/** @throws MongoError for a projection that wants and unwants at once, or has operators that are not known here */
export function compileProjection(spec: Doc, filter: Doc = {}): (doc: Doc) => Doc {
  const root: Node = { children: new Map() }
  let including: boolean | undefined
  let id: boolean | undefined
  const computed: [string, unknown][] = []
  for (const [field, value] of Object.entries(spec)) {
    if (field === '_id' && isFlag(value)) {
      id = truth(value)
      continue
    }
    if (isFlag(value)) {
      if (including !== undefined && including !== truth(value)) throw mongoError(including ? 'Location31254' : 'Location31253', `Cannot do ${truth(value) ? 'inclusion' : 'exclusion'} on field ${field} in ${including ? 'inclusion' : 'exclusion'} projection`)
      including = truth(value)
      plant(root, field, including)
    } else if (isDocument(value) && '$slice' in value) plant(root, field, slice(value['$slice']))
    else if (isDocument(value) && '$elemMatch' in value) {
      including = true
      plant(root, field, firstMatching(value['$elemMatch'] as Doc))
    } else if (isDocument(value) && '$meta' in value) throw mongoError('CommandNotSupported', '$meta is not supported')
    else {
      including = true
      computed.push([field, value])
    }
  }
  const positional = Object.keys(spec).find((field) => field.endsWith('.$'))
  if (positional) return positionalProjection(spec, positional, filter)
  const onlyInclude = including ?? (id === true && root.children.size === 0)
  return (doc) => {
    const made = onlyInclude ? include(root, doc, doc) : exclude(root, doc, doc)
    for (const [field, expression] of computed) {
      const value = evaluate(expression, doc)
      if (value !== undefined) setField(made, field, value)
    }
    return withId(made, doc, id ?? true)
  }
}

function withId(made: Doc, doc: Doc, wanted: boolean): Doc {
  const { _id, ...rest } = made
  return wanted && '_id' in doc ? { _id: doc['_id'], ...rest } : rest
}

function plant(root: Node, field: string, leaf: boolean | ((value: unknown, doc: Doc) => unknown)): void {
  let node = root
  const path = field.split('.')
  for (const part of path.slice(0, -1)) {
    const next = node.children.get(part)
    const child: Node = typeof next === 'object' ? next : { children: new Map() }
    node.children.set(part, child)
    node = child
  }
  node.children.set(path.at(-1) as string, leaf)
}

function include(node: Node, doc: Doc, root: Doc): Doc {
  const made: Doc = {}
  for (const [name, value] of Object.entries(doc)) {
    const child = node.children.get(name)
    if (child === undefined || child === false) continue
    if (child === true) setField(made, name, value)
    else if (typeof child === 'function') setIfAny(made, name, child(value, root))
    else setIfAny(made, name, inside(value, (each) => include(child, each, root), true))
  }
  return made
}

function exclude(node: Node, doc: Doc, root: Doc): Doc {
  const made: Doc = {}
  for (const [name, value] of Object.entries(doc)) {
    const child = node.children.get(name)
    if (child === false) continue
    if (child === undefined || child === true) setField(made, name, value)
    else if (typeof child === 'function') setIfAny(made, name, child(value, root))
    else setIfAny(made, name, inside(value, (each) => exclude(child, each, root), false))
  }
  return made
}

function inside(value: unknown, project: (doc: Doc) => Doc, dropScalars: boolean): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => inside(each, project, dropScalars)).filter((each) => each !== undefined)
  if (isDocument(value)) return project(value)
  return dropScalars ? undefined : value
}

function setIfAny(doc: Doc, name: string, value: unknown): void {
  if (value !== undefined) setField(doc, name, value)
}

function slice(operand: unknown): (value: unknown) => unknown {
  const [skip, size] = Array.isArray(operand) ? [asDouble(operand[0]), asDouble(operand[1])] : [undefined, asDouble(operand)]
  return (value) => {
    if (!Array.isArray(value)) return value
    if (skip === undefined) return size < 0 ? value.slice(size) : value.slice(0, size)
    const start = skip < 0 ? Math.max(0, value.length + skip) : skip
    return value.slice(start, start + size)
  }
}

function firstMatching(condition: Doc): (value: unknown) => unknown {
  const test = compileFilter({ v: { $elemMatch: condition } })
  return (value) => {
    const found = Array.isArray(value) ? (value as unknown[]).find((each) => test({ v: [each] })) : undefined
    return found === undefined ? undefined : [found]
  }
}

// `list.$`: of the array, the first element that the filter asked for.
function positionalProjection(spec: Doc, positional: string, filter: Doc): (doc: Doc) => Doc {
  const field = positional.slice(0, -2)
  const { [positional]: _flag, ...rest } = spec
  const others = compileProjection({ ...rest, [field]: 1 }, filter)
  const predicates = Object.entries(filter).filter(([name]) => name === field || name.startsWith(`${field}.`))
  if (predicates.length === 0) throw mongoError('BadValue', `Executor error: the positional operator '${positional}' couldn't find a matching element in the array`)
  const tests = predicates.map(([name, predicate]) => compileFilter(name === field ? { v: predicate } : { [`v.${name.slice(field.length + 1)}`]: predicate }))
  return (doc) => {
    const list = doc[field]
    const found = Array.isArray(list) ? (list as unknown[]).find((each) => tests.every((test) => test({ v: [each] }))) : undefined
    return { ...others(doc), ...(found === undefined ? {} : { [field]: [found] }) }
  }
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean' || isNumeric(value)
}

function truth(value: unknown): boolean {
  return value === true || (isNumeric(value) && asDouble(value) !== 0)
}
