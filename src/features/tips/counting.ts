import type { GoalRow, SentTipRow, StreamRow } from './model.ts'

/** As much of a tip as its news tells. */
export interface CountedTip {
  creator_id: string
  tip_id: string
  sent_at: Date
}

export function firstOf(tips: readonly CountedTip[]): Date {
  return new Date(Math.min(...tips.map((tip) => tip.sent_at.getTime())))
}

/** Which tips a goal or a stream counts is told by time and money alone, so that the order in which news comes changes nothing. */
export function countsInGoal(goal: Pick<GoalRow, 'kind' | 'currency' | 'started_at' | 'ends_at' | 'closed_at'>, tip: Pick<SentTipRow, 'sent_at' | 'currency'>): boolean {
  const end = goalEnd(goal)
  return tip.sent_at >= goal.started_at && (end === null || tip.sent_at < end) && (goal.kind === 'count' || tip.currency === goal.currency)
}

export function valueInGoal(goal: Pick<GoalRow, 'kind'>, tip: { amount: number }): number {
  return goal.kind === 'count' ? 1 : tip.amount
}

/** The earlier of its deadline and its closing; null while it has neither. */
export function goalEnd({ ends_at, closed_at }: Pick<GoalRow, 'ends_at' | 'closed_at'>): Date | null {
  if (ends_at === null || closed_at === null) return ends_at ?? closed_at
  return ends_at < closed_at ? ends_at : closed_at
}

export function countsInStream(stream: Pick<StreamRow, 'currency' | 'counted_from' | 'ended_at'>, tip: Pick<SentTipRow, 'sent_at' | 'currency'>): boolean {
  return tip.sent_at >= stream.counted_from && (stream.ended_at === null || tip.sent_at < stream.ended_at) && tip.currency === stream.currency
}
