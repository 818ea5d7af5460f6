import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Wall } from '../../../kernel/clock.ts'
import { ensure, fail } from '../../../kernel/errors.ts'
import { type HttpClient, type JsonRequest, OutboundError } from '../../../platform/http-client.ts'
import {
  type Checkout,
  type CheckoutOrder,
  type MethodDetails,
  type PaymentProvider,
  type ProviderEvent,
  type ProviderPayment,
  type ProviderRefund,
  ProviderRefused,
  type ProviderStatus,
  type ProviderTransfer,
  ProviderUnavailable,
  type RefundOrder,
  type SavedMethod,
  type TransferOrder,
} from '../port.ts'

const deadlineMs = 20_000
const toleranceSeconds = 300
const maxSignatures = 16
const minSecretBytes = 24
/** `v1,<base64>`, and others after it */
const signatureList = /^[\w-]+,[\w+/=-]+(?: [\w-]+,[\w+/=-]+)*$/

/**
 * Speaks with the built-in payment company as with any other: over HTTP, and with doubt. Webhooks come by the Standard Webhooks scheme.
 * @param webhookSecrets base64, with or without `whsec_` before it; all of them are good, so that one can be replaced without a gap
 */
export function createSandboxAdapter({
  baseUrl,
  apiKey,
  webhookSecrets,
  http,
  wall,
}: {
  baseUrl: () => string
  apiKey: string
  webhookSecrets: readonly string[]
  http: HttpClient
  wall: Wall
}): PaymentProvider {
  const keys = webhookSecrets.map(readSecret)
  if (keys.length === 0) throw new Error('The sandbox adapter needs a webhook secret')

  return Object.freeze({ name: 'sandbox', createCheckout, saveMethod, charge, refund, queryRefund, transfer, queryTransfer, query, readWebhook })

  async function createCheckout(order: CheckoutOrder): Promise<Checkout> {
    const { status, data } = await call({ method: 'POST', url: `${baseUrl()}/sandbox/v1/checkouts`, json: order, repeatable: true })
    // These say that nothing was opened and never will be for this order: asking again is of no use.
    if (status === 400 || status === 409 || status === 422) throw new ProviderRefused(wordOf(data, 'code') || String(status))
    if ((status !== 200 && status !== 201) || !isCheckout(data) || !isAbout(data, order)) throw notUnderstood(status)
    return { provider_payment_id: data.provider_payment_id, checkout_url: data.checkout_url }
  }

  async function saveMethod(reference: string, details: MethodDetails): Promise<SavedMethod> {
    const { status, data } = await call({ method: 'POST', url: `${baseUrl()}/sandbox/v1/methods`, json: { reference, ...details }, repeatable: true })
    if (status === 400 || status === 409 || status === 422) throw new ProviderRefused(wordOf(data, 'code') || String(status))
    if (status !== 201 || wordOf(data, 'reference') !== reference || wordOf(data, 'method_id') === '') throw notUnderstood(status)
    return { provider_method_id: wordOf(data, 'method_id'), label: `Sandbox card (${details.behaviour})` }
  }

  async function charge({ provider_method_id: method_id, ...order }: CheckoutOrder & { provider_method_id: string }): Promise<ProviderPayment & { checkout_url?: string }> {
    const { status, data } = await call({ method: 'POST', url: `${baseUrl()}/sandbox/v1/charges`, json: { ...order, method_id }, repeatable: true })
    const isNever = status === 400 || status === 409 || status === 422 || (status === 404 && wordOf(data, 'code') === 'not-found')
    if (isNever) throw new ProviderRefused(wordOf(data, 'code') || String(status))
    if ((status !== 200 && status !== 201) || !isPayment(data) || !isAbout(data, order)) throw notUnderstood(status)
    return { ...paymentOf(data), ...(data.status === 'pending' && isCheckout(data) ? { checkout_url: data.checkout_url } : {}) }
  }

  async function refund(order: RefundOrder): Promise<ProviderRefund> {
    const { status, data } = await call({ method: 'POST', url: `${baseUrl()}/sandbox/v1/refunds`, json: order, repeatable: true })
    const isNever = status === 400 || status === 409 || status === 422 || (status === 404 && wordOf(data, 'code') === 'not-found')
    if (isNever) throw new ProviderRefused(wordOf(data, 'code') || String(status))
    if ((status !== 200 && status !== 201) || !isRefund(data) || data.reference !== order.reference || data.amount !== order.amount) throw notUnderstood(status)
    return refundOf(data)
  }

  async function queryRefund(reference: string): Promise<ProviderRefund | { status: 'not_found' }> {
    const { status, data } = await call({ method: 'GET', url: `${baseUrl()}/sandbox/v1/refunds/${encodeURIComponent(reference)}` })
    if (status === 404 && wordOf(data, 'status') === 'not_found' && wordOf(data, 'reference') === reference) return { status: 'not_found' }
    if (status !== 200 || !isRefund(data) || data.reference !== reference) throw notUnderstood(status)
    return refundOf(data)
  }

  async function transfer(order: TransferOrder): Promise<ProviderTransfer> {
    const { status, data } = await call({ method: 'POST', url: `${baseUrl()}/sandbox/v1/transfers`, json: order, repeatable: true })
    // A conflict says that something was sent under this reference: then the money must not be given back as if nothing had been.
    if (status === 400 || status === 422) throw new ProviderRefused(wordOf(data, 'code') || String(status))
    if ((status !== 200 && status !== 201) || !isTransfer(data) || data.reference !== order.reference || data.amount !== order.amount || data.currency !== order.currency) throw notUnderstood(status)
    return transferOf(data)
  }

  async function queryTransfer(reference: string): Promise<ProviderTransfer | { status: 'not_found' }> {
    const { status, data } = await call({ method: 'GET', url: `${baseUrl()}/sandbox/v1/transfers/${encodeURIComponent(reference)}` })
    if (status === 404 && wordOf(data, 'status') === 'not_found' && wordOf(data, 'reference') === reference) return { status: 'not_found' }
    if (status !== 200 || !isTransfer(data) || data.reference !== reference) throw notUnderstood(status)
    return transferOf(data)
  }

  async function query(reference: string): Promise<ProviderPayment | { status: 'not_found' }> {
    const { status, data } = await call({ method: 'GET', url: `${baseUrl()}/sandbox/v1/payments/${encodeURIComponent(reference)}` })
    // Any server says 404; only the sandbox repeats what it does not know.
    if (status === 404 && wordOf(data, 'status') === 'not_found' && wordOf(data, 'reference') === reference) return { status: 'not_found' }
    if (status !== 200 || !isPayment(data) || data.reference !== reference) throw notUnderstood(status)
    return paymentOf(data)
  }

  function readWebhook(raw: Buffer, headers: Headers): ProviderEvent {
    const id = headers['webhook-id']
    const signatures = headers['webhook-signature']
    ensure(typeof id === 'string' && id !== '' && id.length <= 256 && typeof signatures === 'string', 'signature')
    const timestamp = headers['webhook-timestamp']
    // A matter of form that the sender can see for itself; whether the time is right is told to those only who hold a secret.
    ensure(typeof timestamp === 'string' && /^\d{1,12}$/.test(timestamp), 'signature-time')
    ensure(isSigned(`${id}.${timestamp}.`, raw, signatures), 'signature')
    const age = Math.floor(wall.now().getTime() / 1000) - Number(timestamp)
    ensure(Math.abs(age) <= toleranceSeconds, 'signature-time')
    return readEvent(raw, id, Number(timestamp))
  }

  async function call(request: JsonRequest): Promise<{ status: number; data: unknown }> {
    try {
      return await http.json({ ...request, headers: { Authorization: `Bearer ${apiKey}` }, totalMs: deadlineMs })
    } catch (error) {
      if (error instanceof OutboundError) throw new ProviderUnavailable(`The sandbox did not answer: ${error.reason}`, { cause: error })
      throw error
    }
  }

  // Every secret is tried with every signature, whatever matched before: the time it takes tells nothing. Node joins a header that comes
  // twice with a comma, which has no place in the list: what came twice is nobody's.
  function isSigned(prefix: string, raw: Buffer, header: string): boolean {
    if (!signatureList.test(header)) return false
    const claimed = header
      .split(' ')
      .filter((part) => part.startsWith('v1,'))
      .map((part) => Buffer.from(part.slice(3)))
      .slice(0, maxSignatures)
    let matches = 0
    for (const key of keys) {
      const expected = Buffer.from(createHmac('sha256', key).update(prefix).update(raw).digest('base64'))
      for (const candidate of claimed) if (candidate.length === expected.length && timingSafeEqual(candidate, expected)) matches++
    }
    return matches > 0
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

function readSecret(secret: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  if (key.length < minSecretBytes) throw new Error(`A webhook secret of the sandbox has fewer than ${minSecretBytes} bytes`)
  return key
}

function readEvent(raw: Buffer, id: string, signedAt: number): ProviderEvent {
  const body = parse(raw)
  const reference = wordOf(body, 'payment_id')
  const status = wordOf(body, 'status')
  ensure(reference !== '' && reference.length <= 200, 'bad-json', 'There is no payment_id')
  ensure(status !== '' && status.length <= 64, 'bad-json', 'There is no status')
  const told = new Date(wordOf(body, 'timestamp'))
  const at = Number.isNaN(told.getTime()) ? new Date(signedAt * 1000) : told
  return { event_id: id, reference, status, occurred_at: at.toISOString() }
}

function parse(raw: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw))
  } catch {
    fail('bad-json')
  }
}

