import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { nothing } from '../../kernel/schema.ts'
import type { Access } from './access.ts'
import type { Changing } from './changing.ts'
import { membershipRoutes } from './contract.ts'
import * as schema from './schema.ts'
import type { MembershipService } from './service.ts'
import type { TierService } from './tiers.ts'

export function tierOperations(tiers: TierService): AnyOperation[] {
  return [
    operation({
      name: 'tier:create',
      summary: 'Offer a tier of membership',
      ...membershipRoutes['tier:create'],
      audience: 'creator',
      status: 201,
      errors: ['conflict', 'amount', 'currency'],
      input: schema.createTier,
      output: schema.tier,
      handle: tiers.create,
    }),
    operation({
      name: 'tier:update',
      summary: 'Change a tier; prices of members stay as they were agreed',
      ...membershipRoutes['tier:update'],
      audience: 'creator',
      errors: ['not-found', 'stale-state', 'conflict'],
      input: schema.updateTier,
      output: schema.tier,
      handle: tiers.update,
    }),
    operation({
      name: 'tier:archive',
      summary: 'Offer a tier no longer; its members stay',
      ...membershipRoutes['tier:archive'],
      audience: 'creator',
      errors: ['not-found'],
      input: schema.tierId,
      output: schema.tier,
      handle: tiers.archive,
    }),
    operation({
      name: 'tier:list',
      summary: 'The tiers that one can join, the lowest rank first',
      route: membershipRoutes['tier:list'],
      audience: 'public',
      errors: ['not-found'],
      input: schema.creatorId,
      output: schema.tierList,
      handle: tiers.list,
    }),
    operation({
      name: 'tier:mine',
      summary: 'Your own tiers, archived ones too',
      route: membershipRoutes['tier:mine'],
      audience: 'creator',
      errors: [],
      input: nothing,
      output: schema.tierList,
      handle: tiers.mine,
    }),
  ]
}

export function membershipOperations({ memberships, changing, access }: { memberships: MembershipService; changing: Changing; access: Access }): AnyOperation[] {
  return [
    operation({
      name: 'membership:subscribe',
      summary: 'Become a member',
      ...membershipRoutes['membership:subscribe'],
      audience: 'signed-in',
      status: 201,
      errors: ['not-found', 'self', 'blocked', 'conflict', 'stale-state', 'insufficient-funds'],
      input: schema.subscribe,
      output: schema.membership,
      handle: memberships.subscribe,
    }),
    operation({
      name: 'membership:list',
      summary: 'Your memberships, the newest first, ended ones too',
      route: membershipRoutes['membership:list'],
      audience: 'signed-in',
      errors: ['cursor'],
      input: schema.pageQuery,
      output: schema.membershipPage,
      handle: memberships.list,
    }),
    operation({
      name: 'membership:read',
      summary: 'One membership of yours',
      route: membershipRoutes['membership:read'],
      audience: 'signed-in',
      errors: ['not-found'],
      input: schema.membershipId,
      output: schema.membership,
      handle: memberships.read,
    }),
    operation({
      name: 'membership:cancel',
      summary: 'End a membership, now or when what was paid is over',
      ...membershipRoutes['membership:cancel'],
      audience: 'signed-in',
      errors: ['not-found', 'stale-state', 'conflict'],
      input: schema.cancel,
      output: schema.membership,
      handle: memberships.cancel,
    }),
    operation({
      name: 'membership:uncancel',
      summary: 'Go on with a membership that was to end',
      ...membershipRoutes['membership:uncancel'],
      audience: 'signed-in',
      errors: ['not-found', 'stale-state', 'conflict'],
      input: schema.membershipId,
      output: schema.membership,
      handle: memberships.uncancel,
    }),
    operation({
      name: 'membership:change',
      summary: 'Another tier or interval: more at once, everything else at the end of the period; the present one again undoes it',
      ...membershipRoutes['membership:change'],
      audience: 'signed-in',
      errors: ['not-found', 'stale-state', 'conflict', 'insufficient-funds'],
      input: schema.change,
      output: schema.membership,
      handle: changing.change,
    }),
    operation({
      name: 'membership:preview-change',
      summary: 'What a change would cost, and when it would take effect',
      route: membershipRoutes['membership:preview-change'],
      audience: 'signed-in',
      errors: ['not-found', 'stale-state'],
      input: schema.change,
      output: schema.preview,
      handle: changing.preview,
    }),
    operation({
      name: 'membership:pay',
      summary: 'Pay now for a membership whose renewal failed',
      ...membershipRoutes['membership:pay'],
      audience: 'signed-in',
      errors: ['not-found', 'stale-state', 'conflict', 'insufficient-funds'],
      input: schema.pay,
      output: schema.membership,
      handle: changing.pay,
    }),
    operation({
      name: 'member:list',
      summary: 'Your members, the newest first',
      route: membershipRoutes['member:list'],
      audience: 'creator',
      errors: ['cursor'],
      input: schema.memberQuery,
      output: schema.memberPage,
      handle: memberships.members,
    }),
    operation({
      name: 'access:check',
      summary: 'Whether you may see what a creator keeps for members, and why',
      route: membershipRoutes['access:check'],
      audience: 'signed-in',
      errors: ['not-found'],
      input: schema.creatorId,
      output: schema.access,
      handle: access.check,
    }),
  ]
}

export const membershipFacts: AnyFact[] = [
  fact({ name: 'membership:changed', summary: 'A membership of yours, or one of your members, has moved on', namespace: '/', room: 'user', data: schema.membershipChanged }),
]
