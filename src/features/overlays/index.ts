import type { Connection } from 'mongoose'
import type { Wall } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { subscribe } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { SocketDoor } from '../../platform/realtime/gateway.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { createOverlayModels } from './model.ts'
import { overlayOperations } from './operations.ts'
import { createAlertQueue } from './queue.ts'
import { createOverlayService } from './service.ts'

export function createOverlays(deps: {
  db: Connection
  unitOfWork: UnitOfWork
  relay: Relay
  wall: Wall
  context: () => Context
  failpoints: Failpoints
  publicUrl: () => string
  defaultCurrency: string
}): { feature: Feature; door: SocketDoor; forgetPlayers: () => Promise<void> } {
  const models = createOverlayModels(deps.db)
  const queue = createAlertQueue({ ...deps, models })
  const overlays = createOverlayService({ ...deps, models, queue })
  const operations = overlayOperations(overlays)
  const feature = defineFeature({
    name: 'overlays',
    operations,
    subscribers: [
      subscribe('tip.sent', 'overlays.alert', ({ payload, at }) => overlays.alertTip(payload, at)),
      subscribe('overlay.rotated', 'overlays.close-sockets', ({ payload }) => overlays.closeSockets(payload.overlay_id)),
    ],
    jobs: [
      { name: 'overlays.leases', every_ms: 1_000, run: queue.sweep },
      { name: 'overlays.recheck', every_ms: 30_000, run: overlays.recheck },
    ],
    models: [models.Overlays, models.Alerts],
  })
  const door: SocketDoor = {
    namespace: '/overlay',
    operations: operations.filter((each) => each.audience === 'overlay'),
    strict: true,
    admit: (auth, socket) => overlays.admit(auth, socket.id),
    entered: overlays.entered,
    left: overlays.left,
  }
  return { feature, door, forgetPlayers: queue.forgetPlayers }
}
