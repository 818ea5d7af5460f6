import type { Clock } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { DueRow, PersonalData } from '../../kernel/feature.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Mails } from '../../platform/mail.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { DeletionState } from './contract.ts'
import type { Credentials } from './credentials.ts'
import { deletionLetter } from './letters.ts'
import type { AccountModels, UserRow } from './model.ts'
import { presentSession, presentUser } from './present.ts'
import type { SessionDesk } from './session-desk.ts'
import { userOf } from './user.ts'

const dayMs = 24 * 3600_000
const graceMs = 14 * dayMs
const maxRows = 1_000
const erasedName = 'Deleted user'

export type Farewell = ReturnType<typeof createFarewell>

/** Taking one's data away, and going. What the ledger holds is ids and amounts: it stays as it was sealed. */
export function createFarewell({
  models,
  unitOfWork,
  credentials,
  desk,
  mails,
  audit,
  personal,
  moneyOf,
  context,
  clock,
  log,
}: {
  models: AccountModels
  unitOfWork: UnitOfWork
  credentials: Pick<Credentials, 'ensurePassword'>
  desk: SessionDesk
  mails: Mails
  audit: Audit
  /** what each feature keeps on a person */
  personal: () => readonly PersonalData[]
  /** minor units that somebody has here, or is owed */
  moneyOf: (userId: string) => Promise<{ amount: number; currency: string }>
  context: () => Context
  clock: Clock
  log: Logger
}) {
  const { Users, Sessions, Codes } = models

  return Object.freeze({ exportAll, ask, undo, next, runDue, read, erase })

  async function exportAll(ctx: Context): Promise<Record<string, unknown>> {
    const { user_id } = userOf(ctx)
    const parts: [string, unknown][] = []
    for (const each of personal()) parts.push([each.name, await each.read(user_id)])
    await unitOfWork.run(ctx, (tx) => audit.record(tx, ctx, { action: 'account.exported', subject: user_id }))
    return { exported_at: clock.now().toISOString(), ...Object.fromEntries(parts) }
  }

  /** @throws AppError `validation` for a wrong password, `stale-state` while there is money left, `conflict` for an admin */
  async function ask(ctx: Context, { password }: { password: string }): Promise<DeletionState> {
    const { user_id, role } = userOf(ctx)
    ensure(role !== 'admin', 'conflict', 'An admin’s account can’t be deleted: another admin takes the role away first')
    await credentials.ensurePassword(ctx, 'password', password)
    const { amount, currency } = await moneyOf(user_id)
    ensure(amount === 0, 'stale-state', `There is still money here: ${amount} minor units of ${currency}. Spend it or have it paid out first`)
    const due = new Date(clock.now().getTime() + graceMs)
    return unitOfWork.run(ctx, async (tx) => {
      const row = await Users.findOneAndUpdate({ _id: user_id, deletion_due_at: { $exists: false } }, { $set: { deletion_due_at: due } }, { returnDocument: 'after' }).lean()
      if (!row) return stateOf((await Users.findById(user_id).lean()) ?? fail('session-revoked'))
      await mails.send(tx, deletionLetter(row, due))
      await audit.record(tx, ctx, { action: 'account.deletion-asked', subject: user_id })
      return stateOf(row)
    })
  }

  async function undo(ctx: Context): Promise<DeletionState> {
    const { user_id } = userOf(ctx)
    return unitOfWork.run(ctx, async (tx) => {
      const row = await Users.findOneAndUpdate({ _id: user_id, deletion_due_at: { $exists: true }, erased_at: { $exists: false } }, { $unset: { deletion_due_at: 1 } }, { returnDocument: 'after' }).lean()
      if (!row) return { deletion_due_at: null }
      await audit.record(tx, ctx, { action: 'account.deletion-undone', subject: user_id })
      return stateOf(row)
    })
  }

  async function next(): Promise<DueRow | null> {
    const row = await Users.findOne({ deletion_due_at: { $exists: true } }, { deletion_due_at: 1 }).sort({ deletion_due_at: 1 }).lean()
    return row?.deletion_due_at ? { at: row.deletion_due_at, row: row._id } : null
  }

  /** Erases whoever's time has come. Every step may run again: what was cut off in the middle is gone over from the start. */
  async function runDue(now: Date): Promise<number> {
    let moved = 0
    for await (const user of Users.find({ deletion_due_at: { $lte: now } }).lean().cursor())
      await depart(user, now).then(
        () => moved++,
        (error: unknown) => log.error({ err: error, user_id: user._id }, 'an account could not be erased; it is tried again'),
      )
    return moved
  }

  async function depart(user: UserRow, now: Date): Promise<void> {
    if (!user.erased_at && !(await close(user, now))) return
    // The account itself goes last: as long as it is due, whatever is left is gone over again.
    for (const each of personal().toReversed()) await each.erase(user._id)
    log.info({ user_id: user._id }, 'an account was erased')
  }

  /** From here on nobody can change their mind. False when it was not to be. */
  async function close({ _id }: UserRow, now: Date): Promise<boolean> {
    const { amount } = await moneyOf(_id)
    if (amount !== 0) {
      log.warn({ user_id: _id }, 'an account that is to be erased has money again; it waits another day')
      await Users.updateOne({ _id, deletion_due_at: { $lte: now } }, { $set: { deletion_due_at: new Date(now.getTime() + dayMs) } })
      return false
    }
    const ctx = context()
    return unitOfWork.run(ctx, async (tx) => {
      const closed = await Users.updateOne({ _id, deletion_due_at: { $lte: now }, erased_at: { $exists: false } }, { $set: { erased_at: now }, $inc: { epoch: 1 } })
      if (closed.modifiedCount === 0) return false
      await desk.endAll(tx, _id, 'erased')
      await audit.record(tx, ctx, { action: 'account.erased', subject: _id })
      return true
    })
  }

  async function read(userId: string): Promise<unknown> {
    const user = await Users.findById(userId).lean()
    const sessions = await Sessions.find({ user_id: userId }).sort({ _id: -1 }).limit(maxRows).lean()
    const by = await audit.Rows.find({ actor: userId }).sort({ _id: -1 }).limit(maxRows).lean()
    const on = await audit.Rows.find({ subject: userId, actor: { $ne: userId } }).sort({ _id: -1 }).limit(maxRows).lean()
    return {
      user: user && presentUser(user),
      sessions: sessions.map((row) => presentSession(row, '')),
      done: by.map(({ at, action, subject, address }) => ({ at: at.toISOString(), action, subject, address })),
      // Who it was, and from where, is another's to be told.
      done_to: on.map(({ at, action }) => ({ at: at.toISOString(), action })),
    }
  }

  // The row stays, since entries and payments name its id; nothing in it says who it was.
  async function erase(userId: string): Promise<void> {
    const email = `${userId}@deleted.invalid`
    const before = await Users.findById(userId).lean()
    if (before) await mails.erase(before.email)
    await Sessions.updateMany({ user_id: userId }, { $set: { device: 'gone', address: '' } })
    await Codes.deleteMany({ _id: { $in: [`verify-email:${userId}`, `reset-password:${userId}`] } })
    await Users.updateOne(
      { _id: userId },
      {
        $set: { email, email_key: email, full_name: erasedName, name_key: erasedName.toLowerCase(), password_hash: '' },
        $unset: { deletion_due_at: 1, email_verified_at: 1, suspended_at: 1, suspended_reason: 1, last_sign_in_at: 1 },
      },
    )
  }
}

function stateOf(row: UserRow): DeletionState {
  return { deletion_due_at: row.deletion_due_at?.toISOString() ?? null }
}
