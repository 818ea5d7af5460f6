import Joi from 'joi'
import { currency, cursor, id, instant, limit, minorUnits, name, nothing, opaque, page, signedMinorUnits, text } from '../../kernel/schema.ts'
import type { PageQuery } from '../../kernel/page.ts'
import { checkout, checkoutShape, status } from '../payments/schema.ts'
import type {
  AnnouncedTip,
  CreateGoal,
  GuestCheckout,
  GuestTip,
  InitiateGuestTip,
  Goal,
  InitiateTip,
  LiveFigures,
  LiveSnapshot,
  LiveTotals,
  ModerateTip,
  PublicGoal,
  PublicTipSettings,
  ReceivedTip,
  SendTip, SentTip,
  Tip,
  TipFacts,
  TipFilter,
  TipSettings,
  TopTipper,
  UpdateGoal,
  UpdateTipSettings,
} from './contract.ts'

export { checkout, nothing }
export const pageQuery = Joi.object<PageQuery>({ limit, cursor })
export const creatorId = Joi.object<{ creator_id: string }, true>({ creator_id: id.required() })

const message = text(200)

export const sendTip = Joi.object<SendTip, true>({ creator_id: id.required(), amount: minorUnits.required(), currency: currency.required(), message, anonymous: Joi.boolean() })
export const initiateTip = Joi.object<InitiateTip, true>({ creator_id: id.required(), amount: minorUnits.required(), currency: currency.required(), message })
export const initiateGuestTip = Joi.object<InitiateGuestTip, true>({ creator_id: id.required(), amount: minorUnits.required(), currency: currency.required(), message, name: name(60) })
export const guestCheckout = Joi.object<GuestCheckout, true>({ ...checkoutShape, receipt: opaque.required() })
export const receipt = Joi.object<{ receipt: string }, true>({ receipt: opaque.required() })
export const guestTip = Joi.object<GuestTip, true>({
  payment_id: id.required(),
  status: status.required(),
  creator_id: id.required(),
  creator_name: Joi.string().allow('').required(),
  amount: minorUnits.required(),
  currency: currency.required(),
  message: Joi.string().allow('').required(),
  name: Joi.string().allow(null).required(),
  mobile_money_url: Joi.string().allow(null).required(),
  created_at: instant.required(),
})
export const moderateTip = Joi.object<ModerateTip, true>({
  tip_id: id.required(),
  decision: Joi.string<ModerateTip['decision']>().valid('allow', 'reject').required(),
  mask_name: Joi.boolean(),
})

const tipShape = {
  tip_id: id.required(),
  status: Joi.string<'success'>().valid('success').required(),
  creator_id: id.required(),
  amount: minorUnits.required(),
  currency: currency.required(),
  message: Joi.string().allow('').required(),
  name: Joi.string().allow(null).required(),
  anonymous: Joi.boolean().required(),
  created_at: instant.required(),
}
const moderation = Joi.string<ReceivedTip['moderation']>().valid('shown', 'text_hidden', 'masked', 'dropped', 'pending', 'rejected')
export const tip = Joi.object<Tip, true>(tipShape)
export const receivedTip = Joi.object<ReceivedTip, true>({ ...tipShape, moderation: moderation.required(), first_tip: Joi.boolean().required(), fan_id: id.allow(null).required(), guest: Joi.boolean().required() })
export const tipPage = page(receivedTip)
export const moderatedTip = Joi.object<TipFacts['tip:moderated'], true>({ tip_id: id.required(), moderation: moderation.required() })
export const announcedTip = Joi.object<AnnouncedTip, true>({
  tip_id: id.required(),
  creator_id: id.required(),
  amount: minorUnits.required(),
  currency: currency.required(),
  name: Joi.string().allow(null).required(),
  message: Joi.string().allow('').required(),
  first_tip: Joi.boolean().required(),
  created_at: instant.required(),
})

