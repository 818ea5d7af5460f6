import express, { type Request, type Response, type Router } from 'express'
import { AppError, ensure, fail } from '../kernel/errors.ts'
import type { Logger } from '../kernel/context.ts'
import { readBody } from '../platform/http/body.ts'
import { type Book, type Outcome, outcomeNames } from './book.ts'
import { renderCheckout, renderFault, styleHash } from './page.ts'
import type { Charge, Word } from './store.ts'

const formLimit = 4 * 1024
const tokenRule = /^[A-Za-z0-9_-]{43}$/

const words: Record<Charge['status'], Word> = { pending: 'pending', succeeded: 'success', failed: 'failed', cancelled: 'cancelled' }

/**
 * The page on which a payer decides. Who has its address may decide, so the address is a secret: it is sent nowhere as a referrer, kept in
 * no cache and framed by nobody.
 */
export function createCheckoutPage({ book, log }: { book: Book; log: Pick<Logger, 'error'> }): Router {
  const router = express.Router({ caseSensitive: true, strict: true })
  router
    .route('/checkout/:token')
    .get((request, response, next) => {
      show(request, response).catch((error: unknown) => refuse(error, request, response, next))
    })
    .post((request, response, next) => {
      decide(request, response).catch((error: unknown) => refuse(error, request, response, next))
    })
    .all((request, response, next) => {
      response.setHeader('Allow', 'GET, POST')
      refuse(new AppError('method-not-allowed'), request, response, next)
    })
  return router

  async function show(request: Request, response: Response): Promise<void> {
    const charge = await chargeOf(request)
    sendPage(response, 200, renderCheckout(charge), charge)
  }

  async function decide(request: Request, response: Response): Promise<void> {
    const token = tokenOf(request)
    const outcome = await readOutcome(request)
    const { charge, changed } = await book.decide(token, outcome)
    protect(response, charge)
    if (isBrowser(request)) {
      const isOver = changed && charge.status !== 'pending'
      response.redirect(303, isOver ? charge.return_url : `./${token}`)
      return
    }
    const status = words[charge.status]
    response.json(changed ? { status, changed } : { status, changed, detail: 'This was decided before: nothing has changed' })
  }

  async function chargeOf(request: Request): Promise<Charge> {
    return (await book.findByToken(tokenOf(request))) ?? fail('not-found', 'There is no such checkout')
  }

  // A payer reads a page; a program gets the problem object that everything else answers with.
  function refuse(error: unknown, request: Request, response: Response, next: (error: unknown) => void): void {
    protect(response)
    if (!isBrowser(request) || response.headersSent) return next(error)
    if (!(error instanceof AppError)) log.error({ err: error }, 'the checkout page failed')
    const known = error instanceof AppError ? error : new AppError('internal')
    if (!request.complete) response.setHeader('Connection', 'close')
    sendPage(response, known.status, renderFault(known))
  }
}

function tokenOf(request: Request): string {
  const token = request.params['token'] as string
  ensure(tokenRule.test(token), 'not-found', 'There is no such checkout')
  return token
}

async function readOutcome(request: Request): Promise<Outcome> {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const isForm =
    type === 'application/x-www-form-urlencoded' &&
    parameters.every((each) => !each.startsWith('charset=') || /^charset="?utf-8"?$/.test(each))
  ensure(isForm, 'media-type', 'Send application/x-www-form-urlencoded')
  const fields = [...new URLSearchParams((await readBody(request, formLimit)).toString('utf8'))]
  const [name, outcome] = fields[0] ?? []
  const known = outcomeNames.find((each) => each === outcome)
  ensure(fields.length === 1 && name === 'outcome' && known, 'validation', `Send one field, outcome: ${outcomeNames.join(', ')}`)
  return known
}

function isBrowser(request: Request): boolean {
  return (request.headers.accept ?? '').includes('text/html')
}

function sendPage(response: Response, status: number, html: string, charge?: Charge): void {
  protect(response, charge)
  response.status(status).type('html').send(html)
}

// Browsers hold the redirect after a form to form-action too, so the place of return is listed.
function protect(response: Response, charge?: Charge): void {
  const targets = charge ? `'self' ${new URL(charge.return_url).origin}` : `'none'`
  response.setHeader(
    'Content-Security-Policy',
    `default-src 'none'; style-src '${styleHash}'; form-action ${targets}; base-uri 'none'; frame-ancestors 'none'`,
  )
  response.setHeader('Referrer-Policy', 'no-referrer')
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('X-Robots-Tag', 'noindex')
  response.setHeader('Cache-Control', 'no-store')
}
