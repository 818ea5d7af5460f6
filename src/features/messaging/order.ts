import { AppError } from '../../kernel/errors.ts'
import { hasWord } from '../../kernel/words.ts'
import type { HeldMessage, SendMessage } from './contract.ts'
import { isOnlyEmoji } from './emoji.ts'
import type { ConversationRow, ParticipationRow } from './model.ts'

type Place = Pick<ConversationRow, 'type' | 'settings'>
type Speaker = Pick<ParticipationRow, 'role' | 'silenced_until'>

export interface Hold {
  why: HeldMessage['why']
  /** it is let go then by itself; null waits for a decision */
  until: Date | null
}

/** What the order of a group or a room refuses of a member's words. Who keeps it stands above it; between two there is none. */
export function refusalOfWords({ text, media_ids }: Pick<SendMessage, 'text' | 'media_ids'>, place: Place, me: Speaker): AppError | undefined {
  if (!isUnderOrder(place, me)) return undefined
  const { emoji_only, blocked_words, filter_action } = place.settings
  if (emoji_only && (media_ids || !isOnlyEmoji(text))) return new AppError('forbidden', { detail: 'Only emoji here, at present' })
  if (filter_action === 'refuse' && hasWord(text, blocked_words)) return new AppError('forbidden', { detail: 'There are words in it that are not welcome here' })
  return undefined
}

/** Why it has to wait before all see it, if it has to. */
export function holdOf(text: string, place: Place, me: Speaker, now: Date): Hold | undefined {
  if (!isUnderOrder(place, me)) return undefined
  const { blocked_words, moderation_delay_ms } = place.settings
  if (hasWord(text, blocked_words)) return { why: 'words', until: null }
  return moderation_delay_ms > 0 ? { why: 'delay', until: new Date(now.getTime() + moderation_delay_ms) } : undefined
}

/** Words that were let through must not become others that would not be: what would have to wait can't be an edit. */
export function refusalOfEdit(text: string, place: Place, me: Speaker, now: Date): AppError | undefined {
  const waits = holdOf(text, place, me, now) && new AppError('forbidden', { detail: 'Here words are looked at before they are seen; take it away and say it anew' })
  return refusalOfSilenced(me, now) ?? refusalOfWords({ text }, place, me) ?? waits
}

export function refusalOfSilenced({ silenced_until }: Pick<Speaker, 'silenced_until'>, now: Date): AppError | undefined {
  const waitMs = (silenced_until?.getTime() ?? 0) - now.getTime()
  return waitMs > 0 ? new AppError('forbidden', { detail: 'You may not write here for a while', retry_after_ms: waitMs }) : undefined
}

function isUnderOrder({ type }: Place, { role }: Speaker): boolean {
  return type !== 'direct' && role === 'member'
}
