import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { type Config, mediaFolderOf, settingNames } from '../../src/config.ts'
import { floorBytes, freeBytes } from '../../src/platform/health-parts.ts'
import { bad, type Finding, ok, warn } from './finding.ts'
import { lookAt } from './look.ts'

const oldest = [20, 19] as const
/** the first release of each line whose Brotli decoder is sound (CVE-2026-111497) */
const sound: Record<number, readonly [number, number]> = { 22: [23, 4], 24: [21, 1], 26: [12, 1] }
const comfortable = 1024 ** 3
const tmpfs = 0x01021994

export function checkNode(): Finding {
  const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number)
  const detail = `${process.version} at ${process.execPath}`
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) return bad('node', detail, `install Node.js ${oldest.join('.')} or newer`)
  const line = sound[major]
  const isSound = line ? minor > line[0] || (minor === line[0] && patch >= line[1]) : major > 26
  if (!isSound) return warn('node', detail, 'its Brotli decoder has a known hole (CVE-2026-111497), which the server goes round; a patched release is better')
  return ok('node', detail)
}

/** Names in `.env` that nothing reads are usually typing mistakes. */
export function checkEnvFile(file = '.env'): Finding {
  if (!existsSync(file)) return ok('.env', 'none; the environment and the defaults count')
  const known = new Set<string>(settingNames())
  const unknown = Object.keys(parseEnv(readFileSync(file, 'utf8'))).filter((name) => !known.has(name))
  if (unknown.length > 0) return warn('.env', `nothing reads ${unknown.join(', ')}`, 'compare the names with .env.example')
  if ((statSync(file).mode & 0o077) !== 0) return warn('.env', 'other users of this machine can read it', `chmod 600 ${file}`)
  return ok('.env', 'every name in it is a setting')
}

export function checkFolder({ DATA_DIR, NODE_ENV }: Config): Finding {
  const folder = resolve(DATA_DIR)
  if (!existsSync(folder)) {
    const parent = firstThere(folder)
    return canWrite(parent) ? ok('data folder', `${folder} will be made at the first start`) : bad('data folder', `${folder} can't be made: ${parent} is not writable`, 'make it for the user that runs the server, with mode 700')
  }
  if (!canWrite(folder)) return bad('data folder', `${folder} is not writable`, `chown it to the user that runs the server`)
  if ((statSync(folder).mode & 0o077) !== 0) return warn('data folder', `other users of this machine can look into ${folder}`, `chmod 700 ${folder}`)
  if (statfsSync(folder).type === tmpfs) {
    const remedy = 'set DATA_DIR to a folder on a disk: this one is empty after a restart of the machine'
    return NODE_ENV === 'production' ? bad('data folder', `${folder} is in memory`, remedy) : warn('data folder', `${folder} is in memory`, remedy)
  }
  return ok('data folder', folder)
}

/** Where files that people send lie, or are written while they come. */
export function checkMediaFolder(config: Config): Finding {
  const folder = mediaFolderOf(config)
  const place = config.S3_BUCKET ? `bucket ${config.S3_BUCKET}, by way of ${folder}` : folder
  if (!canWrite(firstThere(folder))) return bad('files', `${folder} is not writable`, 'chown it to the user that runs the server, or set MEDIA_DIR')
  return ok('files', existsSync(folder) ? place : `${place}, made with the first file`)
}

export async function checkSpace({ DATA_DIR }: Config): Promise<Finding> {
  const free = await freeBytes(resolve(DATA_DIR))
  const detail = `${Math.floor(free / 1024 ** 2)} MB free`
  if (free < floorBytes) return bad('disk space', detail, `free some: the server is not ready with less than ${floorBytes / 1024 ** 2} MB`)
  if (free < comfortable) return warn('disk space', detail, 'free some before it runs out')
  return ok('disk space', detail)
}

export async function checkPort({ HOST, PORT }: Config): Promise<Finding> {
  if (PORT === 0) return ok('port', 'a free one is taken at the start')
  const at = `${HOST}:${PORT}`
  const trouble = await new Promise<string | undefined>((settle) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? 'unknown'))
    server.listen(PORT, HOST, () => server.close(() => settle(undefined)))
  })
  if (trouble === undefined) return ok('port', `${at} is free`)
  if (trouble === 'EADDRNOTAVAIL') return bad('port', `${HOST} is no address of this machine`, 'set HOST to one, or to 0.0.0.0 for all')
  if (trouble === 'EACCES') return bad('port', `${at} may not be opened by this user`, 'set PORT to 1024 or above')
  const seen = await lookAt(`http://${HOST === '0.0.0.0' ? '127.0.0.1' : HOST}:${PORT}/healthz`)
  if (seen.ours) return ok('port', `an Ovation answers at ${at}`)
  return bad('port', `${at} is taken by another program`, `end it (ss -ltnp 'sport = :${PORT}' tells which it is), or set PORT`)
}

/** @param others instants that other machines tell, by name */
export function checkClock(others: Record<string, Date | undefined>): Finding {
  const now = Date.now()
  const apart = Object.entries(others).flatMap(([name, at]) => (at ? [{ name, seconds: Math.round((at.getTime() - now) / 1_000) }] : []))
  const worst = apart.toSorted((a, b) => Math.abs(b.seconds) - Math.abs(a.seconds))[0]
  const remedy = 'let an NTP service set it: timedatectl set-ntp true'
  if (worst && Math.abs(worst.seconds) > 30) return bad('clock', `${worst.seconds} s apart from ${worst.name}`, remedy)
  if (worst && Math.abs(worst.seconds) > 2) return warn('clock', `${worst.seconds} s apart from ${worst.name}`, remedy)
  return ok('clock', worst ? `agrees with ${worst.name}` : `${new Date(now).toISOString()}; nobody to compare it with`)
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

function firstThere(folder: string): string {
  return existsSync(folder) ? folder : firstThere(dirname(folder))
}
