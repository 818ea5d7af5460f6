import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { tipRoutes } from './contract.ts'
import * as schema from './schema.ts'
import type { GuestTips } from './guests.ts'
import type { TipService } from './service.ts'
import type { TipSettingsService } from './settings.ts'

export function tipOperations(tips: TipService, guests: GuestTips, settings: TipSettingsService): AnyOperation[] {
  return [
    operation({
      name: 'payment:initiate',
      summary: 'Tip a creator by checkout',
      ...tipRoutes['payment:initiate'],
      audience: 'signed-in',
      status: 201,
      errors: ['not-found', 'self', 'blocked', 'amount', 'currency', 'payment-declined', 'retry'],
      input: schema.initiateTip,
      output: schema.checkout,
      handle: tips.initiate,
    }),
    operation({
      name: 'guest-tip:initiate',
      summary: 'Tip a creator by checkout, without an account',
      ...tipRoutes['guest-tip:initiate'],
      audience: 'public',
      status: 201,
      cost: 5,
      errors: ['forbidden', 'unauthenticated', 'not-found', 'amount', 'currency', 'payment-declined', 'retry'],
      input: schema.initiateGuestTip,
      output: schema.guestCheckout,
      handle: guests.initiate,
    }),
    operation({
      name: 'guest-tip:read',
      summary: 'What became of a guest’s tip, for whoever holds its receipt',
      ...tipRoutes['guest-tip:read'],
      audience: 'public',
      errors: ['not-found'],
      input: schema.receipt,
      output: schema.guestTip,
      handle: guests.read,
    }),
    operation({
      name: 'tip:send',
      summary: 'Tip a creator from your wallet',
      ...tipRoutes['tip:send'],
      audience: 'signed-in',
      status: 201,
      errors: ['not-found', 'self', 'blocked', 'amount', 'currency', 'insufficient-funds'],
      input: schema.sendTip,
      output: schema.tip,
      handle: tips.send,
    }),
    operation({
      name: 'tip:sent',
      summary: 'The tips you gave, newest first',
      route: tipRoutes['tip:sent'],
      audience: 'signed-in',
      errors: ['cursor'],
      input: schema.pageQuery,
      output: schema.sentTipPage,
      handle: tips.sent,
    }),
    operation({
      name: 'tip:list',
      summary: 'The tips you received, newest first',
      route: tipRoutes['tip:list'],
      audience: 'creator',
      errors: ['cursor'],
      input: schema.pageQuery,
      output: schema.tipPage,
      handle: tips.list,
    }),
    operation({
      name: 'tip:moderate',
      summary: 'Show a tip that waits to your audience, or keep it to yourself; the money is yours either way',
      route: tipRoutes['tip:moderate'],
      audience: 'creator',
      errors: ['not-found', 'stale-state'],
      input: schema.moderateTip,
      output: schema.receivedTip,
      handle: tips.moderate,
    }),
    operation({
      name: 'tip-settings:read',
      summary: 'What you take as a tip and what of it is shown',
      route: tipRoutes['tip-settings:read'],
      audience: 'creator',
      errors: [],
      input: schema.nothing,
      output: schema.tipSettings,
      handle: settings.mine,
    }),
    operation({
      name: 'tip-settings:update',
      summary: 'Set what you take as a tip and what of it is shown',
      route: tipRoutes['tip-settings:update'],
      audience: 'creator',
      errors: ['amount', 'currency'],
      input: schema.updateTipSettings,
      output: schema.tipSettings,
      handle: settings.update,
    }),
    operation({
      name: 'tip-settings:public',
      summary: 'The least and the most that a creator takes as a tip',
      route: tipRoutes['tip-settings:public'],
      audience: 'public',
      errors: ['not-found'],
      input: schema.creatorId,
      output: schema.publicTipSettings,
      handle: settings.publicPart,
    }),
  ]
}

export const tipFacts: AnyFact[] = [
  fact({ name: 'tip:received', summary: 'A tip has reached you', namespace: '/', room: 'user', data: schema.receivedTip }),
  fact({ name: 'tip:announced', summary: 'A tip, as its audience may see it', namespace: '/', room: 'creator', data: schema.announcedTip }),
  fact({ name: 'tip:moderated', summary: 'A tip that waited was decided about', namespace: '/', room: 'user', data: schema.moderatedTip }),
]
