import { type Context, principalOf } from '../../kernel/context.ts'
import { type Page, pageOf } from '../../kernel/page.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Mails } from '../../platform/mail.ts'
import type { AccountService } from '../accounts/index.ts'
import type { AuditEntry, AuditQuery, KeptMail, MailQuery } from './contract.ts'

const defaultLimit = 50

export type Records = ReturnType<typeof createRecords>

/** What was written down: who did what, and which mails went out. */
export function createRecords({ audit, accounts, mails, cursors }: { audit: Audit; accounts: Pick<AccountService, 'namesOf'>; mails: Mails; cursors: Cursors }) {
  return Object.freeze({ listAudit, listMails })

  /** Newest first. */
  async function listAudit(ctx: Context, { action, subject, limit = defaultLimit, cursor }: AuditQuery): Promise<Page<AuditEntry>> {
    const name = `audit:list|${principalOf(ctx.actor)}|${action ?? ''}|${subject ?? ''}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const rows = await audit.Rows.find({ ...(action ? { action } : {}), ...(subject ? { subject } : {}), ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    const names = await accounts.namesOf([...new Set(page.data.map((row) => row.actor))])
    return { ...page, data: page.data.map(({ _id, at, actor, ...rest }) => ({ audit_id: _id, at: at.toISOString(), actor, actor_name: names.get(actor) ?? '', ...rest })) }
  }

  /** Newest first. The text is told only where there is no mail server, and whoever works on this server has to read it here. */
  async function listMails(ctx: Context, { limit = defaultLimit, cursor }: MailQuery): Promise<Page<KeptMail>> {
    const name = `mail:list|${principalOf(ctx.actor)}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const rows = await mails.Rows.find(after ? { _id: { $lt: after } } : {})
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    return {
      ...page,
      data: page.data.map((row) => ({
        mail_id: row._id,
        to: row.to,
        subject: row.subject,
        text: mails.isKept ? (mails.textOf(row) ?? null) : null,
        state: row.state,
        attempts: row.attempts,
        last_error: row.last_error ?? null,
        created_at: row.created_at.toISOString(),
      })),
    }
  }
}
