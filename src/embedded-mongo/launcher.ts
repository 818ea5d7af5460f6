import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StoreRefused } from './storage/refusal.ts'

export { StoreRefused }

export interface EmbeddedStore {
  /** for any MongoDB driver; it stays the same when the store is started again */
  uri: string
  /** of the process that runs now */
  pid(): number | undefined
  stop(): Promise<void>
}

export interface LaunchOptions {
  dir: string
  log?: { warn(fields: object, message?: string): void } | undefined
  /** the store ended more often than is worth starting it again: the server can't go on */
  onFatal?: ((reason: string) => void) | undefined
  /** it died and is being started again: nothing can be read or written until `onUp` */
  onDown?: (() => void) | undefined
  onUp?: (() => void) | undefined
}

const startMs = 150_000
const restartsAMinute = 3
const stopMs = 10_000

/**
 * Runs the embedded store in a child process, on a socket that only this user can reach. Should it die, it is started again under the same
 * address, at most three times a minute.
 * @throws StoreRefused when the folder can't or must not be opened
 */
export async function startEmbeddedStore({ dir, log, onFatal, onDown, onUp }: LaunchOptions): Promise<EmbeddedStore> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  // Longer paths than 107 bytes are cut in silence, so it is not beside the data.
  const folder = mkdtempSync(join(tmpdir(), 'ovation-'))
  const socketPath = join(folder, 'store.sock')
  const deaths: number[] = []
  let child: ChildProcess | undefined
  let reviving: Promise<void> | undefined
  let stopping = false
  try {
    child = await launch()
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  writeFileSync(join(dir, 'address'), `${uriOf(socketPath)}\n`, { mode: 0o600 })

  return Object.freeze({ uri: uriOf(socketPath), pid: () => child?.pid, stop })

  async function launch(): Promise<ChildProcess> {
    const started = fork(entry, ['--dir', dir, '--socket', socketPath], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true })
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        started.kill('SIGKILL')
        reject(new StoreRefused(`${dir}: the store was not ready after ${startMs / 1000} s`))
      }, startMs)
      const settle = (act: () => void): void => {
        clearTimeout(timer)
        act()
      }
      started.once('exit', (code) => settle(() => reject(new StoreRefused(`${dir}: the store ended with ${code ?? 'a signal'} before it was ready`))))
      started.on('message', (message: { ready?: string; refused?: string; exit_code?: number }) => {
        if (message.ready) settle(resolve)
        if (message.refused) settle(() => reject(new StoreRefused(message.refused as string, message.exit_code as 75 | 78)))
      })
    })
    started.once('exit', (code, signal) => void revive(code, signal))
    return started
  }

  async function revive(code: number | null, signal: string | null): Promise<void> {
    if (stopping) return
    const now = performance.now()
    deaths.push(now)
    const recent = deaths.filter((at) => now - at < 60_000).length
    log?.warn({ code, signal, recent }, 'the embedded store ended; starting it again')
    onDown?.()
    if (recent > restartsAMinute) {
      onFatal?.('the embedded store ended more than three times in a minute')
      return
    }
    reviving = launch()
      .then((started) => {
        child = started
        if (!stopping) onUp?.()
      })
      .catch((error: unknown) => {
        if (!stopping) onFatal?.(error instanceof Error ? error.message : 'the embedded store does not start')
      })
    await reviving
  }

  async function stop(): Promise<void> {
    stopping = true
    // One that is just being started would outlive us.
    await reviving
    const running = child
    if (running && running.exitCode === null && running.signalCode === null) {
      const ended = new Promise<void>((resolve) => running.once('exit', () => resolve()))
      running.kill('SIGTERM')
      const timer = setTimeout(() => running.kill('SIGKILL'), stopMs)
      await ended
      clearTimeout(timer)
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

const entry = join(fileURLToPath(import.meta.url), `../main${extname(fileURLToPath(import.meta.url))}`)

function uriOf(socketPath: string): string {
  return `mongodb://${encodeURIComponent(socketPath)}/?directConnection=true`
}
