import type { Bell } from '../../kernel/bell.ts'
import type { Context } from '../../kernel/context.ts'
import { AppError, ensure } from '../../kernel/errors.ts'
import type { DueRow } from '../../kernel/feature.ts'
import { type Page, type PageQuery, pageOf } from '../../kernel/page.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { AccountService } from '../accounts/index.ts'
import type { Access } from './access.ts'
import type { HeldMessage, Message } from './contract.ts'
import { soonOf, takeDue } from './due.ts'
import type { Holding } from './holding.ts'
import type { HeldRow, MessagingModels } from './model.ts'
import { canChange } from './policy.ts'
import { presentHeld } from './present.ts'
import type { Sending } from './sending.ts'

const defaultLimit = 50
const maxDue = 500

export interface HeldDependencies {
  models: MessagingModels
  access: Access
  accounts: Pick<AccountService, 'namesOf'>
  holding: Holding
  sending: Pick<Sending, 'letGo'>
  audit: Audit
  unitOfWork: UnitOfWork
  cursors: Cursors
  bell: Pick<Bell, 'ring'>
}

export type Held = ReturnType<typeof createHeld>

/** Who looks at what waits, and decides; and what goes by itself when its time has come. */
export function createHeld({ models, access, accounts, holding, sending, audit, unitOfWork, cursors, bell }: HeldDependencies) {
  const { Held } = models

  return Object.freeze({ queue, approve, reject, nextToGo, letGoDue })

  async function queue(ctx: Context, { conversation_id, limit = defaultLimit, cursor }: { conversation_id: string } & PageQuery): Promise<Page<HeldMessage>> {
    const { conversation, me } = await access.to(ctx, conversation_id)
    const name = `moderation:queue|${me._id}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const whose = canChange(me, conversation) ? {} : { sender_id: me.user_id }
    const rows = await Held.find({ conversation_id, state: 'held', ...whose, ...(after === undefined ? {} : { _id: { $gt: after } }) })
      .sort({ _id: 1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    const names = await accounts.namesOf([...new Set(page.data.map((row) => row.sender_id))])
    return { ...page, data: page.data.map((row) => presentHeld(row, names.get(row.sender_id) ?? '')) }
  }

  /** @throws AppError `stale-state` when it was decided already, or its author may not speak any more */
  async function approve(ctx: Context, { held_id }: { held_id: string }): Promise<Message> {
    const row = await ruled(ctx, held_id)
    const names = await accounts.namesOf([row.sender_id])
    const { duplicate: _first, held: _none, ...message } = await sending.letGo(row, { name: names.get(row.sender_id) ?? '', by: ctx })
    return message
  }

  async function reject(ctx: Context, { held_id, reason = '' }: { held_id: string; reason?: string }): Promise<HeldMessage> {
    const row = await ruled(ctx, held_id)
    const names = await accounts.namesOf([row.sender_id])
    await unitOfWork.run(ctx, async (tx) => {
      ensure(await holding.end(tx, row, 'rejected', reason), 'stale-state')
      await audit.record(tx, ctx, { action: 'message.rejected', subject: held_id, details: { conversation: row.conversation_id, sender: row.sender_id } })
    })
    return presentHeld({ ...row, state: 'rejected', reason }, names.get(row.sender_id) ?? '')
  }

  async function nextToGo(): Promise<DueRow | null> {
    const row = await Held.findOne({ state: 'held', due_at: { $ne: null } }, { due_at: 1 }).sort({ due_at: 1 }).lean()
    return row?.due_at ? { at: row.due_at, row: row._id } : null
  }

  /** Run twice, or by two processes, it lets go once: each claims the row in the transaction that says it. */
  async function letGoDue(now: Date): Promise<number> {
    const waiting = await Held.find({ state: 'held', due_at: { $lte: soonOf(now) } })
      .sort({ due_at: 1, _id: 1 })
      .limit(maxDue)
      .lean()
    const due = takeDue(waiting, (row) => row.due_at, { now, bell })
    const names = await accounts.namesOf([...new Set(due.map((row) => row.sender_id))])
    const gone = await Promise.all(due.map((row) => sending.letGo(row, { name: names.get(row.sender_id) ?? '', by: null }).then(isGone, unlessRefused)))
    return gone.filter(Boolean).length
  }

  async function ruled(ctx: Context, heldId: string): Promise<HeldRow> {
    const row = await Held.findById(heldId).lean()
    const { conversation, me } = row ? await access.to(ctx, row.conversation_id) : await access.toMessage(ctx, heldId)
    ensure(canChange(me, conversation), 'forbidden')
    ensure(row?.state === 'held', 'stale-state', 'It was decided already')
    return row
  }
}

// Somebody else was first, or its author may not speak: either way it waits no longer. What the store refused stays due.
function unlessRefused(error: unknown): false {
  if (!(error instanceof AppError)) throw error
  return false
}

const isGone = (): true => true
