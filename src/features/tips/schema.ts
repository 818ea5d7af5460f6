import Joi from 'joi'
import { currency, cursor, id, instant, limit, minorUnits, page, text } from '../../kernel/schema.ts'
import { checkout } from '../payments/schema.ts'
import type { InitiateTip, SendTip, Tip } from './contract.ts'

const message = text(200)

export const sendTip = Joi.object<SendTip, true>({ creator_id: id.required(), amount: minorUnits.required(), currency: currency.required(), message, anonymous: Joi.boolean() })
export const initiateTip = Joi.object<InitiateTip, true>({ creator_id: id.required(), amount: minorUnits.required(), currency: currency.required(), message })

export const tip = Joi.object<Tip, true>({
  tip_id: id.required(),
  status: Joi.string<'success'>().valid('success').required(),
  creator_id: id.required(),
  amount: minorUnits.required(),
  currency: currency.required(),
  message: Joi.string().allow('').required(),
  name: Joi.string().allow(null).required(),
  anonymous: Joi.boolean().required(),
  created_at: instant.required(),
})

export const tipQuery = Joi.object<{ limit?: number; cursor?: string }>({ limit, cursor })
export const tipPage = page(tip)
export { checkout }
