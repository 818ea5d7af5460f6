import type { AnnouncedTip, Goal, LiveFigures, ReceivedTip } from './contract.ts'

declare module '../../kernel/events.ts' {
  interface DomainEvents {
    /** the money is there; `announced` is null for what the audience does not see, or not yet; `fan_id` is for reactions and reaches no client */
    'tip.sent': { tip: ReceivedTip; announced: AnnouncedTip | null; fan_id: string }
    /** a person has decided about a tip that waited */
    'tip.moderated': { tip: ReceivedTip; announced: AnnouncedTip | null; fan_id: string }
    'goal.opened': { goal_id: string; creator_id: string }
    /** `edited` by its creator, not moved by a tip */
    'goal.changed': { goal: Goal; edited: boolean }
    /** a stream was started, or counts from zero again */
    'live.begun': { creator_id: string; stream_id: string }
    'live.changed': LiveFigures
  }
}
