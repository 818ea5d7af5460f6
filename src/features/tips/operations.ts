import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { tipRoutes } from './contract.ts'
import * as schema from './schema.ts'
import type { TipService } from './service.ts'

export function tipOperations(tips: TipService): AnyOperation[] {
  return [
    operation({
      name: 'payment:initiate',
      route: tipRoutes['payment:initiate'],
      audience: 'signed-in',
      once: 'required',
      status: 201,
      errors: ['not-found', 'self', 'amount', 'currency', 'retry'],
      input: schema.initiateTip,
      output: schema.checkout,
      handle: tips.initiate,
    }),
    operation({
      name: 'tip:send',
      route: tipRoutes['tip:send'],
      audience: 'signed-in',
      once: 'required',
      status: 201,
      errors: ['not-found', 'self', 'amount', 'currency', 'insufficient-funds'],
      input: schema.sendTip,
      output: schema.tip,
      handle: tips.send,
    }),
    operation({ name: 'tip:list', route: tipRoutes['tip:list'], audience: 'creator', errors: ['cursor'], input: schema.tipQuery, output: schema.tipPage, handle: tips.list }),
  ]
}
