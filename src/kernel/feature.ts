import type { Express } from 'express'
import type { Broadcast, Subscriber } from './events.ts'
import type { AnyOperation } from './operation.ts'

/** Everything that the platform knows of a feature: lists. */
export interface Feature {
  name: string
  operations: AnyOperation[]
  subscribers: Subscriber[]
  broadcasts: Broadcast[]
  jobs: Job[]
  endpoints: Endpoint[]
  checks: Check[]
  models: IndexedModel[]
}

/** Recurring work. The rows decide what is due: running it twice, or on two machines at once, changes nothing. */
export interface Job {
  name: string
  /** under a minute: a timer of this process; longer: woken by Agenda */
  every_ms: number
  run(): Promise<void>
}

/** Raw-body webhooks, pages and uploads: the few doors that are no operation. Mounted before any body parser. */
export interface Endpoint {
  name: string
  mount(app: Express): void
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

export interface IndexedModel {
  modelName: string
  createCollection(): Promise<unknown>
  createIndexes(): Promise<unknown>
}

export function defineFeature(feature: Pick<Feature, 'name'> & Partial<Feature>): Feature {
  return Object.freeze({ operations: [], subscribers: [], broadcasts: [], jobs: [], endpoints: [], checks: [], models: [], ...feature })
}
