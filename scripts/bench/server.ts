import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const ticksPerSecond = 100
const pageKb = 4

export interface BenchServer {
  base: string
  pid: number
  /** of the store that it started; another server can work on it too */
  store: { uri: string; pid: number } | undefined
  /** from the start of the process to its first word */
  startedInMs: number
  stop(): Promise<void>
}

/** What `npm start` runs, on a folder of its own. */
export async function startServer(port: number, settings: Record<string, string> = {}): Promise<BenchServer> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-'))
  const server = spawn(process.execPath, ['dist/main.js'], { cwd: root, env: { PATH: process.env['PATH'] ?? '', DATA_DIR: dir, PORT: String(port), TRUSTED_PROXIES: '127.0.0.1', LOG_LEVEL: 'error', ...settings }, stdio: ['ignore', 'pipe', 'inherit'] })
  process.once('exit', () => server.kill('SIGKILL'))
  const started = performance.now()
  await ready(server)
  const pid = server.pid as number
  return {
    base: `http://127.0.0.1:${port}`,
    pid,
    store: settings['MONGODB_URI'] ? undefined : { uri: readFileSync(join(dir, 'store', 'address'), 'utf8').trim(), pid: childOf(pid) },
    startedInMs: performance.now() - started,
    async stop() {
      server.kill('SIGTERM')
      await new Promise((resolve) => server.once('exit', resolve))
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

export function residentKb(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageKb
}

/** What it has computed since it began. */
export function cpuMs(pid: number): number {
  const [user = 0, system = 0] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11, 13).map(Number) ?? []
  return ((user + system) * 1000) / ticksPerSecond
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    server.stdout?.on('data', (chunk: Buffer) => chunk.includes('Ovation is ready') && resolve())
    server.once('exit', () => reject(new Error('the server ended')))
  })
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])
}
