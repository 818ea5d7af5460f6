import type { Tx } from '../../kernel/events.ts'
import { splitFee } from '../../kernel/money.ts'
import { account, type Ledger, type Posting } from '../ledger/index.ts'
import type { PaymentRow } from './model.ts'

type Paid = Pick<PaymentRow, 'payer_id' | 'creator_id' | 'purpose' | 'amount' | 'currency' | 'fee_bps' | 'refunded'>

/**
 * Where the money for a refund is taken from, in this order: a top-up from the payer's own cash; everything else from the creator's pending
 * earnings, then from what is available, and what is left becomes an explicit debt, which the next earnings repay. The platform gives back its
 * share of the fee, so that after any number of refunds the fee is that of what was kept.
 */
export async function clawback(ledger: Pick<Ledger, 'holds'>, tx: Tx, payment: Paid, amount: number): Promise<Posting[]> {
  const { creator_id, payer_id, currency } = payment
  if (creator_id === null) return [{ account: account.cash(payer_id), side: 'debit', amount }]
  const { fee, net } = sharesOf(payment, amount)
  const fromPending = Math.min(net, Math.max(0, await ledger.holds(tx, account.pending(creator_id), currency)))
  const fromAvailable = Math.min(net - fromPending, Math.max(0, await ledger.holds(tx, account.available(creator_id), currency)))
  const debits: Posting[] = [
    { account: account.pending(creator_id), side: 'debit', amount: fromPending },
    { account: account.available(creator_id), side: 'debit', amount: fromAvailable },
    { account: account.debt(creator_id), side: 'debit', amount: net - fromPending - fromAvailable },
    { account: account.revenue(payment.purpose), side: 'debit', amount: fee },
  ]
  return debits.filter((posting) => posting.amount > 0)
}

/** What of a refund is the creator's and what the platform's: counted over all refunds together, so that no cent is lost by rounding. */
export function sharesOf({ fee_bps, refunded = 0 }: Pick<Paid, 'fee_bps' | 'refunded'>, amount: number): { fee: number; net: number } {
  const fee = splitFee(refunded + amount, fee_bps).fee - splitFee(refunded, fee_bps).fee
  return { fee, net: amount - fee }
}
