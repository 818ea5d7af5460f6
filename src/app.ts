import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Config, mediaFolderOf } from './config.ts'
import { createAccounts } from './features/accounts/index.ts'
import { createAdmin } from './features/admin/index.ts'
import { createAnnouncements } from './features/announcements/index.ts'
import { createClockFeature } from './features/clock/index.ts'
import { createLedger } from './features/ledger/index.ts'
import { createMedia, type MediaLimits } from './features/media/index.ts'
import { createMemberships } from './features/memberships/index.ts'
import { createMessaging } from './features/messaging/index.ts'
import { createOverlays } from './features/overlays/index.ts'
import { createPayments } from './features/payments/index.ts'
import { createSandboxAdapter } from './features/payments/providers/sandbox.ts'
import { createPayouts } from './features/payouts/index.ts'
import { createPresence } from './features/presence/index.ts'
import { createProfiles } from './features/profiles/index.ts'
import { createReports } from './features/reports/index.ts'
import { createTips } from './features/tips/index.ts'
import type { Clock, Wall } from './kernel/clock.ts'
import { type Actor, type Context, type Logger, systemContext } from './kernel/context.ts'
import type { Currency } from './kernel/currency.ts'
import { defineFeature, type Feature, type Job, type Violation } from './kernel/feature.ts'
import { newId, newToken } from './kernel/ids.ts'
import { migrations as knownMigrations } from './migrations/index.ts'
import { createAudit } from './platform/audit.ts'
import { createBusinessClock } from './platform/business-clock.ts'
import { createCursors } from './platform/cursors.ts'
import { createDispatcher, type Dispatcher } from './platform/dispatcher.ts'
import { createDocuments, type Documents } from './platform/documents/index.ts'
import { createFailpoints } from './platform/failpoint.ts'
import { jobOf } from './platform/dues.ts'
import { createErrorTracker } from './platform/error-tracker.ts'
import { createHealth } from './platform/health.ts'
import { diskPart, indexesPart, maintenancePart, outboxPart, redisPart, storePart } from './platform/health-parts.ts'
import { createAddressOf } from './platform/http/addresses.ts'
import { createOriginCheck } from './platform/http/origins.ts'
import { createMailPage } from './platform/http/mail-page.ts'
import { mountDocuments, mountPages, mountProblems } from './platform/http/pages.ts'
import { createHttpDoor } from './platform/http/server.ts'
import { createHttpClient, type HttpClient } from './platform/http-client.ts'
import { createIdempotency } from './platform/idempotency.ts'
import { createIdempotencyCheck } from './platform/idempotency-check.ts'
import { createInvoke } from './platform/invoke.ts'
import { createJobs, type Jobs } from './platform/jobs.ts'
import { createKeys } from './platform/keys.ts'
import { createLeases } from './platform/lease.ts'
import { closeServer, listen, runInOrder } from './platform/lifecycle.ts'
import { createMails } from './platform/mail.ts'
import { createMaintenance } from './platform/maintenance.ts'
import { createMetrics } from './platform/metrics.ts'
import { createMigrations } from './platform/migrations.ts'
import { buildIndexes, connectDatabase, storeGauges } from './platform/mongo.ts'
import { createOutbox } from './platform/outbox.ts'
import { createProcesses } from './platform/processes.ts'
import { createLimits } from './platform/rate-limit.ts'
import { createGateway } from './platform/realtime/gateway.ts'
import { createRelay } from './platform/realtime/relay.ts'
import { createRedis, redisGauges } from './platform/redis.ts'
import { createDiskStorage } from './platform/storage/disk.ts'
import { createS3Storage } from './platform/storage/s3.ts'
import type { Storage } from './platform/storage/storage.ts'
import { createSmtpMailer } from './platform/smtp.ts'
import { createUnitOfWork, type UnitOfWork } from './platform/unit-of-work.ts'
import { createVault } from './platform/vault.ts'
import { createSandboxProvider, sandboxRoutes } from './sandbox-provider/index.ts'

const stepMs = 8_000
const drainMs = 2_000
/** what a process said of who is there runs out by itself: asking for some that are gone costs little, missing one that is there much */
const recentMs = 5 * 60_000

