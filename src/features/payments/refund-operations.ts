import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { paymentRoutes } from './contract.ts'
import type { RefundService } from './refunds.ts'
import * as schema from './schema.ts'

export function refundOperations(refunds: RefundService): AnyOperation[] {
  return [
    operation({
      name: 'refund:create',
      summary: 'Give money back, or ask for yours: whoever received it decides then',
      ...paymentRoutes['refund:create'],
      audience: 'signed-in',
      status: 201,
      errors: ['not-found', 'stale-state', 'exceeds-captured', 'insufficient-funds'],
      input: schema.createRefund,
      output: schema.refund,
      handle: refunds.create,
    }),
    operation({
      name: 'refund:list',
      summary: 'What was given back of a payment of yours, as payer or receiver',
      route: paymentRoutes['refund:list'],
      audience: 'signed-in',
      errors: ['not-found'],
      input: schema.paymentId,
      output: schema.refundList,
      handle: refunds.list,
    }),
    operation({
      name: 'refund:decide',
      summary: 'Decide about a refund that was asked of you',
      ...paymentRoutes['refund:decide'],
      audience: 'signed-in',
      errors: ['not-found', 'forbidden', 'stale-state', 'exceeds-captured', 'insufficient-funds'],
      input: schema.decideRefund,
      output: schema.refund,
      handle: refunds.decide,
    }),
  ]
}
