import type { Page, PageQuery } from '../../kernel/page.ts'
import type { Routes } from '../../kernel/operation.ts'
import type { Checkout, PaymentStatus } from '../payments/contract.ts'

export interface SendTip {
  creator_id: string
  amount: number
  currency: string
  message?: string
  anonymous?: boolean
}

export interface InitiateTip {
  creator_id: string
  amount: number
  currency: string
  message?: string
}

/** A tip from somebody without an account, by checkout. */
export interface InitiateGuestTip {
  creator_id: string
  amount: number
  currency: string
  message?: string
  /** shown with the tip; without one it is anonymous */
  name?: string
}

export interface GuestCheckout extends Checkout {
  /** what `guest-tip:read` takes: whoever has it sees what became of the tip */
  receipt: string
}

/** A guest's tip as the holder of its receipt sees it. */
export interface GuestTip {
  payment_id: string
  status: PaymentStatus
  creator_id: string
  creator_name: string
  amount: number
  currency: string
  message: string
  name: string | null
  /** where it can be paid while it is pending */
  mobile_money_url: string | null
  created_at: string
}

export interface Tip {
  tip_id: string
  status: 'success'
  creator_id: string
  amount: number
  currency: string
  message: string
  /** null when the fan stays anonymous */
  name: string | null
  anonymous: boolean
  created_at: string
}

/**
 * What the audience got of a tip: all of it, less its text, its words masked, nothing, nothing yet, or nothing for good. The money moved in
 * every case.
 */
export type ModerationState = 'shown' | 'text_hidden' | 'masked' | 'dropped' | 'pending' | 'rejected'

/** A tip as its creator sees it. */
export interface ReceivedTip extends Tip {
  moderation: ModerationState
  /** the fan's first tip to this creator; never of a guest, whom nobody can know again */
  first_tip: boolean
  /** whom to block or mute; null when it is not yours to know: anonymous, a guest, or silenced already */
  fan_id: string | null
  /** from somebody without an account: the name is only what they typed */
  guest: boolean
}

/** A tip as its audience sees it, after moderation. */
export interface AnnouncedTip {
  tip_id: string
  creator_id: string
  amount: number
  currency: string
  /** null: from somebody who stays anonymous */
  name: string | null
  message: string
  first_tip: boolean
  created_at: string
}

export interface ModerateTip {
  tip_id: string
  decision: 'allow' | 'reject'
  /** shows the tip as from somebody anonymous */
  mask_name?: boolean
}

export type ModerationMode = 'auto' | 'filter' | 'manual'
export type FilterAction = 'hide-text' | 'mask' | 'drop'

export interface TipFilter {
  /** taken literally, whole words, whatever the case */
  words: string[]
  action: FilterAction
  hide_links: boolean
}

export interface TipSettings {
  min_amount: number
  max_amount: number
  currency: string
  moderation: ModerationMode
  filter: TipFilter
  /** whether people without an account may tip */
  guests: boolean
}

/** Left out, `guests` stays as it is. */
export type UpdateTipSettings = Omit<TipSettings, 'guests'> & { guests?: boolean }

export interface PublicTipSettings {
  creator_id: string
  tip_min: number
  tip_max: number
  currency: string
  guests: boolean
}

export type GoalKind = 'amount' | 'count'

export interface CreateGoal {
  title: string
  kind: GoalKind
  /** minor units, or a number of tips */
  target: number
  /** of an amount goal; a count goal counts tips in any */
  currency?: string
  ends_at?: string
  /** the overlays that draw it; all when left out */
  shown_on?: string[] | 'all'
}

export interface UpdateGoal {
  goal_id: string
  title?: string
  target?: number
  ends_at?: string | null
  shown_on?: string[] | 'all'
}

/** A goal counts from its own start: what came before is not in it. */
export interface PublicGoal {
  goal_id: string
  creator_id: string
  title: string
  kind: GoalKind
  target: number
  current: number
  /** whole per cent, may pass 100 */
  pct: number
  currency: string
  state: 'open' | 'ended' | 'closed'
  started_at: string
  ends_at: string | null
  /** rises with each change: the higher one is the newer one */
  version: number
}

export interface Goal extends PublicGoal {
  shown_on: string[] | 'all'
  closed_at: string | null
}

export interface TopTipper {
  name: string
  amount: number
}

export interface LiveTotals {
  amount: number
  count: number
  currency: string
}

