import type { Connection } from 'mongoose'
import { createBell } from '../../kernel/bell.ts'
import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { subscribe } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import { namespaceOf } from '../../kernel/operation.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { SocketDoor } from '../../platform/realtime/gateway.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { Relations } from '../profiles/index.ts'
import type { Goals, Live } from '../tips/index.ts'
import { createOverlayConfiguration } from './config.ts'
import { createAlertControl } from './control.ts'
import { createOverlayModels } from './model.ts'
import { overlayFacts, overlayOperations } from './operations.ts'
import { createOverlayPersonal } from './personal.ts'
import { createAlertQueue } from './queue.ts'
import { createOverlayService } from './service.ts'

export function createOverlays(deps: {
  db: Connection
  unitOfWork: UnitOfWork
  relay: Relay
  goals: Goals
  live: Live
  audit: Audit
  cursors: Cursors
  clock: Clock
  wall: Wall
  context: () => Context
  failpoints: Failpoints
  relations: Relations
  processId: string
  aliveProcesses: () => Promise<string[]>
  publicUrl: () => string
  defaultCurrency: string
}): { feature: Feature; door: SocketDoor; forgetPlayers: () => Promise<void> } {
  const models = createOverlayModels(deps.db)
  const bell = createBell()
  const queue = createAlertQueue({ ...deps, models, bell })
  const configuration = createOverlayConfiguration({ ...deps, models })
  const overlays = createOverlayService({ ...deps, models, queue, configuration })
  const control = createAlertControl({ ...deps, models, queue })
  const operations = overlayOperations({ overlays, configuration, control })
  const feature = defineFeature({
    name: 'overlays',
    operations,
    facts: overlayFacts,
    subscribers: [
      subscribe('tip.sent', 'overlays.alert', ({ payload, at }) => overlays.alertTip(payload.announced, payload.fan_id, at)),
      subscribe('tip.moderated', 'overlays.alert-moderated', ({ payload, at }) => overlays.alertTip(payload.announced, payload.fan_id, at)),
      subscribe('goal.changed', 'overlays.draw-goal', ({ payload }) => configuration.tellGoal(payload)),
      subscribe('live.changed', 'overlays.draw-live', ({ payload }) => configuration.tellLive(payload)),
      subscribe('overlay.configured', 'overlays.tell-configuration', ({ payload }) => configuration.tell(payload.overlay_id)),
      subscribe('overlay.rotated', 'overlays.close-sockets', ({ payload }) => overlays.closeSockets(payload.overlay_id)),
    ],
    jobs: [
      { name: 'overlays.forget-dead', every_ms: 5_000, run: overlays.forgetDead },
      { name: 'overlays.leases', every_ms: 5_000, bell, run: queue.sweep },
      { name: 'overlays.tell-again', every_ms: 1_000, run: queue.tellAgain },
      { name: 'overlays.recheck', every_ms: 30_000, run: overlays.recheck },
    ],
    personal: [createOverlayPersonal(models)],
    models: [models.Overlays, models.Alerts],
  })
  const door: SocketDoor = {
    namespace: '/overlay',
    operations: operations.filter((each) => namespaceOf(each) === '/overlay'),
    strict: true,
    admit: overlays.admit,
    entered: overlays.entered,
    left: overlays.left,
  }
  return { feature, door, forgetPlayers: queue.forgetPlayers }
}
