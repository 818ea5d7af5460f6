import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { MongoClient, type Db } from 'mongodb'
import { type App, createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { Wall } from '../../src/kernel/clock.ts'
import type { Logger } from '../../src/kernel/context.ts'
import type { Violation } from '../../src/kernel/feature.ts'
import { createKeys } from '../../src/platform/keys.ts'
import { createMovableClock, type MovableClock } from './clock.ts'
import { sharedStoreUri } from './store.ts'

export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error'
  fields: object
  message: string
}

export interface TestApp {
  url: string
  port: number
  app: App
  clock: MovableClock
  wall: MovableClock
  admin: { email: string; password: string }
  /** the app's own database, for looking and for breaking things on purpose */
  db: Db
  /** the sandbox provider's */
  sandboxDb: Db
  logs: LogLine[]
  /** signs webhooks as the sandbox does */
  webhookKey: Buffer
  check(full?: boolean): Promise<Violation[]>
  stop(): Promise<void>
}

const adminPassword = 'correct horse battery staple'

/** The whole server as a stranger would run it, in this process, on a free port, with clocks that can be moved. */
export async function startApp(settings: Record<string, string> = {}): Promise<TestApp> {
  const mongoUri = await sharedStoreUri()
  const dbName = `t_${randomBytes(6).toString('hex')}`
  const config = loadConfig({ NODE_ENV: 'test', PORT: String(await freePort()), ADMIN_PASSWORD: adminPassword, LOG_LEVEL: 'silent', ...settings })
  const clock = createMovableClock()
  const wall = createMovableClock()
  const logs: LogLine[] = []
  const secret = randomBytes(32).toString('base64url')
  const app = await createApp(config, { mongoUri, dbName, secret, clock, wall: wall as Wall, log: collect(logs), soleProcess: true })
  const client = await new MongoClient(mongoUri).connect()
  const { url, port } = await app.start()
  return {
    url,
    port,
    app,
    clock,
    wall,
    admin: { email: config.ADMIN_EMAIL, password: adminPassword },
    db: client.db(dbName),
    sandboxDb: client.db(`${dbName}_sandbox`),
    logs,
    webhookKey: createKeys(secret).key('sandbox-webhook'),
    check: (full = true) => app.check(full),
    async stop() {
      await app.stop(0)
      await client.db(dbName).dropDatabase()
      await client.db(`${dbName}_sandbox`).dropDatabase()
      await client.close()
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

function collect(logs: LogLine[]): Logger {
  const at =
    (level: LogLine['level']) =>
    (fields: object, message = '') =>
      void logs.push({ level, fields, message })
  return { debug: () => {}, info: at('info'), warn: at('warn'), error: at('error') }
}
