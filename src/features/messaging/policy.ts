import type { ConversationSettings, ParticipantRole, WhoMayWrite } from './contract.ts'
import type { ConversationRow, MessageRow, ParticipationRow } from './model.ts'

const ranks: Record<ParticipantRole, number> = { member: 0, admin: 1, owner: 2 }
/** what a stranger may say before the other has answered */
export const maxUnanswered = 3
export const editWindowMs = 24 * 3600_000

/** What one can read and be told of. A request can be read before it is accepted. */
export function canRead(me: Pick<ParticipationRow, 'state'> | null | undefined): boolean {
  return me?.state === 'joined' || me?.state === 'requested'
}

/** That it is there, and what it is called: also who was asked into it and has not answered. */
export function canKnow(me: Pick<ParticipationRow, 'state'>): boolean {
  return canRead(me) || me.state === 'invited'
}

/** Over people one rules whose role is lower. */
export function canRule(me: Pick<ParticipationRow, 'role'>, other: Pick<ParticipationRow, 'role'>): boolean {
  return me.role !== 'member' && ranks[me.role] > ranks[other.role]
}

export function canChange(me: Pick<ParticipationRow, 'role' | 'state'>, { type }: Pick<ConversationRow, 'type'>): boolean {
  return type !== 'direct' && me.role !== 'member' && me.state === 'joined'
}

export function canEdit(userId: string, message: Pick<MessageRow, 'sender_id' | 'type' | 'created_at'>, now: Date): boolean {
  return message.sender_id === userId && message.type !== 'system' && message.type !== 'tip' && now.getTime() - message.created_at.getTime() <= editWindowMs
}

export function canDelete(me: Pick<ParticipationRow, 'user_id' | 'role'>, message: Pick<MessageRow, 'sender_id' | 'type'>): boolean {
  return me.role !== 'member' || (message.sender_id === me.user_id && message.type !== 'system')
}

export function canPin(me: Pick<ParticipationRow, 'role' | 'state'>, { type }: Pick<ConversationRow, 'type'>): boolean {
  return me.state === 'joined' && (type === 'direct' || me.role !== 'member')
}

/** What one person is to another, who decides whom to let in. Ranks and payments are known by memberships. */
export interface Standing {
  follows: boolean
  isFollowed: boolean
  rank: number | null
  hasPaid: boolean
}

export interface Memberships {
  /** the rank of the tier that somebody has with a creator, and whether they ever paid */
  standing(fanId: string, creatorId: string): Promise<Pick<Standing, 'rank' | 'hasPaid'>>
}

export function mayBegin(who: WhoMayWrite, { follows, isFollowed, rank, hasPaid }: Standing): boolean {
  if (isFollowed) return true
  switch (who) {
    case 'everyone':
      return true
    case 'followers':
      return follows
    case 'members':
      return rank !== null
    case 'paid':
      return hasPaid
    case 'nobody':
      return false
  }
}

export function mayEnter({ open_to, tier_rank }: Pick<ConversationSettings, 'open_to' | 'tier_rank'>, { follows, rank }: Pick<Standing, 'follows' | 'rank'>): boolean {
  switch (open_to) {
    case 'all':
      return true
    case 'followers':
      return follows
    case 'members':
      return rank !== null && rank >= tier_rank
  }
}
