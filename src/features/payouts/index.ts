import type { Connection } from 'mongoose'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import { createMaturation, type MaturationDependencies } from './maturation.ts'
import { createPayoutModels } from './model.ts'

const dueEveryMs = 10 * 60_000

/** How creators come by what they earned. */
export function createPayouts(deps: Omit<MaturationDependencies, 'models'> & { db: Connection }): Feature {
  const models = createPayoutModels(deps.db)
  const maturation = createMaturation({ ...deps, models })
  return defineFeature({
    name: 'payouts',
    dues: [{ name: 'payouts.maturation', every_ms: dueEveryMs, next: maturation.next, runDue: maturation.runDue }],
    models: Object.values(models),
  })
}
