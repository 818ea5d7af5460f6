import express, { type Request, type RequestHandler, type Response, type Router } from 'express'
import Joi from 'joi'
import { capOf, isCurrency } from '../kernel/currency.ts'
import { AppError, ensure } from '../kernel/errors.ts'
import { readJson } from '../platform/http/body.ts'
import { createInputReader } from '../platform/input.ts'
import type { Book, Order } from './book.ts'
import type { FaultSwitches } from './faults.ts'
import { isSameSecret } from './signature.ts'
import type { Charge } from './store.ts'

const hangMs = 60_000
const maxHanging = 256
const maxPage = 100
const referenceRule = /^[A-Za-z0-9_.:-]{1,128}$/

const order = Joi.object<Order>({
  reference: Joi.string().pattern(referenceRule).required(),
  amount: Joi.number().integer().min(1).max(Number.MAX_SAFE_INTEGER).required(),
  currency: Joi.string().min(1).max(8).required(),
  description: Joi.string()
    .max(800)
    .required()
    .meta({ text: { max: 200, kind: 'name' } }),
  return_url: Joi.string()
    .uri({ scheme: ['http', 'https'] })
    .max(2048)
    .required(),
})

/** What a customer's server asks of this company, with its key. */
export function createApi({
  book,
  faults,
  apiKey,
  checkoutUrl,
}: {
  book: Book
  faults: FaultSwitches
  apiKey: string
  checkoutUrl: (token: string) => string
}): { router: Router; hangUp: () => void } {
  const router = express.Router({ caseSensitive: true, strict: true })
  const readOrder = createInputReader(order)
  const hanging = new Set<() => void>()

  router.use('/v1', authenticate)
  router.route('/v1/checkouts').post(asHandler(openCheckout)).all(notAllowed('POST'))
  router.route('/v1/payments').get(asHandler(listPayments)).all(notAllowed('GET'))
  router.route('/v1/payments/:reference').get(asHandler(readPayment)).all(notAllowed('GET'))

  return { router, hangUp: () => hanging.forEach((end) => end()) }

  function authenticate(request: Request, response: Response, next: (error?: unknown) => void): void {
    const [scheme, key = '', ...rest] = (request.headers.authorization ?? '').split(' ')
    const isKnown = isSameSecret(key, apiKey) && scheme?.toLowerCase() === 'bearer' && rest.length === 0
    response.setHeader('Cache-Control', 'no-store')
    next(isKnown ? undefined : new AppError('unauthenticated', { detail: 'The key of this API is missing or wrong' }))
  }

  async function openCheckout(request: Request, response: Response): Promise<void> {
    const wanted = readOrder(await readJson(request)) as Order
    ensure(isCurrency(wanted.currency), 'currency')
    ensure(wanted.amount <= capOf(wanted.currency), 'amount')
    const { charge, isNew } = await book.open(wanted)
    if ((await faults.read()).timeout_after_charge) return hang(response)
    response.status(isNew ? 201 : 200).json({ ...present(charge), checkout_url: checkoutUrl(charge.token) })
  }

  async function readPayment(request: Request, response: Response): Promise<void> {
    const reference = request.params['reference'] as string
    const charge = referenceRule.test(reference) ? await book.find(reference) : null
    // The reference is repeated, so that nobody takes another server's 404 for this one.
    if (charge) response.json(present(charge))
    else response.status(404).json({ status: 'not_found', reference })
  }

  async function listPayments(request: Request, response: Response): Promise<void> {
    const { after, limit } = readPage(request.url)
    const { data, has_more } = await book.list({ after, limit })
    response.json({ data: data.map(present), has_more, next: has_more ? (data.at(-1)?._id ?? null) : null })
  }

  // The fault of all faults: the charge is there, and nobody is told. The customer's deadline, or ours, ends the connection.
  function hang(response: Response): void {
    const timer = setTimeout(end, hangMs)
    hanging.add(end)
    response.on('close', () => {
      clearTimeout(timer)
      hanging.delete(end)
    })
    if (hanging.size > maxHanging) end()

    function end(): void {
      response.destroy()
    }
  }
}

function asHandler(handle: (request: Request, response: Response) => Promise<void>): RequestHandler {
  return (request, response, next) => {
    handle(request, response).catch(next)
  }
}

function notAllowed(allowed: string): RequestHandler {
  return (_request, response, next) => {
    response.setHeader('Allow', allowed)
    next(new AppError('method-not-allowed'))
  }
}

function present(charge: Charge): object {
  return {
    provider_payment_id: charge._id,
    reference: charge.reference,
    status: charge.status,
    amount: charge.amount,
    currency: charge.currency,
    failure_reason: charge.failure_reason,
    created_at: charge.created_at.toISOString(),
    updated_at: charge.updated_at.toISOString(),
  }
}

function readPage(url: string): { after: string; limit: number } {
  const query = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : '')
  const known = [...query.keys()].every((key) => key === 'after' || key === 'limit')
  const after = query.get('after') ?? ''
  const limit = query.get('limit') ?? '50'
  const isValid =
    known &&
    query.getAll('after').length <= 1 &&
    query.getAll('limit').length <= 1 &&
    /^[a-z0-9_]{0,64}$/.test(after) &&
    /^\d{1,3}$/.test(limit)
  ensure(
    isValid && Number(limit) >= 1 && Number(limit) <= maxPage,
    'validation',
    `after and limit (1 to ${maxPage}) may be given, each once`,
  )
  return { after, limit: Number(limit) }
}
