import type { Context } from '../../kernel/context.ts'
import { ensure } from '../../kernel/errors.ts'
import type { Page } from '../../kernel/page.ts'
import type { Cursors } from '../../platform/cursors.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { Access } from './access.ts'
import type { FoundMessage, SearchMessages } from './contract.ts'
import type { ConversationRow, MessageRow, MessagingModels, ParticipationRow } from './model.ts'
import type { Reading } from './reading.ts'
import { isFoundBy, keyFor, wordsOf } from './terms.ts'

const defaultLimit = 20
const batch = 100
/** how many messages one search may look at; it answers a short page with a cursor rather than go on */
const maxLooked = 500
/** the liveliest of one's conversations; in one that is named, all is found */
const maxConversations = 500

export type Search = ReturnType<typeof createSearch>

/** Messages that one can read, by the beginnings of their words, newest first. */
export function createSearch({ models, access, reading, accounts, cursors }: { models: MessagingModels; access: Access; reading: Reading; accounts: Pick<AccountService, 'namesOf'>; cursors: Cursors }) {
  const { Conversations, Participations, Messages } = models

  return Object.freeze({ search })

  async function search(ctx: Context, { query, conversation_id, limit = defaultLimit, cursor }: SearchMessages): Promise<Page<FoundMessage>> {
    const { user_id } = userOf(ctx)
    const wanted = wordsOf(query)
    const key = keyFor(wanted)
    ensure(key !== undefined, 'validation', { errors: [{ path: 'query', code: 'short', detail: 'has no word of two letters' }] })
    const seats = conversation_id === undefined ? await seatsOf(user_id) : [(await access.to(ctx, conversation_id)).me]
    const mine = new Map(seats.map((each) => [each.conversation_id, each]))
    const list = `message:search|${user_id}|${conversation_id ?? ''}|${wanted.join(' ')}`
    let [at] = cursor ? cursors.read(list, cursor) : []
    const found: MessageRow[] = []
    let looked = 0
    let exhausted = mine.size === 0
    while (found.length <= limit && looked < maxLooked && !exhausted) {
      const size = looked === 0 ? limit + 1 : batch
      const rows = await Messages.find({ conversation_id: { $in: [...mine.keys()] }, terms: key, ...(at === undefined ? {} : { _id: { $lt: at } }) })
        .sort({ _id: -1 })
        .limit(size)
        .lean()
      looked += rows.length
      exhausted = rows.length < size
      at = rows.at(-1)?._id ?? at
      found.push(...rows.filter((row) => isOpen(row, mine.get(row.conversation_id)) && isFoundBy(row.text, wanted)))
    }
    const shown = found.slice(0, limit)
    const more = found.length > limit || !exhausted
    // A full page goes on behind its last message, a short one behind the last that was looked at.
    const last = found.length > limit ? shown.at(-1)?._id : at
    return { data: await present(user_id, shown), has_more: more, next: more && last !== undefined ? cursors.write(list, [last]) : null }
  }

  async function seatsOf(user_id: string): Promise<ParticipationRow[]> {
    const seats = []
    for (const state of ['joined', 'requested'] as const) seats.push(...(await Participations.find({ user_id, state }).sort({ last_message_at: -1, _id: -1 }).limit(maxConversations).lean()))
    return seats
  }

  async function present(userId: string, rows: readonly MessageRow[]): Promise<FoundMessage[]> {
    const conversations = new Map((await Conversations.find({ _id: { $in: [...new Set(rows.map((row) => row.conversation_id))] } }).lean()).map((row) => [row._id, row]))
    const otherOf = ({ type, member_ids }: ConversationRow): string | undefined => (type === 'direct' ? member_ids?.find((each) => each !== userId) : undefined)
    const names = await accounts.namesOf([...conversations.values()].flatMap((each) => otherOf(each) ?? []))
    const messages = await reading.presentAll(userId, rows)
    return messages.flatMap((message): FoundMessage[] => {
      const conversation = conversations.get(message.conversation_id)
      if (!conversation) return []
      const other = otherOf(conversation)
      return [{ message, title: other ? (names.get(other) ?? '') : conversation.title, conversation_type: conversation.type }]
    })
  }
}

function isOpen(row: MessageRow, me: ParticipationRow | undefined): boolean {
  return me !== undefined && row.seq > me.joined_seq && row.deleted_at === null && !row.hidden_for.includes(me.user_id)
}
