import { createHash } from 'node:crypto'

/** What an admin agrees to, and what is sent: compared before money leaves. */
export function termsOf(payout: { payout_id: string; amount: number; currency: string; bank_account: string; account_name: string }): string {
  const { payout_id, amount, currency, bank_account, account_name } = payout
  return createHash('sha256').update(JSON.stringify([payout_id, amount, currency, bank_account, account_name])).digest('hex')
}
