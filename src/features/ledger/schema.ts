import Joi from 'joi'
import { id, instant, limit, minorUnits, offset, page, signedMinorUnits } from '../../kernel/schema.ts'
import type { BatchHeader, LedgerFacts, LedgerKey, LedgerProof, Party, SealedEntry, SignedRoot, Wallet, WalletLineDetail, WalletTransaction } from './contract.ts'

const line = {
  id: Joi.string().required(),
  amount: signedMinorUnits.required(),
  type: Joi.string<WalletTransaction['type']>().valid('payment', 'payout', 'refund').required(),
  status: Joi.string<WalletTransaction['status']>().valid('pending', 'success', 'failed').required(),
  payment_id: Joi.string(),
  payout_id: Joi.string(),
  created_at: instant.required(),
}

export const transaction = Joi.object<WalletTransaction, true>(line)

export const wallet = Joi.object<Wallet, true>({
  balance: signedMinorUnits.required(),
  currency: Joi.string().length(3).required(),
  buckets: Joi.object<Wallet['buckets'], true>({
    cash: signedMinorUnits.required(),
    held: signedMinorUnits.required(),
    pending: signedMinorUnits.required(),
    payout_reserved: signedMinorUnits.required(),
    debt: signedMinorUnits.required(),
    available: signedMinorUnits.required(),
  }).required(),
  transactions: Joi.array<WalletTransaction[]>().items(transaction).required(),
})

export const transactionsQuery = Joi.object<{ limit?: number; offset?: number }>({ limit, offset })
export const transactionPage = page(transaction)
export const lineId = Joi.object<{ line_id: string }, true>({ line_id: Joi.string().min(1).max(128).required() })
export const entryId = Joi.object<{ entry_id: string }, true>({ entry_id: id.required() })

const side = Joi.string<'debit' | 'credit'>().valid('debit', 'credit')
const hash = Joi.string().length(64)
type LineEntry = WalletLineDetail['entries'][number]

export const lineDetail = Joi.object<WalletLineDetail, true>({
  ...line,
  entries: Joi.array<LineEntry[]>()
    .items(
      Joi.object<LineEntry, true>({
        entry_id: id.required(),
        reason: Joi.string().required(),
        currency: Joi.string().length(3).required(),
        at: instant.required(),
        sealed: Joi.boolean().required(),
        postings: Joi.array<LineEntry['postings']>()
          .items(Joi.object<LineEntry['postings'][number], true>({ account: Joi.string().required(), side: side.required(), amount: minorUnits.required() }))
          .required(),
      }),
    )
    .required(),
})

const party = Joi.object<Party, true>({ commitment: hash.required(), name: Joi.string(), blinding: hash })
const header = Joi.object<BatchHeader, true>({
  n: Joi.number().integer().min(1).required(),
  prev: hash.required(),
  root: hash.required(),
  count: Joi.number().integer().min(1).required(),
  sealed_at: instant.required(),
})
const sealedEntry = Joi.object<SealedEntry, true>({
  entry_id: id.required(),
  reference: Joi.string().required(),
  reason: Joi.string().required(),
  currency: Joi.string().length(3).required(),
  source: Joi.string().required(),
  cause: Joi.string().allow(null).required(),
  at: instant.required(),
  actor: party.required(),
  postings: Joi.array<SealedEntry['postings']>()
    .items(Joi.object<SealedEntry['postings'][number], true>({ account: party.required(), side: side.required(), amount: minorUnits.required() }))
    .required(),
})
const signedRoot = Joi.object<SignedRoot, true>({
  n: Joi.number().integer().min(1).required(),
  hash: hash.required(),
  day: Joi.string().length(10).required(),
  signed_at: instant.required(),
  key_id: Joi.string().required(),
  signature: Joi.string().required(),
})

export const proof = Joi.object<LedgerProof, true>({
  version: Joi.number<1>().valid(1).required(),
  entry: sealedEntry.required(),
  index: Joi.number().integer().min(0).required(),
  path: Joi.array<string[]>().items(hash).required(),
  batch: header.required(),
  chain: Joi.array<BatchHeader[]>().items(header).required(),
  root: signedRoot.required(),
})

export const ledgerKeys = Joi.object<{ data: LedgerKey[] }, true>({
  data: Joi.array<LedgerKey[]>()
    .items(Joi.object<LedgerKey, true>({ key_id: Joi.string().required(), public_key: Joi.string().required(), since: instant.required() }))
    .required(),
})

export const walletChanged = Joi.object<LedgerFacts['wallet:changed'], true>({ wallet_id: id.required() })
