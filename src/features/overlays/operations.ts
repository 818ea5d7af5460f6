import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { nothing } from '../../kernel/schema.ts'
import { overlayRoutes } from './contract.ts'
import * as schema from './schema.ts'
import type { OverlayService } from './service.ts'

/** Making and rotating take no idempotency key: the stored answer would keep a secret that must be kept nowhere. */
export function overlayOperations(overlays: OverlayService): AnyOperation[] {
  return [
    operation({ name: 'overlay:create', route: overlayRoutes['overlay:create'], audience: 'creator', status: 201, errors: ['conflict'], input: schema.createOverlay, output: schema.overlayLink, handle: overlays.create }),
    operation({ name: 'overlay:list', route: overlayRoutes['overlay:list'], audience: 'creator', errors: [], input: nothing, output: schema.overlayList, handle: overlays.list }),
    operation({ name: 'overlay:rotate', route: overlayRoutes['overlay:rotate'], audience: 'creator', errors: ['not-found'], input: schema.overlayId, output: schema.overlayLink, handle: overlays.rotate }),
    operation({ name: 'alert:test', route: overlayRoutes['alert:test'], audience: 'creator', status: 201, errors: ['not-found'], input: schema.testAlert, output: schema.madeAlert, handle: overlays.test }),
    operation({ name: 'alert:started', route: overlayRoutes['alert:started'], audience: 'overlay', errors: ['not-found'], input: schema.alertId, output: nothing, handle: overlays.started }),
    operation({ name: 'alert:finished', route: overlayRoutes['alert:finished'], audience: 'overlay', errors: ['not-found'], input: schema.alertId, output: nothing, handle: overlays.finished }),
    operation({ name: 'alert:failed', route: overlayRoutes['alert:failed'], audience: 'overlay', errors: ['not-found'], input: schema.alertFailed, output: nothing, handle: overlays.failed }),
  ]
}
