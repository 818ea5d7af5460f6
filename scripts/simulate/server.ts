import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Db, MongoClient } from 'mongodb'
import { freePort } from '../free-port.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const secret = 'q7Zk3v9Qp1xT7mW5rB8nL2cF6hJ4gD0sYa'
export const adminPassword = 'correct horse battery staple'

/** A server that was killed has another address when it is back: nobody waits for the old one. */
const serverSelectionTimeoutMS = 2_000

export type Server = Awaited<ReturnType<typeof openServer>>

/** What `npm start` runs, on a folder of its own, through as many lives as it takes. */
export async function openServer(settings: Record<string, string>) {
  const dir = mkdtempSync(join(tmpdir(), 'simulation-'))
  const port = await freePort()
  let child: ChildProcess
  let store: MongoClient
  let conflicts = 0
  let died: Error | undefined
  let living: Promise<void> = start()
  const forget = (): void => void child.kill('SIGKILL')
  process.once('exit', forget)
  await living

  return {
    url: `http://127.0.0.1:${port}`,
    ready,
    kill,
    setConflicts,
    close,
    db: (name = 'ovation'): Db => store.db(name),
  }

  /** Ends when it answers. @throws when nothing of ours ended it */
  async function ready(): Promise<void> {
    await living
    if (died) throw died
  }

  async function start(): Promise<void> {
    child = spawn(process.execPath, ['dist/main.js'], {
      cwd: root,
      env: { PATH: process.env['PATH'] ?? '', DATA_DIR: dir, PORT: String(port), SECRET: secret, ADMIN_PASSWORD: adminPassword, TRUSTED_PROXIES: '127.0.0.1', LOG_LEVEL: 'error', ...settings },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => chunk.includes('Ovation is ready') && resolve())
      child.once('exit', (code, signal) => reject(new Error(`the server ended before it was ready: ${code ?? signal}`)))
    })
    child.once('exit', (code, signal) => {
      if (signal !== 'SIGKILL' && signal !== 'SIGTERM') died = new Error(`the server ended by itself: ${code ?? signal}`)
    })
    store = await new MongoClient(readFileSync(join(dir, 'store', 'address'), 'utf8').trim(), { serverSelectionTimeoutMS }).connect()
    if (conflicts > 0) await strike()
  }

  /** As a power cut would, and up again at once. */
  async function kill(): Promise<void> {
    if (died) throw died
    const gone = new Promise((resolve) => child.once('exit', resolve))
    living = gone.then(() => {
      // Not waited for: the driver says goodbye to a server that is gone.
      store.close(true).catch(() => {})
      return start()
    })
    child.kill('SIGKILL')
    await living
  }

  /** So many of all commits are lost to somebody else's, and their work runs again. */
  async function setConflicts(share: number): Promise<void> {
    conflicts = share
    await strike()
  }

  async function strike(): Promise<void> {
    const data = { failCommands: ['commitTransaction'], errorCode: 112, errorLabels: ['TransientTransactionError'] }
    await store.db('admin').command({ configureFailPoint: 'failCommand', ...(conflicts > 0 ? { mode: { activationProbability: conflicts }, data } : { mode: 'off' }) })
  }

  async function close(): Promise<void> {
    await store.close()
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await gone
    }
    process.off('exit', forget)
    rmSync(dir, { recursive: true, force: true })
  }
}
