import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { paymentRoutes } from './contract.ts'
import type { PaymentDesk } from './desk.ts'
import * as schema from './schema.ts'
import type { PaymentService } from './service.ts'

export function paymentOperations(payments: PaymentService, desk: PaymentDesk): AnyOperation[] {
  return [
    operation({
      name: 'wallet:top-up',
      summary: 'Put money into your wallet by checkout',
      ...paymentRoutes['wallet:top-up'],
      audience: 'signed-in',
      status: 201,
      errors: ['amount', 'currency', 'payment-declined', 'retry'],
      input: schema.topUp,
      output: schema.checkout,
      handle: payments.topUp,
    }),
    operation({
      name: 'payment:read',
      summary: 'One payment of yours, as payer or receiver',
      route: paymentRoutes['payment:read'],
      audience: 'signed-in',
      errors: ['not-found'],
      input: schema.paymentId,
      output: schema.payment,
      handle: payments.read,
    }),
    operation({
      name: 'admin:transactions',
      summary: 'All payments, newest first',
      route: paymentRoutes['admin:transactions'],
      audience: 'admin',
      errors: ['cursor'],
      input: schema.transactionsQuery,
      output: schema.transactionPage,
      handle: desk.transactions,
    }),
    operation({
      name: 'webhook:list',
      summary: 'What payment companies told us, newest first',
      route: paymentRoutes['webhook:list'],
      audience: 'admin',
      errors: ['cursor'],
      input: schema.webhookQuery,
      output: schema.webhookPage,
      handle: desk.webhooks,
    }),
    operation({
      name: 'webhook:replay',
      summary: 'Work on a webhook once more',
      route: paymentRoutes['webhook:replay'],
      audience: 'admin',
      errors: ['not-found', 'stale-state'],
      input: schema.replay,
      output: schema.inboxEvent,
      handle: desk.replay,
    }),
  ]
}

export const paymentFacts: AnyFact[] = [
  fact({
    name: 'payment:updated',
    summary: 'A payment that you make has moved on',
    namespace: '/',
    room: 'user',
    data: schema.paymentUpdated,
  }),
]
