/** Projections: of find, with its own operators, and of $project, $addFields and $unset. */
import { type Doc, getField, isDocument, setField } from '../document.ts'
import { mongoError } from '../errors.ts'
import { isNumeric, truthy } from './compare.ts'
import { type ExpressionEnv, compileExpression, fieldPath } from './expressions.ts'
import { compileFilter, compilePosition } from './match.ts'
import { toSafeInteger } from './numbers.ts'
import { compilePredicates, isOperatorDocument, valueTest } from './predicates.ts'
import { show } from './show.ts'

/** The projection of find and findAndModify; `filter` is what `field.$` refers to. Throws MongoDB's errors for one that cannot be read. */
export function compileProjection(spec: Doc, filter: Doc = {}, env: ExpressionEnv = {}): (doc: Doc) => Doc {
  return compile(spec, { env, filter, stage: undefined })
}

/** The $project stage. */
export function compileProjectStage(spec: unknown, env: ExpressionEnv): (doc: Doc) => Doc {
  if (!isDocument(spec)) throw mongoError('Location15969', '$project specification must be an object')
  if (Object.keys(spec).length === 0) throw mongoError('Location51272', 'projection specification must have at least one field')
  return compile(spec, { env, filter: undefined, stage: '$project' })
}

/** $addFields and $set: every field is computed, the others stay. */
export function compileAddFields(name: string, spec: unknown, env: ExpressionEnv): (doc: Doc) => Doc {
  if (!isDocument(spec)) throw mongoError('Location40272', `${name} specification stage must be an object, got ${show(spec)}`)
  const root: Tree = newTree()
  for (const field of Object.keys(spec)) plantComputed(root, fieldPath(field), spec[field], env, field)
  return (doc) => addFields(root, doc, doc) as Doc
}

/** $unset: a field or a list of them. */
export function compileUnset(spec: unknown): (doc: Doc) => Doc {
  const fields = Array.isArray(spec) ? (spec as unknown[]) : [spec]
  if (fields.length === 0) throw mongoError('Location31119', '$unset specification must be a string or an array with at least one field')
  const root: Tree = newTree()
  for (const field of fields) {
    if (typeof field !== 'string') throw mongoError('Location31120', '$unset specification must be a string or an array containing only string values')
    plant(root, fieldPath(field), { kind: 'flag' }, field)
  }
  return (doc) => exclude(root, doc, doc) as Doc
}

interface Context {
  env: ExpressionEnv
  /** of a find; undefined for a stage, which has no $slice, $elemMatch and `$` of this kind */
  filter: Doc | undefined
  stage: '$project' | undefined
}

/** One level of a projection: a branch for each field that it names. */
interface Tree {
  kind: 'tree'
  children: Map<string, Branch>
}

type Branch =
  | Tree
  | { kind: 'flag' }
  | { kind: 'computed'; compute: (doc: Doc) => unknown }
  | { kind: 'change'; change: (value: unknown, doc: Doc) => unknown }

function newTree(): Tree {
  return { kind: 'tree', children: new Map() }
}

interface Parsed {
  including: boolean | undefined
  id: boolean | undefined
  includeOnly: boolean
}

function compile(spec: Doc, context: Context): (doc: Doc) => Doc {
  const root: Tree = newTree()
  const parsed: Parsed = { including: undefined, id: undefined, includeOnly: false }
  parseLevel(spec, [], root, parsed, context)
  const { including, id, includeOnly } = parsed
  if (including ?? (includeOnly || (id === true && root.children.size === 0))) {
    if (id !== false && !root.children.has('_id')) root.children.set('_id', { kind: 'flag' })
    return (doc) => include(root, doc, doc) as Doc
  }
  if (id === false) root.children.set('_id', { kind: 'flag' })
  return (doc) => exclude(root, doc, doc) as Doc
}

function parseLevel(spec: Doc, prefix: readonly string[], root: Tree, parsed: Parsed, context: Context): void {
  for (const field of Object.keys(spec)) parseField(field, spec[field], prefix, root, parsed, context)
}

