import { endTransactions, setUp, turnOffFailPoints } from './deployment.ts'
import type { Deployment } from './deployment.ts'
import { createEntityMap } from './entities.ts'
import type { EntityMap } from './entities.ts'
import { differenceOfError } from './expected-error.ts'
import type { CollectionData, Doc, ExpectedEvents, OperationSpec, SpecCase, SpecFile } from './format.ts'
import { difference, differenceOfData, differenceOfEach } from './match.ts'
import { perform } from './operations.ts'
import type { Result } from './operations.ts'

/** Runs one case from an empty stage to a clean one; rejects with the first thing that is not as the case says. */
export async function runCase(deployment: Deployment, file: SpecFile, test: SpecCase): Promise<void> {
  await setUp(deployment, file.initialData ?? [])
  const entities = createEntityMap(deployment.uri)
  try {
    entities.create(file.createEntities ?? [])
    for (const [index, operation] of test.operations.entries()) {
      const found = await runOperation(deployment, entities, operation)
      if (found) throw new Error(`operation ${index}, ${operation.object}.${operation.name}: ${found}`)
    }
    entities.stopObserving()
    await turnOffFailPoints(deployment)
    for (const expected of test.expectEvents ?? []) checkEvents(entities, expected)
    for (const expected of test.outcome ?? []) await checkOutcome(deployment, expected)
  } finally {
    await turnOffFailPoints(deployment)
    await entities.close()
    if (test.operations.some((operation) => operation.name === 'startTransaction')) await endTransactions(deployment)
  }
}

async function runOperation(deployment: Deployment, entities: EntityMap, operation: OperationSpec): Promise<string | undefined> {
  const attempt = await settle(perform({ deployment, entities }, operation))
  if (operation.ignoreResultAndError) return undefined
  if (operation.expectError) {
    return 'error' in attempt ? differenceOfError(operation.expectError, attempt.error, entities) : 'succeeded where an error is expected'
  }
  if ('error' in attempt) throw attempt.error
  if (operation.saveResultAsEntity) entities.save(operation.saveResultAsEntity, resultValue(attempt.result))
  if (!('expectResult' in operation)) return undefined
  return 'documents' in attempt.result
    ? differenceOfEach(operation.expectResult, attempt.result.documents, entities)
    : difference(operation.expectResult, attempt.result.value, entities)
}

async function settle(running: Promise<Result>): Promise<{ result: Result } | { error: unknown }> {
  try {
    return { result: await running }
  } catch (error) {
    return { error }
  }
}

function resultValue(result: Result): unknown {
  return 'documents' in result ? result.documents : result.value
}

function checkEvents(entities: EntityMap, { client, eventType = 'command', events, ignoreExtraEvents = false }: ExpectedEvents): void {
  const observed = entities.of('client', client).events.filter((event) => event.type === eventType)
  const names = observed.map(({ name, content }) => `${name} ${String(content.commandName ?? '')}`).join(', ') || 'none'
  for (const [index, expected] of events.entries()) {
    const [name, wanted] = Object.entries(expected)[0]!
    const event = observed[index]
    if (event?.name !== name) throw new Error(`event ${index}: expected ${name} of ${String(wanted.commandName)}, observed: ${names}`)
    const found = differenceOfEvent(wanted, withoutAddedLimit(wanted, event.content), entities)
    if (found) throw new Error(`event ${index}, ${name}: ${found}; observed: ${names}`)
  }
  if (!ignoreExtraEvents && observed.length > events.length) throw new Error(`expected ${events.length} events, observed: ${names}`)
}

/** Every part is a root document or a plain value. */
function differenceOfEvent(wanted: Doc, content: Doc, entities: EntityMap): string | undefined {
  for (const [part, value] of Object.entries(wanted)) {
    if (!['command', 'commandName', 'databaseName', 'reply'].includes(part)) throw new Error(`the runner does not know ${part} of an event`)
    const found = difference(value, content[part], entities)
    if (found) return `${part}${found}`
  }
  return undefined
}

/**
 * The driver adds a limit of ten seconds to the write concern of each commit and abort that has one. The specification asks for it from the second try
 * on only; the cases that wait for none are taken to mean the rest of the concern.
 */
function withoutAddedLimit(wanted: Doc, content: Doc): Doc {
  const sent = content.command as Doc | undefined
  const concern = sent?.writeConcern as Doc | undefined
  const expected = (wanted.command as Doc | undefined)?.writeConcern as Doc | undefined
  const isEnding = content.commandName === 'commitTransaction' || content.commandName === 'abortTransaction'
  if (!isEnding || concern?.wtimeout !== addedLimitMs || !expected || 'wtimeout' in expected) return content
  const { wtimeout: _added, ...rest } = concern
  return { ...content, command: { ...sent, writeConcern: rest } }
}

const addedLimitMs = 10_000

async function checkOutcome({ admin }: Deployment, { databaseName, collectionName, documents }: CollectionData): Promise<void> {
  const collection = admin.db(databaseName).collection(collectionName, { readConcern: { level: 'local' }, readPreference: 'primary' })
  const found = differenceOfData(documents, await collection.find().sort({ _id: 1 }).toArray())
  if (found) throw new Error(`outcome of ${databaseName}.${collectionName}: ${found}`)
}
