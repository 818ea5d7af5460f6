import type { Connection } from 'mongoose'
import { createBell } from '../../kernel/bell.ts'
import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import type { Currency } from '../../kernel/currency.ts'
import { broadcast } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { createLedgerModels, type Ledger } from '../ledger/index.ts'
import { createPaymentChecks } from './check.ts'
import { type Collecting, createCollecting } from './collecting.ts'
import { createPaymentDesk } from './desk.ts'
import { createInbox } from './inbox.ts'
import { createMethods, type MethodService } from './methods.ts'
import { methodOperations } from './method-operations.ts'
import { createPaymentModels } from './model.ts'
import { paymentFacts, paymentOperations } from './operations.ts'
import type { PaymentProvider } from './port.ts'
import { refundOperations } from './refund-operations.ts'
import { createRefunds, type RefundService } from './refunds.ts'
import { createPaymentService, type PaymentService } from './service.ts'
import { createSettling } from './settle.ts'
import { createSweeper } from './sweeper.ts'
import { createWebhookEndpoint } from './webhook.ts'

export type { Checkout } from './contract.ts'
export { type PaymentProvider, ProviderRefused, type ProviderTransfer, ProviderUnavailable } from './port.ts'
export type { MethodRow } from './model.ts'
export type Payments = Pick<PaymentService, 'find' | 'intend' | 'fromWallet' | 'ensurePayable' | 'succeededFor'> & Pick<PaymentService, 'openUrls' | 'isUsed' | 'use' | 'hasPaid'> & Collecting & Pick<MethodService, 'usable'> & Pick<RefundService, 'giveBack'>

export function createPayments(deps: {
  db: Connection
  unitOfWork: UnitOfWork
  ledger: Ledger
  ledgerModels: ReturnType<typeof createLedgerModels>
  providers: readonly PaymentProvider[]
  audit: Audit
  cursors: Cursors
  clock: Clock
  wall: Wall
  context: () => Context
  failpoints: Failpoints
  log: Logger
  publicUrl: () => string
  defaultCurrency: Currency
}): { payments: Payments; feature: Feature; releaseAll: () => Promise<void>; inboxIdle: () => Promise<boolean> } {
  const { unitOfWork, ledger, clock, wall, context, failpoints, log } = deps
  const models = createPaymentModels(deps.db)
  const settling = createSettling({ models, ledger, clock })
  const providerOf = (name: string): PaymentProvider | undefined => deps.providers.find((provider) => provider.name === name)
  const collecting = createCollecting({ ...deps, models, providerOf, settling, returnUrl: (paymentId) => `${deps.publicUrl()}/fan/#/payment/${paymentId}` })
  const service = createPaymentService({ ...deps, models, collecting })
  const methods = createMethods({ ...deps, models, defaultProvider: deps.providers[0] as PaymentProvider })
  const refunds = createRefunds({ ...deps, models, providerOf })
  const bell = createBell()
  const inbox = createInbox({ models, bell, providerOf, settle: settling.settle, unitOfWork, wall, context, failpoints, log })
  const sweeper = createSweeper({ models, providerOf, settling, charge: collecting.charge, unitOfWork, ledger, clock, wall, context, log })
  const nudged = new Set<Promise<void>>()
  const nudge = (inboxId: string): void => {
    const work: Promise<void> = inbox
      .work(inboxId)
      .catch((error: unknown) => log.warn({ err: error, inbox_id: inboxId }, 'a webhook waits for the next poll'))
      .finally(() => nudged.delete(work))
    nudged.add(work)
  }
  const feature = defineFeature({
    name: 'payments',
    operations: [...paymentOperations(service, createPaymentDesk({ ...deps, models, nudge })), ...methodOperations(methods), ...refundOperations(refunds)],
    facts: paymentFacts,
    broadcasts: [
      broadcast('payment.changed', ({ payer_id, ...data }) => [{ event: 'payment:updated', rooms: [rooms.user(payer_id)], data }]),
    ],
    jobs: [
      { name: 'payments.inbox', every_ms: 5_000, bell, run: inbox.pollDue },
      { name: 'payments.sweep', every_ms: 5_000, run: sweeper.sweep },
      { name: 'payments.refunds', every_ms: 5_000, run: () => refunds.sweep(context()) },
    ],
    dues: [{ name: 'payments.abandon', every_ms: 60_000, next: sweeper.nextOpen, runDue: sweeper.abandonDue }],
    endpoints: [createWebhookEndpoint({ inbox, defaultProvider: deps.providers[0] as PaymentProvider, providerOf, nudge })],
    checks: createPaymentChecks({ models, entries: deps.ledgerModels.Entries, unitOfWork }),
    effects: [{ operation: 'wallet:top-up', field: 'payment_id', ownersOf: service.ownersOfTopUps }, { operation: 'payment-method:create', field: 'payment_method_id', ownersOf: methods.ownersOf }, { operation: 'refund:create', field: 'refund_id', ownersOf: refunds.ownersOf }, { operation: 'refund:decide', field: 'refund_id', ownersOf: refunds.ownersOf }],
    personal: [{ name: 'payments', read: service.allOf, erase: async () => {} }, { name: 'payment_methods', read: methods.allOf, erase: methods.removeAll }, { name: 'refunds', read: refunds.allOf, erase: refunds.erase }],
    gauges: [{ name: 'ovation_payment_inbox_oldest_seconds', help: 'How long the oldest webhook waits to be applied', read: inbox.oldestSeconds }],
    models: Object.values(models),
  })
  return { payments: Object.freeze({ ...service, ...collecting, usable: methods.usable, giveBack: refunds.giveBack }), feature, releaseAll, inboxIdle }

  /** After a start as the only process: what the one before was at goes on at once. */
  async function releaseAll(): Promise<void> {
    await Promise.all([inbox.releaseAll(), sweeper.releaseAll(), refunds.releaseAll()])
  }

  /** Ends when every webhook that came was looked at. @returns whether one was under way */
  async function inboxIdle(): Promise<boolean> {
    const wasBusy = nudged.size > 0
    while (nudged.size > 0) await Promise.all(nudged)
    return wasBusy
  }
}