export interface LiveFigures {
  creator_id: string
  /** null when the creator was never live */
  stream_id: string | null
  live: boolean
  /** tips from then on are in the totals */
  counted_from: string | null
  totals: LiveTotals
  latest: AnnouncedTip | null
  top_tippers: TopTipper[]
  version: number
}

/** What somebody who joins needs to draw the whole picture; facts keep it up to date from there. */
export interface LiveSnapshot extends LiveFigures {
  goals: PublicGoal[]
  /** of that stream; of a creator who was never live, whenever they were */
  recent: AnnouncedTip[]
}

type CreatorId = { creator_id: string }
type Nothing = Record<string, never>

/** A tip as the fan who gave it sees it. */
export interface SentTip {
  tip_id: string
  /** `pending` until it is paid */
  state: 'pending' | 'sent' | 'failed'
  creator_id: string
  creator_name: string
  amount: number
  currency: string
  message: string
  anonymous: boolean
  created_at: string
}

export interface TipOperations {
  'tip:sent': { input: PageQuery; output: Page<SentTip> }
  'payment:initiate': { input: InitiateTip; output: Checkout }
  'guest-tip:initiate': { input: InitiateGuestTip; output: GuestCheckout }
  'guest-tip:read': { input: { receipt: string }; output: GuestTip }
  'tip:send': { input: SendTip; output: Tip }
  'tip:list': { input: PageQuery; output: Page<ReceivedTip> }
  'tip:moderate': { input: ModerateTip; output: ReceivedTip }
  'tip-settings:read': { input: Nothing; output: TipSettings }
  'tip-settings:update': { input: UpdateTipSettings; output: TipSettings }
  'tip-settings:public': { input: CreatorId; output: PublicTipSettings }
  'goal:create': { input: CreateGoal; output: Goal }
  'goal:list': { input: PageQuery; output: Page<Goal> }
  'goal:update': { input: UpdateGoal; output: Goal }
  'goal:close': { input: { goal_id: string }; output: Goal }
  'goal:public': { input: CreatorId; output: { data: PublicGoal[]; has_more: boolean; next: null } }
  'live:start': { input: Nothing; output: LiveSnapshot }
  'live:stop': { input: Nothing; output: LiveSnapshot }
  'live:reset': { input: Nothing; output: LiveSnapshot }
  'live:read': { input: CreatorId; output: LiveSnapshot }
  'live:join': { input: CreatorId; output: LiveSnapshot }
  'live:leave': { input: CreatorId; output: Nothing }
}

export const tipRoutes = {
  'payment:initiate': { route: 'POST /api/v1/payments/initiate', once: 'required' },
  'guest-tip:initiate': { route: 'POST /api/v1/creators/:creator_id/guest-tips', once: 'required', door: 'http' },
  'guest-tip:read': { route: 'GET /api/v1/guest-tips/:receipt', door: 'http' },
  'tip:send': { route: 'POST /api/v1/creators/:creator_id/tips', once: 'required' },
  'tip:sent': 'GET /api/v1/tips/sent',
  'tip:list': 'GET /api/v1/creators/me/tips',
  'tip:moderate': 'POST /api/v1/tips/:tip_id/moderate',
  'tip-settings:read': 'GET /api/v1/creators/me/tip-settings',
  'tip-settings:update': 'PUT /api/v1/creators/me/tip-settings',
  'tip-settings:public': 'GET /api/v1/creators/:creator_id/tip-settings',
  'goal:create': { route: 'POST /api/v1/creators/me/goals', once: 'optional' },
  'goal:list': 'GET /api/v1/creators/me/goals',
  'goal:update': 'PUT /api/v1/creators/me/goals/:goal_id',
  'goal:close': 'POST /api/v1/creators/me/goals/:goal_id/close',
  'goal:public': 'GET /api/v1/creators/:creator_id/goals',
  'live:start': { route: 'POST /api/v1/creators/me/live/start', once: 'optional' },
  'live:stop': 'POST /api/v1/creators/me/live/stop',
  'live:reset': 'POST /api/v1/creators/me/live/reset',
  'live:read': 'GET /api/v1/creators/:creator_id/live',
  'live:join': 'socket-only',
  'live:leave': 'socket-only',
} as const satisfies Routes<TipOperations>

export interface TipFacts {
  /** to the creator, in full */
  'tip:received': ReceivedTip
  /** to the audience, after moderation */
  'tip:announced': AnnouncedTip
  /** to the creator */
  'tip:moderated': { tip_id: string; moderation: ModerationState }
  /** to the creator, the audience and the overlays that draw it */
  'goal:updated': PublicGoal
  /** to the creator and the audience */
  'live:updated': LiveFigures
}
