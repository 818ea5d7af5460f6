import type { Context } from '../../kernel/context.ts'
import { broadcast, subscribe } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { Connection } from 'mongoose'
import { createTipModel } from './model.ts'
import { tipOperations } from './operations.ts'
import { createTipService, type TipDependencies } from './service.ts'

export function createTips(deps: Omit<TipDependencies, 'Tips'> & { db: Connection; context: () => Context }): { feature: Feature } {
  const Tips = createTipModel(deps.db)
  const tips = createTipService({ ...deps, Tips })
  const feature = defineFeature({
    name: 'tips',
    operations: tipOperations(tips),
    subscribers: [
      subscribe('payment.succeeded', 'tips.complete', async ({ payload }) => {
        if (payload.purpose === 'tip') await tips.complete(deps.context(), payload.payment_id)
      }),
      subscribe('payment.failed', 'tips.give-up', async ({ payload }) => {
        if (payload.purpose === 'tip') await tips.giveUp(payload.payment_id)
      }),
    ],
    broadcasts: [broadcast('tip.sent', (tip) => [{ event: 'tip:received', rooms: [rooms.user(tip.creator_id)], data: tip }])],
    models: [Tips],
  })
  return { feature }
}
