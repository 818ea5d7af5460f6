import { createHmac } from 'node:crypto'
import { createServer, request as httpRequest, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { ProviderUnavailable } from '../../src/features/payments/port.ts'
import { createSandboxAdapter } from '../../src/features/payments/providers/sandbox.ts'
import { createHttpClient } from '../../src/platform/http-client.ts'
import { createMovableClock } from '../support/clock.ts'
import { describePaymentProvider, type ProviderStage, type SignedMessage } from '../suites/payment-provider.ts'
import { newOrder, newSecret, pay, stage } from './stage.ts'

describePaymentProvider('the sandbox', openStage)

describe('the sandbox adapter', () => {
  it('accepts the example of Standard Webhooks, to the byte', () => {
    // The reference libraries of the scheme carry this vector in their own tests.
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    const adapter = createSandboxAdapter({ ...unreachable(), webhookSecrets: [secret], wall: { now: () => new Date(1614265330_000) } })
    // Signed well, so it gets as far as the body, which is no event of this company.
    expect(() => adapter.readWebhook(Buffer.from('{"test": 2432232314}'), headers))
      .to.throw()
      .with.property('code', 'bad-json')
    expect(() => adapter.readWebhook(Buffer.from('{"test": 2432232315}'), headers))
      .to.throw()
      .with.property('code', 'signature')
  })

  it('accepts any of its secrets, and any of several signatures', () => {
    const [old, present, other] = [newSecret(), newSecret(), newSecret()]
    const adapter = createSandboxAdapter({ ...unreachable(), webhookSecrets: [present, old] })
    const body = '{"payment_id":"pay_1","status":"success","timestamp":"2026-11-21T00:00:00.000Z"}'
    const read = (...signers: string[]) =>
      adapter.readWebhook(Buffer.from(body), sign('msg_1', Math.floor(Date.now() / 1000), body, signers))
    for (const signers of [[present], [old], [other, old], [other, present, old]]) expect(read(...signers).reference).to.equal('pay_1')
    expect(() => read(other))
      .to.throw()
      .with.property('code', 'signature')
    expect(() => read())
      .to.throw()
      .with.property('code', 'signature')
    expect(() => read(...Array<string>(40).fill(other), present), 'a flood of signatures')
      .to.throw()
      .with.property('code', 'signature')
  })

  it('does not start with a secret that is none', () => {
    for (const webhookSecrets of [[], [''], ['c2hvcnQ='], [newSecret(), 'whsec_']])
      expect(() => createSandboxAdapter({ ...unreachable(), webhookSecrets })).to.throw()
  })

  it('takes the time of the signature for that of an event which tells none', () => {
    const secret = newSecret()
    const adapter = createSandboxAdapter({ ...unreachable(), webhookSecrets: [secret], wall: { now: () => new Date(1_800_000_000_000) } })
    const body = '{"payment_id":"pay_1","status":"a-word-nobody-knows","timestamp":"whenever"}'
    expect(adapter.readWebhook(Buffer.from(body), sign('msg_1', 1_800_000_000, body, [secret]))).to.deep.equal({
      event_id: 'msg_1',
      reference: 'pay_1',
      status: 'a-word-nobody-knows',
      occurred_at: '2027-01-15T08:00:00.000Z',
    })
  })

  it('is in doubt when nobody is there', async () => {
    const adapter = createSandboxAdapter({ ...unreachable(), webhookSecrets: [newSecret()] })
    for (const call of [adapter.createCheckout(newOrder()), adapter.query('pay_1')])
      expect(await call.catch((error: unknown) => error)).to.be.instanceOf(ProviderUnavailable)
  })
})

function unreachable() {
  const log = { warn: () => undefined }
  return {
    baseUrl: () => 'http://127.0.0.1:1',
    apiKey: 'key',
    http: createHttpClient({ log, allowOrigins: ['http://127.0.0.1:1'] }),
    wall: createMovableClock(),
  }
}

/** The sandbox behind a go-between that can spoil its answers. */
async function openStage(): Promise<ProviderStage> {
  const { url, provider: company, deliveries, arrived, secrets, apiKey, wall, http, stop } = await stage()
  const between = await startGoBetween(url)
  const adapterHttp = createHttpClient({ log: { warn: () => undefined }, allowOrigins: [between.url] })
  const provider = createSandboxAdapter({ baseUrl: () => between.url, apiKey, webhookSecrets: secrets, http: adapterHttp, wall })
  let sent = 0

  return {
    provider,
    newOrder,
    methods: { good: { kind: 'card', behaviour: 'success' }, bad: { kind: 'card', behaviour: 'decline' }, shy: { kind: 'card', behaviour: 'requires_action' } },
    async pay(checkoutUrl, outcome) {
      await pay(http, checkoutUrl, outcome)
      await arrived(++sent)
    },
    lastWebhook: async () => {
      await company.drain()
      return deliveries.at(-1) as SignedMessage
    },
    signAgain({ raw, headers }, { seconds = 0, stranger = false, body = raw.toString() }) {
      const at = Math.floor(wall.now().getTime() / 1000) + seconds
      return {
        raw: Buffer.from(body),
        headers: { ...headers, ...sign(headers['webhook-id'] as string, at, body, [stranger ? newSecret() : (secrets[0] as string)]) },
      }
    },
    spoil: {
      'no signature': without('webhook-signature'),
      'no id': without('webhook-id'),
      'an empty signature': replaced('webhook-signature', () => ''),
      'only another scheme': replaced('webhook-signature', (value) => value.replace('v1,', 'v0,')),
      'a scheme that sounds alike': replaced('webhook-signature', (value) => value.replace('v1,', 'v1a,')),
      'the signature without its scheme': replaced('webhook-signature', (value) => value.replace('v1,', '')),
      'half a signature': replaced('webhook-signature', (value) => value.slice(0, 24)),
      'two signature headers, joined as Node joins them': replaced('webhook-signature', (value) => `${value}, ${value}`),
      'an array of signatures': ({ raw, headers }) => ({
        raw,
        headers: { ...headers, 'webhook-signature': [headers['webhook-signature'] as string] },
      }),
      'an array of ids': ({ raw, headers }) => ({ raw, headers: { ...headers, 'webhook-id': [headers['webhook-id'] as string] } }),
      'another id': replaced('webhook-id', (value) => `${value}x`),
      'another time': replaced('webhook-timestamp', (value) => String(Number(value) + 1)),
      'no signature and no time': ({ raw, headers }) => without('webhook-signature')(without('webhook-timestamp')({ raw, headers })),
    },
    spoilTime: {
      missing: without('webhook-timestamp'),
      'not a number': replaced('webhook-timestamp', () => 'NaN'),
      'with a fraction': replaced('webhook-timestamp', (value) => `${value}.5`),
      'with an exponent': replaced('webhook-timestamp', () => '1e9'),
      negative: replaced('webhook-timestamp', (value) => `-${value}`),
      'two of them, joined as Node joins them': replaced('webhook-timestamp', (value) => `${value}, ${value}`),
      'an array of them': ({ raw, headers }) => ({
        raw,
        headers: { ...headers, 'webhook-timestamp': [headers['webhook-timestamp'] as string] },
      }),
    },
    breakAnswers: Object.fromEntries(Object.entries(between.spoilers).map(([how, spoiler]) => [how, () => between.spoil(spoiler)])),
    async stop() {
      adapterHttp.close()
      await between.stop()
      await stop()
    },
  }
}

function without(name: string) {
  return ({ raw, headers }: SignedMessage): SignedMessage => ({
    raw,
    headers: Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name)),
  })
}

