import express, { type Request, type RequestHandler, type Response, type Router } from 'express'
import Joi from 'joi'
import { capOf, isCurrency } from '../kernel/currency.ts'
import { AppError, ensure } from '../kernel/errors.ts'
import { readJson } from '../platform/http/body.ts'
import { createInputReader } from '../platform/input.ts'
import type { Book, Card, Order, RefundOrder, TransferOrder } from './book.ts'
import type { FaultSwitches } from './faults.ts'
import { isSameSecret } from './signature.ts'
import type { BookedRefund, Charge, Transfer } from './store.ts'

const hangMs = 60_000
const maxHanging = 256
const maxPage = 100
const referenceRule = /^[A-Za-z0-9_.:-]{1,128}$/

const orderFields = {
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
}
const order = Joi.object<Order>(orderFields)
const methodCharge = Joi.object<Order & { method_id: string }>({ ...orderFields, method_id: Joi.string().pattern(referenceRule).required() })
const refundOrder = Joi.object<RefundOrder>({
  reference: orderFields.reference,
  provider_payment_id: Joi.string().pattern(referenceRule).required(),
  amount: orderFields.amount,
  currency: orderFields.currency,
})
const transferOrder = Joi.object<TransferOrder>({
  reference: orderFields.reference,
  amount: orderFields.amount,
  currency: orderFields.currency,
  bank_account: Joi.string().min(1).max(64).required(),
  account_name: Joi.string().min(1).max(200).required(),
})
const card = Joi.object<Card>({
  reference: orderFields.reference,
  kind: Joi.valid('card').required(),
  behaviour: Joi.string()
    .pattern(/^(success|decline|requires_action|decline_after:\d{1,4})$/)
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
  const readMethodCharge = createInputReader(methodCharge)
  const readRefund = createInputReader(refundOrder)
  const readTransfer = createInputReader(transferOrder)
  const readCard = createInputReader(card)
  const hanging = new Set<() => void>()

  router.use('/v1', authenticate)
  router.route('/v1/checkouts').post(asHandler(openCheckout)).all(notAllowed('POST'))
  router.route('/v1/methods').post(asHandler(saveMethod)).all(notAllowed('POST'))
  router.route('/v1/charges').post(asHandler(chargeMethod)).all(notAllowed('POST'))
  router.route('/v1/refunds').post(asHandler(refund)).all(notAllowed('POST'))
  router.route('/v1/refunds/:reference').get(asHandler(showRefund)).all(notAllowed('GET'))
  router.route('/v1/transfers').post(asHandler(transfer)).all(notAllowed('POST'))
  router.route('/v1/transfers/:reference').get(asHandler(showTransfer)).all(notAllowed('GET'))
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
    ensureAmount(wanted)
    await answer(response, await book.open(wanted))
  }

  async function chargeMethod(request: Request, response: Response): Promise<void> {
    const wanted = readMethodCharge(await readJson(request)) as Order & { method_id: string }
    ensureAmount(wanted)
    await answer(response, await book.charge(wanted))
  }

  async function saveMethod(request: Request, response: Response): Promise<void> {
    const method = await book.saveMethod(readCard(await readJson(request)) as Card)
    response.status(201).json({ method_id: method._id, reference: method.reference, kind: method.kind, behaviour: method.behaviour })
  }

  async function refund(request: Request, response: Response): Promise<void> {
    const { refund: made, isNew } = await book.refund(readRefund(await readJson(request)) as RefundOrder)
    if ((await faults.read()).timeout_after_charge) return hang(response)
    response.status(isNew ? 201 : 200).json(presentRefund(made))
  }

  async function showRefund(request: Request, response: Response): Promise<void> {
    const reference = request.params['reference'] as string
    const made = referenceRule.test(reference) ? await book.findRefund(reference) : null
    if (made) response.json(presentRefund(made))
    else response.status(404).json({ status: 'not_found', reference })
  }

  async function transfer(request: Request, response: Response): Promise<void> {
    const wanted = readTransfer(await readJson(request)) as TransferOrder
    ensureAmount(wanted)
    const { transfer: made, isNew } = await book.transfer(wanted)
    if ((await faults.read()).timeout_after_charge) return hang(response)
    response.status(isNew ? 201 : 200).json(presentTransfer(made))
  }

  async function showTransfer(request: Request, response: Response): Promise<void> {
    const reference = request.params['reference'] as string
    const made = referenceRule.test(reference) ? await book.findTransfer(reference) : null
    if (made) response.json(presentTransfer(made))
    else response.status(404).json({ status: 'not_found', reference })
  }

  function presentTransfer(row: Transfer): object {
    const { _id, reference, amount, currency, created_at } = row
    return { provider_transfer_id: _id, reference, amount, currency, ...book.stateOf(row), created_at: created_at.toISOString() }
  }

  function ensureAmount({ amount, currency }: Pick<Order, 'amount' | 'currency'>): void {
    ensure(isCurrency(currency), 'currency')
    ensure(amount <= capOf(currency), 'amount')
  }

  async function answer(response: Response, { charge, isNew }: { charge: Charge; isNew: boolean }): Promise<void> {
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

function presentRefund({ _id, reference, status, amount, currency, created_at }: BookedRefund): object {
  return { provider_refund_id: _id, reference, status, amount, currency, created_at: created_at.toISOString() }
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
