import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { nothing } from '../../kernel/schema.ts'
import { paymentRoutes } from './contract.ts'
import type { MethodService } from './methods.ts'
import * as schema from './schema.ts'

export function methodOperations(methods: MethodService): AnyOperation[] {
  return [
    operation({
      name: 'payment-method:create',
      summary: 'Leave a way to pay, for what is charged while you are away; with the sandbox, say how it is to behave',
      ...paymentRoutes['payment-method:create'],
      audience: 'signed-in',
      status: 201,
      errors: ['conflict', 'payment-declined', 'retry'],
      input: schema.createMethod,
      output: schema.method,
      handle: methods.create,
    }),
    operation({
      name: 'payment-method:list',
      summary: 'Your ways to pay, the newest first',
      route: paymentRoutes['payment-method:list'],
      audience: 'signed-in',
      errors: [],
      input: nothing,
      output: schema.methodList,
      handle: methods.list,
    }),
    operation({
      name: 'payment-method:remove',
      summary: 'Take a way to pay away: it is charged no more',
      route: paymentRoutes['payment-method:remove'],
      audience: 'signed-in',
      errors: ['not-found'],
      input: schema.methodId,
      output: schema.method,
      handle: methods.remove,
    }),
  ]
}