function wordOf(data: unknown, field: string): string {
  if (data === null || typeof data !== 'object' || !Object.hasOwn(data, field)) return ''
  const value = (data as Record<string, unknown>)[field]
  return typeof value === 'string' ? value : ''
}

interface Told {
  reference: string
  provider_payment_id: string
  amount: number
  currency: string
}

function isTold(data: unknown): data is Told {
  const { amount } = (data ?? {}) as { amount?: unknown }
  return (
    wordOf(data, 'reference') !== '' &&
    wordOf(data, 'provider_payment_id') !== '' &&
    wordOf(data, 'currency') !== '' &&
    Number.isSafeInteger(amount)
  )
}

function isCheckout(data: unknown): data is Told & { checkout_url: string } {
  return isTold(data) && /^https?:\/\//.test(wordOf(data, 'checkout_url'))
}

function isAbout(told: Told, order: CheckoutOrder): boolean {
  return told.reference === order.reference && told.amount === order.amount && told.currency === order.currency
}

const statuses: readonly string[] = ['pending', 'processing', 'succeeded', 'failed', 'cancelled'] satisfies ProviderStatus[]

function isPayment(data: unknown): data is Told & { status: ProviderStatus; failure_reason?: string | null } {
  return isTold(data) && statuses.includes(wordOf(data, 'status'))
}

