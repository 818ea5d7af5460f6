/** Filters as functions over typed documents. Nothing a client sends is ever run: an operator that is not known here is refused. */
import { type Doc, isDocument } from '../document.ts'
import { mongoError } from '../errors.ts'
import { truthy } from './compare.ts'
import { compileExpression } from './expressions.ts'
import { type Path, anyAt, indexAt, parsePath } from './paths.ts'
import { type Predicate, compilePredicates, isOperatorDocument } from './predicates.ts'

export interface FilterEnv {
  /** values of `$$name` in $expr */
  let?: Doc | undefined
}

/** Throws `BadValue` and its kin for a filter that MongoDB would refuse, and for operators that this store does not have. */
export function compileFilter(filter: Doc, env: FilterEnv = {}): (doc: Doc) => boolean {
  return compileNode(parseFilter(filter, env))
}

/**
 * The index that the positional operator `$` stands for at the array `array` of a document which the filter matches: of the last condition
 * on that array, else of the last one that went through any array. Undefined when none did.
 */
export function compilePosition(filter: Doc, env: FilterEnv = {}): (doc: Doc, array: string) => number | undefined {
  const node = parseFilter(filter, env)
  return (doc, array) => positionIn(node, doc, (path) => path.text === array || path.text.startsWith(`${array}.`)) ?? positionIn(node, doc, () => true)
}

type Node =
  | { kind: 'and' | 'or' | 'nor'; children: Node[] }
  | { kind: 'field'; path: Path; predicate: Predicate }
  | { kind: 'test'; test: (doc: Doc) => boolean }

function parseFilter(filter: Doc, env: FilterEnv): Node {
  const children: Node[] = []
  for (const name of Object.keys(filter)) {
    const operand = filter[name]
    if (name.startsWith('$')) {
      const node = parseTop(name, operand, env)
      if (node !== undefined) children.push(node)
    } else {
      const path = parsePath(name)
      for (const predicate of compilePredicates(operand, subfilter(env))) children.push({ kind: 'field', path, predicate })
    }
  }
  return children.length === 1 ? (children[0] as Node) : { kind: 'and', children }
}

/** What predicates need of filters, for $elemMatch over documents. */
function subfilter(env: FilterEnv): (filter: Doc) => (doc: Doc) => boolean {
  return (filter) => compileFilter(filter, env)
}

function parseTop(name: string, operand: unknown, env: FilterEnv): Node | undefined {
  switch (name) {
    case '$and':
    case '$or':
    case '$nor':
      return { kind: name.slice(1) as 'and' | 'or' | 'nor', children: parseBranches(name, operand, env) }
    case '$expr': {
      const expression = compileExpression(operand, { let: env.let })
      return { kind: 'test', test: (doc) => truthy(expression(doc)) }
    }
    case '$comment':
      return undefined
    case '$alwaysTrue':
      return { kind: 'test', test: () => true }
    case '$alwaysFalse':
      return { kind: 'test', test: () => false }
    case '$where':
      throw mongoError('BadValue', '$where is not supported by this server: no code of a client runs here')
    case '$text':
      throw mongoError('IndexNotFound', 'text index required for $text query')
    case '$jsonSchema':
    case '$sampleRate':
      throw mongoError('BadValue', `${name} is not supported by this server`)
    default:
      throw mongoError('BadValue', `unknown top level operator: ${name}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`)
  }
}

function parseBranches(name: string, operand: unknown, env: FilterEnv): Node[] {
  if (!Array.isArray(operand)) throw mongoError('BadValue', `${name} must be an array`)
  if (operand.length === 0) throw mongoError('BadValue', '$and/$or/$nor must be a nonempty array')
  return operand.map((branch: unknown) => {
    if (!isDocument(branch)) throw mongoError('BadValue', '$or/$and/$nor entries need to be full objects')
    return parseFilter(branch, env)
  })
}

function compileNode(node: Node): (doc: Doc) => boolean {
  if (node.kind === 'test') return node.test
  if (node.kind === 'field') {
    return compileAt(node.path, node.predicate)
  }
  const tests = node.children.map(compileNode)
  const [first, second] = tests
  if (node.kind === 'and') {
    if (tests.length === 0) return () => true
    if (tests.length === 2 && first !== undefined && second !== undefined) return (doc) => first(doc) && second(doc)
    return (doc) => tests.every((test) => test(doc))
  }
  return node.kind === 'or' ? (doc) => tests.some((test) => test(doc)) : (doc) => !tests.some((test) => test(doc))
}

function compileAt(path: Path, predicate: Predicate): (doc: Doc) => boolean {
  if ('none' in predicate) {
    const tests = predicate.none.map((each) => compileAt(path, each))
    return (doc) => !tests.every((test) => test(doc))
  }
  const { test, negated, whole } = predicate
  return negated ? (doc) => !anyAt(doc, path, test, whole) : (doc) => anyAt(doc, path, test, whole)
}

function positionIn(node: Node, doc: Doc, wanted: (path: Path) => boolean): number | undefined {
  if (node.kind === 'field') {
    const { path, predicate } = node
    if ('none' in predicate || predicate.negated || !wanted(path)) return undefined
    return predicate.position === undefined ? indexAt(doc, path, predicate.test) : positionInside(path, predicate.position, doc)
  }
  if (node.kind === 'and') {
    return node.children.reduce<number | undefined>((last, child) => positionIn(child, doc, wanted) ?? last, undefined)
  }
  if (node.kind !== 'or') return undefined
  for (const child of node.children) {
    if (!compileNode(child)(doc)) continue
    const position = positionIn(child, doc, wanted)
    if (position !== undefined) return position
  }
  return undefined
}

/** An $elemMatch stands for the element of its own array, unless the path to that went through another one. */
function positionInside(path: Path, position: (value: unknown) => number | undefined, doc: Doc): number | undefined {
  let inner: number | undefined
  const outer = indexAt(
    doc,
    path,
    (value) => {
      inner = position(value)
      return inner !== undefined
    },
  )
  return inner === undefined ? undefined : (outer ?? inner)
}

export { isOperatorDocument as isOperators }
