import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { nothing } from '../../kernel/schema.ts'
import type { OverlayConfiguration } from './config.ts'
import { overlayRoutes } from './contract.ts'
import type { AlertControl } from './control.ts'
import * as schema from './schema.ts'
import type { OverlayService } from './service.ts'

/** Making and rotating take no idempotency key: the stored answer would keep a secret that must be kept nowhere. */
export function overlayOperations({ overlays, configuration, control }: { overlays: OverlayService; configuration: OverlayConfiguration; control: AlertControl }): AnyOperation[] {
  return [
    operation({
      name: 'overlay:create',
      summary: 'Make an overlay; its secret address is told only here',
      route: overlayRoutes['overlay:create'],
      audience: 'creator',
      status: 201,
      errors: ['conflict'],
      input: schema.createOverlay,
      output: schema.overlayLink,
      handle: overlays.create,
    }),
    operation({
      name: 'overlay:list',
      summary: 'Your overlays',
      route: overlayRoutes['overlay:list'],
      audience: 'creator',
      errors: [],
      input: nothing,
      output: schema.overlayList,
      handle: overlays.list,
    }),
    operation({
      name: 'overlay:read',
      summary: 'One of your overlays, with its configuration',
      route: overlayRoutes['overlay:read'],
      audience: 'creator',
      errors: ['not-found'],
      input: schema.overlayId,
      output: schema.overlayDetail,
      handle: configuration.read,
    }),
    operation({
      name: 'overlay:configure',
      summary: 'Set how an overlay looks and sounds: variations in order, the first that fits is played, and labels',
      route: overlayRoutes['overlay:configure'],
      audience: 'creator',
      errors: ['not-found'],
      input: schema.configureOverlay,
      output: schema.overlayDetail,
      handle: configuration.configure,
    }),
    operation({
      name: 'overlay:rotate',
      summary: 'Replace the secret address of an overlay; the old one is dead at once',
      route: overlayRoutes['overlay:rotate'],
      audience: 'creator',
      errors: ['not-found'],
      input: schema.overlayId,
      output: schema.overlayLink,
      handle: overlays.rotate,
    }),
    operation({
      name: 'alert:test',
      summary: 'Play a test alert, which touches no money',
      route: overlayRoutes['alert:test'],
      audience: 'creator',
      status: 201,
      errors: ['not-found'],
      input: schema.testAlert,
      output: schema.madeAlert,
      handle: overlays.test,
    }),
    operation({
      name: 'alert:control',
      summary: 'Pause, resume, skip, mute, play again, play next or clear the alerts of an overlay',
      route: overlayRoutes['alert:control'],
      audience: 'creator',
      errors: ['not-found', 'stale-state'],
      input: schema.controlAlert,
      output: schema.stepped,
      handle: control.control,
    }),
    operation({
      name: 'alert:list',
      summary: 'The alerts of an overlay, the newest first',
      route: overlayRoutes['alert:list'],
      audience: 'creator',
      errors: ['not-found', 'cursor'],
      input: schema.alertQuery,
      output: schema.alertPage,
      handle: control.list,
    }),
    operation({
      name: 'alert:started',
      summary: 'The page has begun to play an alert',
      route: overlayRoutes['alert:started'],
      audience: 'overlay',
      errors: ['not-found'],
      input: schema.alertId,
      output: nothing,
      handle: overlays.started,
    }),
    operation({
      name: 'alert:finished',
      summary: 'The page has played an alert to its end',
      route: overlayRoutes['alert:finished'],
      audience: 'overlay',
      errors: ['not-found'],
      input: schema.alertId,
      output: nothing,
      handle: overlays.finished,
    }),
    operation({
      name: 'alert:failed',
      summary: 'The page could not play an alert',
      route: overlayRoutes['alert:failed'],
      audience: 'overlay',
      errors: ['not-found'],
      input: schema.alertFailed,
      output: nothing,
      handle: overlays.failed,
    }),
  ]
}

export const overlayFacts: AnyFact[] = [
  fact({
    name: 'overlay:state',
    summary: 'Where the queue stands; told once after each connect',
    namespace: '/overlay',
    room: 'socket',
    data: schema.overlayState,
  }),
  fact({
    name: 'alert:play',
    summary: 'Play this now; told to one page at a time',
    namespace: '/overlay',
    room: 'socket',
    data: schema.alertPlay,
  }),
  fact({
    name: 'alert:skip',
    summary: 'Take this off the screen; nobody waits for its end',
    namespace: '/overlay',
    room: 'overlay',
    data: schema.alertId,
  }),
  fact({
    name: 'overlay:config-updated',
    summary: 'How loud the overlay is and which goals it draws',
    namespace: '/overlay',
    room: 'overlay',
    also: [{ namespace: '/', room: 'user' }],
    data: schema.overlayView,
  }),
  fact({
    name: 'overlay:token-rotated',
    summary: 'This address was replaced; the connection closes',
    namespace: '/overlay',
    room: 'overlay',
    data: schema.tokenRotated,
  }),
  fact({
    name: 'overlay:connected',
    summary: 'A page of one of your overlays came or went',
    namespace: '/',
    room: 'user',
    data: schema.overlayConnected,
  }),
  fact({
    name: 'alert:queue-updated',
    summary: 'The queue of one of your overlays moved',
    namespace: '/',
    room: 'user',
    data: schema.queueUpdated,
  }),
]
