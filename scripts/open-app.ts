import { resolve } from 'node:path'
import { type App, createApp } from '../src/app.ts'
import type { Config } from '../src/config.ts'
import { StoreRefused } from '../src/embedded-mongo/launcher.ts'
import { loadOrMakeSecret } from '../src/platform/keys.ts'
import { createLogger } from '../src/platform/logger.ts'
import { createClock, wall } from '../src/platform/system-clock.ts'
import { openStore, type OpenStore } from './open-store.ts'

export interface OpenApp {
  app: App
  store: OpenStore
  close(): Promise<void>
}

/** The whole server on the store of these settings, made and not started: beside one that runs, or on its own. */
export async function openApp(config: Config): Promise<OpenApp> {
  // Two processes of one machine without Redis are what this is, and the server would say so at length.
  const isBeside = config.MONGODB_URI === undefined && config.REDIS_URL === undefined
  const log = createLogger(config.LOG_LEVEL === 'info' ? (isBeside ? 'silent' : 'warn') : config.LOG_LEVEL)
  const store = await openStore(config, log).catch((error: unknown) => {
    if (!(error instanceof StoreRefused)) throw error
    process.stderr.write(`${error.message}\n`)
    return process.exit(error.exitCode)
  })
  const secret = config.SECRET ?? loadOrMakeSecret(resolve(config.DATA_DIR))
  const app = await createApp(config, { mongoUri: store.uri, dbName: 'ovation', secret, clock: createClock(wall), wall, log, soleProcess: !store.shared })
  return {
    app,
    store,
    async close() {
      await app.stop(0)
      await store.close()
    },
  }
}