function parseField(field: string, value: unknown, prefix: readonly string[], root: Tree, parsed: Parsed, context: Context): void {
  const written = [...prefix, field].join('.')
  if (context.stage === undefined && (field === '$' || field.endsWith('.$'))) return parsePositional(written, value, root, parsed, context)
  const path = [...prefix, ...fieldPath(field)]
  if (isNumeric(value) || typeof value === 'boolean') return parseFlag(path, truthy(value), root, parsed, written)
  if (isDocument(value)) {
    const [first] = Object.keys(value)
    if (first === undefined) throw mongoError('Location51270', `An empty sub-projection is not a valid value. Found empty object at path`)
    if (first === '$meta') throw mongoError('BadValue', '$meta is not supported by this server')
    if (context.stage === undefined && first === '$slice' && isFindSlice(value['$slice'])) return plant(root, path, { kind: 'change', change: slice(value['$slice']) }, written)
    if (context.stage === undefined && first === '$elemMatch') {
      if (path.length > 1) throw mongoError('Location31275', 'Cannot use $elemMatch projection on a nested field.')
      parsed.includeOnly = true
      return plant(root, path, { kind: 'change', change: firstMatching(value['$elemMatch']) }, written)
    }
    if (!first.startsWith('$')) return parseLevel(value, path, root, parsed, context)
  }
  if (parsed.including === false) throw mongoError('Location31310', `Cannot use an expression ${written}: ${show(value)} in an exclusion projection`)
  parsed.including = true
  const compute = compileExpression(value, context.env)
  plant(root, path, { kind: 'computed', compute }, written)
}

function parseFlag(path: string[], wanted: boolean, root: Tree, parsed: Parsed, written: string): void {
  if (path.length === 1 && path[0] === '_id') {
    parsed.id = wanted
    return
  }
  if (parsed.including !== undefined && parsed.including !== wanted) {
    throw wanted
      ? mongoError('Location31253', `Cannot do inclusion on field ${written} in exclusion projection`)
      : mongoError('Location31254', `Cannot do exclusion on field ${written} in inclusion projection`)
  }
  parsed.including = wanted
  plant(root, path, { kind: 'flag' }, written)
}

function parsePositional(written: string, value: unknown, root: Tree, parsed: Parsed, { filter }: Context): void {
  const array = written.slice(0, -2)
  if (!truthy(value) || parsed.including === false) throw mongoError('Location31395', 'positional projection cannot be used with exclusion')
  if (array.includes('$')) throw mongoError('Location31394', `As of 4.4, it's illegal to specify positional operator in the middle of a path: ${written}`)
  const position = compilePosition(filter ?? {})
  parsed.including = true
  const path = fieldPath(array)
  plant(
    root,
    path,
    {
      kind: 'change',
      change: (list, doc) => {
        if (!Array.isArray(list)) return list
        const index = position(doc, array)
        if (index === undefined || index >= list.length) throw mongoError('Location51246', "Executor error during find command :: caused by :: positional operator '.$' couldn't find a matching element in the array")
        return [list[index]]
      },
    },
    written,
  )
}

function plantComputed(root: Tree, path: string[], value: unknown, env: ExpressionEnv, written: string): void {
  if (isDocument(value) && Object.keys(value).length > 0 && !Object.keys(value)[0]?.startsWith('$')) {
    for (const field of Object.keys(value)) plantComputed(root, [...path, ...fieldPath(field)], value[field], env, `${written}.${field}`)
    return
  }
  plant(root, path, { kind: 'computed', compute: compileExpression(value, env) }, written)
}

function plant(root: Tree, path: readonly string[], branch: Branch, written: string): void {
  let tree = root
  for (const [index, part] of path.slice(0, -1).entries()) {
    const child = tree.children.get(part)
    if (child !== undefined && child.kind !== 'tree') throw mongoError('Location31249', `Path collision at ${written} remaining portion ${path.slice(index + 1).join('.')}`)
    const next = child ?? newTree()
    tree.children.set(part, next)
    tree = next
  }
  const last = path.at(-1) as string
  if (tree.children.has(last)) throw mongoError('Location31250', `Path collision at ${written}`)
  tree.children.set(last, branch)
}

/** Existing fields in the document's own order, `_id` first, then what is computed, in the order of the projection. */
function include(tree: Tree, doc: Doc, root: Doc): Doc {
  const made: Doc = {}
  if (tree.children.has('_id')) setField(made, '_id', undefined)
  for (const name of Object.keys(doc)) {
    const branch = tree.children.get(name)
    if (branch === undefined || branch.kind === 'computed') continue
    const value = doc[name]
    put(made, name, branch.kind === 'flag' ? value : branch.kind === 'change' ? branch.change(value, root) : inside(value, (each) => include(branch, each, root), false))
  }
  computeInto(made, tree, doc, root)
  if (made['_id'] === undefined) delete made['_id']
  return made
}

