import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { presenceRoutes } from './contract.ts'
import type { Desk } from './desk.ts'
import * as schema from './schema.ts'
import type { PresenceSettingsService } from './settings.ts'
import type { Watch } from './watch.ts'

export function presenceOperations({ desk, watch, settings }: { desk: Desk; watch: Watch; settings: PresenceSettingsService }): AnyOperation[] {
  return [
    operation({
      name: 'presence:set',
      summary: 'How you are there on this connection; the liveliest of your connections counts',
      route: presenceRoutes['presence:set'],
      audience: 'signed-in',
      errors: ['forbidden'],
      input: schema.setPresence,
      output: schema.nothing,
      handle: desk.set,
    }),
    operation({
      name: 'presence:subscribe',
      summary: 'Watch people whom you talk with or follow, in place of those whom this connection watched before; strangers are left out',
      route: presenceRoutes['presence:subscribe'],
      audience: 'signed-in',
      cost: 5,
      errors: ['forbidden'],
      input: schema.subscribe,
      output: schema.snapshot,
      handle: watch.subscribe,
    }),
    operation({
      name: 'presence:read',
      summary: 'Whether somebody whom you talk with or follow is there',
      route: presenceRoutes['presence:read'],
      audience: 'signed-in',
      errors: ['not-found', 'blocked'],
      input: schema.userId,
      output: schema.presence,
      handle: watch.read,
    }),
    operation({
      name: 'presence-settings:read',
      summary: 'Whether you hide when you are there',
      route: presenceRoutes['presence-settings:read'],
      audience: 'signed-in',
      errors: [],
      input: schema.nothing,
      output: schema.settings,
      handle: settings.read,
    }),
    operation({
      name: 'presence-settings:update',
      summary: 'Hide when you are there and were last seen; who hides is not told it of anybody else either',
      route: presenceRoutes['presence-settings:update'],
      audience: 'signed-in',
      errors: [],
      input: schema.settings,
      output: schema.settings,
      handle: settings.update,
    }),
  ]
}

export const presenceFacts: AnyFact[] = [
  fact({ name: 'presence:changed', summary: 'Somebody whom this connection watches came, is away, or left', namespace: '/', room: 'socket', data: schema.presence }),
]
