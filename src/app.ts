import { fileURLToPath } from 'node:url'
import type { Config } from './config.ts'
import { createAccounts, createUserDoor } from './features/accounts/index.ts'
import { createAdmin } from './features/admin/index.ts'
import { createLedger } from './features/ledger/index.ts'
import { createOverlays } from './features/overlays/index.ts'
import { createPayments } from './features/payments/index.ts'
import { createSandboxAdapter } from './features/payments/providers/sandbox.ts'
import { createProfiles } from './features/profiles/index.ts'
import { createTips } from './features/tips/index.ts'
import type { Clock, Wall } from './kernel/clock.ts'
import { type Context, type Logger, systemContext } from './kernel/context.ts'
import type { Currency } from './kernel/currency.ts'
import type { Feature, Violation } from './kernel/feature.ts'
import { newId, newToken } from './kernel/ids.ts'
import { createCursors } from './platform/cursors.ts'
import { createDispatcher, type Dispatcher } from './platform/dispatcher.ts'
import { createFailpoints } from './platform/failpoint.ts'
import { createHealth } from './platform/health.ts'
import { createAddressOf } from './platform/http/addresses.ts'
import { createOriginCheck } from './platform/http/origins.ts'
import { mountPages } from './platform/http/pages.ts'
import { createHttpDoor } from './platform/http/server.ts'
import { createHttpClient } from './platform/http-client.ts'
import { createIdempotency } from './platform/idempotency.ts'
import { createInvoke } from './platform/invoke.ts'
import { createJobs } from './platform/jobs.ts'
import { createKeys } from './platform/keys.ts'
import { createLeases } from './platform/lease.ts'
import { closeServer, listen, runInOrder } from './platform/lifecycle.ts'
import { buildIndexes, connectDatabase } from './platform/mongo.ts'
import { createOutbox } from './platform/outbox.ts'
import { createRateLimiter } from './platform/rate-limit.ts'
import { createGateway } from './platform/realtime/gateway.ts'
import { createRelay } from './platform/realtime/relay.ts'
import { createUnitOfWork, type UnitOfWork } from './platform/unit-of-work.ts'
import { createVault } from './platform/vault.ts'
import { createSandboxProvider } from './sandbox-provider/index.ts'

const stepMs = 8_000
const drainMs = 2_000

export interface Adapters {
  mongoUri: string
  /** databases are named after it: `<name>` and `<name>_sandbox` */
  dbName: string
  secret: string
  clock: Clock
  wall: Wall
  log: Logger
  /** nobody else works on this store: what the process before left behind may be taken up at once */
  soleProcess: boolean
}

export interface App {
  start(): Promise<{ port: number; url: string; admin?: { email: string; made_password?: string } }>
  /** @param graceMs how long load balancers get to notice, before the doors close */
  stop(graceMs?: number): Promise<void>
  check(full: boolean): Promise<Violation[]>
  readonly features: readonly Feature[]
  readonly unitOfWork: UnitOfWork
  readonly dispatcher: Dispatcher
}

