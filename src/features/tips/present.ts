import type { Tip } from './contract.ts'
import type { TipRow } from './model.ts'

export function presentTip(row: TipRow): Tip {
  return {
    tip_id: row._id,
    status: 'success',
    creator_id: row.creator_id,
    amount: row.amount,
    currency: row.currency,
    message: row.message,
    name: row.anonymous ? null : row.fan_name,
    anonymous: row.anonymous,
    created_at: (row.sent_at ?? row.created_at).toISOString(),
  }
}
