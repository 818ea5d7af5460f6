import type { Page } from '../../kernel/page.ts'
import type { Routes } from '../../kernel/operation.ts'
import type { Checkout } from '../payments/contract.ts'

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

export interface TipOperations {
  'payment:initiate': { input: InitiateTip; output: Checkout }
  'tip:send': { input: SendTip; output: Tip }
  'tip:list': { input: { limit?: number; cursor?: string }; output: Page<Tip> }
}

export const tipRoutes = {
  'payment:initiate': 'POST /api/v1/payments/initiate',
  'tip:send': 'POST /api/v1/creators/:creator_id/tips',
  'tip:list': 'GET /api/v1/creators/me/tips',
} as const satisfies Routes<TipOperations>

export interface TipFacts {
  'tip:received': Tip
}
