import { type AnyFact, fact } from '../../kernel/feature.ts'
import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { nothing } from '../../kernel/schema.ts'
import { ledgerRoutes } from './contract.ts'
import type { Proofs } from './proofs.ts'
import * as schema from './schema.ts'
import type { Wallets } from './wallets.ts'

export function ledgerOperations(wallets: Wallets, proofs: Proofs): AnyOperation[] {
  return [
    operation({
      name: 'wallet:me',
      summary: 'Your balance, its buckets and the newest lines',
      route: ledgerRoutes['wallet:me'],
      audience: 'signed-in',
      errors: [],
      input: nothing,
      output: schema.wallet,
      handle: wallets.mine,
    }),
    operation({
      name: 'wallet:transactions',
      summary: 'The lines of your wallet, newest first',
      route: ledgerRoutes['wallet:transactions'],
      audience: 'signed-in',
      errors: [],
      input: schema.transactionsQuery,
      output: schema.transactionPage,
      handle: wallets.transactions,
    }),
    operation({
      name: 'wallet:line',
      summary: 'One line of your wallet with the entries behind it',
      route: ledgerRoutes['wallet:line'],
      audience: 'signed-in',
      errors: ['not-found'],
      input: schema.lineId,
      output: schema.lineDetail,
      handle: proofs.line,
    }),
    operation({
      name: 'ledger:proof',
      summary: 'The proof that an entry of yours stands as it was sealed',
      route: ledgerRoutes['ledger:proof'],
      audience: 'signed-in',
      errors: ['not-found', 'stale-state'],
      cost: 5,
      input: schema.entryId,
      output: schema.proof,
      handle: proofs.proof,
    }),
    operation({
      name: 'ledger:keys',
      summary: 'The public keys that check proofs',
      route: ledgerRoutes['ledger:keys'],
      audience: 'public',
      errors: [],
      input: nothing,
      output: schema.ledgerKeys,
      handle: proofs.keys,
    }),
  ]
}

export const ledgerFacts: AnyFact[] = [
  fact({ name: 'wallet:changed', summary: 'Your wallet has changed: read it again', namespace: '/', room: 'user', data: schema.walletChanged }),
]
