import { AppError } from '../../kernel/errors.ts'
import { newId } from '../../kernel/ids.ts'
import { mediaOf, refusalOfMedia, typeOf } from './attaching.ts'
import type { SentMessage } from './contract.ts'
import { contentOf, type Draft, isSame, isSameContent, nameOf } from './drafts.ts'
import { maxWaiting } from './holding.ts'
import type { HeldRow, MessageRow, ParticipationRow } from './model.ts'
import { type Hold, holdOf, refusalOfSilenced, refusalOfWords } from './order.ts'
import { maxUnanswered } from './policy.ts'
import { presentMessage, presentUnsaid } from './present.ts'
import type { Scene } from './scene.ts'
import { termsOf } from './terms.ts'

/** What the drafts before it, of the same transaction, came to. */
export interface Yield {
  fresh: readonly MessageRow[]
  unsaid: readonly HeldRow[]
}

/** It is said, or waits, or was there before, or is refused. */
export type Verdict = { message: MessageRow } | { held: HeldRow } | { sent: SentMessage } | { refusal: AppError }

export function judge(draft: Draft, scene: Scene, before: Yield): Verdict {
  const again = answerAgain(draft, scene, before)
  if (again) return again
  const me = scene.participations.get(draft.sender_id)
  const refusal = refusalOfMedia(draft, scene.loose, before.fresh) ?? refusalOf(draft, me, scene, before)
  if (refusal) return { refusal }
  const hold = me && holdOf(draft.text, scene.conversation, me, scene.now)
  return hold ? { held: heldRowOf(draft, hold, scene) } : { message: messageRowOf(draft, scene, before.fresh.length + 1) }
}

/** @param place how many steps after the conversation's last */
export function messageRowOf(draft: Draft, { conversation, participations, loose, now }: Scene, place: number): MessageRow {
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
    created_at: draft.waited?.row.created_at ?? now,
    terms: termsOf(text),
    ...(forward_of === undefined ? {} : { forward_of }),
  }
}

function heldRowOf(draft: Draft, { why, until }: Hold, { loose, now }: Scene): HeldRow {
  const media = mediaOf(draft, loose)
  const { conversation_id, sender_id, client_msg_id } = draft
  return { _id: newId('msg'), conversation_id, sender_id, client_msg_id, content: contentOf(draft), ...(media.length > 0 ? { media } : {}), why, state: 'held', due_at: until, reason: '', created_at: now }
}

/** May not speak at all just now, whatever it is. */
export function isSilent(userId: string, { participations, parted, now }: Scene): boolean {
  const me = participations.get(userId)
  return parted.has(userId) || me?.state !== 'joined' || refusalOfSilenced(me, now) !== undefined
}

function answerAgain(draft: Draft, { said, held }: Scene, { fresh, unsaid }: Yield): Verdict | undefined {
  const name = nameOf(draft)
  const twin = said.get(name) ?? fresh.find((row) => nameOf(row) === name)
  if (twin) return isSame(twin, draft) ? { sent: { ...presentMessage(twin, new Map([[draft.sender_id, draft.sender_name]])), duplicate: true, held: null } } : { refusal: new AppError('key-reused') }
  const waiting = held.get(name) ?? unsaid.find((row) => nameOf(row) === name)
  if (waiting) return isSameContent(waiting, contentOf(draft)) ? { sent: presentUnsaid(waiting, draft.sender_name, { duplicate: true }) } : { refusal: new AppError('key-reused') }
  return undefined
}

function refusalOf(draft: Draft, me: ParticipationRow | undefined, { conversation, participations, waiting, answered, parted, now }: Scene, { fresh, unsaid }: Yield): AppError | undefined {
  if (!me || (me.state !== 'joined' && me.state !== 'requested')) return new AppError('not-found')
  if (parted.has(me.user_id)) return new AppError('blocked')
  const silenced = refusalOfSilenced(me, now)
  if (silenced) return silenced
  if (draft.reply_to_id && !answered.has(draft.reply_to_id)) return new AppError('validation', { errors: [{ path: 'reply_to_id', code: 'unknown', detail: 'names no message of this conversation' }] })
  const saidNow = countOf(fresh, me)
  const waitsNow = countOf(unsaid, me)
  if (conversation.type === 'direct') {
    const other = [...participations.values()].find((each) => each.user_id !== me.user_id)
    return refusalOfOther(draft, other, me.own_seq + saidNow)
  }
  if (me.role !== 'member') return undefined
  const refusal = refusalOfWords(draft, conversation, me)
  if (refusal) return refusal
  if ((waiting.get(me.user_id) ?? 0) + waitsNow >= maxWaiting) return new AppError('forbidden', { detail: 'Wait until somebody has looked at what you wrote' })
  const { slow_mode_ms } = conversation.settings
  const waitMs = saidNow + waitsNow > 0 ? slow_mode_ms : (me.sent_at?.getTime() ?? 0) + slow_mode_ms - now.getTime()
  return slow_mode_ms > 0 && waitMs > 0 ? new AppError('slow-mode', { retry_after_ms: waitMs }) : undefined
}

/** @param unanswered how much was said to somebody who has not answered yet */
function refusalOfOther({ type }: Draft, other: ParticipationRow | undefined, unanswered: number): AppError | undefined {
  if (other?.state === 'declined') return new AppError('forbidden', { detail: 'They do not take messages from you' })
  if (other?.state === 'requested' && (type === 'reminder' || unanswered >= maxUnanswered)) return new AppError('forbidden', { detail: 'Wait until they answer' })
  return undefined
}

function countOf(rows: readonly { sender_id: string }[], { user_id }: ParticipationRow): number {
  return rows.filter((row) => row.sender_id === user_id).length
}
