import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { tipRoutes } from './contract.ts'
import type { GoalService } from './goals.ts'
import * as schema from './schema.ts'

export function goalOperations(goals: GoalService): AnyOperation[] {
  return [
    operation({
      name: 'goal:create',
      summary: 'Set a goal; it counts the tips that are sent from now on',
      ...tipRoutes['goal:create'],
      audience: 'creator',
      status: 201,
      errors: ['currency', 'conflict'],
      input: schema.createGoal,
      output: schema.goal,
      handle: goals.create,
    }),
    operation({
      name: 'goal:list',
      summary: 'Your goals, newest first',
      route: tipRoutes['goal:list'],
      audience: 'creator',
      errors: ['cursor'],
      input: schema.pageQuery,
      output: schema.goalPage,
      handle: goals.list,
    }),
    operation({
      name: 'goal:update',
      summary: 'Change an open goal; what is left out stays',
      route: tipRoutes['goal:update'],
      audience: 'creator',
      errors: ['not-found', 'stale-state'],
      input: schema.updateGoal,
      output: schema.goal,
      handle: goals.update,
    }),
    operation({
      name: 'goal:close',
      summary: 'Close a goal; it counts nothing more',
      route: tipRoutes['goal:close'],
      audience: 'creator',
      errors: ['not-found'],
      input: schema.goalId,
      output: schema.goal,
      handle: goals.close,
    }),
    operation({
      name: 'goal:public',
      summary: 'The goals that a creator has set and not closed',
      route: tipRoutes['goal:public'],
      audience: 'public',
      errors: ['not-found'],
      input: schema.creatorId,
      output: schema.publicGoals,
      handle: goals.publicList,
    }),
  ]
}

export const goalFacts: AnyFact[] = [
  fact({
    name: 'goal:updated',
    summary: 'A goal has moved or was changed; the higher version is the newer one',
    namespace: '/',
    room: 'creator',
    also: [
      { namespace: '/', room: 'user' },
      { namespace: '/overlay', room: 'overlay' },
    ],
    data: schema.publicGoal,
  }),
]
