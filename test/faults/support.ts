import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../scripts/free-port.ts'
import { ask } from '../support/http.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const secret = 'q7Zk3v9Qp1xT7mW5rB8nL2cF6hJ4gD0sYa'
export const adminPassword = 'correct horse battery staple'
// On a machine that is busy with other tests, and nothing that is measured.
const startMs = 60_000

export interface RunningApp {
  url: string
  child: ChildProcess
  exited: Promise<{ code: number | null; signal: string | null }>
  output(): string
}

export interface Home {
  dir: string
  port: number
  remove(): void
}

/** A data folder and a port that stay the same over several lives of a server. */
export async function makeHome(): Promise<Home> {
  const dir = mkdtempSync(join(tmpdir(), 'home-'))
  return {
    dir,
    port: await freePort(),
    remove: () => removeFolder(dir),
  }
}

// The store of a server that was killed may still be writing its last; Node's own retries would not take away what came in between.
function removeFolder(dir: string): void {
  for (let attempt = 1; ; attempt++)
    try {
      return rmSync(dir, { recursive: true, force: true })
    } catch (error) {
      if (attempt === 100) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    }
}

/** What a process of a test inherits: nothing of the machine's settings, only where to find things and where to write its coverage. */
export function passedOn(): Record<string, string> {
  const names = ['PATH', 'HOME', 'NODE_V8_COVERAGE']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
}

class EndedEarly extends Error {
  readonly signal: string | null

  constructor(signal: string | null, output: string) {
    super(`ended before it was ready:\n${output}`)
    this.signal = signal
  }
}

const living = new Set<ChildProcess>()

/** After a test that failed: nothing of it may hold the folder. */
export async function endAll(): Promise<void> {
  await Promise.all([...living].map((child) => new Promise((resolve) => child.once('exit', resolve) && child.kill('SIGKILL'))))
}

/** The real process, as `npm start` runs it. */
export async function runApp(home: Home, settings: Record<string, string> = {}): Promise<RunningApp> {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
    cwd: root,
    env: { ...passedOn(), DATA_DIR: home.dir, PORT: String(home.port), SECRET: secret, ADMIN_PASSWORD: adminPassword, LOG_LEVEL: 'warn', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  living.add(child)
  child.once('exit', () => living.delete(child))
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
  await ready(child, () => output)
  return { url: `http://127.0.0.1:${home.port}`, child, exited, output: () => output }
}

/** A life that ends by itself, before it was ready or after. @throws when the server says that it could not start */
export async function runToDeath(home: Home, settings: Record<string, string>): Promise<void> {
  const app = await runApp(home, settings).catch((error: unknown) => {
    if (error instanceof EndedEarly && error.signal === 'SIGKILL') return undefined
    throw error
  })
  const end = await app?.exited
  if (end && end.signal !== 'SIGKILL') throw new Error(`it ended with ${end.code}`)
}

export async function adminToken(url: string): Promise<string> {
  const answer = await ask(`${url}/api/v1/auth/login`, { json: { email: 'admin@ovation.local', password: adminPassword } })
  return (answer.body as { access_token: string }).access_token
}

const lookEveryMs = 50

/** Asks until the answer is as it should be. Another process can't tell us when, so it is asked, no more often than its limits like. */
export async function until<T>(look: () => Promise<T>, holds: (value: T) => boolean, what: string, limitMs = 30_000): Promise<T> {
  const end = performance.now() + limitMs
  for (;;) {
    const value = await look()
    if (holds(value)) return value
    if (performance.now() > end) throw new Error(`${what}: still ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
}

function ready(child: ChildProcess, output: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready:\n${output()}`)), startMs)
    const look = (): void => {
      if (!output().includes('Ovation is ready')) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout?.on('data', look)
    child.once('exit', (_code, signal) => {
      clearTimeout(timer)
      reject(new EndedEarly(signal, output()))
    })
  })
}
