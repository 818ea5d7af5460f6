import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { nothing } from '../../kernel/schema.ts'
import { payoutRoutes } from './contract.ts'
import type { Deciding } from './deciding.ts'
import type { EarningsOf } from './earnings.ts'
import type { Plans } from './plans.ts'
import type { Requesting } from './requesting.ts'
import * as schema from './schema.ts'

export function payoutOperations({ requesting, plans, earnings }: { requesting: Requesting; plans: Plans; earnings: EarningsOf }): AnyOperation[] {
  return [
    operation({
      name: 'payout:request',
      summary: 'Have available earnings sent to your bank account, once an admin agrees',
      ...payoutRoutes['payout:request'],
      audience: 'creator',
      status: 201,
      errors: ['step-up-required', 'amount', 'insufficient-funds', 'conflict', 'stale-state'],
      input: schema.requestPayout,
      output: schema.payout,
      handle: requesting.request,
    }),
    operation({
      name: 'payout:mine',
      summary: 'Your payouts, newest first',
      route: payoutRoutes['payout:mine'],
      audience: 'creator',
      errors: ['cursor'],
      input: schema.pageQuery,
      output: schema.payoutPage,
      handle: requesting.mine,
    }),
    operation({
      name: 'payout:cancel',
      summary: 'Take back a payout that nobody has agreed to yet',
      ...payoutRoutes['payout:cancel'],
      audience: 'creator',
      errors: ['not-found', 'stale-state'],
      input: schema.payoutId,
      output: schema.payout,
      handle: requesting.cancel,
    }),
    operation({
      name: 'payout:settings',
      summary: 'What you can be paid, where to, and when it happens by itself',
      route: payoutRoutes['payout:settings'],
      audience: 'creator',
      errors: ['not-found'],
      input: nothing,
      output: schema.settings,
      handle: plans.read,
    }),
    operation({
      name: 'payout:set-plan',
      summary: 'Have all that is available paid out on a weekday, or from an amount on',
      ...payoutRoutes['payout:set-plan'],
      audience: 'creator',
      errors: ['not-found', 'step-up-required', 'amount'],
      input: schema.plan,
      output: schema.settings,
      handle: plans.set,
    }),
    operation({
      name: 'earnings:mine',
      summary: 'What you earned lately, by kind and by day, and what goes out next',
      route: payoutRoutes['earnings:mine'],
      audience: 'creator',
      errors: ['not-found'],
      cost: 5,
      input: schema.earningsQuery,
      output: schema.earnings,
      handle: earnings.mine,
    }),
  ]
}

export function payoutDecisions(deciding: Deciding): AnyOperation[] {
  return [
    operation({
      name: 'payout:list',
      summary: 'All payouts, newest first',
      route: payoutRoutes['payout:list'],
      audience: 'admin',
      errors: ['cursor'],
      input: schema.listQuery,
      output: schema.adminPayoutPage,
      handle: deciding.list,
    }),
    operation({
      name: 'payout:approve',
      summary: 'Agree to a payout; what is large needs two admins',
      ...payoutRoutes['payout:approve'],
      audience: 'admin',
      errors: ['not-found', 'step-up-required', 'self', 'stale-state'],
      input: schema.approve,
      output: schema.adminPayout,
      handle: deciding.approve,
    }),
    operation({
      name: 'payout:reject',
      summary: 'Turn down a payout; the money is available again',
      ...payoutRoutes['payout:reject'],
      audience: 'admin',
      errors: ['not-found', 'self', 'stale-state'],
      input: schema.withReason,
      output: schema.adminPayout,
      handle: deciding.reject,
    }),
    operation({
      name: 'payout:hold',
      summary: 'Let a payout wait until it is released; what was agreed to so far counts no longer',
      ...payoutRoutes['payout:hold'],
      audience: 'admin',
      errors: ['not-found', 'self', 'stale-state'],
      input: schema.withReason,
      output: schema.adminPayout,
      handle: deciding.hold,
    }),
    operation({
      name: 'payout:release',
      summary: 'Let a payout go on that was held',
      ...payoutRoutes['payout:release'],
      audience: 'admin',
      errors: ['not-found', 'self', 'stale-state'],
      input: schema.payoutId,
      output: schema.adminPayout,
      handle: deciding.release,
    }),
  ]
}

export const payoutFacts: AnyFact[] = [fact({ name: 'payout:updated', summary: 'A payout went on: read it again', namespace: '/', room: 'user', also: [{ namespace: '/', room: 'admin' }], data: schema.payoutUpdated })]
