import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { AppError, fail } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import { newId } from '../../kernel/ids.ts'
import type { Audit } from '../../platform/audit.ts'
import { createBatches } from '../../platform/batches.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { Limiter } from '../../platform/rate-limit.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { MediaService } from '../media/index.ts'
import type { Access } from './access.ts'
import { attachAll, type Loose, mediaOf, refusalOfMedia, typeOf } from './attaching.ts'
import type { SentMessage } from './contract.ts'
import { contentOf, type Holding, isSameContent, maxWaiting } from './holding.ts'
import { type ConversationRow, type HeldRow, type MessageRow, type MessagingModels, participationId, type ParticipationRow, type Saying } from './model.ts'
import { type Hold, holdOf, refusalOfSilenced, refusalOfWords } from './order.ts'
import type { Parting } from './parting.ts'
import { maxUnanswered } from './policy.ts'
import { hearersOf, presentMessage, presentUnsaid } from './present.ts'
import { termsOf } from './terms.ts'

const batchSize = 64
/** a lively group moves up the lists of its members this often at most: each time, a row of every member is written */
const listedEveryMs = 30_000
const maxQuoted = 200

interface Draft extends Saying {
  sender_id: string
  sender_name: string
  /** it waited, and is let go by somebody who keeps order, or by its time */
  waited?: { row: HeldRow; by: Context | null }
}

type Outcome = { sent: SentMessage } | { refusal: AppError }

export interface SendingDependencies {
  models: MessagingModels
  access: Access
  parting: Parting
  holding: Holding
  audit: Audit
  accounts: Pick<AccountService, 'namesOf'>
  media: Pick<MediaService, 'loose' | 'attach'>
  /** by sender */
  flood: Limiter
  unitOfWork: UnitOfWork
  clock: Clock
  context: () => Context
  failpoints: Failpoints
}

export type Sending = ReturnType<typeof createSending>

/**
 * What is said. Each message takes the next place in its conversation, in the transaction that stores it, so there is no gap; what comes at
 * once to one conversation goes together, so that a busy one is not as slow as its row. Who stored a message under its sender's own id for it
 * stores it once, whoever asks how often.
 */
