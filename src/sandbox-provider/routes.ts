import Joi from 'joi'
import type { EndpointRoute } from '../kernel/feature.ts'
import { outcomeNames } from './book.ts'

/** What programs use of the checkout page, to pay without a browser. */
export const sandboxRoutes: readonly EndpointRoute[] = [
  {
    name: 'sandbox:checkout',
    summary: 'The sandbox payment company\u2019s checkout page, at the `mobile_money_url` of a payment',
    route: 'GET /sandbox/checkout/:token',
    answers: [{ status: 200, summary: 'The page', media_type: 'text/html' }],
    errors: ['not-found', 'uri-too-long', 'encoding', 'internal'],
  },
  {
    name: 'sandbox:decide',
    summary: 'Decide as the payer would; no real money moves',
    route: 'POST /sandbox/checkout/:token',
    body: { media_type: 'application/x-www-form-urlencoded', data: Joi.object({ outcome: Joi.string().valid(...outcomeNames).required() }) },
    answers: [
      {
        status: 200,
        summary: 'Decided, now or before; a browser is sent back with 303 instead',
        media_type: 'application/json',
        data: Joi.object({ status: Joi.string().valid('pending', 'success', 'failed', 'cancelled').required(), changed: Joi.boolean().required().example(true), detail: Joi.string() }),
      },
    ],
    errors: ['validation', 'not-found', 'request-timeout', 'too-large', 'uri-too-long', 'encoding', 'media-type', 'internal'],
  },
]
