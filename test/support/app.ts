import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient, type Db } from 'mongodb'
import type { Connection } from 'mongoose'
import { freePort } from '../../scripts/free-port.ts'
import { type App, createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { Wall } from '../../src/kernel/clock.ts'
import type { Logger } from '../../src/kernel/context.ts'
import type { Violation } from '../../src/kernel/feature.ts'
import { createKeys } from '../../src/platform/keys.ts'
import { createMovableClock, type MovableClock } from './clock.ts'
import { sharedStoreUri } from './store.ts'
import { type SentWrite, watchWrites, type WriteWatch, writesOf } from './writes.ts'

export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error'
  fields: object
  message: string
}

export interface TestApp {
  url: string
  port: number
  app: App
  secret: string
  clock: MovableClock
  wall: MovableClock
  admin: { email: string; password: string }
  /** where its files lie */
  mediaDir: string
  /** where mails are read that nothing sends */
  mailUrl: string | undefined
  /** the app's own database, for looking and for breaking things on purpose */
  db: Db
  /** the sandbox provider's */
  sandboxDb: Db
  logs: LogLine[]
  /** every write that the app's own connection sent */
  writes: WriteWatch
  /** every write through `db` and `sandboxDb` */
  ownWrites: readonly SentWrite[]
  /** signs webhooks as the sandbox does */
  webhookKey: Buffer
  /** those who came in; they leave before the doors close */
  guests: Set<{ close(): void }>
  /** signs access tokens as the server does */
  tokenKey: Buffer
  check(full?: boolean): Promise<Violation[]>
  /** one turn of a job, whole */
  runJob(name: string): Promise<void>
  stop(): Promise<void>
}

/** Thousands sign up in a run; each hash of the real kind takes thirty milliseconds of a core. */
const passwordMemoryKb = 1_024
const adminPassword = 'correct horse battery staple'

/**
 * The whole server as a stranger would run it, in this process, on a free port, with clocks that can be moved.
 * @param beside another one that runs already: this one works on the same store, with the same secret and clocks
 * @param log instead of the one that collects lines
 */
export async function startApp(settings: Record<string, string> = {}, beside?: TestApp, log?: Logger): Promise<TestApp> {
  const mongoUri = sharedStoreUri()
  const dbName = beside?.db.databaseName ?? `t_${randomBytes(6).toString('hex')}`
  const mediaDir = join(tmpdir(), `ovation-media-${dbName}`)
  const config = loadConfig({ MEDIA_DIR: mediaDir, NODE_ENV: 'test', PORT: String(await freePort()), ADMIN_PASSWORD: adminPassword, LOG_LEVEL: 'silent', ...settings })
  const clock = beside?.clock ?? createMovableClock()
  const wall = beside?.wall ?? createMovableClock()
  const logs: LogLine[] = []
  const guests: TestApp['guests'] = new Set()
  const secret = beside?.secret ?? randomBytes(32).toString('base64url')
  const app = await createApp(config, { mongoUri, dbName, secret, clock, wall: wall as Wall, log: log ?? collect(logs), soleProcess: beside === undefined, passwordMemoryKb })
  clock.onMove(app.wake)
  wall.onMove(app.wake)
  const writes = watchWrites(connectionOf(app), app.unitOfWork)
  const client = await new MongoClient(mongoUri, { monitorCommands: true }).connect()
  const ownWrites = writesOf(client)
  const { url, port, mail_url: mailUrl } = await app.start()
  return {
    url,
    port,
    app,
    secret,
    clock,
    wall,
    mailUrl,
    mediaDir,
    admin: { email: config.ADMIN_EMAIL, password: adminPassword },
    db: client.db(dbName),
    sandboxDb: client.db(`${dbName}_sandbox`),
    logs,
    writes,
    ownWrites,
    webhookKey: createKeys(secret).key('sandbox-webhook'),
    guests,
    tokenKey: createKeys(secret).key('access-token'),
    check: (full = true) => app.check(full),
    async runJob(name) {
      const job = app.jobs.find((each) => each.name === name)
      if (!job) throw new Error(`no job ${name}`)
      await job.run()
      // Its own turn may have been in the middle of a row, which the first therefore left alone.
      await job.run()
    },
    async stop() {
      for (const guest of guests) guest.close()
      await app.stop(0)
      if (!beside) {
        await client.db(dbName).dropDatabase()
        await client.db(`${dbName}_sandbox`).dropDatabase()
        await rm(mediaDir, { recursive: true, force: true })
      }
      await client.close()
    },
  }
}

function connectionOf(app: App): Connection {
  const [model] = app.features.flatMap((feature) => feature.models) as unknown as { db: Connection }[]
  if (!model) throw new Error('no feature has a model')
  return model.db
}

function collect(logs: LogLine[]): Logger {
  const at =
    (level: LogLine['level']) =>
    (fields: object, message = '') =>
      void logs.push({ level, fields, message })
  return { debug: () => {}, info: at('info'), warn: at('warn'), error: at('error') }
}
