import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../scripts/free-port.ts'

/** A Redis of the test's own, which it may kill and pause. */
export interface TestRedis {
  url: string
  kill(): Promise<void>
  start(): Promise<void>
  pause(): void
  resume(): void
  /** one command in the inline protocol */
  command(line: string): Promise<string>
  stop(): Promise<void>
}

/** True when a redis-server can be started here; a test that needs one says that it skips otherwise. */
export function hasRedisServer(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export async function startRedis(): Promise<TestRedis> {
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'ovation-redis-'))
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir], { stdio: 'ignore' })
    await listening(port)
  }

  async function kill(): Promise<void> {
    const victim = child
    child = undefined
    if (!victim) return
    const gone = new Promise((resolve) => victim.once('exit', resolve))
    victim.kill('SIGKILL')
    await gone
  }

  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    kill,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    command: (line) => exchange(port, line),
    async stop() {
      await kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function listening(port: number): Promise<void> {
  for (;;) {
    const answer = await exchange(port, 'PING').catch(() => '')
    if (answer.startsWith('+PONG')) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function exchange(port: number, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${line}\r\n`))
    socket.once('data', (data) => {
      resolve(data.toString('utf8'))
      socket.destroy()
    })
    socket.once('error', reject)
  })
}
