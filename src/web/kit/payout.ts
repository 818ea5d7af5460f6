import { html } from 'htm/preact'
import type { Payout, PayoutState } from '../../features/payouts/contract.ts'

const words: Record<PayoutState, string> = {
  pending: 'waits for approval',
  held: 'held',
  approved: 'approved',
  processing: 'on its way',
  completed: 'sent',
  rejected: 'rejected',
  cancelled: 'taken back',
  failed: 'failed',
  returned: 'came back',
}

const reasons: Record<string, string> = { account_closed: 'the bank says that this account is closed', name_mismatch: 'the bank says that the name is not that of the account' }

/** How far a payout is, and why it is no further. */
export function PayoutStanding({ of: { state, reason, held_until } }: { of: Pick<Payout, 'state' | 'reason' | 'held_until'> }) {
  const why = reason && (reasons[reason] ?? reason)
  return html`<span class=${state === 'completed' ? 'chip on' : 'chip'}>${words[state]}</span>${why && html` <span class="soft">${why}${held_until && `, until ${new Date(held_until).toLocaleDateString()}`}</span>`}`
}
