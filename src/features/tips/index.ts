import type { Connection } from 'mongoose'
import type { Context } from '../../kernel/context.ts'
import type { Currency } from '../../kernel/currency.ts'
import { broadcast, subscribe } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Relay } from '../../platform/realtime/relay.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { ReceivedTip } from './contract.ts'
import type { CountedTip } from './counting.ts'
import { createTipChecks } from './check.ts'
import { goalFacts, goalOperations } from './goal-operations.ts'
import { createGoals, type GoalService } from './goals.ts'
import { createGuestTips } from './guests.ts'
import { createLive, type LiveService } from './live.ts'
import { liveFacts, liveOperations } from './live-operations.ts'
import { createTipModels, type GoalRow } from './model.ts'
import { tipFacts, tipOperations } from './operations.ts'
import { createTipPersonal } from './personal.ts'
import { presentPublicGoal, publicPart } from './present.ts'
import { createReceipts } from './receipts.ts'
import { createTipService, type TipDependencies, type TipService } from './service.ts'
import { createTipSettings } from './settings.ts'

export type { TipService } from './service.ts'
export { presentPublicGoal, publicPart, type GoalRow }
export type Goals = Pick<GoalService, 'openOf'>
export type Live = Pick<LiveService, 'figures'>

export function createTips(
  deps: Omit<TipDependencies, 'models' | 'settings'> & {
    db: Connection
    context: () => Context
    defaultCurrency: Currency
    relay: Relay
    /** the first signs receipts, all are known again */
    receiptKeys: readonly Buffer[]
    publicUrl: () => string
    /** whether nothing waits for these subscribers */
    settled: (subscribers: string[]) => Promise<boolean>
  },
): { tips: TipService; goals: Goals; live: Live; feature: Feature } {
  const models = createTipModels(deps.db)
  const settings = createTipSettings({ ...deps, models })
  const tips = createTipService({ ...deps, models, settings })
  const guests = createGuestTips({ ...deps, models, settings, receipts: createReceipts(deps.receiptKeys) })
  const goals = createGoals({ ...deps, models })
  const live = createLive({ ...deps, models, goals })
  const feature = defineFeature({
    name: 'tips',
    operations: [...tipOperations(tips, guests, settings), ...goalOperations(goals), ...liveOperations(live)],
    facts: [...tipFacts, ...goalFacts, ...liveFacts],
    subscribers: [
      subscribe('payment.succeeded', 'tips.complete', async ({ payload }) => {
        if (payload.purpose === 'tip') await tips.complete(deps.context(), payload.payment_id)
      }),
      subscribe('payment.failed', 'tips.give-up', async ({ payload }) => {
        if (payload.purpose === 'tip') await tips.giveUp(payload.payment_id)
      }),
      // One subscriber for both: every delivery is a row in the transaction of the money.
      subscribe('tip.sent', counter, async ({ payload: { tip } }) => {
        await Promise.all([goals.count(counted(tip)), live.count({ ...counted(tip), moderated: false })])
      }),
      subscribe('goal.opened', 'tips.goals-catch-up', ({ payload }) => goals.catchUp(payload)),
      subscribe('tip.moderated', 'tips.live-moderated', ({ payload: { tip } }) => live.count({ ...counted(tip), moderated: true })),
      subscribe('user.blocked', 'tips.part-from-live', async ({ payload }) => live.part(payload)),
      subscribe('live.begun', 'tips.live-catch-up', ({ payload }) => live.catchUp(payload)),
    ],
    broadcasts: [
      broadcast('tip.sent', ({ tip, announced }) => [
        { event: 'tip:received', rooms: [rooms.user(tip.creator_id)], data: tip },
        ...(announced ? [{ event: 'tip:announced', rooms: [rooms.creator(tip.creator_id)], data: announced }] : []),
      ]),
      broadcast('tip.moderated', ({ tip, announced }) => [
        { event: 'tip:moderated', rooms: [rooms.user(tip.creator_id)], data: { tip_id: tip.tip_id, moderation: tip.moderation } },
        ...(announced ? [{ event: 'tip:announced', rooms: [rooms.creator(tip.creator_id)], data: announced }] : []),
      ]),
      broadcast('goal.changed', ({ goal }) => [{ event: 'goal:updated', rooms: [rooms.user(goal.creator_id), rooms.creator(goal.creator_id)], data: publicPart(goal) }]),
      broadcast('live.changed', (figures) => [{ event: 'live:updated', rooms: [rooms.user(figures.creator_id), rooms.creator(figures.creator_id)], data: figures }]),
    ],
    checks: createTipChecks({ models, unitOfWork: deps.unitOfWork, settled: () => deps.settled([counter, ...catchUps]) }),
    effects: [
      { operation: 'tip:send', field: 'tip_id', ownersOf: tips.ownersOf },
      { operation: 'guest-tip:initiate', field: 'payment_id', ownersOf: tips.ownersOfPayments },
      { operation: 'payment:initiate', field: 'payment_id', ownersOf: tips.ownersOfPayments },
      { operation: 'goal:create', field: 'goal_id', ownersOf: goals.ownersOf },
      { operation: 'live:start', field: 'stream_id', ownersOf: live.ownersOf },
    ],
    personal: [createTipPersonal(models, deps.clock)],
    models: Object.values(models),
  })
  return { tips, goals, live, feature }
}

const counter = 'tips.count'
const catchUps = ['tips.goals-catch-up', 'tips.live-catch-up', 'tips.live-moderated']

function counted({ creator_id, tip_id, created_at }: ReceivedTip): CountedTip {
  return { creator_id, tip_id, sent_at: new Date(created_at) }
}
