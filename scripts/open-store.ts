import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import type { Config } from '../src/config.ts'
import { startEmbeddedStore } from '../src/embedded-mongo/launcher.ts'
import type { Logger } from '../src/kernel/context.ts'

export interface OpenStore {
  uri: string
  /** a server works on it at this moment */
  shared: boolean
  close(): Promise<void>
}

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

// The file outlives the server that wrote it; whether somebody listens there is known at once.
async function addressOfRunning(dir: string): Promise<string | undefined> {
  const file = join(dir, 'address')
  if (!existsSync(file)) return undefined
  const uri = readFileSync(file, 'utf8').trim()
  const socket = connect(decodeURIComponent(new URL(uri).hostname))
  try {
    await once(socket, 'connect')
    return uri
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}