/** Makes every object once, in the order in which they depend on each other. Two of them can live in one process. */
export async function createApp(config: Config, { mongoUri, dbName, secret, clock, wall, log, soleProcess }: Adapters): Promise<App> {
  const keys = createKeys(secret, config.SECRET_PREVIOUS)
  const failpoints = createFailpoints(config.FAILPOINT)
  const database = await connectDatabase(mongoUri, dbName)
  const db = database.connection
  const currency = config.DEFAULT_CURRENCY as Currency
  let port = config.PORT
  const ownUrl = () => `http://${hostInUrl(config.HOST)}:${port}`
  const publicUrl = () => config.PUBLIC_URL ?? ownUrl()
  const context = (): Context => systemContext('ovation', newId('req'), log)

  const relay = createRelay()
  const outbox = createOutbox({ connection: db, wall })
  const idempotency = createIdempotency({ connection: db, wall })
  const leases = createLeases({ connection: db, wall, owner: newId('prc') })
  const unitOfWork = createUnitOfWork({ connection: db, outbox, idempotency, wall, onCommitted: (published) => dispatcher.deliver(published) })
  const cursors = createCursors(keys.key('cursor'))
  const http = createHttpClient({ log, allowOrigins: [ownUrl] })

  const sandboxKeys = keys.keys('sandbox-webhook').map((key) => key.toString('base64'))
  const apiKey = keys.key('sandbox-api').toString('base64url')
  const sandbox = createSandboxProvider({
    mongoUri,
    dbName: `${dbName}_sandbox`,
    apiKey,
    webhookSecrets: sandboxKeys,
    webhookUrl: () => `${ownUrl()}/api/v1/payments/webhook/sandbox`,
    publicUrl,
    clock,
    wall,
    log,
    http,
  })
  const providers = [createSandboxAdapter({ baseUrl: ownUrl, apiKey, webhookSecrets: sandboxKeys, http, wall })]

  const common = { db, unitOfWork, relay, clock, wall, context, failpoints, log, cursors, publicUrl, defaultCurrency: currency }
  const accounts = createAccounts({ ...common, keys })
  const ledger = createLedger({ ...common, leases })
  const profiles = createProfiles({ ...common, vault: createVault(keys, 'bank-account'), earningsOf: ledger.ledger.earningsOf })
  const payments = createPayments({ ...common, ledger: ledger.ledger, ledgerModels: ledger.models, providers })
  const tips = createTips({ ...common, accounts: accounts.accounts, profiles: profiles.profiles, payments: payments.payments, feeBps: config.TIP_FEE_BPS })
  const overlays = createOverlays(common)
  const admin = createAdmin({ checks: () => features.flatMap((each) => each.checks), sandbox: sandbox.faults, log })
  const features: readonly Feature[] = [accounts.feature, profiles.feature, ledger.feature, payments.feature, tips.feature, overlays.feature, admin.feature]

  const operations = features.flatMap((each) => each.operations)
  const dispatcher: Dispatcher = createDispatcher({
    outbox,
    subscribers: features.flatMap((each) => each.subscribers),
    broadcasts: features.flatMap((each) => each.broadcasts),
    relay,
    wall,
    log,
  })
  const invoke = createInvoke({
    idempotency,
    operations,
    limits: {
      anonymous: createRateLimiter({ name: 'anonymous', per_second: 20, burst: 100 }),
      http: createRateLimiter({ name: 'principal', per_second: 50, burst: 200 }),
      socket: createRateLimiter({ name: 'socket', per_second: 20, burst: 40 }),
    },
  })
  const health = createHealth(db)
  const addressOf = createAddressOf(config.TRUSTED_PROXIES)
  const door = createHttpDoor({
    operations,
    endpoints: [
      { name: 'health', mount: health.mount },
      ...features.flatMap((each) => each.endpoints),
      { name: 'sandbox', mount: (app) => void app.use('/sandbox', sandbox.router) },
    ],
    invoke,
    authenticate: accounts.authenticate,
    addressOf,
    allowedOrigins: config.ALLOWED_ORIGINS,
    pages: (app) => mountPages(app, webDir),
    draining: health.draining,
    log,
  })
  const gateway = createGateway({
    http: door.server,
    doors: [createUserDoor({ accounts: accounts.accounts, operations, wall }), overlays.door],
    invoke,
    relay,
    wall,
    log,
    allowOrigin: createOriginCheck(config.ALLOWED_ORIGINS),
    addressOf,
    draining: health.draining,
  })
  const jobs = createJobs({
    connection: db,
    jobs: [{ name: 'outbox.poll', every_ms: 1_000, run: dispatcher.pollDue }, ...features.flatMap((each) => each.jobs)],
    log,
  })

  return Object.freeze({ start, stop, check: admin.check, features, unitOfWork, dispatcher })

  async function start() {
    await buildIndexes([idempotency.model, outbox.Events, outbox.Deliveries, leases.model, ...features.flatMap((each) => each.models)])
    const made = await accounts.accounts.ensureAdmin(context(), config.ADMIN_EMAIL, config.ADMIN_PASSWORD, newToken)
    if (soleProcess) await Promise.all([dispatcher.releaseAll(), idempotency.releaseAll(), payments.releaseInbox(), overlays.forgetPlayers()])
    await sandbox.start({ alone: soleProcess })
    port = await listen(door.server, config.PORT, config.HOST)
    await jobs.start()
    health.ready()
    return { port, url: publicUrl(), ...(made ? { admin: made } : {}) }
  }

  async function stop(graceMs = drainMs): Promise<void> {
    health.startDraining()
    await new Promise((resolve) => setTimeout(resolve, graceMs))
    await runInOrder(
      [
        { name: 'sockets', run: gateway.drain },
        { name: 'requests', run: () => closeServer(door.server) },
        { name: 'jobs', run: jobs.stop },
        { name: 'deliveries', run: dispatcher.whenIdle },
        { name: 'sandbox', run: sandbox.stop },
        { name: 'outbound', run: () => http.close() },
        { name: 'database', run: database.close },
      ],
      stepMs,
      log,
    )
  }
}

const webDir = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../dist/web' : './web', import.meta.url))

function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

