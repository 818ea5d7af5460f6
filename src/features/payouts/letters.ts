import { inMajorUnits } from '../../kernel/currency.ts'
import type { Tx } from '../../kernel/events.ts'
import type { Mails } from '../../platform/mail.ts'
import type { AccountService } from '../accounts/index.ts'
import type { PayoutState } from './contract.ts'
import type { PayoutRow } from './model.ts'

export type Letters = ReturnType<typeof createLetters>

const words: Partial<Record<PayoutState, [subject: string, text: string]>> = {
  completed: ['Your payout was sent', '{amount} were sent to your bank account that ends with {ending}.'],
  rejected: ['Your payout was rejected', 'Your payout of {amount} was rejected: {reason}. The money is available again.'],
  failed: ['Your payout failed', '{amount} could not be sent to your bank account that ends with {ending}: {reason}. The money is available again; look whether the account is right before you ask for it once more.'],
  returned: ['Your payout came back', 'Your bank sent back {amount} that went to the account that ends with {ending}: {reason}. The money is available again.'],
  held: ['Your payout waits', 'Your payout of {amount} waits: {reason}.'],
}

/** What creators are written of their payouts. It leaves with the change that it tells of. */
export function createLetters({ accounts, mails, publicUrl }: { accounts: Pick<AccountService, 'find'>; mails: Pick<Mails, 'send'>; publicUrl: () => string }) {
  return Object.freeze({ tell })

  async function tell(tx: Tx, row: PayoutRow): Promise<void> {
    const found = words[row.state]
    const creator = found && (await accounts.find(row.creator_id))
    if (!creator || creator.erased_at) return
    const [subject, text] = found
    const told = text.replace('{amount}', amountOf(row)).replace('{ending}', row.account_ending).replace('{reason}', row.reason ?? 'no reason was given')
    await mails.send(tx, { to: creator.email, subject, text: `Hello ${creator.full_name},\n\n${told}\n\n${publicUrl()}/studio/#/payouts\n` })
  }
}

function amountOf({ amount, currency }: PayoutRow): string {
  return `${currency} ${inMajorUnits(amount, currency)}`
}
