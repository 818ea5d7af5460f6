import { join } from 'node:path'
import type { Request } from 'express'
import type { Connection } from 'mongoose'
import type { Wall } from '../../kernel/clock.ts'
import type { Actor, Context, Logger } from '../../kernel/context.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Maintenance } from '../../platform/maintenance.ts'
import type { Limits } from '../../platform/rate-limit.ts'
import type { Storage } from '../../platform/storage/storage.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { createAddresses } from './addresses.ts'
import { createMediaChecks } from './check.ts'
import { createDeliveryEndpoint } from './delivery.ts'
import { createImages } from './images.ts'
import { createKeeping, type Keeping, type KeepingDependencies } from './keeping.ts'
import { createMediaModels } from './model.ts'
import { mediaOperations } from './operations.ts'
import { createMediaPersonal } from './personal.ts'
import { createPreparing, type MediaLimits } from './preparing.ts'
import { createSweep } from './sweep.ts'
import { createUploadEndpoint } from './upload.ts'

export type { MediaLimits } from './preparing.ts'
export type MediaService = Pick<Keeping, 'loose' | 'attach' | 'release' | 'copy'>

const sweepMs = 10 * 60_000
const straysMs = 24 * 3600_000

export function createMedia(deps: Pick<KeepingDependencies, 'mayRead' | 'mayDecide' | 'reported' | 'isJudge' | 'audit'> & {
  db: Connection
  unitOfWork: UnitOfWork
  storage: Storage
  /** on this machine: where files are written while they come */
  folder: string
  keys: readonly Buffer[]
  limits: Limits
  mediaLimits: MediaLimits
  quotaBytes: number
  authenticate: (request: Request) => Promise<Actor>
  addressOf: (request: Request) => string
  maintenance: Maintenance
  wall: Wall
  context: () => Context
  log: Logger
}): { feature: Feature; media: MediaService } {
  const models = createMediaModels(deps.db)
  const folder = join(deps.folder, 'incoming')
  const addresses = createAddresses(deps)
  const pace = deps.limits.rate({ name: 'upload', per_second: 2, burst: 40 })
  const keeping = createKeeping({ ...deps, models, addresses, limits: deps.mediaLimits, pace })
  const prepare = createPreparing({ images: createImages(), limits: deps.mediaLimits })
  const sweep = createSweep({ ...deps, models, folder })
  const feature = defineFeature({
    name: 'media',
    operations: mediaOperations(keeping),
    endpoints: [
      createUploadEndpoint({ ...deps, keeping, prepare, limits: deps.mediaLimits, folder, pace }),
      createDeliveryEndpoint({ ...deps, keeping, addresses }),
    ],
    jobs: [
      { name: 'media.sweep', every_ms: sweepMs, run: sweep.run },
      { name: 'media.strays', every_ms: straysMs, run: sweep.strays },
    ],
    checks: createMediaChecks({ ...deps, models }),
    personal: [createMediaPersonal(models, sweep)],
    models: Object.values(models),
  })
  return { feature, media: keeping }
}
