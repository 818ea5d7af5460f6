import Joi from 'joi'
import { instant, limit, offset, page, signedMinorUnits } from '../../kernel/schema.ts'
import type { Wallet, WalletTransaction } from './contract.ts'

export const transaction = Joi.object<WalletTransaction, true>({
  id: Joi.string().required(),
  amount: signedMinorUnits.required(),
  type: Joi.string<WalletTransaction['type']>().valid('payment', 'payout', 'refund').required(),
  status: Joi.string<WalletTransaction['status']>().valid('pending', 'success', 'failed').required(),
  payment_id: Joi.string(),
  payout_id: Joi.string(),
  created_at: instant.required(),
})

export const wallet = Joi.object<Wallet, true>({
  balance: signedMinorUnits.required(),
  currency: Joi.string().length(3).required(),
  buckets: Joi.object<Wallet['buckets'], true>({ cash: signedMinorUnits.required(), held: signedMinorUnits.required(), pending: signedMinorUnits.required(), available: signedMinorUnits.required() }).required(),
  transactions: Joi.array<WalletTransaction[]>().items(transaction).required(),
})

export const transactionsQuery = Joi.object<{ limit?: number; offset?: number }>({ limit, offset })
export const transactionPage = page(transaction)
