import { type Connection, Schema } from 'mongoose'
import type { Wall } from '../kernel/clock.ts'
import { type Context, principalOf } from '../kernel/context.ts'
import type { Tx } from '../kernel/events.ts'
import { newId } from '../kernel/ids.ts'
import { insertOnly, rowOptions } from './mongo.ts'

export interface AuditRow {
  _id: string
  at: Date
  /** who did it: a user, `anonymous`, `system:…` */
  actor: string
  /** what was done, a fixed word: `session.revoked` */
  action: string
  /** whom or what it was done to */
  subject: string
  address: string
  request_id: string
  /** plain words and numbers; never a secret, a text of a person or an amount that the ledger does not tell */
  details: Record<string, string | number | boolean>
}

export type Audit = ReturnType<typeof createAudit>

/** Who did what, written in the transaction in which it was done. Rows are only ever added and kept for ever. */
export function createAudit({ connection, wall }: { connection: Connection; wall: Wall }) {
  const Rows = connection.model<AuditRow>(
    'AuditRow',
    insertOnly(
      new Schema<AuditRow>(
        {
          _id: String,
          at: { type: Date, required: true },
          actor: { type: String, required: true },
          action: { type: String, required: true },
          subject: { type: String, required: true },
          address: { type: String, default: '' },
          request_id: { type: String, required: true },
          details: { type: Schema.Types.Mixed, required: true },
        },
        rowOptions<AuditRow>('audit'),
      ),
    )
      .index({ subject: 1, _id: -1 })
      .index({ actor: 1, _id: -1 })
      .index({ action: 1, _id: -1 }),
  )

  return Object.freeze({ record, Rows })

  async function record(tx: Tx, ctx: Context, { action, subject, details = {} }: Pick<AuditRow, 'action' | 'subject'> & { details?: AuditRow['details'] }): Promise<void> {
    tx.insert(Rows, [{ _id: newId('aud'), at: wall.now(), actor: principalOf(ctx.actor), action, subject, address: ctx.address, request_id: ctx.request_id, details }])
  }
}
