import { BSON, MongoBulkWriteError, MongoClientBulkWriteError, MongoError, MongoServerError } from 'mongodb'
import type { Doc, ExpectedError } from './format.ts'
import { difference, differenceOfEach } from './match.ts'
import type { MatchContext } from './match.ts'
import { plain, positions } from './operations.ts'

/** Tells what is not as the case wants it about an error that an operation gave, or undefined. */
export function differenceOfError(expected: ExpectedError, error: unknown, context: MatchContext): string | undefined {
  // A complaint of the runner itself, or a slip in it, must not pass for the error that a case waits for.
  if (!(error instanceof MongoError || error instanceof BSON.BSONError)) throw error
  for (const [key, wanted] of Object.entries(expected)) {
    const check = checks[key as keyof ExpectedError]
    if (!check) throw new Error(`the runner does not know ${key} of an expected error`)
    const found = check(wanted as never, error, context)
    if (found) return `${key}: ${found} (${error.name}: ${error.message})`
  }
  return undefined
}

type Check = (wanted: never, error: Error, context: MatchContext) => string | undefined

const checks: Record<keyof ExpectedError, Check> = {
  isError: () => undefined,
  isClientError: (wanted: boolean, error) =>
    unless(!(error instanceof MongoServerError) === wanted, `it comes from the ${wanted ? 'server' : 'client'}`),
  errorContains: (wanted: string, error) => unless(error.message.toLowerCase().includes(wanted.toLowerCase()), `"${wanted}" is not in it`),
  errorCode: (wanted: number, error) => unless(field(error, 'code') === wanted, `expected ${wanted}, got ${String(field(error, 'code'))}`),
  errorCodeName: (wanted: string, error) =>
    unless(field(error, 'codeName') === wanted, `expected ${wanted}, got ${String(field(error, 'codeName'))}`),
  errorLabelsContain: (wanted: string[], error) =>
    listed(
      wanted.filter((label) => !hasLabel(error, label)),
      'lacks',
    ),
  errorLabelsOmit: (wanted: string[], error) =>
    listed(
      wanted.filter((label) => hasLabel(error, label)),
      'has',
    ),
  errorResponse: (wanted: Doc, error, context) => difference(wanted, serverAnswer(error), context),
  writeErrors: (wanted: Doc, error, context) => {
    const found = error instanceof MongoClientBulkWriteError ? positions(error.writeErrors) : {}
    if (Object.keys(found).length !== Object.keys(wanted).length) return `at ${Object.keys(found).join(', ') || 'no position'}`
    return Object.entries(wanted)
      .map(([position, write]) => difference(write, found[position], context))
      .find(Boolean)
  },
  writeConcernErrors: (wanted: Doc[], error, context) =>
    differenceOfEach(wanted, error instanceof MongoClientBulkWriteError ? error.writeConcernErrors : [], context),
  expectResult: (wanted: unknown, error, context) => difference(wanted, partialResult(error), context),
}

function unless(fine: boolean, complaint: string): string | undefined {
  return fine ? undefined : complaint
}

function listed(labels: string[], verb: string): string | undefined {
  return labels.length === 0 ? undefined : `it ${verb} ${labels.join(', ')}`
}

/** A field of the server's answer; a bulk write's error carries the answer of the command that failed below itself. */
function field(error: Error, name: 'code' | 'codeName'): unknown {
  return Reflect.get(error, name) ?? serverAnswer(error)?.[name]
}

function serverAnswer(error: Error): Doc | undefined {
  const cause = error.cause instanceof MongoServerError ? error.cause : undefined
  const own = error instanceof MongoServerError ? (error.errorResponse as Doc) : undefined
  const answer = cause && error instanceof MongoClientBulkWriteError ? cause.errorResponse : own
  // The driver sometimes wraps the answer once more when it builds the error of a bulk write.
  return (answer?.errorResponse as Doc | undefined) ?? answer
}

function hasLabel(error: Error, label: string): boolean {
  return error instanceof MongoError && error.hasErrorLabel(label)
}

function partialResult(error: Error): Doc | undefined {
  if (error instanceof MongoBulkWriteError) return plain(error.result)
  if (error instanceof MongoClientBulkWriteError) return error.partialResult && plain(error.partialResult)
  return undefined
}
