import type { Clock } from '../../kernel/clock.ts'
import { fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { MediaService } from '../media/index.ts'
import type { Loose } from './attaching.ts'
import { type Draft, nameOf } from './drafts.ts'
import type { Holding } from './holding.ts'
import { type ConversationRow, type HeldRow, type MessageRow, type MessagingModels, participationId, type ParticipationRow } from './model.ts'
import type { Parting } from './parting.ts'

/** What drafts are judged by, as it is in the transaction that stores them. */
export interface Scene {
  conversation: ConversationRow
  /** of who speaks and who is named; between two, of both */
  participations: ReadonlyMap<string, ParticipationRow>
  /** of these drafts, those that are there already: by their senders' names for them */
  said: ReadonlyMap<string, MessageRow>
  held: ReadonlyMap<string, HeldRow>
  /** how many of each speaker's wait */
  waiting: ReadonlyMap<string, number>
  /** which of the messages that are answered are of this conversation */
  answered: ReadonlySet<string>
  loose: Loose
  /** who may not speak here because of a block */
  parted: ReadonlySet<string>
  now: Date
}

export interface SceneDependencies {
  models: Pick<MessagingModels, 'Conversations' | 'Participations' | 'Messages'>
  parting: Parting
  holding: Pick<Holding, 'around'>
  media: Pick<MediaService, 'loose'>
  clock: Clock
}

export function createScenes({ models: { Conversations, Participations, Messages }, parting, holding, media, clock }: SceneDependencies) {
  return Object.freeze({ read })

  /** @throws AppError `not-found` */
  async function read(tx: Tx, conversationId: string, drafts: readonly Draft[]): Promise<Scene> {
    const conversation = (await Conversations.findById(conversationId).lean()) ?? fail('not-found')
    const senders = [...new Set(drafts.map((draft) => draft.sender_id))]
    return {
      conversation,
      participations: await participationsOf(conversation, drafts),
      said: await saidBefore(conversationId, drafts),
      ...(await holding.around(conversation, drafts)),
      answered: await answeredBy(conversationId, drafts),
      loose: await media.loose(drafts.flatMap((draft) => draft.media_ids ?? [])),
      parted: await parting.claim(tx, conversation, senders),
      now: clock.now(),
    }
  }

  async function participationsOf({ _id, type, member_ids }: ConversationRow, drafts: readonly Draft[]): Promise<Map<string, ParticipationRow>> {
    const named = [...new Set(drafts.flatMap((draft) => [draft.sender_id, ...(draft.mentions ?? [])]))]
    const wanted = type === 'direct' ? (member_ids ?? []) : named
    const rows = await Participations.find({ _id: { $in: wanted.map((each) => participationId(_id, each)) } }).lean()
    return new Map(rows.map((row) => [row.user_id, row]))
  }

  async function saidBefore(conversation_id: string, drafts: readonly Draft[]): Promise<Map<string, MessageRow>> {
    const rows = await Messages.find({ conversation_id, $or: drafts.map(({ sender_id, client_msg_id }) => ({ sender_id, client_msg_id })) }).lean()
    return new Map(rows.map((row) => [nameOf(row), row]))
  }

  async function answeredBy(conversation_id: string, drafts: readonly Draft[]): Promise<Set<string>> {
    const ids = drafts.flatMap(({ reply_to_id }) => reply_to_id ?? [])
    if (ids.length === 0) return new Set()
    return new Set((await Messages.find({ _id: { $in: ids }, conversation_id }, { _id: 1 }).lean()).map((row) => row._id))
  }
}
