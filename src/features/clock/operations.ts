import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { nothing } from '../../kernel/schema.ts'
import { clockRoutes } from './contract.ts'
import * as schema from './schema.ts'
import type { TimeTravel } from './travel.ts'

export function clockOperations(travel: TimeTravel): AnyOperation[] {
  return [
    operation({
      name: 'clock:now',
      summary: 'Business time, and how far a test clock is ahead of the real one',
      route: clockRoutes['clock:now'],
      audience: 'public',
      errors: [],
      input: nothing,
      output: schema.now,
      handle: async () => travel.now(),
    }),
    operation({
      name: 'clock:read',
      summary: 'Business time, what is due next, and what ran when it was moved',
      route: clockRoutes['clock:read'],
      audience: 'admin',
      errors: [],
      input: nothing,
      output: schema.state,
      handle: travel.read,
    }),
    operation({
      name: 'clock:advance',
      summary: 'Move business time forward, for tests: answers when everything due by then has run',
      route: clockRoutes['clock:advance'],
      audience: 'admin',
      errors: ['forbidden', 'busy', 'stale-state'],
      cost: 10,
      input: schema.advance,
      output: schema.advanced,
      handle: travel.advance,
    }),
  ]
}

export const clockFacts: AnyFact[] = [
  fact({ name: 'clock:moved', summary: 'Business time is being moved, and this is how far it is', namespace: '/', room: 'admin', data: schema.moved }),
]
