import type { Connection } from 'mongoose'
import { createBell } from '../../kernel/bell.ts'
import type { Clock, Wall } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import type { Currency } from '../../kernel/currency.ts'
import { broadcast } from '../../kernel/events.ts'
import { defineFeature, type Feature } from '../../kernel/feature.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { Leases } from '../../platform/lease.ts'
import { rooms } from '../../platform/realtime/rooms.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { createLedgerChecks } from './check.ts'
import { createLedgerModels, type LedgerModels } from './model.ts'
import { ledgerFacts, ledgerOperations } from './operations.ts'
import { createPoster, type Poster } from './post.ts'
import { createProofs } from './proofs.ts'
import { createRoots } from './roots.ts'
import { createSealer, type Sealer } from './sealer.ts'
import { createWallets, type Wallets } from './wallets.ts'

export { account } from './chart.ts'
export type { Entry, EntryRow, Posting } from './entry.ts'
export type { Wallets } from './wallets.ts'
export { createLedgerModels } from './model.ts'
export { createLedgerChecks } from './check.ts'
export { faultOfProof } from './proof.ts'
export { publicKeyOfSeed } from './roots.ts'

/** What other features may do with money: post an entry, keep a wallet's lines, ask a balance. */
export interface Ledger extends Poster, Pick<Wallets, 'openLines' | 'moveLine' | 'balanceOf' | 'earningsOf' | 'moneyOf' | 'accruing'>, Pick<Sealer, 'sealAll'> {}

/** for what a process posted and died over */
const sealEveryMs = 2_000
const signEveryMs = 15_000

export function createLedger(deps: {
  db: Connection
  unitOfWork: UnitOfWork
  leases: Leases
  clock: Clock
  wall: Wall
  context: () => Context
  failpoints: Failpoints
  log: Logger
  defaultCurrency: Currency
  /** 32 bytes: the Ed25519 key under the day's roots */
  rootSeed: Buffer
}): { ledger: Ledger; models: LedgerModels; feature: Feature } {
  const models = createLedgerModels(deps.db)
  const bell = createBell()
  const sealer = createSealer({ ...deps, models, bell })
  const poster = createPoster({ models, clock: deps.clock, wall: deps.wall, onPosted: sealer.soon })
  const wallets = createWallets({ ...deps, models })
  const roots = createRoots({ ...deps, models, seed: deps.rootSeed })
  const feature = defineFeature({
    name: 'ledger',
    operations: ledgerOperations(wallets, createProofs({ models, roots, unitOfWork: deps.unitOfWork })),
    facts: ledgerFacts,
    broadcasts: [
      broadcast('wallet.changed', ({ wallet_id }) => [{ event: 'wallet:changed', rooms: [rooms.user(wallet_id)], data: { wallet_id } }]),
    ],
    jobs: [
      { name: 'ledger.seal', every_ms: sealEveryMs, bell, run: sealer.tick },
      { name: 'ledger.sign', every_ms: signEveryMs, run: roots.tick },
    ],
    checks: createLedgerChecks({ models, unitOfWork: deps.unitOfWork, wall: deps.wall }),
    personal: [{ name: 'wallet', read: wallets.allOf, erase: async () => {} }],
    gauges: [{ name: 'ovation_ledger_unsealed_oldest_seconds', help: 'How long the oldest entry waits to be sealed', read: sealer.oldestSeconds }],
    models: Object.values(models),
  })
  return { models, ledger: Object.freeze({ ...poster, ...wallets, sealAll: sealer.sealAll }), feature }
}
