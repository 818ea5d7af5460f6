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
  buckets: { cash: number; held: number; pending: number; available: number; payout_reserved: number; debt: number }
  /** the newest ten */
  transactions: WalletTransaction[]
}

/** The header of a batch: what its hash covers. */
export interface BatchHeader {
  n: number
  prev: string
  /** RFC 6962 Merkle root over the canonical entries, hex */
  root: string
  count: number
  sealed_at: string
}

/** A party of an entry: always its commitment, by name only for whom it concerns. */
export interface Party {
  commitment: string
  name?: string
  blinding?: string
}

export interface SealedEntry {
  entry_id: string
  reference: string
  reason: string
  currency: string
  source: string
  cause: string | null
  at: string
  actor: Party
  postings: { account: Party; side: 'debit' | 'credit'; amount: number }[]
}

export interface SignedRoot {
  n: number
  hash: string
  day: string
  signed_at: string
  key_id: string
  /** Ed25519, base64url */
  signature: string
}

/** From an entry over its leaf, its path and the chain of batches to a signed root. `npm run verify-ledger -- --proof=FILE` checks it. */
export interface LedgerProof {
  version: 1
  entry: SealedEntry
  /** the entry's place in its batch */
  index: number
  path: string[]
  batch: BatchHeader
  chain: BatchHeader[]
  root: SignedRoot
}

export interface LedgerKey {
  key_id: string
  /** Ed25519, 32 bytes, base64url */
  public_key: string
  since: string
}

export interface WalletLineDetail extends WalletTransaction {
  entries: {
    entry_id: string
    reason: string
    currency: string
    at: string
    sealed: boolean
    /** accounts of other people are called `another` */
    postings: { account: string; side: 'debit' | 'credit'; amount: number }[]
  }[]
}

export interface LedgerOperations {
  'wallet:me': { input: Record<string, never>; output: Wallet }
  'wallet:transactions': { input: { limit?: number; offset?: number }; output: Page<WalletTransaction> }
  'wallet:line': { input: { line_id: string }; output: WalletLineDetail }
  'ledger:proof': { input: { entry_id: string }; output: LedgerProof }
  'ledger:keys': { input: Record<string, never>; output: { data: LedgerKey[] } }
}

export const ledgerRoutes = {
  'wallet:me': 'GET /api/v1/wallets/me',
  'wallet:transactions': 'GET /api/v1/wallets/me/transactions',
  'wallet:line': 'GET /api/v1/wallets/me/transactions/:line_id',
  'ledger:proof': 'GET /api/v1/ledger/proof/:entry_id',
  'ledger:keys': 'GET /api/v1/ledger/keys',
} as const satisfies Routes<LedgerOperations>

export interface LedgerFacts {
  /** the wallet has changed: read it again */
  'wallet:changed': { wallet_id: string }
}