export function createSending({ models, access, parting, holding, audit, accounts, media, flood, unitOfWork, clock, context, failpoints }: SendingDependencies) {
  const { Conversations, Participations, Messages, Mentions } = models
  const batches = createBatches<Draft, Outcome>(batchSize, storeAll)

  return Object.freeze({ send, say, letGo })

  async function send(ctx: Context, input: Saying): Promise<SentMessage> {
    const { user_id } = userOf(ctx)
    await flood.take(user_id)
    await access.to(ctx, input.conversation_id)
    return say(user_id, input)
  }

  /** Without anybody asking for it: under all the rules, for whoever may write there. @throws AppError as `send` */
  async function say(userId: string, input: Saying): Promise<SentMessage> {
    const names = await accounts.namesOf([userId])
    const outcome = await batches.add(input.conversation_id, { ...input, sender_id: userId, sender_name: names.get(userId) ?? '' })
    if ('refusal' in outcome) throw outcome.refusal
    failpoints.hit('messaging.send.after-commit')
    return outcome.sent
  }

  /** What waited is said. @throws AppError `stale-state` when it had ended already, or its author may not speak any more */
  async function letGo(row: HeldRow, { name, by }: { name: string; by: Context | null }): Promise<SentMessage> {
    const { conversation_id, client_msg_id, sender_id, content } = row
    const outcome = await batches.add(conversation_id, { ...content, conversation_id, client_msg_id, sender_id, sender_name: name, waited: { row, by } })
    if ('refusal' in outcome) throw outcome.refusal
    failpoints.hit('messaging.let-go.after-commit')
    return outcome.sent
  }

  async function storeAll(conversationId: string, drafts: Draft[]): Promise<Outcome[]> {
    return unitOfWork.run(context(), async (tx) => {
      const conversation = (await Conversations.findById(conversationId).lean()) ?? fail('not-found')
      const participations = await participationsOf(conversation, drafts)
      const known = await storedBefore(conversationId, drafts)
      const waiting = conversation.type === 'direct' ? new Map<string, HeldRow>() : new Map((await holding.find(conversationId, drafts)).map((row) => [nameOf(row), row]))
      const waits = conversation.type === 'direct' ? new Map<string, number>() : await holding.waitingOf(conversationId, drafts.map((draft) => draft.sender_id))
      const answered = await repliedTo(conversationId, drafts)
      const loose = await media.loose(drafts.flatMap((draft) => draft.media_ids ?? []))
      const parted = await parting.claim(tx, conversation, drafts.map((draft) => draft.sender_id))
      const outcomes: (Outcome | { row: MessageRow; sender_name: string })[] = []
      const fresh: MessageRow[] = []
      const unsaid: HeldRow[] = []
      const now = clock.now()
      for (const draft of drafts) {
        if (draft.waited) {
          const isSilent = parted.has(draft.sender_id) || !maySpeak(participations.get(draft.sender_id))
          const refusal = await refusalOfWaiting(tx, draft.waited, { isSilent, isGone: refusalOfMedia(draft, loose, fresh) !== undefined })
          if (!refusal) fresh.push(rowOf(draft, conversation, fresh.length + 1, participations, loose))
          outcomes.push(refusal ? { refusal } : { row: fresh.at(-1) as MessageRow, sender_name: draft.sender_name })
          continue
        }
        const twin = known.get(nameOf(draft)) ?? fresh.find((row) => nameOf(row) === nameOf(draft))
        const unsaidTwin = waiting.get(nameOf(draft)) ?? unsaid.find((row) => nameOf(row) === nameOf(draft))
        const me = participations.get(draft.sender_id)
        const refusal = twin || unsaidTwin ? undefined : (refusalOfMedia(draft, loose, fresh) ?? refusalOf(draft, { conversation, me, participations, answered, parted, waits: (waits.get(draft.sender_id) ?? 0) + unsaid.filter((row) => row.sender_id === draft.sender_id).length, said: [...fresh, ...unsaid].filter((row) => row.sender_id === draft.sender_id) }))
        const hold = me && holdOf(draft.text, conversation, me, now)
        if (twin) outcomes.push(isSame(twin, draft) ? { sent: { ...presentMessage(twin, namesOf(draft)), duplicate: true, held: null } } : { refusal: new AppError('key-reused') })
        else if (unsaidTwin) outcomes.push(isSameContent(unsaidTwin, heldContentOf(draft)) ? { sent: presentUnsaid(unsaidTwin, draft.sender_name, { duplicate: true }) } : { refusal: new AppError('key-reused') })
        else if (refusal) outcomes.push({ refusal })
        else if (hold) {
          const row = heldRowOf(draft, hold, now)
          unsaid.push(row)
          outcomes.push({ sent: presentUnsaid(row, draft.sender_name, { duplicate: false }) })
        } else {
          const row = rowOf(draft, conversation, fresh.length + 1, participations, loose)
          fresh.push(row)
          outcomes.push({ row, sender_name: draft.sender_name })
        }
      }
      if (fresh.length > 0) await store(tx, conversation, fresh, drafts, participations)
      if (unsaid.length > 0) await storeUnsaid(tx, conversation, unsaid, drafts)
      failpoints.hit('messaging.send.before-commit')
      if (drafts.some((draft) => draft.waited)) failpoints.hit('messaging.let-go.before-commit')
      return outcomes.map((each) => ('row' in each ? { sent: { ...presentMessage(each.row, new Map([[each.row.sender_id, each.sender_name]])), duplicate: false, held: null } } : each))
    })
  }

  async function store(tx: Tx, conversation: ConversationRow, rows: MessageRow[], drafts: readonly Draft[], participations: ReadonlyMap<string, ParticipationRow>): Promise<void> {
    const { _id: conversation_id, type, last_message_at } = conversation
    const now = clock.now()
    // Another process that takes places meanwhile conflicts here: whoever is second runs again, from the places that are left.
    await Conversations.updateOne({ _id: conversation_id }, { $inc: { last_seq: rows.length, last_change: rows.length }, $set: { last_message_at: now } })
    tx.insert(Messages, rows)
    await attachAll(tx, media, rows)
    const names = new Map(drafts.map((draft) => [draft.sender_id, draft.sender_name]))
    const messages = rows.map((row) => presentMessage(row, names))
    tx.insert(Mentions, rows.flatMap((row) => row.mentions.map((user_id) => ({ _id: `${row._id}/${user_id}`, user_id, conversation_id, seq: row.seq }))))
    for (const [sender, row] of new Map(rows.map((each) => [each.sender_id, each]))) {
      const accepted = participations.get(sender)?.state === 'requested' ? { state: 'joined' as const } : {}
      await Participations.updateOne({ _id: participationId(conversation_id, sender) }, { $set: accepted, $max: { sent_at: row.created_at, ...(row.type === 'reminder' ? {} : { own_seq: row.seq }) } })
    }
    const isListedAnew = type === 'direct' || (type === 'group' && now.getTime() - last_message_at.getTime() > listedEveryMs)
    if (isListedAnew) await Participations.updateMany({ conversation_id }, { $set: { last_message_at: now } })
    const mentioned = rows.flatMap((row) =>
      row.mentions.map((user_id) => ({ user_id, fact: { conversation_id, message_id: row._id, seq: row.seq, sender_name: names.get(row.sender_id) ?? '', text: Array.from(row.text).slice(0, maxQuoted).join('') } })),
    )
    await tx.publish('messages.created', { ...hearersOf(conversation), messages, mentioned })
    for (const { type: kind, text, sender_id, sender_name, message_id, seq } of messages)
      if (kind === 'reminder') await tx.publish('reminder.due', { user_ids: hearersOf(conversation).member_ids ?? [sender_id], fact: { conversation_id, message_id, seq, sender_id, sender_name, text } })
  }

  /** It takes no place yet, but counts for slow mode. */
  async function storeUnsaid(tx: Tx, { _id: conversation_id }: ConversationRow, rows: readonly HeldRow[], drafts: readonly Draft[]): Promise<void> {
    for (const { sender_id, created_at } of rows) await Participations.updateOne({ _id: participationId(conversation_id, sender_id) }, { $max: { sent_at: created_at } })
    await holding.put(tx, conversation_id, rows, new Map(drafts.map((draft) => [draft.sender_id, draft.sender_name])))
  }

  /** Its files hung on nothing while it waited: they may be elsewhere by now, or swept away. */
  async function refusalOfWaiting(tx: Tx, { row, by }: NonNullable<Draft['waited']>, { isSilent, isGone }: { isSilent: boolean; isGone: boolean }): Promise<AppError | undefined> {
    const isDropped = isSilent || isGone
    if (!(await holding.end(tx, row, isDropped ? 'dropped' : 'released', isGone && !isSilent ? 'A file of it is not there any more' : ''))) return new AppError('stale-state', { detail: 'It was decided already' })
    if (by) await audit.record(tx, by, { action: isDropped ? 'message.dropped' : 'message.approved', subject: row._id, details: { conversation: row.conversation_id, sender: row.sender_id } })
    if (isSilent) return new AppError('stale-state', { detail: 'Whoever wrote it may not speak here any more' })
    return isGone ? new AppError('stale-state', { detail: 'A file of it is not there any more' }) : undefined
  }

  function maySpeak(me: ParticipationRow | undefined): boolean {
    return me?.state === 'joined' && !refusalOfSilenced(me, clock.now())
  }

  function refusalOf(
    draft: Draft,
    {
      conversation,
      me,
      participations,
      answered,
      parted,
      waits,
      said,
    }: {
      conversation: ConversationRow
      me: ParticipationRow | undefined
      participations: ReadonlyMap<string, ParticipationRow>
      answered: ReadonlySet<string>
      parted: ReadonlySet<string>
      waits: number
      said: readonly Pick<MessageRow, 'sender_id'>[]
    },
  ): AppError | undefined {
    const now = clock.now().getTime()
    if (!me || (me.state !== 'joined' && me.state !== 'requested')) return new AppError('not-found')
    if (parted.has(me.user_id)) return new AppError('blocked')
    const silenced = refusalOfSilenced(me, clock.now())
    if (silenced) return silenced
    if (draft.reply_to_id && !answered.has(draft.reply_to_id)) return new AppError('validation', { errors: [{ path: 'reply_to_id', code: 'unknown', detail: 'names no message of this conversation' }] })
    if (conversation.type === 'direct') return refusalOfOther(draft, { other: [...participations.values()].find((each) => each.user_id !== me.user_id), me, said })
    if (me.role !== 'member') return undefined
    const refusal = refusalOfWords(draft, conversation, me)
    if (refusal) return refusal
    if (waits >= maxWaiting) return new AppError('forbidden', { detail: 'Wait until somebody has looked at what you wrote' })
    const { slow_mode_ms } = conversation.settings
    const waitMs = said.length > 0 ? slow_mode_ms : (me.sent_at?.getTime() ?? 0) + slow_mode_ms - now
    return slow_mode_ms > 0 && waitMs > 0 ? new AppError('slow-mode', { retry_after_ms: waitMs }) : undefined
  }

  function refusalOfOther({ type }: Draft, { other, me, said }: { other: ParticipationRow | undefined; me: ParticipationRow; said: readonly unknown[] }): AppError | undefined {
    if (other?.state === 'declined') return new AppError('forbidden', { detail: 'They do not take messages from you' })
    const unanswered = me.own_seq + said.length
    if (other?.state === 'requested' && (type === 'reminder' || unanswered >= maxUnanswered)) return new AppError('forbidden', { detail: 'Wait until they answer' })
    return undefined
  }

  async function participationsOf(conversation: ConversationRow, drafts: readonly Draft[]): Promise<Map<string, ParticipationRow>> {
    const named = [...new Set(drafts.flatMap((draft) => [draft.sender_id, ...(draft.mentions ?? [])]))]
    const wanted = conversation.type === 'direct' ? (conversation.member_ids ?? []) : named
    const rows = await Participations.find({ _id: { $in: wanted.map((each) => participationId(conversation._id, each)) } }).lean()
    return new Map(rows.map((row) => [row.user_id, row]))
  }

  async function storedBefore(conversation_id: string, drafts: readonly Draft[]): Promise<Map<string, MessageRow>> {
    const rows = await Messages.find({ conversation_id, $or: drafts.map(({ sender_id, client_msg_id }) => ({ sender_id, client_msg_id })) }).lean()
    return new Map(rows.map((row) => [nameOf(row), row]))
  }

  async function repliedTo(conversation_id: string, drafts: readonly Draft[]): Promise<Set<string>> {
    const ids = drafts.flatMap(({ reply_to_id }) => reply_to_id ?? [])
    if (ids.length === 0) return new Set()
    return new Set((await Messages.find({ _id: { $in: ids }, conversation_id }, { _id: 1 }).lean()).map((row) => row._id))
  }

  function rowOf(draft: Draft, conversation: ConversationRow, place: number, participations: ReadonlyMap<string, ParticipationRow>, loose: Loose): MessageRow {
    const { sender_id, client_msg_id, text, reply_to_id = null, mentions = [], forward_of } = draft
    return {
      _id: draft.waited?.row._id ?? newId('msg'),
      conversation_id: conversation._id,
      seq: conversation.last_seq + place,
      change: conversation.last_change + place,
      quiet: conversation.quiet,
      type: typeOf(draft, loose),
      sender_id,
      client_msg_id,
      text,
      reply_to_id,
      // Whoever is not in it hears nothing of it, named or not.
      mentions: mentions.filter((each) => each !== sender_id && participations.get(each)?.state === 'joined'),
      media: mediaOf(draft, loose),
      reactions: [],
      hidden_for: [],
      deleted_at: null,
      edits: [],
      edited_at: null,
      created_at: draft.waited?.row.created_at ?? clock.now(),
      terms: termsOf(text),
      ...(forward_of === undefined ? {} : { forward_of }),
    }
  }

  function heldRowOf(draft: Draft, { why, until }: Hold, now: Date): HeldRow {
    const { conversation_id, sender_id, client_msg_id } = draft
    return { _id: newId('msg'), conversation_id, sender_id, client_msg_id, content: heldContentOf(draft), why, state: 'held', due_at: until, reason: '', created_at: now }
  }
}

function heldContentOf({ sender_id: _id, sender_name: _name, waited: _row, ...input }: Draft): HeldRow['content'] {
  return contentOf(input)
}

function nameOf({ sender_id, client_msg_id }: Pick<MessageRow, 'sender_id' | 'client_msg_id'>): string {
  return `${sender_id}/${client_msg_id}`
}

/** Compared with what was sent, not with what became of it. */
function isSame(row: MessageRow, draft: Draft): boolean {
  // What was copied may have been changed where it came from; it is the same forwarding all the same.
  if (row.forward_of !== undefined || draft.forward_of !== undefined) return row.forward_of === draft.forward_of
  const first = row.edits[0]?.text ?? row.text
  const files = (row.media ?? []).map((each) => each.media_id).join()
  return (row.deleted_at !== null || (first === draft.text && files === (draft.media_ids ?? []).join())) && row.reply_to_id === (draft.reply_to_id ?? null)
}

function namesOf(draft: Draft): ReadonlyMap<string, string> {
  return new Map([[draft.sender_id, draft.sender_name]])
}
