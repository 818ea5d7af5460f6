import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { paymentRoutes } from './contract.ts'
import * as schema from './schema.ts'
import type { PaymentService } from './service.ts'

export function paymentOperations(payments: PaymentService): AnyOperation[] {
  return [
    operation({
      name: 'wallet:top-up',
      route: paymentRoutes['wallet:top-up'],
      audience: 'signed-in',
      once: 'required',
      status: 201,
      errors: ['amount', 'currency', 'retry'],
      input: schema.topUp,
      output: schema.checkout,
      handle: payments.topUp,
    }),
    operation({ name: 'payment:read', route: paymentRoutes['payment:read'], audience: 'signed-in', errors: ['not-found'], input: schema.paymentId, output: schema.payment, handle: payments.read }),
  ]
}
