import type { Bell } from '../../kernel/bell.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Tx } from '../../kernel/events.ts'
import type { HeldState } from './contract.ts'
import { nameOf } from './drafts.ts'
import type { ConversationRow, HeldRow, MessagingModels } from './model.ts'
import { presentHeld } from './present.ts'

const maxModerators = 100
/** what one person can leave waiting in one conversation */
export const maxWaiting = 20

export type Holding = ReturnType<typeof createHolding>

/** What waits to be let go: how it comes to wait, and how it ends, once, in the transaction of what becomes of it. */
export function createHolding({ models, clock, bell }: { models: Pick<MessagingModels, 'Held' | 'Participations'>; clock: Clock; bell: Pick<Bell, 'ring'> }) {
  const { Held, Participations } = models

  return Object.freeze({ around, put, end })

  /** What of these drafts waits already, and how many of each speaker's do. Between two nothing waits. */
  async function around({ _id: conversation_id, type }: Pick<ConversationRow, '_id' | 'type'>, drafts: readonly { sender_id: string; client_msg_id: string }[]): Promise<{ held: Map<string, HeldRow>; waiting: Map<string, number> }> {
    if (type === 'direct') return { held: new Map(), waiting: new Map() }
    const names = drafts.map(({ sender_id, client_msg_id }) => ({ sender_id, client_msg_id }))
    const held = await Held.find({ conversation_id, $or: names }).lean()
    const others = await Held.find({ conversation_id, sender_id: { $in: [...new Set(names.map((each) => each.sender_id))] }, state: 'held' }, { sender_id: 1 }).lean()
    const waiting = new Map<string, number>()
    for (const { sender_id } of others) waiting.set(sender_id, (waiting.get(sender_id) ?? 0) + 1)
    return { held: new Map(held.map((row) => [nameOf(row), row])), waiting }
  }

  async function put(tx: Tx, conversationId: string, rows: readonly HeldRow[], names: ReadonlyMap<string, string>): Promise<void> {
    if (rows.length === 0) return
    tx.insert(Held, [...rows])
    for (const { due_at } of rows) if (due_at) bell.ring(due_at.getTime() - clock.now().getTime())
    await tx.publish('messages.held', { held: rows.map((row) => presentHeld(row, names.get(row.sender_id) ?? '')), moderator_ids: await moderatorsOf(conversationId) })
  }

  /** False when it had ended already. What was let go leaves its row for the message that it has become. */
  async function end(tx: Tx, { _id, conversation_id, client_msg_id, sender_id }: HeldRow, state: Exclude<HeldState, 'held'>, reason = ''): Promise<boolean> {
    const waiting = { _id, state: 'held' } as const
    const ended = state === 'released' ? (await Held.deleteOne(waiting)).deletedCount : (await Held.updateOne(waiting, { $set: { state, reason, decided_at: clock.now() } })).modifiedCount
    if (ended === 0) return false
    await tx.publish('held.decided', { fact: { conversation_id, held_id: _id, client_msg_id, sender_id, state, reason }, moderator_ids: await moderatorsOf(conversation_id) })
    return true
  }

  async function moderatorsOf(conversation_id: string): Promise<string[]> {
    const rows = await Participations.find({ conversation_id, role: { $in: ['owner', 'admin'] }, state: 'joined' }, { user_id: 1 }).limit(maxModerators).lean()
    return rows.map((row) => row.user_id)
  }
}
