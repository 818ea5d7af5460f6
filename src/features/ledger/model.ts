import { type Connection, Schema } from 'mongoose'
import type { Currency } from '../../kernel/currency.ts'
import { insertOnly, rowOptions } from '../../platform/mongo.ts'
import type { Delta, EntryRow, Posting } from './entry.ts'

export interface BalanceRow {
  /** account and currency */
  _id: string
  /** the account's class, as it was when the row was made */
  class: string
  /** minor units on the account's normal side: everything but what still stands in `unsealed` */
  posted: number
}

/** The deltas of one entry that are in no balance yet. The sealer turns them into one. */
export interface UnsealedRow {
  /** entry id */
  _id: string
  deltas: Delta[]
  /** wall time: how long the sealer has let it wait */
  since: Date
}

export interface BatchRow {
  /** 1, 2, 3 … without a gap */
  _id: number
  prev: string
  root: string
  count: number
  entry_ids: string[]
  sealed_at: Date
  hash: string
}

/** The last batch: whoever seals moves it by compare-and-set. */
export interface HeadRow {
  _id: 'head'
  n: number
  hash: string
}

/** A signature under everything up to a batch. The last one of a day is that day's root. */
export interface RootRow {
  /** the number of the batch whose hash is signed */
  _id: number
  hash: string
  /** the UTC day in which that batch was sealed */
  day: string
  signed_at: Date
  key_id: string
  /** Ed25519, base64url */
  signature: string
}

/** A public key that roots were signed with; kept for ever, since what it signed stays. */
export interface LedgerKeyRow {
  _id: string
  /** 32 bytes, base64url */
  public_key: string
  since: Date
}

/** How far `check` has recomputed batches. */
export interface VerifiedRow {
  _id: 'verified'
  n: number
  hash: string
}

export interface WalletLineRow {
  /** wallet and source document */
  _id: string
  /** the user whose wallet it is */
  wallet_id: string
  source_id: string
  type: 'payment' | 'payout' | 'refund'
  status: 'pending' | 'success' | 'failed'
  /** signed minor units: what it does to the balance */
  amount: number
  currency: Currency
  payment_id?: string
  payout_id?: string
  created_at: Date
}

export type LedgerModels = ReturnType<typeof createLedgerModels>

export function createLedgerModels(db: Connection) {
  const Entries = db.model<EntryRow>('Entry', insertOnly(entrySchema()))
  const Balances = db.model<BalanceRow>(
    'Balance',
    new Schema<BalanceRow>({ _id: String, class: { type: String, required: true }, posted: { type: Number, required: true } }, rowOptions<BalanceRow>('balances')),
  )
  const Unsealed = db.model<UnsealedRow>(
    'Unsealed',
    new Schema<UnsealedRow>(
      {
        _id: String,
        deltas: { type: [new Schema<Delta>({ balance: { type: String, required: true }, delta: { type: Number, required: true } }, { _id: false })], required: true },
        since: { type: Date, required: true },
      },
      rowOptions<UnsealedRow>('unsealed'),
    ).index({ 'deltas.balance': 1 }),
  )
  const Batches = db.model<BatchRow>(
    'Batch',
    insertOnly(
      new Schema<BatchRow>(
        { _id: Number, prev: { type: String, required: true }, root: { type: String, required: true }, count: { type: Number, required: true }, entry_ids: { type: [String], required: true }, sealed_at: { type: Date, required: true }, hash: { type: String, required: true } },
        rowOptions<BatchRow>('batches'),
      ),
    )
      .index({ entry_ids: 1 })
      .index({ sealed_at: 1 }),
  )
  const Heads = db.model<HeadRow | VerifiedRow>(
    'LedgerHead',
    new Schema<HeadRow | VerifiedRow>({ _id: String, n: { type: Number, required: true }, hash: { type: String, required: true } }, rowOptions<HeadRow | VerifiedRow>('ledger_heads')),
  )
  const WalletLines = db.model<WalletLineRow>(
    'WalletLine',
    new Schema<WalletLineRow>(
      {
        _id: String,
        wallet_id: { type: String, required: true },
        source_id: { type: String, required: true },
        type: { type: String, enum: ['payment', 'payout', 'refund'], required: true },
        status: { type: String, enum: ['pending', 'success', 'failed'], required: true },
        amount: { type: Number, required: true },
        currency: { type: String, required: true },
        payment_id: String,
        payout_id: String,
        created_at: { type: Date, required: true },
      },
      rowOptions<WalletLineRow>('wallet_lines'),
    )
      .index({ wallet_id: 1, created_at: -1, _id: -1 })
      .index({ source_id: 1 }),
  )
  const Roots = db.model<RootRow>(
    'LedgerRoot',
    insertOnly(
      new Schema<RootRow>(
        { _id: Number, hash: { type: String, required: true }, day: { type: String, required: true }, signed_at: { type: Date, required: true }, key_id: { type: String, required: true }, signature: { type: String, required: true } },
        rowOptions<RootRow>('ledger_roots'),
      ),
    ).index({ day: 1, _id: -1 }),
  )
  const Keys = db.model<LedgerKeyRow>(
    'LedgerKey',
    new Schema<LedgerKeyRow>({ _id: String, public_key: { type: String, required: true }, since: { type: Date, required: true } }, rowOptions<LedgerKeyRow>('ledger_keys')),
  )
  return { Entries, Balances, Unsealed, Batches, Heads, Roots, Keys, WalletLines }
}

function entrySchema(): Schema<EntryRow> {
  const posting = new Schema<Posting>(
    { account: { type: String, required: true }, side: { type: String, enum: ['debit', 'credit'], required: true }, amount: { type: Number, required: true, min: 1 } },
    { _id: false },
  )
  return new Schema<EntryRow>(
    {
      _id: String,
      reference: { type: String, required: true },
      reason: { type: String, required: true },
      currency: { type: String, required: true },
      source: { type: String, required: true },
      actor: { type: String, required: true },
      cause: String,
      at: { type: Date, required: true },
      nonce: { type: String, required: true },
      postings: { type: [posting], required: true },
    },
    rowOptions<EntryRow>('entries'),
  )
    .index({ reference: 1 }, { unique: true })
    .index({ source: 1 })
    .index({ 'postings.account': 1, currency: 1, at: 1 })
}
