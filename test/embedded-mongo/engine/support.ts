import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientSession, MongoClient, type MongoClientOptions } from 'mongodb'
import type { EmbeddedStore, LaunchOptions } from '../../../src/embedded-mongo/launcher.ts'
import { serve } from '../../../src/embedded-mongo/server.ts'
import { openFolder } from '../../../src/embedded-mongo/storage/folder.ts'
import type { SweepOptions } from '../../../src/embedded-mongo/sweeps.ts'
import { startEmbeddedStore } from '../../support/built.ts'

export interface OpenStore {
  dir: string
  store: EmbeddedStore
  client: MongoClient
  close(): Promise<void>
}

export interface ServedStore {
  client: MongoClient
  uri: string
  /** ends the server and begins another one on the same folder */
  restart(): Promise<void>
  close(): Promise<void>
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'store-'))
}

export async function openStore(dir = temporaryFolder(), options: Partial<LaunchOptions> = {}, selectionMs = 30_000): Promise<OpenStore> {
  const store = await startEmbeddedStore({ dir, ...options })
  const client = await new MongoClient(store.uri, { writeConcern: { w: 'majority', journal: true }, maxPoolSize: 64, serverSelectionTimeoutMS: selectionMs }).connect()
  return {
    dir,
    store,
    client,
    async close() {
      await client.close()
      await store.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A store in this very process, for what needs no process of its own. */
export async function serveStore(options: { sweeps?: SweepOptions; client?: MongoClientOptions } = {}): Promise<ServedStore> {
  const dir = temporaryFolder()
  const socketPath = join(dir, 'store.sock')
  const uri = `mongodb://${encodeURIComponent(socketPath)}/?directConnection=true`
  let running = await start()
  const client = await new MongoClient(uri, { writeConcern: { w: 'majority', journal: true }, maxPoolSize: 64, ...options.client }).connect()
  return { client, uri, restart, close }

  async function start(): Promise<() => Promise<void>> {
    const folder = await openFolder(join(dir, 'data'), { floorBytes: 0 })
    const server = await serve(folder.storage, { socketPath }, options.sweeps ? { sweeps: options.sweeps } : {})
    return async () => {
      await server.close()
      await folder.close()
    }
  }

  async function restart(): Promise<void> {
    await running()
    running = await start()
  }

  async function close(): Promise<void> {
    await client.close()
    await running()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** A session with a name of our choice: drivers name sessions themselves, but one that reconnects has kept its name. */
export function sessionNamed(client: MongoClient, id: ClientSession['id'], txnNumber = 0): ClientSession {
  const session = client.startSession()
  Object.assign((session as unknown as { serverSession: object }).serverSession, { id, txnNumber })
  return session
}

export async function refusalOf(work: Promise<unknown>): Promise<{ code?: number; message: string; hasErrorLabel(label: string): boolean }> {
  return work.then(
    () => {
      throw new Error('It was not refused')
    },
    (error: unknown) => error as { code?: number; message: string; hasErrorLabel(label: string): boolean },
  )
}

/** Resolves when a promise that a callback fulfils is fulfilled. */
export function signal<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((fulfil) => (resolve = fulfil))
  return { promise, resolve }
}
