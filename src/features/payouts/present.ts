import type { Vault } from '../../platform/vault.ts'
import type { AdminPayout, Payout } from './contract.ts'
import type { PayoutRow } from './model.ts'
import { statusOf } from './states.ts'

export function presentPayout(row: PayoutRow): Payout {
  return {
    payout_id: row._id,
    status: statusOf(row.state),
    state: row.state,
    amount: row.amount,
    currency: row.currency,
    account_ending: row.account_ending,
    held_until: row.state === 'held' ? (row.held_until?.toISOString() ?? null) : null,
    reason: row.reason ?? null,
    automatic: row.automatic,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

export function presentForAdmin(row: PayoutRow, { creator_name, vault, secondAbove }: { creator_name: string; vault: Vault; secondAbove: number }): AdminPayout {
  return {
    ...presentPayout(row),
    creator_id: row.creator_id,
    creator_name,
    bank_account: vault.open(row.bank_account, row._id),
    account_name: vault.open(row.account_name, row._id),
    approvals: row.approvals.map(({ admin_id, note, at }) => ({ admin_id, note, at: at.toISOString() })),
    approvals_needed: row.state === 'pending' || row.state === 'held' ? neededFor(row, secondAbove) - row.approvals.length : 0,
  }
}

/** How many admins have to agree: what is large, two. */
export function neededFor({ amount }: Pick<PayoutRow, 'amount'>, secondAbove: number): number {
  return amount > secondAbove ? 2 : 1
}