function exclude(tree: Tree, doc: Doc, root: Doc): Doc {
  const made: Doc = {}
  for (const name of Object.keys(doc)) {
    const branch = tree.children.get(name)
    const value = doc[name]
    if (branch === undefined) setField(made, name, value)
    else if (branch.kind === 'change') put(made, name, branch.change(value, root))
    else if (branch.kind === 'tree') put(made, name, inside(value, (each) => exclude(branch, each, root), true))
  }
  return made
}

/** What is computed under an included path, in documents of arrays too; a scalar in its way gives room to a document. */
function computeInto(made: Doc, tree: Tree, doc: Doc, root: Doc): void {
  for (const [name, branch] of tree.children) {
    if (branch.kind === 'computed') put(made, name, branch.compute(root), true)
    else if (branch.kind === 'tree' && hasComputed(branch)) {
      const value = getField(doc, name)
      put(made, name, computedInside(branch, value, root))
    }
  }
}

function computedInside(tree: Tree, value: unknown, root: Doc): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => computedInside(tree, item, root))
  return include(tree, isDocument(value) ? value : {}, root)
}

function hasComputed(tree: Tree): boolean {
  for (const branch of tree.children.values()) if (branch.kind === 'computed' || (branch.kind === 'tree' && hasComputed(branch))) return true
  return false
}

function addFields(tree: Tree, value: unknown, root: Doc): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => addFields(tree, item, root))
  const made: Doc = {}
  if (isDocument(value)) for (const name of Object.keys(value)) setField(made, name, value[name])
  for (const [name, branch] of tree.children) {
    if (branch.kind === 'computed') {
      const result = branch.compute(root)
      if (result === undefined) delete made[name]
      else setField(made, name, result)
    } else if (branch.kind === 'tree') setField(made, name, addFields(branch, getField(made, name), root))
  }
  return made
}

/** Documents of arrays are projected each; scalars are dropped by an inclusion and kept by an exclusion. */
function inside(value: unknown, project: (doc: Doc) => Doc, keepScalars: boolean): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => inside(item, project, keepScalars)).filter((item) => item !== undefined)
  if (isDocument(value)) return project(value)
  return keepScalars ? value : undefined
}

function put(doc: Doc, name: string, value: unknown, replace = false): void {
  if (value !== undefined) setField(doc, name, value)
  else if (replace && Object.hasOwn(doc, name)) delete doc[name]
}

/** `$slice: n` and `$slice: [skip, n]` are find's own; anything else is the expression of that name. */
function isFindSlice(value: unknown): boolean {
  return isNumeric(value) || (Array.isArray(value) && value.length === 2 && value.every(isNumeric))
}

function slice(operand: unknown): (value: unknown) => unknown {
  const [first, second] = (Array.isArray(operand) ? operand : [operand]).map((item) => toSafeInteger(item)) as [number | undefined, number | undefined]
  if (first === undefined || (Array.isArray(operand) && (second === undefined || second <= 0))) throw mongoError('Location28729', `Invalid $slice syntax. The given syntax ${show(operand)} did not match the find() syntax`)
  return (value) => {
    if (!Array.isArray(value)) return value
    if (second === undefined) return first < 0 ? value.slice(first) : value.slice(0, first)
    const from = first < 0 ? Math.max(0, value.length + first) : first
    return value.slice(from, from + second)
  }
}

function firstMatching(condition: unknown): (value: unknown) => unknown {
  if (!isDocument(condition)) throw mongoError('Location31274', 'elemMatch: Invalid argument, object required')
  const tests = isOperatorDocument(condition) && !/^\$(and|or|nor|expr)$/.test(Object.keys(condition)[0] as string) ? compilePredicates(condition, (filter) => compileFilter(filter)).map(valueTest) : undefined
  const matches = tests === undefined ? compileFilter(condition) : undefined
  return (value) => {
    if (!Array.isArray(value)) return undefined
    const found = value.find((item: unknown) => (matches === undefined ? (tests ?? []).every((test) => test(item)) : isDocument(item) && matches(item)))
    return found === undefined ? undefined : [found]
  }
}
