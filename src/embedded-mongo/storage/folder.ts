import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LmdbStorage, openLmdb } from './lmdb-storage.ts'
import { exitLocked, exitRefused, StoreRefused } from './refusal.ts'

export const formatVersion = 1
const lockWaitMs = 5_000
const manifestEveryMs = 1_000
const trialMs = 120_000
const generationKey = Buffer.from([0, 1])

interface Manifest {
  store_id: string
  generation: number
  format_version: number
}

export interface Folder {
  storage: LmdbStorage
  close(): Promise<void>
}

/**
 * Opens the folder of a store: takes its lock, holds the file against its manifest, tries it in a child first, because a mangled file can
 * end the process that opens it. A folder without a manifest and without a file becomes a new store; anything else that does not fit is
 * refused, and nothing in it is changed.
 */
export async function openFolder(dir: string): Promise<Folder> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const unlock = await takeLock(join(dir, 'lock'))
  try {
    return await openLocked(dir, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

async function openLocked(dir: string, unlock: () => void): Promise<Folder> {
  const file = join(dir, 'store.mdb')
  const manifestFile = join(dir, 'manifest.json')
  const manifest = readManifest(manifestFile, existsSync(file))
  if (manifest) await ensureReadable(file)
  const present: Manifest = manifest ?? { store_id: randomUUID(), generation: 0, format_version: formatVersion }
  let generation = present.generation
  let dirty = false
  const storage = openLmdb(file, () => {
    dirty = true
  })
  if (manifest) {
    generation = ensureNotBehind(storage, manifest, file)
  } else {
    await writeIdentity(storage, present.store_id, 0)
    writeManifest(manifestFile, dir, present)
  }
  const timer = setInterval(() => {
    if (!dirty) return
    dirty = false
    advance().catch(() => {
      dirty = true
    })
  }, manifestEveryMs)

  return {
    storage,
    async close() {
      clearInterval(timer)
      await advance().catch(() => {})
      await storage.close()
      unlock()
    },
  }

  // The file learns the next generation first: it may be ahead of its manifest, never behind.
  async function advance(): Promise<void> {
    generation += 1
    await writeIdentity(storage, present.store_id, generation)
    writeManifest(manifestFile, dir, { ...present, generation })
    dirty = false
  }
}

function readManifest(manifestFile: string, hasStore: boolean): Manifest | undefined {
  if (!existsSync(manifestFile)) {
    if (hasStore) throw new StoreRefused(`${manifestFile} is missing beside a store. Restore both from a backup, or move the folder away to begin anew.`)
    return undefined
  }
  let manifest: Manifest
  try {
    manifest = JSON.parse(readFileSync(manifestFile, 'utf8')) as Manifest
  } catch {
    throw new StoreRefused(`${manifestFile} is not readable as a manifest. Restore the folder from a backup.`)
  }
  if (manifest.format_version !== formatVersion)
    throw new StoreRefused(`${manifestFile} is of format ${String(manifest.format_version)}; this version reads format ${formatVersion}. Start the version that wrote it.`)
  if (typeof manifest.store_id !== 'string' || !Number.isSafeInteger(manifest.generation)) throw new StoreRefused(`${manifestFile} is damaged. Restore the folder from a backup.`)
  if (!hasStore) throw new StoreRefused(`${manifestFile} tells of a store, but store.mdb beside it is gone. Restore it from a backup, or move the folder away to begin anew.`)
  return manifest
}

/** Reads the whole file in a child process: garbage in LMDB's first pages is a segmentation fault, which only a child may die of. */
async function ensureReadable(file: string): Promise<void> {
  const size = statSync(file).size
  if (size === 0) throw new StoreRefused(`${file} is empty, although its manifest tells of data. Restore it from a backup.`)
  if (!hasMagic(file)) throw new StoreRefused(`${file} is not a store of this program. Move it away, or restore the right file.`)
  const here = fileURLToPath(import.meta.url)
  const child = fork(join(here, `../trial${extname(here)}`), [file], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const outcome = await new Promise<string>((resolve) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      resolve('reading it took longer than two minutes')
    }, trialMs)
    let message = ''
    child.on('message', (told) => (message = String(told)))
    child.on('exit', (code) => {
      clearTimeout(timer)
      resolve(code === 0 ? '' : message || 'it can not be opened')
    })
  })
  if (outcome) throw new StoreRefused(outcome.startsWith(file) ? outcome : `${file} is corrupt: ${outcome}. Restore it from a backup; nothing was changed.`)
}

// LMDB writes 0xBEEFC0DE behind the header of its first two pages.
function hasMagic(file: string): boolean {
  const bytes = readFileSync(file).subarray(0, 8_192)
  return bytes.length === 8_192 && (bytes.readUInt32LE(16) === 0xbeefc0de || bytes.readUInt32LE(24) === 0xbeefc0de || bytes.includes(Buffer.from([0xde, 0xc0, 0xef, 0xbe])))
}

function ensureNotBehind(storage: LmdbStorage, manifest: Manifest, file: string): number {
  const view = storage.snapshot()
  const identity = view.get(generationKey)
  view.release()
  if (!identity) throw new StoreRefused(`${file} does not say which store it is. Restore it from a backup.`)
  const { store_id, generation } = JSON.parse(identity.toString('utf8')) as Manifest
  if (store_id !== manifest.store_id) throw new StoreRefused(`${file} belongs to another store than the manifest beside it. Restore both from the same backup.`)
  if (generation < manifest.generation)
    throw new StoreRefused(`${file} is older than its manifest: it was put back, or writes were lost. Restore file and manifest from the same backup.`)
  return generation
}

async function writeIdentity(storage: LmdbStorage, store_id: string, generation: number): Promise<void> {
  await storage.commit([{ key: generationKey, value: Buffer.from(JSON.stringify({ store_id, generation })) }])
}

function writeManifest(file: string, dir: string, manifest: Manifest): void {
  const temporary = `${file}.new`
  const handle = openSync(temporary, 'w', 0o600)
  writeSync(handle, `${JSON.stringify(manifest)}\n`)
  fsyncSync(handle)
  closeSync(handle)
  renameSync(temporary, file)
  const folder = openSync(dir, 'r')
  fsyncSync(folder)
  closeSync(folder)
}

/** One process a store. The lock names its holder by pid and boot, so that a crash or a reboot leaves nothing to clean up by hand. */
async function takeLock(file: string): Promise<() => void> {
  const mine = JSON.stringify({ pid: process.pid, boot: bootId(), started: startOf(process.pid) })
  const until = performance.now() + lockWaitMs
  for (;;) {
    try {
      writeFileSync(file, mine, { flag: 'wx', mode: 0o600 })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = holderOf(file)
    if (holder === undefined) rmSync(file, { force: true })
    else if (performance.now() > until)
      throw new StoreRefused(`${file} is held by process ${holder}, which is alive. Stop it first, or choose another DATA_DIR.`, exitLocked)
    else await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function holderOf(file: string): number | undefined {
  try {
    const { pid, boot, started } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number; boot: string; started: string }
    const alive = boot === bootId() && started !== '' && startOf(pid) === started
    return alive ? pid : undefined
  } catch {
    // Somebody is writing it at this moment, or a crash left it empty.
    return existsSync(file) && Date.now() - statSync(file).mtimeMs < 2_000 ? 0 : undefined
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

// A pid alone may have been given to somebody else since; together with its start it names one process.
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? '' : (fields[19] ?? '')
  } catch {
    try {
      process.kill(pid, 0)
      return existsSync('/proc/self/stat') ? '' : 'alive'
    } catch {
      return ''
    }
  }
}

export { exitRefused }
