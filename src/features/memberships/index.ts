import type { Connection } from 'mongoose'
import type { Clock } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import { broadcast, subscribe } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { Mails } from '../../platform/mail.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { AccountService } from '../accounts/index.ts'
import type { Payments } from '../payments/index.ts'
import type { Profiles, Relations } from '../profiles/index.ts'
import { createAccess, type Access } from './access.ts'
import { createChanging } from './changing.ts'
import { createCharging } from './charging.ts'
import { createMembershipChecks } from './check.ts'
import { createGiving } from './giving.ts'
import { createLetters } from './letters.ts'
import { createMembershipModels } from './model.ts'
import { createMoving } from './moving.ts'
import { createOutcomes } from './outcomes.ts'
import { membershipFacts, membershipOperations, tierOperations } from './operations.ts'
import { createRepricing } from './repricing.ts'
import { createRenewal } from './renewal.ts'
import { createMembershipService } from './service.ts'
import { createTierService } from './tiers.ts'

export type { Access } from './access.ts'

const dueEveryMs = 60_000

export function createMemberships(deps: {
  db: Connection
  unitOfWork: UnitOfWork
  accounts: Pick<AccountService, 'find' | 'namesOf'>
  mails: Mails
  profiles: Pick<Profiles, 'creator'>
  relations: Relations
  payments: Payments
  audit: Audit
  cursors: Cursors
  clock: Clock
  context: () => Context
  failpoints: Failpoints
  log: Logger
  publicUrl: () => string
  feeBps: number
}): { access: Access; feature: Feature } {
  const models = createMembershipModels(deps.db)
  const tiers = createTierService({ ...deps, models })
  const letters = createLetters(deps)
  const moving = createMoving({ ...deps, models, tiers, letters })
  const outcomes = createOutcomes({ ...deps, models, moving, giveBack: deps.payments.giveBack })
  const charging = createCharging({ ...deps, models, moving, outcomes, returnUrl: () => `${deps.publicUrl()}/fan/#/memberships` })
  const memberships = createMembershipService({ ...deps, models, tiers, moving, charging })
  const changing = createChanging({ ...deps, models, memberships, tiers, moving, charging })
  const giving = createGiving({ ...deps, models, memberships, tiers, moving, letters })
  const repricing = createRepricing({ ...deps, models, moving, letters })
  const renewal = createRenewal({ ...deps, models, moving, charging })
  const access = createAccess({ ...deps, models })
  const feature = defineFeature({
    name: 'memberships',
    operations: [...tierOperations(tiers), ...membershipOperations({ memberships, changing, giving, access })],
    facts: membershipFacts,
    subscribers: [
      subscribe('payment.succeeded', 'memberships.paid', async ({ payload }) => {
        if (payload.purpose === 'membership') await outcomes.paid(deps.context(), payload.payment_id)
      }),
      subscribe('payment.failed', 'memberships.unpaid', async ({ payload }) => {
        if (payload.purpose === 'membership') await outcomes.unpaid(deps.context(), payload.payment_id)
      }),
      // What the present period was paid with has gone back: then it is not paid.
      subscribe('payment.refunded', 'memberships.refunded', async ({ payload: { purpose, in_full, subject, effect_key } }) => {
        if (purpose === 'membership' && in_full && subject !== null) await memberships.endRefunded(subject, effect_key ?? '')
      }),
      subscribe('tier.repriced', 'memberships.reprice', ({ payload }) => repricing.follow(payload)),
      subscribe('user.blocked', 'memberships.end', ({ payload: { by, whom } }) => memberships.endBetween(by, whom)),
    ],
    broadcasts: [broadcast('membership.changed', (data) => [{ event: 'membership:changed', rooms: [rooms.user(data.fan_id), rooms.user(data.creator_id)], data }])],
    dues: [{ name: 'memberships.due', every_ms: dueEveryMs, next: renewal.next, runDue: renewal.runDue }],
    checks: createMembershipChecks({ ...deps, models }),
    effects: [
      { operation: 'tier:create', field: 'tier_id', ownersOf: tiers.ownersOf },
      { operation: 'membership:subscribe', field: 'membership_id', ownersOf: memberships.ownersOf },
      { operation: 'membership:resume', field: 'membership_id', ownersOf: memberships.changedBy },
      { operation: 'membership:gift', field: 'membership_id', ownersOf: giving.giversOf },
      { operation: 'member:comp', field: 'membership_id', ownersOf: giving.giversOf },
      { operation: 'membership:change', field: 'membership_id', ownersOf: memberships.changedBy },
      { operation: 'membership:pay', field: 'membership_id', ownersOf: memberships.changedBy },
    ],
    personal: [{ name: 'memberships', read: memberships.allOf, erase: memberships.endAll }],
    models: Object.values(models),
  })
  return { access, feature }
}
