import type { Bell } from '../../kernel/bell.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import { AppError, ensure, fail } from '../../kernel/errors.ts'
import type { DueRow } from '../../kernel/feature.ts'
import { newId } from '../../kernel/ids.ts'
import { type Page, pageOf, type PageQuery } from '../../kernel/page.ts'
import type { Cursors } from '../../platform/cursors.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { Access } from './access.ts'
import type { CreateReminder, Reminder, ReminderReason } from './contract.ts'
import { fullLookMs, soonOf, takeDue } from './due.ts'
import type { MessagingModels, ReminderRow } from './model.ts'
import type { Sending } from './sending.ts'

export const maxOpen = 50
const maxAheadMs = 366 * 24 * 3600_000
const defaultLimit = 20
const sweepSize = 100
/** what waits for somebody who keeps order is looked at again, until it is said or turned down */
const heldLookMs = 10_000

export interface ReminderDependencies {
  models: MessagingModels
  access: Access
  sending: Pick<Sending, 'say'>
  accounts: Pick<AccountService, 'find'>
  unitOfWork: UnitOfWork
  cursors: Cursors
  clock: Clock
  bell: Pick<Bell, 'ring'>
  failpoints: Failpoints
  log: Logger
}

export type Reminders = ReturnType<typeof createReminders>

/**
 * What is to be said later. The row decides when it is due; it is said under an id made of the row's own, so whoever says it again, after a
 * crash or beside another process, finds it said.
 */
