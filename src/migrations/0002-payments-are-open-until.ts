import type { Migration } from '../platform/migrations.ts'

const pageSize = 500
const openMs = 3600_000

interface Open {
  _id: string
  created_at: Date
}

/** Payments that wait for their payer say until when; it was an hour for each, counted from its beginning. */
export const paymentsAreOpenUntil: Migration = {
  number: 2,
  name: 'payments-are-open-until',
  async page({ db, session, cursor = '' }) {
    const payments = db.collection<Open>('payments')
    const rows = await payments
      .find({ _id: { $gt: cursor }, state: { $in: ['created', 'requires_action'] }, open_until: { $exists: false } }, { session })
      .sort({ _id: 1 })
      .limit(pageSize)
      .toArray()
    for (const { _id, created_at } of rows) await payments.updateOne({ _id }, { $set: { open_until: new Date(created_at.getTime() + openMs) } }, { session })
    const last = rows.at(-1)?._id
    return { changed: rows.length, ...(rows.length === pageSize && last !== undefined ? { next: last } : {}) }
  },
}