function paymentOf({ provider_payment_id, reference, status, amount, currency, failure_reason }: Told & { status: ProviderStatus; failure_reason?: string | null }): ProviderPayment {
  return { provider_payment_id, reference, status, amount, currency, ...(failure_reason ? { failure_reason } : {}) }
}

interface ToldRefund {
  reference: string
  provider_refund_id: string
  status: ProviderRefund['status']
  amount: number
  currency: string
  failure_reason?: string | null
}

function isRefund(data: unknown): data is ToldRefund {
  const { amount } = (data ?? {}) as { amount?: unknown }
  const isNamed = wordOf(data, 'reference') !== '' && wordOf(data, 'provider_refund_id') !== '' && wordOf(data, 'currency') !== ''
  return isNamed && Number.isSafeInteger(amount) && ['processing', 'succeeded', 'failed'].includes(wordOf(data, 'status'))
}

function refundOf({ provider_refund_id, reference, status, amount, currency, failure_reason }: ToldRefund): ProviderRefund {
  return { provider_refund_id, reference, status, amount, currency, ...(failure_reason ? { failure_reason } : {}) }
}

interface ToldTransfer {
  reference: string
  provider_transfer_id: string
  status: ProviderTransfer['status']
  amount: number
  currency: string
  failure_reason?: string | null
}

function isTransfer(data: unknown): data is ToldTransfer {
  const { amount } = (data ?? {}) as { amount?: unknown }
  const isNamed = wordOf(data, 'reference') !== '' && wordOf(data, 'provider_transfer_id') !== '' && wordOf(data, 'currency') !== ''
  return isNamed && Number.isSafeInteger(amount) && ['processing', 'succeeded', 'failed', 'returned'].includes(wordOf(data, 'status'))
}

function transferOf({ provider_transfer_id, reference, status, amount, currency, failure_reason }: ToldTransfer): ProviderTransfer {
  return { provider_transfer_id, reference, status, amount, currency, ...(failure_reason ? { failure_reason } : {}) }
}

function notUnderstood(status: number): ProviderUnavailable {
  return new ProviderUnavailable(`The sandbox gave an answer that can't be relied on (${status})`)
}
