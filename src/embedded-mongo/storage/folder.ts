import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readSync, statSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keyOf } from '../keys.ts'
import { type LmdbStorage, openLmdb } from './lmdb-storage.ts'
import { takeLock } from './lock.ts'
import { formatVersion, type Manifest, readManifest, writeManifest } from './manifest.ts'
import { StoreRefused } from './refusal.ts'

const manifestEveryMs = 1_000
/** for reading the records before the store is opened; what is not seen in that time is checked when it is read */
const verifyMs = 3_000
const trialMs = 30_000

export interface Folder {
  storage: LmdbStorage
  close(): Promise<void>
}

/**
 * Opens the folder of a store: takes its lock, holds the file against its manifest, tries it in a child first, because a mangled file can
 * end the process that opens it. A folder with neither manifest nor file becomes a new store; anything else that does not fit is refused,
 * and nothing in it is changed.
 */
export async function openFolder(dir: string, options: { floorBytes?: number } = {}): Promise<Folder> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const unlock = await takeLock(join(dir, 'lock'))
  try {
    return await openLocked(dir, unlock, options)
  } catch (error) {
    unlock()
    throw error
  }
}

async function openLocked(dir: string, unlock: () => void, { floorBytes }: { floorBytes?: number }): Promise<Folder> {
  const file = join(dir, 'store.mdb')
  const manifestFile = join(dir, 'manifest.json')
  let manifest = await manifestOf(manifestFile, file)
  if (sizeOf(file) > 0) await ensureReadable(file)
  let dirty = false
  let storage: LmdbStorage
  try {
    storage = openLmdb(file, { ...(floorBytes === undefined ? {} : { floorBytes }), onFlushed: () => (dirty = true) })
  } catch (error) {
    throw new StoreRefused(`${file} can't be opened: ${error instanceof Error ? error.message : 'unknown'}. Restore it from a backup; nothing was changed.`)
  }
  try {
    ensureSame(storage, manifest, file)
    if (storage.generation() === 0) await storage.commit([{ key: keyOf.identity, value: Buffer.from(JSON.stringify({ store_id: manifest.store_id })) }])
    await note()
  } catch (error) {
    await storage.close()
    throw error
  }
  let noting: Promise<void> | undefined
  const timer = setInterval(() => {
    // A disk that takes no manifest now gets it a second later; till then the old one only knows less.
    if (dirty) noting ??= note().catch(() => void (dirty = true)).finally(() => (noting = undefined))
  }, manifestEveryMs)
  return { storage, close }

  async function close(): Promise<void> {
    clearInterval(timer)
    await noting
    await storage.idle()
    if (dirty) await note().catch(() => {})
    await storage.close()
    unlock()
  }

  // After the flush, never before: the file may be ahead of its manifest, never behind.
  async function note(): Promise<void> {
    dirty = false
    manifest = { ...manifest, generation: storage.generation(), file_bytes: sizeOf(file) }
    await writeManifest(manifestFile, manifest)
  }
}

// The manifest of a new store comes first: a file without one is then never a store that was just being begun.
async function manifestOf(manifestFile: string, file: string): Promise<Manifest> {
  const manifest = readManifest(manifestFile)
  if (!manifest) {
    if (existsSync(file)) throw new StoreRefused(`${manifestFile} is missing beside store.mdb. Restore both from a backup, or move the folder away to begin anew.`)
    const made: Manifest = { store_id: randomUUID(), generation: 0, format_version: formatVersion, file_bytes: 0 }
    await writeManifest(manifestFile, made)
    return made
  }
  if (manifest.generation === 0) return manifest
  if (!existsSync(file)) throw new StoreRefused(`${manifestFile} tells of a store, but store.mdb beside it is gone. Restore it from a backup, or move the folder away to begin anew.`)
  if (sizeOf(file) === 0) throw new StoreRefused(`${file} is empty, although its manifest tells of data. Restore it from a backup.`)
  if (sizeOf(file) < manifest.file_bytes) throw new StoreRefused(`${file} was cut: it has ${sizeOf(file)} bytes and had ${manifest.file_bytes}. Restore it from a backup; nothing was changed.`)
  return manifest
}

/** Reads the file in a child process: garbage in LMDB's first pages is a segmentation fault, which only a child may die of. */
async function ensureReadable(file: string): Promise<void> {
  if (!hasMagic(file)) throw new StoreRefused(`${file} is not a store of this program. Move it away, or restore the right file.`)
  const here = fileURLToPath(import.meta.url)
  const child = fork(join(dirname(here), `trial${extname(here)}`), [file, String(verifyMs)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const outcome = await new Promise<string>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), trialMs)
    let message = ''
    child.on('message', (told) => (message = typeof told === 'string' ? told : ''))
    child.on('error', (error) => resolve(error.message))
    child.on('exit', (code) => {
      clearTimeout(timer)
      resolve(code === 0 ? '' : message || 'it can not be opened')
    })
  })
  if (outcome) throw new StoreRefused(outcome.startsWith(file) ? outcome : `${file} is corrupt: ${outcome}. Restore it from a backup; nothing was changed.`)
}

// LMDB writes 0xBEEFC0DE behind the header of its first two pages.
function hasMagic(file: string): boolean {
  const handle = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(8_192)
    return readSync(handle, bytes, 0, bytes.length, 0) === bytes.length && bytes.includes(Buffer.from([0xde, 0xc0, 0xef, 0xbe]))
  } finally {
    closeSync(handle)
  }
}

function ensureSame(storage: LmdbStorage, manifest: Manifest, file: string): void {
  const view = storage.snapshot()
  const identity = view.get(keyOf.identity)
  view.release()
  if (!identity && manifest.generation === 0) return
  if (!identity) throw new StoreRefused(`${file} does not say which store it is. Restore it from a backup.`)
  const { store_id } = JSON.parse(identity.toString('utf8')) as Manifest
  if (store_id !== manifest.store_id) throw new StoreRefused(`${file} belongs to another store than the manifest beside it. Restore both from the same backup.`)
  if (storage.generation() < manifest.generation)
    throw new StoreRefused(`${file} is older than its manifest: it was put back, or writes were lost. Restore file and manifest from the same backup.`)
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0
}
