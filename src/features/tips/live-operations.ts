import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { tipRoutes } from './contract.ts'
import type { LiveService } from './live.ts'
import * as schema from './schema.ts'

export function liveOperations(live: LiveService): AnyOperation[] {
  return [
    operation({
      name: 'live:start',
      summary: 'Go live: totals count from now',
      ...tipRoutes['live:start'],
      audience: 'creator',
      status: 201,
      errors: ['stale-state'],
      input: schema.nothing,
      output: schema.liveSnapshot,
      handle: live.start,
    }),
    operation({
      name: 'live:stop',
      summary: 'End the stream; its totals stay',
      route: tipRoutes['live:stop'],
      audience: 'creator',
      errors: ['stale-state'],
      input: schema.nothing,
      output: schema.liveSnapshot,
      handle: live.stop,
    }),
    operation({
      name: 'live:reset',
      summary: 'Count the totals of the stream from now',
      route: tipRoutes['live:reset'],
      audience: 'creator',
      errors: ['stale-state'],
      input: schema.nothing,
      output: schema.liveSnapshot,
      handle: live.reset,
    }),
    operation({
      name: 'live:read',
      summary: 'A creator’s stream: totals, top tippers, the latest tips, goals',
      route: tipRoutes['live:read'],
      audience: 'public',
      errors: ['not-found'],
      input: schema.creatorId,
      output: schema.liveSnapshot,
      handle: live.read,
    }),
    operation({
      name: 'live:join',
      summary: 'Join a creator’s audience: the state now, and what happens from now on',
      route: tipRoutes['live:join'],
      audience: 'signed-in',
      errors: ['not-found', 'busy'],
      input: schema.creatorId,
      output: schema.liveSnapshot,
      handle: live.join,
    }),
    operation({
      name: 'live:leave',
      summary: 'Leave a creator’s audience',
      route: tipRoutes['live:leave'],
      audience: 'signed-in',
      errors: [],
      input: schema.creatorId,
      output: schema.nothing,
      handle: live.leave,
    }),
  ]
}

export const liveFacts: AnyFact[] = [
  fact({
    name: 'live:updated',
    summary: 'A stream began, ended or took a tip; the higher version is the newer one',
    namespace: '/',
    room: 'creator',
    also: [
      { namespace: '/', room: 'user' },
      { namespace: '/overlay', room: 'overlay' },
    ],
    data: schema.liveFigures,
  }),
]
