import type { Connection } from 'mongoose'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import { clockFacts, clockOperations } from './operations.ts'
import { createRunModel } from './model.ts'
import { createTimeTravel, type TravelDependencies } from './travel.ts'

const refreshMs = 1_000

/** Time for tests: years in minutes, through the code that ordinary days go through. */
export function createClockFeature(deps: Omit<TravelDependencies, 'Runs'> & { db: Connection }): Feature {
  const Runs = createRunModel(deps.db)
  return defineFeature({
    name: 'clock',
    operations: clockOperations(createTimeTravel({ ...deps, Runs })),
    facts: clockFacts,
    // Another process may move it.
    jobs: deps.movable ? [{ name: 'clock.refresh', every_ms: refreshMs, run: deps.business.refresh }] : [],
    models: [Runs, deps.business.model],
  })
}