const filter = Joi.object<TipFilter, true>({
  words: Joi.array<string[]>().items(name(50)).max(200).required(),
  action: Joi.string<TipFilter['action']>().valid('hide-text', 'mask', 'drop').required(),
  hide_links: Joi.boolean().required(),
})
const settingsShape = {
  min_amount: minorUnits.required(),
  max_amount: minorUnits.required(),
  currency: currency.required(),
  moderation: Joi.string<TipSettings['moderation']>().valid('auto', 'filter', 'manual').required(),
  filter: filter.required(),
}
export const tipSettings = Joi.object<TipSettings, true>({ ...settingsShape, guests: Joi.boolean().required() })
export const updateTipSettings = Joi.object<UpdateTipSettings, true>({ ...settingsShape, guests: Joi.boolean() })
export const publicTipSettings = Joi.object<PublicTipSettings, true>({ creator_id: id.required(), tip_min: minorUnits.required(), tip_max: minorUnits.required(), currency: currency.required(), guests: Joi.boolean().required() })

const maxTarget = 1_000_000_000_000
const target = Joi.number().integer().min(1).max(maxTarget)
const kind = Joi.string<Goal['kind']>().valid('amount', 'count')
const shownOn = Joi.alternatives<string[] | 'all'>().try(Joi.string().valid('all'), Joi.array().items(id).max(20).unique())

export const goalId = Joi.object<{ goal_id: string }, true>({ goal_id: id.required() })
export const createGoal = Joi.object<CreateGoal, true>({ title: name(80).required(), kind: kind.required(), target: target.required(), currency, ends_at: instant, shown_on: shownOn })
export const updateGoal = Joi.object<UpdateGoal, true>({ goal_id: id.required(), title: name(80), target, ends_at: instant.allow(null), shown_on: shownOn })

const goalShape = {
  goal_id: id.required(),
  creator_id: id.required(),
  title: Joi.string().required(),
  kind: kind.required(),
  target: target.required(),
  current: signedMinorUnits.required(),
  pct: Joi.number().integer().required(),
  currency: currency.required(),
  state: Joi.string<Goal['state']>().valid('open', 'ended', 'closed').required(),
  started_at: instant.required(),
  ends_at: instant.allow(null).required(),
  version: Joi.number().integer().min(1).required(),
}
export const publicGoal = Joi.object<PublicGoal, true>(goalShape)
export const goal = Joi.object<Goal, true>({ ...goalShape, shown_on: shownOn.required(), closed_at: instant.allow(null).required() })
export const goalPage = page(goal)
export const publicGoals = Joi.object<{ data: PublicGoal[]; has_more: boolean; next: null }>({
  data: Joi.array<PublicGoal[]>().items(publicGoal).required(),
  has_more: Joi.boolean().required(),
  next: Joi.valid(null).required(),
})

const liveShape = {
  creator_id: id.required(),
  stream_id: id.allow(null).required(),
  live: Joi.boolean().required(),
  counted_from: instant.allow(null).required(),
  totals: Joi.object<LiveTotals, true>({ amount: signedMinorUnits.required(), count: Joi.number().integer().min(0).required(), currency: currency.required() }).required(),
  latest: announcedTip.allow(null).required(),
  top_tippers: Joi.array<TopTipper[]>()
    .items(Joi.object<TopTipper, true>({ name: Joi.string().required(), amount: minorUnits.required() }))
    .required(),
  version: Joi.number().integer().min(0).required(),
}
export const liveFigures = Joi.object<LiveFigures, true>(liveShape)
export const liveSnapshot = Joi.object<LiveSnapshot, true>({
  ...liveShape,
  goals: Joi.array<PublicGoal[]>().items(publicGoal).required(),
  recent: Joi.array<AnnouncedTip[]>().items(announcedTip).required(),
})

export const sentTipPage = page(
  Joi.object<SentTip, true>({
    tip_id: id.required(),
    state: Joi.string<SentTip['state']>().valid('pending', 'sent', 'failed').required(),
    creator_id: id.required(),
    creator_name: Joi.string().allow('').required(),
    amount: minorUnits.required(),
    currency: currency.required(),
    message: Joi.string().allow('').required(),
    anonymous: Joi.boolean().required(),
    created_at: instant.required(),
  }),
)
