import type { Routes } from '../../kernel/operation.ts'
import type { Page, PageQuery } from '../../kernel/page.ts'

/** How outside programs see it. */
export type PayoutStatus = 'pending' | 'approved' | 'rejected' | 'completed'
export type PayoutState = 'pending' | 'held' | 'approved' | 'processing' | 'completed' | 'rejected' | 'cancelled' | 'failed' | 'returned'

export interface Payout {
  payout_id: string
  status: PayoutStatus
  state: PayoutState
  /** minor units */
  amount: number
  currency: string
  /** the last four characters of the bank account */
  account_ending: string
  /** of a held one: until when at least */
  held_until: string | null
  /** why it is held, was rejected, failed or came back */
  reason: string | null
  automatic: boolean
  created_at: string
  updated_at: string
}

export interface RequestPayout {
  amount: number
  bank_account: string
  account_name: string
}

/** As an admin sees it. */
export interface AdminPayout extends Payout {
  creator_id: string
  creator_name: string
  bank_account: string
  account_name: string
  approvals: { admin_id: string; note: string; at: string }[]
  /** how many admins have to agree to it yet; none of them its creator, each once */
  approvals_needed: number
}

/** When money goes out by itself: on a weekday, or as soon as there is enough. Days are those of the creator's zone. */
export interface PayoutPlan {
  mode: 'off' | 'weekly' | 'threshold'
  /** 1 is Monday */
  weekday: number | null
  /** minor units */
  threshold: number | null
  account_name: string
}

export interface PayoutSettings extends PayoutPlan {
  /** when the next one is looked at */
  next_at: string | null
  account_ending: string | null
  /** the least that is paid out */
  minimum: number
  available: number
  currency: string
}

export const earningKinds = ['tip', 'membership', 'refund'] as const
export type EarningKind = (typeof earningKinds)[number]

/** What one kind brought in a time; what was given back counts below zero. Minor units, all of them. */
export interface EarningSum {
  kind: EarningKind
  count: number
  /** what was paid */
  gross: number
  /** the platform's share of it */
  fee: number
  /** the creator's: gross less the fee */
  net: number
}

/** What was earned lately, as the ledger has it, by the days of the creator's zone. */
export interface Earnings {
  currency: string
  time_zone: string
  kinds: EarningSum[]
  /** each day of the time asked for, the oldest first; `day` is a date */
  days: { day: string; net: number }[]
  /** what goes out by itself next, as far as it is known now; null when nothing does */
  next_payout: { at: string; amount: number } | null
}

export interface PayoutOperations {
  'payout:request': { input: RequestPayout; output: Payout }
  'payout:mine': { input: PageQuery; output: Page<Payout> }
  'payout:cancel': { input: { payout_id: string }; output: Payout }
  'payout:settings': { input: Record<string, never>; output: PayoutSettings }
  'payout:set-plan': { input: PayoutPlan; output: PayoutSettings }
  'earnings:mine': { input: { days?: number }; output: Earnings }
  'payout:list': { input: { status?: PayoutStatus } & PageQuery; output: Page<AdminPayout> }
  'payout:approve': { input: { payout_id: string; note: string }; output: AdminPayout }
  'payout:reject': { input: { payout_id: string; reason: string }; output: AdminPayout }
  'payout:hold': { input: { payout_id: string; reason: string }; output: AdminPayout }
  'payout:release': { input: { payout_id: string }; output: AdminPayout }
}

export const payoutRoutes = {
  'payout:request': { route: 'POST /api/v1/payouts/request', once: 'required' },
  'payout:mine': 'GET /api/v1/payouts/me',
  'payout:cancel': { route: 'POST /api/v1/payouts/:payout_id/cancel', repeatable: true },
  'payout:settings': 'GET /api/v1/payouts/settings',
  'payout:set-plan': { route: 'PUT /api/v1/payouts/settings', repeatable: true },
  'earnings:mine': 'GET /api/v1/creators/me/earnings',
  'payout:list': 'GET /api/v1/admin/payouts',
  'payout:approve': { route: 'POST /api/v1/admin/payouts/:payout_id/approve', repeatable: true },
  'payout:reject': { route: 'POST /api/v1/admin/payouts/:payout_id/reject', repeatable: true },
  'payout:hold': { route: 'POST /api/v1/admin/payouts/:payout_id/hold', repeatable: true },
  'payout:release': { route: 'POST /api/v1/admin/payouts/:payout_id/release', repeatable: true },
} as const satisfies Routes<PayoutOperations>

export interface PayoutFacts {
  /** to the creator, and to admins */
  'payout:updated': { payout_id: string; creator_id: string; status: PayoutStatus; state: PayoutState; version: number }
}