function replaced(name: string, change: (value: string) => string) {
  return ({ raw, headers }: SignedMessage): SignedMessage => ({ raw, headers: { ...headers, [name]: change(headers[name] as string) } })
}

function sign(id: string, timestamp: number, body: string, signers: readonly string[]): Record<string, string> {
  const signatures = signers.map(
    (secret) => `v1,${createHmac('sha256', Buffer.from(secret, 'base64')).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  )
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signatures.join(' ') }
}

type Spoiler = (answer: { status: number; body: Buffer }, response: Parameters<RequestListener>[1]) => void

const spoilers: Record<string, Spoiler> = {
  'a reset connection': (_answer, response) => response.destroy(),
  'an error of its own': (_answer, response) => response.writeHead(500, { 'Content-Type': 'application/json' }).end('{"code":"internal"}'),
  'too many requests': (_answer, response) => response.writeHead(429, { 'Content-Type': 'application/json' }).end('{}'),
  'half an answer': ({ status, body }, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length })
    response.write(body.subarray(0, body.length / 2), () => response.destroy())
  },
  'an answer that breaks off as if it were whole': ({ status, body }, response) =>
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body.subarray(0, body.length / 2)),
  'a page of a proxy': (_answer, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Welcome</h1>'),
  "somebody else's 404": (_answer, response) => response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"code":"not-found"}'),
  'somewhere else to go': (_answer, response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
  'an answer about another payment': ({ status }, response) =>
    response
      .writeHead(status, { 'Content-Type': 'application/json' })
      .end(
        '{"provider_payment_id":"sbx_other","reference":"pay_other","status":"succeeded","amount":5000,"currency":"ZMW","checkout_url":"https://example.org/"}',
      ),
  'an amount that is no number': ({ status, body }, response) =>
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body.toString().replace('5000', '"5000"')),
  'a compressed answer': ({ status, body }, response) =>
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Encoding': 'br' }).end(body),
}

async function startGoBetween(target: string) {
  let spoiler: Spoiler | undefined
  const server: Server = createServer((request, response) => {
    const onward = httpRequest(target + (request.url as string), { method: request.method, headers: request.headers }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => {
        const whole = { status: answer.statusCode as number, body: Buffer.concat(chunks) }
        if (spoiler) spoiler(whole, response)
        else response.writeHead(whole.status, { 'Content-Type': 'application/json' }).end(whole.body)
      })
    })
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoilers,
    spoil: async (wanted: Spoiler) => {
      spoiler = wanted
      return async () => {
        spoiler = undefined
      }
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
