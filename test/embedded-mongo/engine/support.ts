import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { type EmbeddedStore, type LaunchOptions, startEmbeddedStore } from '../../../src/embedded-mongo/launcher.ts'

export interface OpenStore {
  dir: string
  store: EmbeddedStore
  client: MongoClient
  close(): Promise<void>
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'store-'))
}

export async function openStore(dir = temporaryFolder(), options: Partial<LaunchOptions> = {}): Promise<OpenStore> {
  const store = await startEmbeddedStore({ dir, ...options })
  const client = await new MongoClient(store.uri, { writeConcern: { w: 'majority', journal: true }, maxPoolSize: 64, serverSelectionTimeoutMS: 3_000 }).connect()
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

/** Resolves when a promise that a callback fulfils is fulfilled. */
export function signal<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((fulfil) => (resolve = fulfil))
  return { promise, resolve }
}
