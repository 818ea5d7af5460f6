import { splitFee } from '../../kernel/money.ts'
import { account, type Posting } from '../ledger/index.ts'
import type { PaymentRow } from './model.ts'

type Paid = Pick<PaymentRow, 'payer_id' | 'creator_id' | 'purpose' | 'amount' | 'fee_bps'>

/** Where a payment's money goes: a top-up to the payer's cash; a tip to the creator's pending earnings, less the fee. */
export function creditsOf(payment: Paid): Posting[] {
  if (payment.purpose === 'top-up' || payment.creator_id === null) return [{ account: account.cash(payment.payer_id), side: 'credit', amount: payment.amount }]
  const { fee, net } = splitFee(payment.amount, payment.fee_bps)
  const credits: Posting[] = [
    { account: account.pending(payment.creator_id), side: 'credit', amount: net },
    { account: account.revenue(payment.purpose), side: 'credit', amount: fee },
  ]
  return credits.filter((posting) => posting.amount > 0)
}

/** What the receiving wallet's line shows: the net that reached it. */
export function receivedBy(payment: Paid): { wallet_id: string; amount: number } {
  if (payment.creator_id === null) return { wallet_id: payment.payer_id, amount: payment.amount }
  return { wallet_id: payment.creator_id, amount: splitFee(payment.amount, payment.fee_bps).net }
}
