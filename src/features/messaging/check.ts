import type { Check, Violation } from '../../kernel/feature.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { faultsOf, groupedBy, walk } from '../../platform/walk.ts'
import type { ConversationRow, MessagingModels } from './model.ts'
import { maxPins } from './pins.ts'

const maxReported = 100

type Page = readonly ConversationRow[]

/** What holds of every conversation, a page of them at a time. */
export function createMessagingChecks({ models, unitOfWork }: { models: MessagingModels; unitOfWork: UnitOfWork }): Check[] {
  const { Conversations, Participations, Messages, Reminders, Held } = models

  return [
    ofEach('messaging.no-gap', gapFaults),
    ofEach('messaging.marks', markFaults),
    ofEach('messaging.members', memberFaults),
    ofEach('messaging.quiet', quietFaults),
    ofEach('messaging.pins', pinFaults),
    { name: 'messaging.reminders', run: reminderFaults },
    ofEach('messaging.held-once', heldFaults),
  ]

  function ofEach(name: string, look: (page: Page, conversation_id: { $in: string[] }) => Promise<(row: ConversationRow) => string | undefined>): Check {
    return { name, run: () => walk(unitOfWork, Conversations, async (page: ConversationRow[]) => faultsOf(name, page, await look(page, { $in: page.map((row) => row._id) }))) }
  }

  /** I28: 1 to n, each once. */
  async function gapFaults(_page: Page, conversation_id: object) {
    const ranges = await Messages.aggregate<{ _id: string; n: number; least: number; most: number; change: number }>([
      { $match: { conversation_id } },
      { $group: { _id: '$conversation_id', n: { $sum: 1 }, least: { $min: '$seq' }, most: { $max: '$seq' }, change: { $max: '$change' } } },
    ])
    const byConversation = new Map(ranges.map((range) => [range._id, range]))
    return ({ _id, last_seq, last_change }: ConversationRow) => {
      const { n, least, most, change } = byConversation.get(_id) ?? { n: 0, least: 1, most: 0, change: 0 }
      if (n !== last_seq || most !== last_seq || least !== 1) return `has ${n} messages from ${least} to ${most}, and says ${last_seq}`
      return change > last_change ? `was changed in step ${change}, and says ${last_change}` : undefined
    }
  }

  /** I31: nobody has read what was not said. */
  async function markFaults(_page: Page, conversation_id: object) {
    const marks = await Participations.aggregate<{ _id: string; read: number; delivered: number; own: number }>([
      { $match: { conversation_id } },
      { $group: { _id: '$conversation_id', read: { $max: '$read_seq' }, delivered: { $max: '$delivered_seq' }, own: { $max: '$own_seq' } } },
    ])
    const furthest = new Map(marks.map(({ _id, read, delivered, own }) => [_id, Math.max(read, delivered, own)]))
    return ({ _id, last_seq }: ConversationRow) => ((furthest.get(_id) ?? 0) > last_seq ? `somebody is at ${furthest.get(_id)}, beyond its last message ${last_seq}` : undefined)
  }

  /** Whoever hears of it is in it, and the other way round. */
  async function memberFaults(_page: Page, conversation_id: object) {
    const inside = groupedBy(await Participations.find({ conversation_id, state: { $in: ['joined', 'requested', 'declined'] } }, { conversation_id: 1, user_id: 1, state: 1 }).lean(), (row) => row.conversation_id)
    return ({ _id, type, member_ids }: ConversationRow) => {
      if (!member_ids) return undefined
      const heard = (inside.get(_id) ?? []).filter((each) => type === 'direct' || each.state === 'joined').map((each) => each.user_id)
      return heard.toSorted().join() === member_ids.toSorted().join() ? undefined : 'is heard by others than are in it'
    }
  }

  /** What counts as unread is a difference: it is right where each message knows how many before it do not count. */
  async function quietFaults(page: Page, conversation_id: object) {
    const fields = { conversation_id: 1, seq: 1, type: 1, quiet: 1 }
    const system = groupedBy(await Messages.find({ conversation_id, type: 'system' }, fields).sort({ seq: 1 }).lean(), (row) => row.conversation_id)
    const last = await Messages.find({ conversation_id, seq: { $in: [...new Set(page.map((row) => row.last_seq))] } }, fields).lean()
    const lastOf = new Map(last.map((row) => [`${row.conversation_id} ${row.seq}`, row]))
    return ({ _id, last_seq, quiet }: ConversationRow) => {
      let n = 0
      const end = lastOf.get(`${_id} ${last_seq}`)
      for (const row of [...(system.get(_id) ?? []), ...(end && end.type !== 'system' ? [end] : [])]) {
        if (row.type === 'system') n++
        if (row.quiet !== n) return `says at ${row.seq} that ${row.quiet} do not count, and ${n} do not`
      }
      return n === quiet ? undefined : `says that ${quiet} do not count, and ${n} do not`
    }
  }

  async function pinFaults(_page: Page, conversation_id: object) {
    const pinned = groupedBy(await Messages.find({ conversation_id, pinned_at: { $exists: true } }, { conversation_id: 1, deleted_at: 1 }).lean(), (row) => row.conversation_id)
    return ({ _id }: ConversationRow) => {
      const pins = pinned.get(_id) ?? []
      if (pins.length > maxPins) return `has ${pins.length} pins`
      return pins.some((each) => each.deleted_at) ? 'has a pin on what was taken away' : undefined
    }
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
  async function heldFaults(_page: Page, conversation_id: object) {
    const waiting = groupedBy(await Held.find({ conversation_id }, { conversation_id: 1, sender_id: 1, client_msg_id: 1 }).lean(), (row) => row.conversation_id)
    const ids = [...waiting.values()].flat().map((row) => row.client_msg_id)
    const said = ids.length === 0 ? [] : await Messages.find({ conversation_id, client_msg_id: { $in: ids } }, { conversation_id: 1, sender_id: 1, client_msg_id: 1 }).lean()
    const keyOf = (row: { conversation_id: string; sender_id: string; client_msg_id: string }) => `${row.conversation_id} ${row.sender_id} ${row.client_msg_id}`
    const saidKeys = new Set(said.map(keyOf))
    return ({ _id }: ConversationRow) => {
      const both = waiting.get(_id)?.find((row) => saidKeys.has(keyOf(row)))
      return both && `${both._id} waits and is said`
    }
  }
}
