import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MongoClient } from 'mongodb'
import type { Config } from '../src/config.ts'
import { startEmbeddedStore } from '../src/embedded-mongo/launcher.ts'
import type { Logger } from '../src/kernel/context.ts'

export interface OpenStore {
  uri: string
  /** a server works on it at this moment */
  shared: boolean
  close(): Promise<void>
}

const lookMs = 1_000

/**
 * The store that a server with these settings would use: MONGODB_URI, or the embedded one in DATA_DIR, be it that of a server that runs or
 * one that is opened for as long as this takes.
 * @throws StoreRefused when it can't or must not be opened
 */
export async function openStore(config: Config, log: Logger): Promise<OpenStore> {
  if (config.MONGODB_URI) return { uri: config.MONGODB_URI, shared: true, close: async () => {} }
  const dir = join(resolve(config.DATA_DIR), 'store')
  const running = await addressOfRunning(dir)
  if (running) return { uri: running, shared: true, close: async () => {} }
  const store = await startEmbeddedStore({ dir, log, onFatal: () => process.exit(70) })
  return { uri: store.uri, shared: false, close: () => store.stop() }
}

async function addressOfRunning(dir: string): Promise<string | undefined> {
  const file = join(dir, 'address')
  if (!existsSync(file)) return undefined
  const uri = readFileSync(file, 'utf8').trim()
  // The file outlives the server that wrote it.
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: lookMs })
  try {
    await client.db('admin').command({ ping: 1 })
    return uri
  } catch {
    return undefined
  } finally {
    await client.close()
  }
}
