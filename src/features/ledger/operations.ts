import { type AnyOperation, operation } from '../../kernel/operation.ts'
import { nothing } from '../../kernel/schema.ts'
import { ledgerRoutes } from './contract.ts'
import { transactionPage, transactionsQuery, wallet } from './schema.ts'
import type { Wallets } from './wallets.ts'

export function ledgerOperations(wallets: Wallets): AnyOperation[] {
  return [
    operation({ name: 'wallet:me', route: ledgerRoutes['wallet:me'], audience: 'signed-in', errors: [], input: nothing, output: wallet, handle: wallets.mine }),
    operation({
      name: 'wallet:transactions',
      route: ledgerRoutes['wallet:transactions'],
      audience: 'signed-in',
      errors: [],
      input: transactionsQuery,
      output: transactionPage,
      handle: wallets.transactions,
    }),
  ]
}
