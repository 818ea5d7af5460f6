import Joi from 'joi'
import { currency, id, instant, minorUnits } from '../../kernel/schema.ts'
import type { Checkout, Payment, PaymentStatus } from './contract.ts'

const status = Joi.string<PaymentStatus>().valid('pending', 'success', 'failed')

export const paymentId = Joi.object<{ payment_id: string }, true>({ payment_id: id.required() })
export const topUp = Joi.object<{ amount: number; currency: string }, true>({ amount: minorUnits.required(), currency: currency.required() })

export const checkout = Joi.object<Checkout, true>({ payment_id: id.required(), status: status.required(), mobile_money_url: Joi.string().required() })

export const payment = Joi.object<Payment, true>({
  payment_id: id.required(),
  status: status.required(),
  state: Joi.string().required(),
  purpose: Joi.string<Payment['purpose']>().valid('tip', 'top-up').required(),
  amount: minorUnits.required(),
  currency: currency.required(),
  creator_id: id.allow(null).required(),
  provider: Joi.string().required(),
  mobile_money_url: Joi.string().allow(null).required(),
  failure_reason: Joi.string().allow(null).required(),
  created_at: instant.required(),
  updated_at: instant.required(),
})
