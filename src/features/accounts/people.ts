import type { Wall } from '../../kernel/clock.ts'
import { type Context, principalOf, type Role } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { type Page, pageOf } from '../../kernel/page.ts'
import type { Audit } from '../../platform/audit.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { AdminUser, UserQuery } from './contract.ts'
import type { AccountModels, UserRow } from './model.ts'
import { presentAdminUser } from './present.ts'
import type { SessionDesk } from './session-desk.ts'
import { emailKey, nameKey, userOf } from './user.ts'

const defaultLimit = 50

export type People = ReturnType<typeof createPeople>

/** What an admin does with accounts. Each change ends all sign-ins of the account: nobody goes on with a right that was taken. */
export function createPeople({ models, unitOfWork, desk, audit, cursors, wall }: { models: AccountModels; unitOfWork: UnitOfWork; desk: SessionDesk; audit: Audit; cursors: Cursors; wall: Wall }) {
  const { Users } = models

  return Object.freeze({ list, suspend, restore, setRole })

  /** By name; the term is the beginning of a name or of an email address, taken literally. */
  async function list(ctx: Context, { q = '', role, status, limit = defaultLimit, cursor }: UserQuery): Promise<Page<AdminUser>> {
    const name = `user:list|${principalOf(ctx.actor)}|${q}|${role ?? ''}|${status ?? ''}`
    const [afterName, afterId] = cursor ? cursors.read(name, cursor) : []
    const after = afterName === undefined ? {} : { $or: [{ name_key: { $gt: afterName } }, { name_key: afterName, _id: { $gt: afterId } }] }
    const term = q === '' ? {} : { $or: [{ name_key: beginsWith(nameKey(q)) }, { email_key: beginsWith(emailKey(q)) }] }
    const rows = await Users.find({ $and: [term, after, ...(role ? [{ role }] : []), ...(status ? [standing[status]] : [])] })
      .sort({ name_key: 1, _id: 1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row.name_key, row._id]))
    return { ...page, data: page.data.map(presentAdminUser) }
  }

  async function suspend(ctx: Context, { user_id, reason }: { user_id: string; reason: string }): Promise<AdminUser> {
    return change(ctx, user_id, 'user.suspended', { suspended_at: { $exists: false } }, { $set: { suspended_at: wall.now(), suspended_reason: reason }, $inc: { epoch: 1 } }, async (tx, user) => {
      await ensureAnotherAdmin(user)
      await tx.publish('account.suspended', { user_id })
    })
  }

  async function restore(ctx: Context, { user_id }: { user_id: string }): Promise<AdminUser> {
    return change(ctx, user_id, 'user.restored', { suspended_at: { $exists: true } }, { $unset: { suspended_at: 1, suspended_reason: 1 }, $inc: { epoch: 1 } }, (tx) => tx.publish('account.restored', { user_id }))
  }

  async function setRole(ctx: Context, { user_id, role }: { user_id: string; role: Role }): Promise<AdminUser> {
    return change(ctx, user_id, 'user.role-set', { role: { $ne: role } }, { $set: { role }, $inc: { epoch: 1 } }, async (tx, user) => {
      if (role !== 'admin') await ensureAnotherAdmin(user)
      await tx.publish('account.role-set', { user_id, role, full_name: user.full_name })
    })
  }

  /** @throws AppError `forbidden` for oneself, `not-found`, `stale-state` when it is so already */
  async function change(ctx: Context, userId: string, action: string, unless: object, update: object, tell: (tx: Tx, before: UserRow) => Promise<void>): Promise<AdminUser> {
    ensure(userOf(ctx).user_id !== userId, 'forbidden', 'Not with your own account')
    return unitOfWork.run(ctx, async (tx) => {
      const before = (await Users.findOne({ _id: userId, erased_at: { $exists: false } }).lean()) ?? fail('not-found')
      const row = await Users.findOneAndUpdate({ _id: userId, ...unless }, update, { returnDocument: 'after' }).lean()
      ensure(row, 'stale-state', 'It is so already')
      await tell(tx, before)
      await desk.endAll(tx, userId, action)
      await audit.record(tx, ctx, { action, subject: userId, details: { role: row.role } })
      return presentAdminUser(row)
    })
  }

  // Two admins may demote each other at once, each in sight of the other: so what is counted on is written, and one of the two conflicts.
  async function ensureAnotherAdmin(user: UserRow): Promise<void> {
    if (user.role !== 'admin') return
    const other = await Users.findOneAndUpdate({ _id: { $ne: user._id }, role: 'admin', suspended_at: { $exists: false }, erased_at: { $exists: false } }, { $inc: { admin_guard: 1 } }).lean()
    ensure(other, 'conflict', 'The last admin stays')
  }
}

const standing = {
  active: { suspended_at: { $exists: false }, erased_at: { $exists: false } },
  suspended: { suspended_at: { $exists: true } },
  erased: { erased_at: { $exists: true } },
}

function beginsWith(term: string) {
  return { $gte: term, $lt: `${term}\uffff` }
}