export interface Adapters {
  mongoUri: string
  /** databases are named after it: `<name>` and `<name>_sandbox` */
  dbName: string
  secret: string
  /** business time as it was never moved */
  clock: Clock
  wall: Wall
  log: Logger
  /** nobody else works on this store: what the process before left behind may be taken up at once */
  soleProcess: boolean
  /** for tests, which sign up thousands: what a password's hash takes; unset it is what OWASP asks for */
  passwordMemoryKb?: number
}

export interface App {
  /** `mail_url`: where mails are read that nothing sends. @throws SchemaRefused when the database is newer than this code */
  start(): Promise<{ port: number; url: string; mail_url?: string; admin?: { email: string; made_password?: string } }>
  /** @param graceMs how long load balancers get to notice, before the doors close: a process that is alone has no other to send them to */
  stop(graceMs?: number): Promise<void>
  /** A clock was moved: what is due by it is looked for now. */
  wake(): void
  /** Brings the database to where a start would: what a command that writes without serving needs. @throws SchemaRefused */
  prepare(): Promise<void>
  /** One more admin. @throws AppError `conflict` when the address is taken */
  addAdmin(account: { email: string; password: string; full_name: string }): Promise<void>
  check(full: boolean): Promise<Violation[]>
  /** for faults that end the process: tells the operator's error tracker, if there is one */
  reportFault(fields: object, message: string): Promise<void>
  readonly features: readonly Feature[]
  readonly jobs: readonly Job[]
  readonly documents: Documents
  readonly unitOfWork: UnitOfWork
  readonly dispatcher: Dispatcher
}

