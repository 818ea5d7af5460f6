import type { Connection } from 'mongoose'
import { createBell } from '../../kernel/bell.ts'
import { broadcast } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Mails } from '../../platform/mail.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import { createPayoutChecks } from './check.ts'
import { createDeciding, type DecidingDependencies } from './deciding.ts'
import { createEarnings } from './earnings.ts'
import { createFreeze } from './freeze.ts'
import { createLetters } from './letters.ts'
import { createMaturation, type MaturationDependencies } from './maturation.ts'
import { createPayoutModels } from './model.ts'
import { createMoving } from './moving.ts'
import { payoutDecisions, payoutFacts, payoutOperations } from './operations.ts'
import { createPlans, type PlanDependencies } from './plans.ts'
import { createRequesting, type RequestingDependencies } from './requesting.ts'
import { createSending, type SendingDependencies } from './sending.ts'
import type { Wall } from '../../kernel/clock.ts'
import type { PaymentProvider } from '../payments/index.ts'
import type { createLedgerModels, Ledger } from '../ledger/index.ts'

const maturationEveryMs = 10 * 60_000
const plansEveryMs = 10 * 60_000
const sendingEveryMs = 30_000

type Made = 'models' | 'moving' | 'freeze' | 'requesting' | 'provider' | 'ring' | 'ledger' | 'profiles' | 'accounts'
type Dependencies = Omit<MaturationDependencies, Made> &
  Omit<RequestingDependencies, Made> &
  Omit<DecidingDependencies, Made> &
  Omit<SendingDependencies, Made> &
  Omit<PlanDependencies, Made> & {
    db: Connection
    ledger: Ledger
    ledgerModels: ReturnType<typeof createLedgerModels>
    profiles: MaturationDependencies['profiles'] & RequestingDependencies['profiles'] & PlanDependencies['profiles']
    accounts: DecidingDependencies['accounts'] & PlanDependencies['accounts']
    mails: Pick<Mails, 'send'>
    publicUrl: () => string
    provider: PaymentProvider
    wall: Wall
  }

/** How creators come by what they earned. */
export function createPayouts(deps: Dependencies): { feature: Feature; followCheck: ReturnType<typeof createFreeze>['follow'] } {
  const models = createPayoutModels(deps.db)
  const bell = createBell()
  const freeze = createFreeze({ ...deps, models })
  const moving = createMoving({ ...deps, models, letters: createLetters(deps) })
  const requesting = createRequesting({ ...deps, models, moving, provider: deps.provider.name })
  const plans = createPlans({ ...deps, models, requesting })
  const deciding = createDeciding({ ...deps, models, moving, freeze, ring: bell.ring })
  const sending = createSending({ ...deps, models, moving, freeze })
  const maturation = createMaturation({ ...deps, models })
  const earnings = createEarnings({ ...deps, models, maturation })
  const feature = defineFeature({
    name: 'payouts',
    operations: [...payoutOperations({ requesting, plans, earnings }), ...payoutDecisions(deciding)],
    facts: payoutFacts,
    broadcasts: [broadcast('payout.updated', (data) => [{ event: 'payout:updated', rooms: [rooms.user(data.creator_id), rooms.admin], data }])],
    dues: [
      { name: 'payouts.maturation', every_ms: maturationEveryMs, next: maturation.next, runDue: maturation.runDue },
      { name: 'payouts.plans', every_ms: plansEveryMs, next: plans.next, runDue: plans.runDue },
      { name: 'payouts.sending', every_ms: sendingEveryMs, bell, next: sending.next, runDue: sending.runDue },
    ],
    checks: createPayoutChecks({ ...deps, models }),
    effects: [{ operation: 'payout:request', field: 'payout_id', ownersOf: requesting.ownersOf }],
    personal: [{ name: 'payouts', read: requesting.allOf, erase: plans.erase }],
    models: Object.values(models),
  })
  return { feature, followCheck: freeze.follow }
}
