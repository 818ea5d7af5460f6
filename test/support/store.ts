import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'mocha'
import { type EmbeddedStore, startEmbeddedStore } from '../../src/embedded-mongo/launcher.ts'

let shared: Promise<{ store: EmbeddedStore; dir: string }> | undefined

/** One embedded store for the whole run; every app in it has a database of its own. A MONGODB_URI takes its place. */
export async function sharedStoreUri(): Promise<string> {
  const given = process.env['MONGODB_URI']
  if (given) return given
  shared ??= open()
  return (await shared).store.uri
}

async function open(): Promise<{ store: EmbeddedStore; dir: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'ovation-test-'))
  const store = await startEmbeddedStore({ dir: join(dir, 'store'), onFatal: () => process.exit(70) })
  return { store, dir }
}

after(async () => {
  if (!shared) return
  const { store, dir } = await shared
  await store.stop()
  rmSync(dir, { recursive: true, force: true })
})
