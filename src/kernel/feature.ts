import type { Express } from 'express'
import type { Bell } from './bell.ts'
import type { Broadcast, Subscriber } from './events.ts'
import type { ErrorCode } from './errors.ts'
import type { AnyOperation, Method } from './operation.ts'
import type { Schema } from 'joi'

/** Everything that the platform knows of a feature: lists. */
export interface Feature {
  name: string
  operations: AnyOperation[]
  facts: AnyFact[]
  subscribers: Subscriber[]
  broadcasts: Broadcast[]
  jobs: Job[]
  dues: DueTable[]
  endpoints: Endpoint[]
  checks: Check[]
  effects: Effect[]
  personal: PersonalData[]
  gauges: Gauge[]
  models: IndexedModel[]
}

/** One thing that clients are told. Its data is checked against the schema wherever tests listen. */
export interface Fact<Data = unknown> {
  name: string
  /** one line for the documents */
  summary: string
  namespace: '/' | '/overlay'
  /** who hears it, in the words of `rooms` */
  room: FactRoom
  /** who else hears the same */
  also?: readonly { namespace: '/' | '/overlay'; room: FactRoom }[]
  data: Schema<Data>
}

export type FactRoom = 'user' | 'session' | 'creator' | 'conversation' | 'overlay' | 'admin' | 'socket'
export type AnyFact = Fact

/** Keeps a fact's schema and its contract of one mind. */
export function fact<Data>(row: Fact<Data>): AnyFact {
  return Object.freeze(row) as unknown as AnyFact
}

/** Recurring work. The rows decide what is due: running it twice, or on two machines at once, changes nothing. */
export interface Job {
  name: string
  /** under a minute: a timer of this process; longer: woken by Agenda */
  every_ms: number
  /** for turns in between: what this process makes due need not wait for the next regular one. Of those under a minute only */
  bell?: Bell
  run(): Promise<void>
}

/**
 * Rows that fall due by business time: what a job looks at, and what is gone through step by step when that time is moved. Each is claimed by
 * a conditional update, so that looking twice, or on two machines at once, changes nothing.
 */
export interface DueTable {
  /** also the name of its job */
  name: string
  every_ms: number
  bell?: Bell
  /** the row that is due first, now or later */
  next(): Promise<DueRow | null>
  /** Does what is due by then, a page of it. @returns how many rows are no longer where they were */
  runDue(now: Date): Promise<number>
}

export interface DueRow {
  at: Date
  row: string
}

/** Raw-body webhooks, pages and uploads: the few doors that are no operation. Mounted before any body parser. */
export interface Endpoint {
  name: string
  /** what comes below this path counts against the limit of its address; without one nothing is counted */
  limited_path?: string
  /** a path whose bodies may take longer to arrive than others */
  arrival?: { path: string; ms: number }
  mount(app: Express): void
  /** what the documents tell of it; left out where no client relies on it */
  routes?: readonly EndpointRoute[]
}

/** A route of an endpoint, for the documents only: nothing here checks or does anything. */
export interface EndpointRoute {
  name: string
  /** one line for the documents */
  summary: string
  route: `${Method} /${string}`
  /** for whoever is signed in */
  bearer?: true
  headers?: readonly { name: string; summary: string; required: boolean }[]
  body?: { media_type: string; data: Schema }
  answers: readonly { status: number; summary: string; media_type: string; data?: Schema }[]
  errors: readonly ErrorCode[]
}

/** A figure that is looked up when metrics are read. */
export interface Gauge {
  /** `ovation_…`, unit last */
  name: `ovation_${string}`
  help: string
  /** the name of what tells several values apart */
  label?: string
  /** one value, or one for each value of the label */
  read(): Promise<number | Record<string, number>>
}

/** An invariant that a query can see. It reports, it never repairs. */
export interface Check {
  name: string
  run(options: CheckOptions): Promise<Violation[]>
}

export interface CheckOptions {
  /** walk everything from the first batch, not from the last one verified */
  full: boolean
}

export interface Violation {
  check: string
  detail: string
  subject?: string
}

/** What an operation with an idempotency key makes: one thing for one key, and it is its caller's. */
export interface Effect {
  operation: string
  /** the field of the answer that names it */
  field: string
  /** id → whose it is, for those that exist; several where asking again, or as another of them, finds the same thing */
  ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, string | readonly string[]>>
}

/** What a feature keeps on a person: theirs to take away, and to have erased. */
export interface PersonalData {
  name: string
  /** in the words of the contracts, without hashes or other people's data */
  read(userId: string): Promise<unknown>
  /** names, texts and addresses go, ids and amounts stay; may run again after it was cut off */
  erase(userId: string): Promise<void>
}

export interface IndexedModel {
  modelName: string
  createCollection(): Promise<unknown>
  schema: { indexes(): [key: object, options: object][] }
  collection: { createIndexes(indexes: never[]): Promise<unknown> }
  diffIndexes(): Promise<{ toCreate: unknown[] }>
}

export function defineFeature(feature: Pick<Feature, 'name'> & Partial<Feature>): Feature {
  return Object.freeze({
    operations: [],
    facts: [],
    subscribers: [],
    broadcasts: [],
    jobs: [],
    dues: [],
    endpoints: [],
    checks: [],
    effects: [],
    personal: [],
    gauges: [],
    models: [],
    ...feature,
  })
}
