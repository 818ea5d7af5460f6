import { randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler } from 'express'
import { type Db, MongoClient } from 'mongodb'
import { createSandboxAdapter } from '../../src/features/payments/providers/sandbox.ts'
import type { PaymentProvider } from '../../src/features/payments/port.ts'
import { AppError, toProblem } from '../../src/kernel/errors.ts'
import { readBody, refuseEncodings } from '../../src/platform/http/body.ts'
import { createHttpClient, type HttpClient } from '../../src/platform/http-client.ts'
import { createSandboxProvider, type SandboxProvider } from '../../src/sandbox-provider/index.ts'
import { createMovableClock, type MovableClock } from '../support/clock.ts'
import { sharedStoreUri } from '../support/store.ts'

export interface Delivery {
  raw: Buffer
  headers: IncomingHttpHeaders
  /** of the sender's end of the connection */
  port: number | undefined
}

export interface Stage {
  url: string
  provider: SandboxProvider
  adapter: PaymentProvider
  http: HttpClient
  apiKey: string
  secrets: string[]
  db: Db
  clock: MovableClock
  wall: MovableClock
  /** what the customer's webhook address got, in order of arrival */
  deliveries: Delivery[]
  /** resolves once so many have arrived in all */
  arrived(count: number): Promise<Delivery[]>
  /** what the webhook address answers; 200 at first */
  answerWith(status: (delivery: Delivery) => number): void
  /** ends the provider and starts it again on the same database */
  restart(settings?: Partial<{ secrets: string[]; lateMs: number }>): Promise<void>
  stop(): Promise<void>
}

/** The company behind a real HTTP server on a port of its own, with a customer whose webhook address only writes down what it gets. */
export async function stage({ secrets = [newSecret()], lateMs = 3_000 }: { secrets?: string[]; lateMs?: number } = {}): Promise<Stage> {
  const mongoUri = sharedStoreUri()
  const dbName = `t_${randomBytes(6).toString('hex')}_sandbox`
  const apiKey = randomBytes(32).toString('base64url')
  const clock = createMovableClock()
  const wall = createMovableClock()
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const client = await new MongoClient(mongoUri).connect()
  const customer = createCustomer()

  let url = ''
  let router = express.Router()
  const app = express()
  app.use(refuseEncodings)
  app.post('/webhook', customer.receive)
  app.get('/thanks', (_request, response) => void response.type('html').send('<!doctype html><link rel="icon" href="data:,"><title>Thanks</title>'))
  app.use('/sandbox', (request, response, next) => router(request, response, next))
  app.use((_request, _response, next) => next(new AppError('not-found')))
  app.use(answerProblem)
  const server = createServer(app)
  url = await listen(server)
  const http = createHttpClient({ log, allowOrigins: [url] })

  const own = {
    url,
    http,
    apiKey,
    secrets,
    db: client.db(dbName),
    clock,
    wall,
    deliveries: customer.deliveries,
    arrived: customer.arrived,
    answerWith: customer.answerWith,
  }
  const self: Stage = { ...own, ...(await open(secrets, lateMs)), restart, stop }
  for (const each of [clock, wall]) each.onMove(() => self.provider.wake())
  return self

  async function open(withSecrets: string[], late: number): Promise<Pick<Stage, 'provider' | 'adapter' | 'secrets'>> {
    const provider = createSandboxProvider({
      mongoUri,
      dbName,
      apiKey,
      webhookSecrets: withSecrets,
      webhookUrl: () => `${url}/webhook`,
      publicUrl: () => url,
      http,
      clock,
      wall,
      log,
      lateMs: late,
    })
    await provider.start()
    router = provider.router
    return {
      provider,
      adapter: createSandboxAdapter({ baseUrl: () => url, apiKey, webhookSecrets: withSecrets, http, wall }),
      secrets: withSecrets,
    }
  }

  async function restart(settings: Partial<{ secrets: string[]; lateMs: number }> = {}): Promise<void> {
    await self.provider.stop()
    Object.assign(self, await open(settings.secrets ?? self.secrets, settings.lateMs ?? lateMs))
  }

  async function stop(): Promise<void> {
    await self.provider.stop()
    http.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await client.db(dbName).dropDatabase()
    await client.close()
  }
}

export function newSecret(): string {
  return randomBytes(32).toString('base64')
}

/** What a payer's browser or curl sends from the hosted page. */
export function pay(http: HttpClient, checkoutUrl: string, outcome: string): Promise<{ status: number; data: unknown }> {
  return http
    .request({
      method: 'POST',
      url: checkoutUrl,
      body: `outcome=${outcome}`,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    })
    .then(({ status, body }) => ({ status, data: JSON.parse(body.toString()) as unknown }))
}

let counter = 0

export function newOrder(changes: object = {}) {
  return {
    reference: `pay_${process.pid}_${++counter}`,
    amount: 50_00,
    currency: 'ZMW',
    description: 'Tip for Chanda',
    return_url: 'http://127.0.0.1:9/thanks?payment=1',
    ...changes,
  }
}

function createCustomer() {
  const deliveries: Delivery[] = []
  const waiting: { count: number; tell: () => void }[] = []
  let answer: (delivery: Delivery) => number = () => 200

  const receive: express.RequestHandler = (request, response, next) => {
    readBody(request, 256 * 1024).then((raw) => {
      const delivery = { raw, headers: request.headers, port: request.socket.remotePort }
      deliveries.push(delivery)
      response.status(answer(delivery)).json({ status: 'success' })
      for (const each of waiting) if (deliveries.length >= each.count) each.tell()
    }, next)
  }
  const arrived = async (count: number): Promise<Delivery[]> => {
    if (deliveries.length < count) await new Promise<void>((tell) => waiting.push({ count, tell }))
    return deliveries
  }
  return { receive, deliveries, arrived, answerWith: (status: (delivery: Delivery) => number) => void (answer = status) }
}

const answerProblem: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  const problem = toProblem(error)
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