/** Makes every object once, in the order in which they depend on each other. Two of them can live in one process. */
export async function createApp(config: Config, { mongoUri, dbName, secret, clock: source, wall, log: plainLog, soleProcess, passwordMemoryKb }: Adapters): Promise<App> {
  const keys = createKeys(secret, config.SECRET_PREVIOUS)
  const failpoints = createFailpoints(config.FAILPOINT)
  const database = await connectDatabase(mongoUri, dbName, { watched: config.NODE_ENV === 'test' })
  const db = database.connection
  const business = createBusinessClock({ connection: db, source })
  const { clock } = business
  const currency = config.DEFAULT_CURRENCY as Currency
  let port = config.PORT
  const ownUrl = () => `http://${hostInUrl(config.HOST)}:${port}`
  const publicUrl = () => config.PUBLIC_URL ?? ownUrl()
  const trackers = config.ERROR_WEBHOOK_URL ? [new URL(config.ERROR_WEBHOOK_URL).origin] : []
  const stores = config.S3_ENDPOINT ? [new URL(config.S3_ENDPOINT).origin] : []
  const http = createHttpClient({ log: plainLog, allowOrigins: [ownUrl, ...trackers, ...stores] })
  const tracker = createErrorTracker({ url: config.ERROR_WEBHOOK_URL, http, wall })
  const log = tracker.follow(plainLog)
  const context = (): Context => systemContext('ovation', newId('req'), log)

  const processId = newId('prc')
  const metrics = createMetrics({ token: config.METRICS_TOKEN })
  const maintenance = createMaintenance({ connection: db, wall })
  const migrations = createMigrations({ connection: db, migrations: knownMigrations, owner: processId, wall, failpoints, log })
  const redis = config.REDIS_URL ? createRedis({ url: config.REDIS_URL, prefix: dbName, log }) : undefined
  const relay = createRelay(redis)
  const limits = createLimits(redis)
  const outbox = createOutbox({ connection: db, wall })
  const idempotency = createIdempotency({ connection: db, wall })
  const leases = createLeases({ connection: db, wall, owner: processId })
  const processes = createProcesses({ connection: db, wall, processId, joined: redis !== undefined, log })
  const unitOfWork = createUnitOfWork({
    connection: db,
    outbox,
    idempotency,
    wall,
    insert: database.insert,
    onCommitted: (published) => dispatcher.deliver(published),
    onRetry: metrics.transactionRetried,
  })
  const cursors = createCursors(keys.key('cursor'))

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
  const company = createSandboxAdapter({ baseUrl: ownUrl, apiKey, webhookSecrets: sandboxKeys, http, wall })

  const audit = createAudit({ connection: db, wall })
  const smtp = config.SMTP_URL ? createSmtpMailer({ url: config.SMTP_URL, from: config.MAIL_FROM }) : undefined
  const mails = createMails({ connection: db, vault: createVault(keys, 'mail'), mailer: smtp?.mailer, wall, log })
  const mailPage = mails.isKept && config.NODE_ENV !== 'production' ? createMailPage({ mails, key: keys.key('mail-page').toString('base64url') }) : undefined

  const common = { db, unitOfWork, relay, audit, clock, wall, context, failpoints, log, cursors, publicUrl, defaultCurrency: currency }
  const accounts = createAccounts({
    ...common,
    passwordMemoryKb,
    keys,
    limits,
    mails,
    personal: () => features.flatMap((each) => each.personal),
    moneyOf: async (userId) => ({ amount: await ledger.ledger.moneyOf(userId), currency }),
  })
  const ledger = createLedger({ ...common, leases, rootSeed: keys.key('ledger-root') })
  const profiles = createProfiles({ ...common, accounts: accounts.accounts, stepUp: accounts.stepUp, mails, vault: createVault(keys, 'bank-account'), earningsOf: ledger.ledger.earningsOf })
  const payments = createPayments({ ...common, ledger: ledger.ledger, ledgerModels: ledger.models, providers: [company] })
  const memberships = createMemberships({ ...common, mails, accounts: accounts.accounts, profiles: profiles.profiles, relations: profiles.relations, payments: payments.payments, feeBps: config.MEMBERSHIP_FEE_BPS })
  const tips = createTips({
    ...common,
    accounts: accounts.accounts,
    profiles: profiles.profiles,
    relations: profiles.relations,
    payments: payments.payments,
    settled: outbox.isSettled,
    receiptKeys: keys.keys('receipt'),
    feeBps: config.TIP_FEE_BPS,
  })
  const overlays = createOverlays({ ...common, goals: tips.goals, live: tips.live, relations: profiles.relations, processId, aliveProcesses: () => processes.alive() })
  const addressOf = createAddressOf(config.TRUSTED_PROXIES)
  const mediaFolder = mediaFolderOf(config)
  const media = createMedia({
    ...common,
    storage: storageOf(config, { folder: mediaFolder, http, wall }),
    folder: mediaFolder,
    keys: keys.keys('media'),
    limits,
    mediaLimits: mediaLimitsOf(config),
    quotaBytes: config.MEDIA_QUOTA_MB * megabyte,
    authenticate: accounts.authenticate,
    addressOf,
    maintenance,
    mayRead: (userId, messageId) => messaging.readers.mayRead(userId, messageId),
    mayDecide: (userId, mediaId) => messaging.readers.mayDecide(userId, mediaId),
    reported: (messageIds) => reports.reports.openAbout(messageIds),
    isJudge: async (userId) => (await accounts.accounts.find(userId))?.role === 'admin',
  })
  const messaging = createMessaging({ ...common, limits, tips: tips.tips, accounts: accounts.accounts, profiles: profiles.profiles, relations: profiles.relations, memberships: memberships.access, media: media.media })
  const presence = createPresence({ ...common, redis, limits, accounts: accounts.accounts, profiles: profiles.profiles, relations: profiles.relations, company: messaging.company, processId, recentProcesses: () => processes.alive(recentMs) })
  const announcements = createAnnouncements({ ...common, accounts: accounts.accounts, profiles: profiles.profiles, announcing: messaging.announcing, company: messaging.company, memberships: memberships.access, leases, perSecond: config.ANNOUNCEMENTS_PER_SECOND, perDay: config.ANNOUNCEMENTS_PER_DAY })
  const payouts = createPayouts({
    ...common,
    ledger: ledger.ledger,
    ledgerModels: ledger.models,
    profiles: profiles.profiles,
    accounts: accounts.accounts,
    stepUp: accounts.stepUp,
    mails,
    vault: createVault(keys, 'bank-account'),
    provider: company,
    currency,
    minimum: config.PAYOUT_MINIMUM,
    secondAbove: config.PAYOUT_SECOND_APPROVAL,
    days: config.MATURATION_DAYS,
    newDays: config.MATURATION_DAYS_NEW,
  })
  const reports = createReports({ ...common, limits, accounts: accounts.accounts, tips: tips.tips, messages: messaging.messages })
  const allChecks = () => [...features.flatMap((each) => each.checks), createIdempotencyCheck({ idempotency, effects: features.flatMap((each) => each.effects), wall })]
  const admin = createAdmin({ checks: allChecks, jobs: () => jobs.states(), outbox, audit, accounts: accounts.accounts, mails, cursors, wall, sandbox: sandbox.faults, maintenance, unitOfWork, onViolation: metrics.violation, onChecked: payouts.followCheck, log })
  const clockFeature = createClockFeature({
    ...common,
    business,
    dues: () => [...features.flatMap((each) => each.dues), ...sandbox.dues],
    settled,
    movable: config.NODE_ENV !== 'production' && config.PAYMENT_PROVIDERS.includes('sandbox'),
    leases,
  })
  const features: readonly Feature[] = [accounts.feature, profiles.feature, reports.feature, ledger.feature, payments.feature, memberships.feature, tips.feature, overlays.feature, messaging.feature, presence.feature, announcements.feature, payouts.feature, admin.feature, clockFeature, media.feature]

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
    maintenance,
    metrics,
    operations,
    slowMs: config.SLOW_MS,
    limits: {
      anonymous: limits.rate({ name: 'anonymous', per_second: 20, burst: 100 }),
      http: limits.rate({ name: 'principal', per_second: 50, burst: 200 }),
      socket: limits.rate({ name: 'socket', per_second: 20, burst: 40 }),
    },
  })
  const models = [...migrations.models, idempotency.model, outbox.Events, outbox.Deliveries, leases.model, processes.model, audit.Rows, mails.Rows, ...features.flatMap((each) => each.models)]
  const health = createHealth({
    parts: {
      store: storePart(db),
      indexes: indexesPart(() => models),
      migrations: migrations.part(),
      disk: diskPart(resolve(config.DATA_DIR), config.MONGODB_URI === undefined),
      redis: redisPart(redis),
      outbox: outboxPart(dispatcher),
      maintenance: maintenancePart(maintenance),
    },
    mayKnow: async (request) => metrics.permits(request) || isAdmin(await accounts.authenticate(request).catch(() => undefined)),
    maintained: async () => (await maintenance.current()).on,
  })
  const own = defineFeature({
    name: 'server',
    endpoints: [
      health.endpoint,
      ...(mailPage ? [mailPage.endpoint] : []),
      { name: 'metrics', mount: metrics.mount },
      { name: 'sandbox', limited_path: '/sandbox', mount: (app) => void app.use('/sandbox', sandbox.router), routes: sandboxRoutes },
    ],
  })
  const documents = createDocuments({ features: [...features, own], url: publicUrl })
  const door = createHttpDoor({
    operations,
    endpoints: [...own.endpoints, ...features.flatMap((each) => each.endpoints)],
    invoke,
    endpointLimit: limits.rate({ name: 'endpoint', per_second: 100, burst: 1_000 }),
    authenticate: accounts.authenticate,
    addressOf,
    allowedOrigins: config.ALLOWED_ORIGINS,
    pages: (app) => {
      mountDocuments(app, documents)
      mountProblems(app)
      mountPages(app, webDir)
    },
    draining: health.draining,
    metrics,
    slowMs: config.SLOW_MS,
    log,
  })
  const gateway = createGateway({
    http: door.server,
    doors: [presence.at(accounts.door(operations, messaging.roomsOf)), overlays.door],
    invoke,
    relay,
    wall,
    log,
    allowOrigin: createOriginCheck(config.ALLOWED_ORIGINS),
    addressOf,
    draining: health.draining,
  })
  const allJobs = [dispatcher.job, processes.job, mails.job, ...features.flatMap((each) => each.jobs), ...features.flatMap((each) => each.dues).map((due) => jobOf(due, business))]
  const jobs: Jobs = createJobs({
    connection: db,
    jobs: allJobs,
    wall,
    log,
  })
  metrics.watch([
    { name: 'ovation_sockets', help: 'Live sockets of this process, by namespace', label: 'namespace', read: async () => gateway.connections() },
    { name: 'ovation_outbox_oldest_seconds', help: 'How long the oldest delivery of an event waits', read: dispatcher.oldestSeconds },
    { name: 'ovation_outbox_parked', help: 'Deliveries that were given up until an admin looks', read: dispatcher.parked },
    { name: 'ovation_job_failures', help: 'Runs that failed in this process, by job', label: 'job', read: async () => Object.fromEntries(jobs.states().map(({ name, failures }) => [name, failures])) },
    ...redisGauges(redis),
    ...storeGauges(db),
    ...features.flatMap((each) => each.gauges),
  ])

  return Object.freeze({ start, stop, wake, prepare, addAdmin, check: admin.check, reportFault: tracker.report, features, jobs: allJobs, documents, unitOfWork, dispatcher })

  async function prepare(): Promise<void> {
    await migrations.up({ alone: soleProcess })
    await buildIndexes(models)
  }

  async function addAdmin(account: Parameters<App['addAdmin']>[0]): Promise<void> {
    await accounts.accounts.createAdmin(context(), account)
  }

  async function start() {
    await prepare()
    await business.refresh()
    const made = await accounts.accounts.ensureAdmin(context(), config.ADMIN_EMAIL, config.ADMIN_PASSWORD, newToken)
    if (soleProcess) await Promise.all([dispatcher.releaseAll(), idempotency.releaseAll(), payments.releaseAll(), overlays.forgetPlayers(), leases.releaseAll(), ledger.ledger.sealAll()])
    await sandbox.start({ alone: soleProcess })
    redis?.start(() => relay.resync({ event_id: newId('evt'), at: wall.now().toISOString() }))
    await processes.announce()
    port = await listen(door.server, config.PORT, config.HOST)
    await jobs.start()
    health.ready()
    return { port, url: publicUrl(), ...(mailPage ? { mail_url: `${publicUrl()}${mailPage.address}` } : {}), ...(made ? { admin: made } : {}) }
  }

  /** Ends when nothing is under way in this process. One sets off the next: a webhook an application of it, that a fact, that a webhook. */
  async function settled(): Promise<void> {
    let wasBusy = true
    while (wasBusy) wasBusy = (await Promise.all([dispatcher.whenIdle(), sandbox.idle(), payments.inboxIdle()])).includes(true)
    await ledger.ledger.sealAll()
  }

  function wake(): void {
    jobs.wake()
    sandbox.wake()
  }

  async function stop(graceMs = soleProcess ? 0 : drainMs): Promise<void> {
    health.startDraining()
    await new Promise((resolve) => setTimeout(resolve, graceMs))
    await runInOrder(
      [
        { name: 'sockets', run: gateway.drain },
        { name: 'requests', run: () => closeServer(door.server) },
        { name: 'jobs', run: jobs.stop },
        { name: 'presence', run: presence.leaveAll },
        { name: 'deliveries', run: dispatcher.whenIdle },
        { name: 'sandbox', run: sandbox.stop },
        { name: 'outbound', run: () => http.close() },
        { name: 'mail', run: () => smtp?.close() },
        { name: 'redis', run: () => redis?.close() },
        { name: 'process', run: processes.retire },
        { name: 'metrics', run: metrics.stop },
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

const megabyte = 1_000_000

function mediaLimitsOf(config: Config): MediaLimits {
  const max_bytes = { image: config.MEDIA_IMAGE_MB * megabyte, voice: config.MEDIA_VOICE_MB * megabyte, video: config.MEDIA_VIDEO_MB * megabyte, file: config.MEDIA_FILE_MB * megabyte }
  return { max_bytes, voice_ms: config.MEDIA_VOICE_MINUTES * 60_000, video_ms: config.MEDIA_VIDEO_MINUTES * 60_000 }
}

function storageOf(config: Config, { folder, http, wall }: { folder: string; http: HttpClient; wall: Wall }): Storage {
  const { S3_ENDPOINT: endpoint, S3_BUCKET: bucket, S3_ACCESS_KEY_ID: access_key_id, S3_SECRET_ACCESS_KEY: secret_access_key } = config
  if (!endpoint || !bucket || !access_key_id || !secret_access_key) return createDiskStorage({ folder: join(folder, 'files') })
  return createS3Storage({ endpoint, bucket, access_key_id, secret_access_key, region: config.S3_REGION, checksum: config.S3_CHECKSUM, http, wall })
}

function isAdmin(actor: Actor | undefined): boolean {
  return actor?.kind === 'user' && actor.role === 'admin'
}
