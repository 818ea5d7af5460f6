import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Config, ConfigError, loadConfig } from './config.ts'
import { type EmbeddedStore, startEmbeddedStore, StoreRefused } from './embedded-mongo/launcher.ts'
import type { Logger } from './kernel/context.ts'
import { loadOrMakeSecret } from './platform/keys.ts'
import { createLogger } from './platform/logger.ts'
import { createClock, wall } from './platform/system-clock.ts'

const exitConfig = 78
const exitFault = 70
const lastResortMs = 10_000

await main()

async function main(): Promise<void> {
  const config = readConfig()
  const log = createLogger(config.LOG_LEVEL)
  warnOfRuntime(log)
  const started = performance.now()
  const dataDir = resolve(config.DATA_DIR)
  const secret = config.SECRET ?? loadOrMakeSecret(dataDir)
  // Loading the server takes as long as opening the store, so both go on at once; and a start with wrong settings waits for neither.
  const loading = Promise.all([import('./app.ts'), import('./platform/migrations.ts')])
  const store = config.MONGODB_URI ? undefined : await openStore(dataDir, log)
  const [{ createApp }, { SchemaRefused }] = await loading
  const app = await createApp(config, {
    mongoUri: config.MONGODB_URI ?? (store as EmbeddedStore).uri,
    dbName: 'ovation',
    secret,
    clock: createClock(wall),
    wall,
    log,
    soleProcess: store !== undefined,
  })
  let stopping = false
  const stop = (signal: string): void => {
    // The second signal is impatience: everything acknowledged is on disk already.
    if (stopping) process.exit(0)
    stopping = true
    log.info({ signal }, 'draining')
    setTimeout(() => process.exit(0), lastResortMs).unref()
    void app
      .stop()
      .then(() => store?.stop())
      .then(() => {
        log.info({}, 'stopped: every acknowledged write is on disk')
        process.exit(0)
      })
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.on('unhandledRejection', (fault) => {
    const message = 'a fault that nobody handled; ending so that a supervisor starts afresh'
    log.error({ err: fault }, message)
    void app.reportFault({ err: fault }, message).finally(() => process.exit(exitFault))
  })
  const { url, port, mail_url: mailUrl, admin } = await app.start().catch(async (error: unknown) => {
    if (!(error instanceof SchemaRefused)) throw error
    process.stderr.write(`Ovation can't start: ${error.message}.\n`)
    await store?.stop()
    return process.exit(exitConfig)
  })
  printBanner({ config, url, port, mailUrl, store, admin, ms: Math.round(performance.now() - started) })
}

function readConfig(): Config {
  try {
    return loadConfig()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`Ovation can't start: ${error.faults.length} setting${error.faults.length === 1 ? ' is' : 's are'} wrong.\n`)
    for (const fault of error.faults) process.stderr.write(`  ${fault}\n`)
    process.stderr.write('All settings are described in .env.example.\n')
    process.exit(exitConfig)
  }
}

async function openStore(dataDir: string, log: Logger): Promise<EmbeddedStore> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  try {
    return await startEmbeddedStore({
      dir: resolve(dataDir, 'store'),
      log,
      onFatal: (reason) => {
        log.error({ reason }, 'the embedded store ended too often')
        process.exit(exitFault)
      },
    })
  } catch (error) {
    if (!(error instanceof StoreRefused)) throw error
    process.stderr.write(`Ovation can't start: ${error.message}\n`)
    process.exit(error.exitCode)
  }
}

// CVE-2026-111497: the Brotli decoder of these lines. Nothing here decodes anything, but the operator should know.
function warnOfRuntime(log: Logger): void {
  const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number)
  const fixed: Record<number, [number, number]> = { 22: [23, 4], 24: [21, 1], 26: [12, 1] }
  const line = fixed[major]
  const safe = line ? minor > line[0] || (minor === line[0] && patch >= line[1]) : major > 26
  if (!safe) log.warn({ node: process.versions.node }, 'this Node.js has a known hole in its Brotli decoder (CVE-2026-111497); compressed bodies are refused, and a patched Node.js is better')
}

function printBanner({
  config,
  url,
  port,
  mailUrl,
  store,
  admin,
  ms,
}: {
  config: Config
  url: string
  port: number
  mailUrl: string | undefined
  store: EmbeddedStore | undefined
  admin: { email: string; made_password?: string } | undefined
  ms: number
}): void {
  const lines = [
    '',
    `  Ovation is ready after ${ms} ms`,
    '',
    `  Open        ${url}/`,
    `  Overlay     ${url}/overlay/  (each creator makes an address of their own)`,
    `  Listening   ${config.HOST}:${port}`,
    `  Store       ${store ? `embedded, in ${resolve(config.DATA_DIR, 'store')}` : 'the MongoDB of MONGODB_URI'}`,
    `  Payments    ${config.PAYMENT_PROVIDERS.join(', ')}${config.PAYMENT_PROVIDERS.includes('sandbox') ? ' (no real money moves)' : ''}`,
    ...(mailUrl ? [`  Mail        ${mailUrl}  (no mail server is set)`] : []),
    ...(admin ? [`  Admin       ${admin.email}${admin.made_password ? `  password ${admin.made_password}  (shown this once)` : '  (password as set)'}`] : [`  Admin       ${config.ADMIN_EMAIL}`]),
    '',
    '  Next: open the page, sign up as a creator and copy the overlay address into OBS.',
    '',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
