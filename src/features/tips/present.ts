import type { Regard } from '../profiles/index.ts'
import type { AnnouncedTip, Goal, PublicGoal, ReceivedTip, SentTip, Tip } from './contract.ts'
import type { GoalRow, SentTipRow, TipRow } from './model.ts'
import { isShown } from './moderation.ts'

export function presentTip(row: TipRow): Tip {
  return {
    tip_id: row._id,
    status: 'success',
    creator_id: row.creator_id,
    amount: row.amount,
    currency: row.currency,
    message: row.message,
    name: row.anonymous ? null : row.fan_name,
    anonymous: row.anonymous,
    created_at: (row.sent_at ?? row.created_at).toISOString(),
  }
}

/** A tip as its creator sees it: of somebody whom he muted, or whom a block stands between, neither the name nor the words. */
export function presentReceived(row: SentTipRow, regard?: Pick<Regard, 'silenced'>): ReceivedTip {
  const guest = row.guest === true
  const tip = { ...presentTip(row), moderation: row.moderation, first_tip: row.first_tip, fan_id: guest || row.anonymous ? null : row.fan_id, guest }
  return regard?.silenced ? { ...tip, name: null, message: '', fan_id: null } : tip
}

export function presentSent(row: TipRow, creatorName: string): SentTip {
  const { _id, state, creator_id, amount, currency, message, anonymous, created_at } = row
  return { tip_id: _id, state, creator_id, creator_name: creatorName, amount, currency, message, anonymous, created_at: created_at.toISOString() }
}

/** As the audience sees it, less the name and the words of somebody whom the creator silenced since. */
export function presentAnnounced(row: SentTipRow, regard?: Pick<Regard, 'silenced'>): AnnouncedTip {
  return {
    tip_id: row._id,
    creator_id: row.creator_id,
    amount: row.amount,
    currency: row.currency,
    name: regard?.silenced ? null : row.shown_name,
    message: regard?.silenced ? '' : row.shown_message,
    first_tip: row.first_tip,
    created_at: row.sent_at.toISOString(),
  }
}

/** null for what the audience does not see, or not yet */
export function announcementOf(row: SentTipRow): AnnouncedTip | null {
  return isShown(row.moderation) ? presentAnnounced(row) : null
}

export function presentGoal(row: GoalRow, now: Date): Goal {
  const ended = row.ends_at !== null && row.ends_at <= now
  return {
    goal_id: row._id,
    creator_id: row.creator_id,
    title: row.title,
    kind: row.kind,
    target: row.target,
    current: row.current,
    pct: Math.floor((row.current * 100) / row.target),
    currency: row.currency,
    state: row.state === 'closed' ? 'closed' : ended ? 'ended' : 'open',
    started_at: row.started_at.toISOString(),
    ends_at: row.ends_at?.toISOString() ?? null,
    version: row.version,
    shown_on: row.shown_on,
    closed_at: row.closed_at?.toISOString() ?? null,
  }
}

export function presentPublicGoal(row: GoalRow, now: Date): PublicGoal {
  return publicPart(presentGoal(row, now))
}

/** Which overlays draw it is the creator's business. */
export function publicPart(goal: Goal): PublicGoal {
  const { shown_on: _where, closed_at: _when, ...rest } = goal
  return rest
}
