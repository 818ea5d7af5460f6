import type { Express, Request, Response } from 'express'
import Joi from 'joi'
import { AppError, ensure } from '../../kernel/errors.ts'
import type { Endpoint, EndpointRoute } from '../../kernel/feature.ts'
import { id, instant } from '../../kernel/schema.ts'
import { readBody } from '../../platform/http/body.ts'
import type { Inbox } from './inbox.ts'
import type { PaymentProvider } from './port.ts'

const limit = 256 * 1024

/**
 * Raw bytes → signature → inbox → 200. A signature grants this and nothing else; a JWT adds nothing. Mounted before any parser, so that
 * nothing is read from a body that nobody signed.
 */
export function createWebhookEndpoint({ inbox, defaultProvider, providerOf, nudge }: {
  inbox: Inbox
  defaultProvider: PaymentProvider
  providerOf: (name: string) => PaymentProvider | undefined
  nudge: (inboxId: string) => void
}): Endpoint {
  return {
    name: 'payments.webhook',
    limited_path: '/api/v1/payments/webhook',
    routes,
    mount(app: Express) {
      app.post('/api/v1/payments/webhook', (request, response, next) => receive(defaultProvider, request, response).catch(next))
      app.post('/api/v1/payments/webhook/:provider', (request, response, next) => {
        const provider = providerOf(request.params.provider)
        if (!provider) return next(new AppError('not-found'))
        receive(provider, request, response).catch(next)
      })
    },
  }

  async function receive(provider: PaymentProvider, request: Request, response: Response): Promise<void> {
    const raw = await readBody(request, limit)
    ensure(!repeatsAHeader(request), 'signature')
    const event = provider.readWebhook(raw, request.headers)
    const { inbox_id, is_new } = await inbox.receive(provider.name, event, raw)
    if (is_new) nudge(inbox_id)
    response.status(200).json({ status: 'success' })
  }
}

// Node joins headers that come twice; a signature that came twice is nobody's.
function repeatsAHeader(request: Request): boolean {
  const names = request.rawHeaders.filter((_each, index) => index % 2 === 0).map((each) => each.toLowerCase())
  return ['webhook-id', 'webhook-signature'].some((name) => names.filter((each) => each === name).length > 1)
}

const told: Omit<EndpointRoute, 'name' | 'route'> = {
  summary: 'What the payment company tells of a payment, signed by the Standard Webhooks scheme',
  headers: [
    { name: 'webhook-id', summary: 'The same when it is sent again', required: true },
    { name: 'webhook-timestamp', summary: 'Unix time in seconds; at most 5 minutes off', required: true },
    { name: 'webhook-signature', summary: '`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; several are separated by spaces', required: true },
  ],
  body: {
    media_type: 'application/json',
    data: Joi.object({ payment_id: id.required(), status: Joi.string().required().example('success'), timestamp: instant }).unknown(true),
  },
  answers: [{ status: 200, summary: 'Kept; what follows from it may take a moment', media_type: 'application/json', data: Joi.object({ status: Joi.string().valid('success').required() }) }],
  errors: ['bad-json', 'signature', 'signature-time', 'request-timeout', 'too-large', 'uri-too-long', 'encoding', 'internal', 'retry'],
}
const routes: EndpointRoute[] = [
  { ...told, name: 'payment:webhook', route: 'POST /api/v1/payments/webhook' },
  { ...told, name: 'payment:webhook-of', route: 'POST /api/v1/payments/webhook/:provider', errors: [...told.errors, 'not-found'] },
]
