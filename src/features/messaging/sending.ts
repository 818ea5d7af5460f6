import type { Clock } from '../../kernel/clock.ts'
import type { Context } from '../../kernel/context.ts'
import { AppError } from '../../kernel/errors.ts'
import type { Tx } from '../../kernel/events.ts'
import type { Audit } from '../../platform/audit.ts'
import { createBatches } from '../../platform/batches.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { Limiter } from '../../platform/rate-limit.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { type AccountService, userOf } from '../accounts/index.ts'
import type { MediaService } from '../media/index.ts'
import type { Access } from './access.ts'
import { attachAll, refusalOfMedia } from './attaching.ts'
import type { SentMessage } from './contract.ts'
import type { Draft } from './drafts.ts'
import type { Holding } from './holding.ts'
import { isSilent, judge, messageRowOf, type Verdict } from './judging.ts'
import { type HeldRow, type MessageRow, type MessagingModels, participationId, type ParticipationRow, type Saying } from './model.ts'
import type { Parting } from './parting.ts'
import { hearersOf, presentMessage, presentUnsaid } from './present.ts'
import { createScenes, type Scene } from './scene.ts'

const batchSize = 64
/** a lively group moves up the lists of its members this often at most: each time, a row of every member is written */
const listedEveryMs = 30_000
const maxQuoted = 200
const silenced = 'Whoever wrote it may not speak here any more'
const fileGone = 'A file of it is not there any more'

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
  const scenes = createScenes({ models, parting, holding, media, clock })
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
      const scene = await scenes.read(tx, conversationId, drafts)
      const fresh: MessageRow[] = []
      const unsaid: HeldRow[] = []
      const outcomes: Outcome[] = []
      for (const draft of drafts) {
        const verdict = draft.waited ? await judgeWaiting(tx, draft, draft.waited, scene, fresh) : judge(draft, scene, { fresh, unsaid })
        if ('message' in verdict) fresh.push(verdict.message)
        if ('held' in verdict) unsaid.push(verdict.held)
        outcomes.push(outcomeOf(verdict, draft))
      }
      const names = new Map(drafts.map((draft) => [draft.sender_id, draft.sender_name]))
      if (fresh.length > 0) await store(tx, scene, fresh, names)
      if (unsaid.length > 0) await storeUnsaid(tx, scene, unsaid, names)
      failpoints.hit('messaging.send.before-commit')
      if (drafts.some((draft) => draft.waited)) failpoints.hit('messaging.let-go.before-commit')
      return outcomes
    })
  }

  /** What waited was judged when it was said; what matters now is whether its author may speak, and whether its files are still there. */
  async function judgeWaiting(tx: Tx, draft: Draft, { row, by }: NonNullable<Draft['waited']>, scene: Scene, fresh: readonly MessageRow[]): Promise<Verdict> {
    const reason = isSilent(draft.sender_id, scene) ? silenced : refusalOfMedia(draft, scene.loose, fresh) && fileGone
    if (!(await holding.end(tx, row, reason ? 'dropped' : 'released', reason === fileGone ? fileGone : ''))) return { refusal: new AppError('stale-state', { detail: 'It was decided already' }) }
    if (by) await audit.record(tx, by, { action: reason ? 'message.dropped' : 'message.approved', subject: row._id, details: { conversation: row.conversation_id, sender: row.sender_id } })
    return reason ? { refusal: new AppError('stale-state', { detail: reason }) } : { message: messageRowOf(draft, scene, fresh.length + 1) }
  }

  async function store(tx: Tx, { conversation, participations, now }: Scene, rows: MessageRow[], names: ReadonlyMap<string, string>): Promise<void> {
    const { _id: conversation_id, type, last_message_at } = conversation
    // Another process that takes places meanwhile conflicts here: whoever is second runs again, from the places that are left.
    await Conversations.updateOne({ _id: conversation_id }, { $inc: { last_seq: rows.length, last_change: rows.length }, $set: { last_message_at: now } })
    tx.insert(Messages, rows)
    await attachAll(tx, media, rows)
    tx.insert(Mentions, rows.flatMap((row) => row.mentions.map((user_id) => ({ _id: `${row._id}/${user_id}`, user_id, conversation_id, seq: row.seq }))))
    await noteSpeakers(conversation_id, rows, participations)
    const isListedAnew = type === 'direct' || (type === 'group' && now.getTime() - last_message_at.getTime() > listedEveryMs)
    if (isListedAnew) await Participations.updateMany({ conversation_id }, { $set: { last_message_at: now } })
    const messages = rows.map((row) => presentMessage(row, names))
    const mentioned = messages.flatMap(({ mentions, message_id, seq, sender_name, text }) =>
      mentions.map((user_id) => ({ user_id, fact: { conversation_id, message_id, seq, sender_name, text: Array.from(text).slice(0, maxQuoted).join('') } })),
    )
    await tx.publish('messages.created', { ...hearersOf(conversation), messages, mentioned })
    for (const { type: kind, text, sender_id, sender_name, message_id, seq } of messages)
      if (kind === 'reminder') await tx.publish('reminder.due', { user_ids: hearersOf(conversation).member_ids ?? [sender_id], fact: { conversation_id, message_id, seq, sender_id, sender_name, text } })
  }

  /** Who speaks has read up to there, and has accepted what they were asked; a reminder speaks without them. */
  async function noteSpeakers(conversation_id: string, rows: readonly MessageRow[], participations: ReadonlyMap<string, ParticipationRow>): Promise<void> {
    const updates = [...new Set(rows.map((row) => row.sender_id))].map((sender) => {
      const theirs = rows.filter((row) => row.sender_id === sender)
      const sent_at = new Date(Math.max(...theirs.map((row) => row.created_at.getTime())))
      const own_seq = Math.max(0, ...theirs.filter((row) => row.type !== 'reminder').map((row) => row.seq))
      const accepted = participations.get(sender)?.state === 'requested' ? { $set: { state: 'joined' as const } } : {}
      return { updateOne: { filter: { _id: participationId(conversation_id, sender) }, update: { ...accepted, $max: { sent_at, own_seq } } } }
    })
    await Participations.bulkWrite(updates)
  }

  /** It takes no place yet, but counts for slow mode. */
  async function storeUnsaid(tx: Tx, { conversation: { _id: conversation_id } }: Scene, rows: readonly HeldRow[], names: ReadonlyMap<string, string>): Promise<void> {
    await Participations.bulkWrite(rows.map(({ sender_id, created_at }) => ({ updateOne: { filter: { _id: participationId(conversation_id, sender_id) }, update: { $max: { sent_at: created_at } } } })))
    await holding.put(tx, conversation_id, rows, names)
  }
}

function outcomeOf(verdict: Verdict, { sender_id, sender_name }: Draft): Outcome {
  if ('message' in verdict) return { sent: { ...presentMessage(verdict.message, new Map([[sender_id, sender_name]])), duplicate: false, held: null } }
  if ('held' in verdict) return { sent: presentUnsaid(verdict.held, sender_name, { duplicate: false }) }
  return verdict
}
