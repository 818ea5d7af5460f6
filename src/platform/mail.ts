import { type Connection, Schema } from 'mongoose'
import type { Wall } from '../kernel/clock.ts'
import type { Logger } from '../kernel/context.ts'
import type { Tx } from '../kernel/events.ts'
import type { Job } from '../kernel/feature.ts'
import { jitter, newId } from '../kernel/ids.ts'
import { rowOptions } from './mongo.ts'
import type { Vault } from './vault.ts'

export interface Mail {
  to: string
  subject: string
  text: string
}

/** Hands one mail to a server that takes it over. @throws MailRefused when it never will; anything else when it did not, or may not have */
export type Mailer = (mail: Mail & { message_id: string }) => Promise<void>

/** The mail server has said no to this mail, for good: sent again, it would say so again. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused'
}

export interface MailRow {
  _id: string
  to: string
  subject: string
  /** sealed: a mail may hold a code that opens an account. Gone once it was sent. */
  text?: string
  /** `kept`: there is no mail server, an admin reads it here */
  state: 'due' | 'sent' | 'parked' | 'kept'
  attempts: number
  due_at: Date
  last_error?: string
  created_at: Date
}

const sweepMs = 1_000
const claimMs = 60_000
const pageSize = 20
const parkAfter = 10
const maxBackoffMs = 3600_000
const keepSeconds = 7 * 24 * 3600

export type Mails = ReturnType<typeof createMails>

/**
 * Mail leaves through rows that are written with what it tells of: a crash loses none. A mail may go twice, under the same Message-ID, when
 * the server's answer is lost.
 * @param mailer absent: mails are kept to be read by an admin, for development
 */
export function createMails({ connection, vault, mailer, wall, log }: { connection: Connection; vault: Vault; mailer: Mailer | undefined; wall: Wall; log: Logger }) {
  const Rows = connection.model<MailRow>(
    'Mail',
    new Schema<MailRow>(
      {
        _id: String,
        to: { type: String, required: true },
        subject: { type: String, required: true },
        text: String,
        state: { type: String, enum: ['due', 'sent', 'parked', 'kept'], required: true },
        attempts: { type: Number, required: true },
        due_at: { type: Date, required: true },
        last_error: String,
        created_at: { type: Date, required: true },
      },
      rowOptions<MailRow>('mails'),
    )
      .index({ due_at: 1 }, { partialFilterExpression: { state: 'due' } })
      .index({ created_at: 1 }, { expireAfterSeconds: keepSeconds }),
  )
  const job: Job = { name: 'mail.send', every_ms: sweepMs, run: sendDue }

  return Object.freeze({ send, sendDue, textOf, erase, job, Rows, isKept: mailer === undefined })

  /** Goes out with the transaction: nothing is sent of what did not happen. */
  async function send(tx: Tx, { to, subject, text }: Mail): Promise<void> {
    const _id = newId('mai')
    const now = wall.now()
    tx.insert(Rows, [{ _id, to, subject, text: vault.seal(text, _id), state: mailer ? 'due' : 'kept', attempts: 0, due_at: now, created_at: now }])
  }

  async function sendDue(): Promise<void> {
    if (!mailer) return
    const now = wall.now()
    const rows = await Rows.find({ state: 'due', due_at: { $lte: now } })
      .sort({ due_at: 1 })
      .limit(pageSize)
      .lean()
    for (const row of rows) {
      const claimed = await Rows.updateOne({ _id: row._id, state: 'due', due_at: row.due_at }, { $set: { due_at: new Date(now.getTime() + claimMs) }, $inc: { attempts: 1 } })
      if (claimed.modifiedCount === 1) await attempt(mailer, { ...row, attempts: row.attempts + 1 })
    }
  }

  async function attempt(deliver: Mailer, row: MailRow): Promise<void> {
    try {
      await deliver({ to: row.to, subject: row.subject, text: textOf(row) ?? '', message_id: row._id })
      await Rows.updateOne({ _id: row._id, state: 'due' }, { $set: { state: 'sent' }, $unset: { text: 1, last_error: 1 } })
    } catch (error) {
      const parked = error instanceof MailRefused || row.attempts >= parkAfter
      const backoffMs = Math.min(maxBackoffMs, 1_000 * 2 ** row.attempts) * (0.5 + jitter())
      log.warn({ err: error, mail_id: row._id, attempts: row.attempts, parked }, 'a mail could not be sent')
      const last_error = error instanceof Error ? error.message.slice(0, 300) : 'unknown'
      await Rows.updateOne({ _id: row._id, state: 'due' }, { $set: { state: parked ? 'parked' : 'due', last_error, due_at: new Date(wall.now().getTime() + backoffMs) } })
    }
  }

  function textOf(row: MailRow): string | undefined {
    return row.text === undefined ? undefined : vault.open(row.text, row._id)
  }

  async function erase(address: string): Promise<void> {
    await Rows.deleteMany({ to: address })
  }
}
