import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BSON } from 'mongodb'

/** The parts of MongoDB's unified test format that the published transactions and CRUD files use. */
export type Doc = Record<string, unknown>

export interface SpecFile {
  description: string
  schemaVersion: string
  runOnRequirements?: Requirement[]
  createEntities?: EntitySpec[]
  initialData?: CollectionData[]
  tests: SpecCase[]
}

export interface SpecCase {
  description: string
  skipReason?: string
  runOnRequirements?: Requirement[]
  operations: OperationSpec[]
  expectEvents?: ExpectedEvents[]
  outcome?: CollectionData[]
}

export interface Requirement {
  minServerVersion?: string
  maxServerVersion?: string
  topologies?: string[]
  serverless?: 'require' | 'forbid' | 'allow'
  auth?: boolean
  csfle?: boolean
}

/** Exactly one of the keys is present. */
export interface EntitySpec {
  client?: ClientSpec
  database?: { id: string; client: string; databaseName: string; databaseOptions?: Doc }
  collection?: { id: string; database: string; collectionName: string; collectionOptions?: Doc }
  session?: { id: string; client: string; sessionOptions?: Doc }
}

export interface ClientSpec {
  id: string
  uriOptions?: Doc
  /** Of interest to sharded clusters only. */
  useMultipleMongoses?: boolean
  observeEvents?: string[]
  ignoreCommandMonitoringEvents?: string[]
}

export interface CollectionData {
  databaseName: string
  collectionName: string
  createOptions?: Doc
  documents: Doc[]
}

export interface OperationSpec {
  object: string
  name: string
  arguments?: Doc
  ignoreResultAndError?: boolean
  expectResult?: unknown
  expectError?: ExpectedError
  saveResultAsEntity?: string
}

export interface ExpectedError {
  isError?: boolean
  isClientError?: boolean
  errorContains?: string
  errorCode?: number
  errorCodeName?: string
  errorLabelsContain?: string[]
  errorLabelsOmit?: string[]
  errorResponse?: Doc
  writeErrors?: Record<string, unknown>
  writeConcernErrors?: unknown[]
  expectResult?: unknown
}

export interface ExpectedEvents {
  client: string
  eventType?: 'command' | 'cmap'
  events: Record<string, Doc>[]
  ignoreExtraEvents?: boolean
}

/**
 * Reads every file of a folder in the order of their names.
 * Throws on a schema newer than the one that this runner was written for, and on a key it has never heard of: a test half understood proves nothing.
 */
export function loadFolder(folder: string): SpecFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => readSpecFile(join(folder, name)))
}

function readSpecFile(path: string): SpecFile {
  const file = BSON.EJSON.parse(readFileSync(path, 'utf8'), { relaxed: true }) as SpecFile
  onlyKnownKeys(path, file, ['description', 'schemaVersion', 'runOnRequirements', 'createEntities', 'initialData', 'tests', '_yamlAnchors'])
  const [major, minor] = file.schemaVersion.split('.').map(Number)
  if (major !== 1 || minor! > 21) throw new Error(`${path}: schema version ${file.schemaVersion} is not understood`)
  for (const test of file.tests) {
    const at = `${path}: ${test.description}`
    onlyKnownKeys(at, test, ['description', 'skipReason', 'runOnRequirements', 'operations', 'expectEvents', 'outcome'])
    for (const operation of test.operations) onlyKnownKeys(at, operation, operationKeys)
    for (const expected of test.expectEvents ?? []) onlyKnownKeys(at, expected, ['client', 'eventType', 'events', 'ignoreExtraEvents'])
  }
  return file
}

const operationKeys = ['object', 'name', 'arguments', 'ignoreResultAndError', 'expectResult', 'expectError', 'saveResultAsEntity']

function onlyKnownKeys(at: string, value: object, known: string[]): void {
  const unknown = Object.keys(value).filter((key) => !known.includes(key))
  if (unknown.length > 0) throw new Error(`${at}: the runner does not know ${unknown.join(', ')}`)
}
