import Joi from 'joi'
import type { PageQuery } from '../../kernel/page.ts'
import { currency, cursor, id, instant, limit, minorUnits, name, page, signedMinorUnits, text } from '../../kernel/schema.ts'
import { bankAccount } from '../profiles/index.ts'
import { type AdminPayout, earningKinds, type Earnings, type EarningSum, type Payout, type PayoutFacts, type PayoutPlan, type PayoutSettings, type PayoutState, type PayoutStatus, type RequestPayout } from './contract.ts'
import { payoutStates } from './states.ts'

const status = Joi.string<PayoutStatus>().valid('pending', 'approved', 'rejected', 'completed')
const state = Joi.string<PayoutState>().valid(...payoutStates.all)
const accountName = name(120).min(2)
const mode = Joi.string<PayoutPlan['mode']>().valid('off', 'weekly', 'threshold')
const weekday = Joi.number().integer().min(1).max(7)
const reason = text(500).min(1)
const note = text(500)

export const requestPayout = Joi.object<RequestPayout, true>({ amount: minorUnits.required(), bank_account: bankAccount.required(), account_name: accountName.required() })
export const pageQuery = Joi.object<PageQuery, true>({ limit, cursor })
export const listQuery = Joi.object<{ status?: PayoutStatus } & PageQuery, true>({ status, limit, cursor })
export const payoutId = Joi.object<{ payout_id: string }, true>({ payout_id: id.required() })
export const approve = Joi.object<{ payout_id: string; note: string }, true>({ payout_id: id.required(), note: note.required() })
export const withReason = Joi.object<{ payout_id: string; reason: string }, true>({ payout_id: id.required(), reason: reason.required() })
export const plan = Joi.object<PayoutPlan, true>({
  mode: mode.required(),
  weekday: weekday.allow(null).required(),
  threshold: minorUnits.allow(null).required(),
  account_name: accountName.required(),
})

const payoutShape = {
  payout_id: id.required(),
  status: status.required(),
  state: state.required(),
  amount: minorUnits.required(),
  currency: currency.required(),
  account_ending: Joi.string().required(),
  held_until: instant.allow(null).required(),
  reason: Joi.string().allow(null).required(),
  automatic: Joi.boolean().required(),
  created_at: instant.required(),
  updated_at: instant.required(),
}
export const payout = Joi.object<Payout, true>(payoutShape)
export const payoutPage = page(payout)
export const adminPayout = Joi.object<AdminPayout, true>({
  ...payoutShape,
  creator_id: id.required(),
  creator_name: Joi.string().allow('').required(),
  bank_account: Joi.string().required(),
  account_name: Joi.string().required(),
  approvals: Joi.array<AdminPayout['approvals']>()
    .items(Joi.object<AdminPayout['approvals'][number], true>({ admin_id: id.required(), note: Joi.string().allow('').required(), at: instant.required() }))
    .required(),
  approvals_needed: Joi.number().integer().min(0).max(2).required(),
})
export const adminPayoutPage = page(adminPayout)
export const settings = Joi.object<PayoutSettings, true>({
  mode: mode.required(),
  weekday: weekday.allow(null).required(),
  threshold: minorUnits.allow(null).required(),
  account_name: Joi.string().allow('').required(),
  next_at: instant.allow(null).required(),
  account_ending: Joi.string().allow(null).required(),
  minimum: minorUnits.required(),
  available: signedMinorUnits.required(),
  currency: currency.required(),
})
export const earningsQuery = Joi.object<{ days?: number }, true>({ days: Joi.number().integer().min(1).max(366) })
export const earnings = Joi.object<Earnings, true>({
  currency: currency.required(),
  time_zone: Joi.string().required(),
  kinds: Joi.array<EarningSum[]>()
    .items(
      Joi.object<EarningSum, true>({
        kind: Joi.string<EarningSum['kind']>().valid(...earningKinds).required(),
        count: Joi.number().integer().min(0).required(),
        gross: signedMinorUnits.required(),
        fee: signedMinorUnits.required(),
        net: signedMinorUnits.required(),
      }),
    )
    .required(),
  days: Joi.array<Earnings['days']>()
    .items(Joi.object<Earnings['days'][number], true>({ day: Joi.string().required(), net: signedMinorUnits.required() }))
    .required(),
  next_payout: Joi.object<NonNullable<Earnings['next_payout']>, true>({ at: instant.required(), amount: signedMinorUnits.required() }).allow(null).required(),
})

export const payoutUpdated = Joi.object<PayoutFacts['payout:updated'], true>({ payout_id: id.required(), creator_id: id.required(), status: status.required(), state: state.required(), version: Joi.number().integer().min(1).required() })
