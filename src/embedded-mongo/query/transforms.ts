/** Stages that turn one document into one document: of a pipeline, and of an update written as one. */
import { type Doc, isDocument } from '../document.ts'
import { mongoError } from '../errors.ts'
import { type ExpressionEnv, compileExpression } from './expressions.ts'
import { compileAddFields, compileProjectStage, compileUnset } from './project.ts'
import { show, typeName } from './show.ts'

/** Undefined when the stage is not one of them. */
export function compileTransform(name: string, spec: unknown, env: ExpressionEnv): ((doc: Doc) => Doc) | undefined {
  switch (name) {
    case '$project':
      return compileProjectStage(spec, env)
    case '$addFields':
    case '$set':
      return compileAddFields(name, spec, env)
    case '$unset':
      return compileUnset(spec)
    case '$replaceRoot':
      if (!isDocument(spec)) throw mongoError('Location40229', `expected an object as specification for $replaceRoot stage, got ${typeName(spec)}`)
      for (const key of Object.keys(spec)) if (key !== 'newRoot') throw mongoError('Location40415', `BSON field '$replaceRoot.${key}' is an unknown field.`)
      if (!Object.hasOwn(spec, 'newRoot')) throw mongoError('Location40414', "BSON field '$replaceRoot.newRoot' is missing but a required field")
      return replaceRoot(spec['newRoot'], env)
    case '$replaceWith':
      return replaceRoot(spec, env)
    default:
      return undefined
  }
}

/** The name and the specification of a stage, which has exactly one field. */
export function stageOf(stage: unknown): [string, unknown] {
  const names = isDocument(stage) ? Object.keys(stage) : []
  const [name] = names
  if (names.length !== 1 || name === undefined) throw mongoError('Location40323', 'A pipeline stage specification object must contain exactly one field.')
  return [name, (stage as Doc)[name]]
}

function replaceRoot(spec: unknown, env: ExpressionEnv): (doc: Doc) => Doc {
  const compute = compileExpression(spec, env)
  return (doc) => {
    const made = compute(doc)
    if (isDocument(made)) return made
    throw mongoError('Location40228', `'newRoot' expression must evaluate to an object, but resulting value was: ${made === undefined ? 'MISSING' : show(made)}. Type of resulting value: '${typeName(made)}'. Input document: ${show(doc)}`)
  }
}
