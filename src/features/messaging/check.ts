import type { Check, Violation } from '../../kernel/feature.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import type { MessagingModels } from './model.ts'
import { maxPins } from './pins.ts'

const maxReported = 100

/** What holds of every conversation, each looked at in a snapshot of its own. */
export function createMessagingChecks({ models, unitOfWork }: { models: MessagingModels; unitOfWork: UnitOfWork }): Check[] {
  const { Conversations, Participations, Messages, Reminders, Held } = models

  return [
    { name: 'messaging.no-gap', run: () => ofEach('messaging.no-gap', gapFault) },
    { name: 'messaging.marks', run: () => ofEach('messaging.marks', markFault) },
    { name: 'messaging.members', run: () => ofEach('messaging.members', memberFault) },
    { name: 'messaging.quiet', run: () => ofEach('messaging.quiet', quietFault) },
    { name: 'messaging.pins', run: () => ofEach('messaging.pins', pinFault) },
    { name: 'messaging.reminders', run: reminderFaults },
    { name: 'messaging.held-once', run: () => ofEach('messaging.held-once', heldFault) },
  ]

  async function ofEach(check: string, faultOf: (conversationId: string) => Promise<string | undefined>): Promise<Violation[]> {
    const found: Violation[] = []
    for await (const { _id } of Conversations.find({}, { _id: 1 }).lean().cursor()) {
      if (found.length >= maxReported) break
      const detail = await unitOfWork.read(() => faultOf(_id))
      if (detail) found.push({ check, detail, subject: _id })
    }
    return found
  }

  /** I28: 1 to n, each once. */
  async function gapFault(conversation_id: string): Promise<string | undefined> {
    const conversation = await Conversations.findById(conversation_id).lean()
    if (!conversation) return undefined
    const [range] = await Messages.aggregate<{ n: number; least: number; most: number; change: number }>([
      { $match: { conversation_id } },
      { $group: { _id: null, n: { $sum: 1 }, least: { $min: '$seq' }, most: { $max: '$seq' }, change: { $max: '$change' } } },
    ])
    const { n, least, most, change } = range ?? { n: 0, least: 1, most: 0, change: 0 }
    if (n !== conversation.last_seq || most !== conversation.last_seq || least !== 1) return `has ${n} messages from ${least} to ${most}, and says ${conversation.last_seq}`
    return change > conversation.last_change ? `was changed in step ${change}, and says ${conversation.last_change}` : undefined
  }

  /** I31: nobody has read what was not said. */
  async function markFault(conversation_id: string): Promise<string | undefined> {
    const conversation = await Conversations.findById(conversation_id).lean()
    const last = conversation?.last_seq ?? 0
    const beyond = await Participations.findOne({ conversation_id, $or: [{ read_seq: { $gt: last } }, { delivered_seq: { $gt: last } }, { own_seq: { $gt: last } }] }).lean()
    return beyond ? `${beyond.user_id} is beyond its last message` : undefined
  }

  /** Whoever hears of it is in it, and the other way round. */
  async function memberFault(conversation_id: string): Promise<string | undefined> {
    const conversation = await Conversations.findById(conversation_id).lean()
    if (!conversation?.member_ids) return undefined
    const inside = (await Participations.find({ conversation_id, state: { $in: conversation.type === 'direct' ? ['joined', 'requested', 'declined'] : ['joined'] } }, { user_id: 1 }).lean()).map((row) => row.user_id)
    return inside.toSorted().join() === conversation.member_ids.toSorted().join() ? undefined : 'is heard by others than are in it'
  }
  /** What counts as unread is a difference: it is right where each message knows how many before it do not count. */
  async function quietFault(conversation_id: string): Promise<string | undefined> {
    const conversation = await Conversations.findById(conversation_id).lean()
    if (!conversation) return undefined
    const quiet = await Messages.find({ conversation_id, $or: [{ type: 'system' }, { seq: conversation.last_seq }] }, { seq: 1, type: 1, quiet: 1 }).sort({ seq: 1 }).lean()
    let n = 0
    for (const row of quiet) {
      if (row.type === 'system') n++
      if (row.quiet !== n) return `says at ${row.seq} that ${row.quiet} do not count, and ${n} do not`
    }
    return n === conversation.quiet ? undefined : `says that ${conversation.quiet} do not count, and ${n} do not`
  }

  async function pinFault(conversation_id: string): Promise<string | undefined> {
    const pinned = { conversation_id, pinned_at: { $exists: true } }
    const n = await Messages.countDocuments(pinned)
    if (n > maxPins) return `has ${n} pins`
    return (await Messages.exists({ ...pinned, deleted_at: { $ne: null } })) ? 'has a pin on what was taken away' : undefined
  }

  /** Said once: a reminder that was said has its message, and whatever ended holds no slot. */
  async function reminderFaults(): Promise<Violation[]> {
    const found: Violation[] = []
    for await (const { _id, state, message_id, slot } of Reminders.find({}, { state: 1, message_id: 1, slot: 1 }).lean().cursor()) {
      if (found.length >= maxReported) break
      const isOver = state !== 'open' && state !== 'firing'
      const detail = isOver === (slot !== undefined) ? `is ${state} and ${slot === undefined ? 'has no slot' : 'holds a slot'}` : state === 'fired' && !(await Messages.exists({ _id: message_id })) ? 'was said, and there is no message' : undefined
      if (detail) found.push({ check: 'messaging.reminders', detail, subject: _id })
    }
    return found
  }

  /** I29: what waits, or was turned down, was not said. */
  async function heldFault(conversation_id: string): Promise<string | undefined> {
    for await (const { _id, sender_id, client_msg_id } of Held.find({ conversation_id }, { sender_id: 1, client_msg_id: 1 }).lean().cursor())
      if (await Messages.exists({ conversation_id, sender_id, client_msg_id })) return `${_id} waits and is said`
    return undefined
  }
}
