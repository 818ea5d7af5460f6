import type { Page } from '../../kernel/page.ts'
import type { Routes } from '../../kernel/operation.ts'

/** One line of a wallet. `amount` is what the line did to the balance: positive in, negative out. */
export interface WalletTransaction {
  id: string
  amount: number
  type: 'payment' | 'payout' | 'refund'
  status: 'pending' | 'success' | 'failed'
  payment_id?: string
  payout_id?: string
  created_at: string
}

export interface Wallet {
  /** cash + pending + available, minor units */
  balance: number
  currency: string
  buckets: { cash: number; held: number; pending: number; available: number }
  /** the newest ten */
  transactions: WalletTransaction[]
}

export interface LedgerOperations {
  'wallet:me': { input: Record<string, never>; output: Wallet }
  'wallet:transactions': { input: { limit?: number; offset?: number }; output: Page<WalletTransaction> }
}

export const ledgerRoutes = {
  'wallet:me': 'GET /api/v1/wallets/me',
  'wallet:transactions': 'GET /api/v1/wallets/me/transactions',
} as const satisfies Routes<LedgerOperations>

export interface LedgerFacts {
  /** the wallet has changed: read it again */
  'wallet:changed': { wallet_id: string }
}
