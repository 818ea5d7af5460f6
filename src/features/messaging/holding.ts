import type { Clock } from '../../kernel/clock.ts'
import type { Tx } from '../../kernel/events.ts'
import type { HeldState } from './contract.ts'
import type { HeldRow, MessagingModels, Saying } from './model.ts'
import { presentHeld } from './present.ts'

const maxModerators = 100
/** what one person can leave waiting in one conversation */
export const maxWaiting = 20

export type Holding = ReturnType<typeof createHolding>

/** What waits to be let go: how it comes to wait, and how it ends, once, in the transaction of what becomes of it. */
export function createHolding({ models, clock }: { models: Pick<MessagingModels, 'Held' | 'Participations'>; clock: Clock }) {
  const { Held, Participations } = models

  return Object.freeze({ find, waitingOf, put, end })

  async function find(conversation_id: string, drafts: readonly { sender_id: string; client_msg_id: string }[]): Promise<HeldRow[]> {
    return Held.find({ conversation_id, $or: drafts.map(({ sender_id, client_msg_id }) => ({ sender_id, client_msg_id })) }).lean()
  }

  /** How many of each person's wait. */
  async function waitingOf(conversation_id: string, userIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await Held.find({ conversation_id, sender_id: { $in: userIds }, state: 'held' }, { sender_id: 1 }).lean()
    return new Map(userIds.map((each) => [each, rows.filter((row) => row.sender_id === each).length]))
  }

  async function put(tx: Tx, conversationId: string, rows: readonly HeldRow[], names: ReadonlyMap<string, string>): Promise<void> {
    if (rows.length === 0) return
    tx.insert(Held, [...rows])
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

/** Compared with what was sent, whole; of a forwarding, what is forwarded: that may have been changed meanwhile. */
export function isSameContent({ content }: Pick<HeldRow, 'content'>, other: HeldRow['content']): boolean {
  if (content.forward_of !== undefined || other.forward_of !== undefined) return content.forward_of === other.forward_of
  return inOneOrder(content) === inOneOrder(other)
}

export function contentOf({ conversation_id: _place, client_msg_id: _name, ...content }: Saying): HeldRow['content'] {
  return content
}

function inOneOrder(content: HeldRow['content']): string {
  return JSON.stringify(Object.entries(content).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