export function createReminders({ models: { Reminders }, access, sending, accounts, unitOfWork, cursors, clock, bell, failpoints, log }: ReminderDependencies) {
  return Object.freeze({ create, list, cancel, next, runDue, ownersOf })

  async function create(ctx: Context, { conversation_id, text, due_at }: CreateReminder): Promise<Reminder> {
    const { me } = await access.to(ctx, conversation_id)
    ensure(me.state === 'joined', 'forbidden', 'Accept the request first')
    const due = new Date(due_at)
    const now = clock.now()
    ensure(due > now, 'validation', { errors: [{ path: 'due_at', code: 'past', detail: 'is over already' }] })
    ensure(due.getTime() - now.getTime() <= maxAheadMs, 'validation', { errors: [{ path: 'due_at', code: 'far', detail: 'is more than a year ahead' }] })
    return unitOfWork.run(
      ctx,
      async () => {
        const slot = await freeSlot(me.user_id)
        const row: ReminderRow = { _id: newId('rem'), user_id: me.user_id, conversation_id, text, due_at: due, state: 'open', fire_at: due, slot, reason: null, message_id: null, created_at: now }
        await Reminders.insertMany([row])
        bell.ring(due.getTime() - now.getTime())
        return presentReminder(row)
      },
      `reminders:${me.user_id}`,
    )
  }

  /** Newest first. */
  async function list(ctx: Context, { limit = defaultLimit, cursor }: PageQuery): Promise<Page<Reminder>> {
    const { user_id } = userOf(ctx)
    const name = `reminder:list|${user_id}`
    const [after] = cursor ? cursors.read(name, cursor) : []
    const rows = await Reminders.find({ user_id, ...(after ? { _id: { $lt: after } } : {}) })
      .sort({ _id: -1 })
      .limit(limit + 1)
      .lean()
    const page = pageOf(rows, limit, (row) => cursors.write(name, [row._id]))
    return { ...page, data: page.data.map(presentReminder) }
  }

  /** @throws AppError `stale-state` once it is being said, or was */
  async function cancel(ctx: Context, { reminder_id }: { reminder_id: string }): Promise<Reminder> {
    const mine = { _id: reminder_id, user_id: userOf(ctx).user_id }
    await Reminders.updateOne({ ...mine, state: 'open' }, { $set: { state: 'cancelled', ended_at: clock.now() }, $unset: { slot: 1 } })
    const row = (await Reminders.findOne(mine).lean()) ?? fail('not-found')
    ensure(row.state === 'cancelled', 'stale-state', 'It was said already')
    return presentReminder(row)
  }

  async function next(): Promise<DueRow | null> {
    const row = await Reminders.findOne({ state: { $in: ['open', 'firing'] } }, { fire_at: 1 }).sort({ fire_at: 1 }).lean()
    return row && { at: row.fire_at, row: row._id }
  }

  /** Says whatever is due. One that fails stays due and keeps none of the others waiting. */
  async function runDue(now: Date): Promise<number> {
    const waiting = await Reminders.find({ state: { $in: ['open', 'firing'] }, fire_at: { $lte: soonOf(now) } })
      .sort({ fire_at: 1 })
      .limit(sweepSize)
      .lean()
    const due = takeDue(waiting, ({ fire_at }) => fire_at, { now, bell })
    if (due.length === sweepSize) bell.ring(fullLookMs)
    let moved = 0
    for (const row of due)
      await fire(row).then(
        () => moved++,
        (error: unknown) => log.warn({ err: error, reminder_id: row._id }, 'a reminder could not be said; it is tried again'),
      )
    return moved
  }

  async function fire(row: ReminderRow): Promise<void> {
    const { _id, user_id, conversation_id, text } = row
    // From here on it can't be cancelled: it is said, or dropped, whoever goes on with it.
    if (row.state === 'open' && (await Reminders.updateOne({ _id, state: 'open' }, { $set: { state: 'firing' } })).modifiedCount === 0) return
    const writer = await accounts.find(user_id)
    if (!writer || writer.suspended_at) return end(_id, { state: 'dropped', reason: 'forbidden' })
    try {
      const { message_id, held } = await sending.say(user_id, { conversation_id, client_msg_id: `reminder ${_id}`, text, type: 'reminder' })
      failpoints.hit('messaging.reminder.after-send')
      if (held?.state === 'held') await Reminders.updateOne({ _id, state: 'firing' }, { $set: { fire_at: new Date(clock.now().getTime() + heldLookMs) } })
      else await end(_id, held ? { state: 'dropped', reason: 'forbidden' } : { state: 'fired', message_id })
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      const waitMs = error.code === 'slow-mode' ? error.extras.retry_after_ms : undefined
      if (waitMs !== undefined) await Reminders.updateOne({ _id, state: 'firing' }, { $set: { state: 'open', fire_at: new Date(clock.now().getTime() + waitMs) } }).then(() => bell.ring(waitMs))
      else await end(_id, { state: 'dropped', reason: reasonOf(error) })
    }
  }

  async function end(_id: string, outcome: Pick<ReminderRow, 'state'> & Partial<Pick<ReminderRow, 'reason' | 'message_id'>>): Promise<void> {
    await Reminders.updateOne({ _id, state: 'firing' }, { $set: { ...outcome, ended_at: clock.now() }, $unset: { slot: 1 } })
  }

  async function freeSlot(user_id: string): Promise<number> {
    const taken = new Set((await Reminders.find({ user_id, slot: { $exists: true } }, { slot: 1 }).lean()).map((row) => row.slot))
    const free = Array.from({ length: maxOpen }, (_each, slot) => slot).find((slot) => !taken.has(slot))
    ensure(free !== undefined, 'conflict', `At most ${maxOpen} reminders at a time`)
    return free
  }

  async function ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await Reminders.find({ _id: { $in: ids } }, { user_id: 1 }).lean()
    return new Map(rows.map((row) => [row._id, row.user_id]))
  }
}

export function presentReminder(row: ReminderRow): Reminder {
  const { _id, conversation_id, text, due_at, state, reason, message_id, created_at } = row
  return { reminder_id: _id, conversation_id, text, due_at: due_at.toISOString(), state: state === 'firing' ? 'open' : state, reason, message_id, created_at: created_at.toISOString() }
}

function reasonOf({ code, extras }: AppError): ReminderReason {
  if (code === 'not-found') return 'left'
  if (code === 'blocked') return 'blocked'
  return extras.retry_after_ms === undefined ? 'forbidden' : 'silenced'
}
