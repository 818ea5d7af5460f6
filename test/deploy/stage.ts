import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Home, makeHome, runApp, type RunningApp, until } from '../faults/support.ts'
import { freePort } from '../../scripts/free-port.ts'
import { ask } from '../support/http.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

export const metricsToken = 'a-token-for-prometheus'
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Two servers as two processes, on one store and one Redis. */
export interface Pair {
  servers: RunningApp[]
  /** where people find them: of the load balancer that stands before them */
  port: number
  redis: TestRedis
  /** ends one as an operator would, and starts it anew */
  end(index: number): Promise<void>
  begin(index: number): Promise<void>
  stop(): Promise<void>
}

export async function startPair(): Promise<Pair> {
  const dir = mkdtempSync(join(tmpdir(), 'ovation-pair-'))
  const redis = await startRedis()
  const store = await startStore(dir)
  const homes = [await makeHome(), await makeHome()]
  const port = await freePort()
  const settings = { PUBLIC_URL: `http://127.0.0.1:${port}`, MONGODB_URI: store.uri, REDIS_URL: redis.url, TRUSTED_PROXIES: '127.0.0.1', METRICS_TOKEN: metricsToken }
  const servers: RunningApp[] = []
  const begin = async (index: number): Promise<void> => {
    servers[index] = await runApp(homes[index] as Home, settings)
  }
  const end = async (index: number): Promise<void> => {
    servers[index]?.child.kill('SIGTERM')
    await servers[index]?.exited
  }
  // One after the other: the first makes the database, and its admin.
  await begin(0)
  await begin(1)
  return {
    servers,
    port,
    redis,
    begin,
    end,
    async stop() {
      await Promise.all([end(0), end(1)])
      await endProcess(store.child)
      await redis.stop()
      for (const home of homes) home.remove()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

export interface Proxy {
  url: string
  stop(): Promise<void>
}

export type ProxyName = 'nginx' | 'haproxy'

export function isInstalled(name: ProxyName): boolean {
  try {
    execFileSync(name, ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The sample from deploy/ as it is, but for addresses: those of a compose network become those of this machine. */
export async function startProxy(name: ProxyName, { servers, port }: Pair): Promise<Proxy> {
  const dir = mkdtempSync(join(tmpdir(), `ovation-${name}-`))
  const file = join(dir, `${name}.conf`)
  const sample = readFileSync(`${root}deploy/${name === 'nginx' ? 'nginx.conf' : 'haproxy.cfg'}`, 'utf8')
  const here = servers.reduce((text, { url }, index) => text.replaceAll(`app-${index + 1}:3000`, new URL(url).host), sample)
  writeFileSync(file, here.replaceAll('/tmp/nginx', `${dir}/nginx`).replace('listen 8080', `listen 127.0.0.1:${port}`).replace('bind :8080', `bind 127.0.0.1:${port}`))
  const args = name === 'nginx' ? ['-e', 'stderr', '-c', file, '-g', 'daemon off;'] : ['-db', '-f', file]
  const child = spawn(name, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  const url = `http://127.0.0.1:${port}`
  await until(
    () =>
      ask(`${url}/readyz`).then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status === 200,
    `${name} before the servers`,
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${complaints}`)
  })
  return {
    url,
    async stop() {
      await endProcess(child)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function startStore(dir: string): Promise<{ child: ChildProcess; uri: string }> {
  const child = spawn(process.execPath, ['dist/embedded-mongo/main.js', '--port', '0', '--dir', join(dir, 'store')], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const address = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\n')) resolve((JSON.parse(text.slice(0, text.indexOf('\n'))) as { ready: string }).ready)
    })
    child.once('exit', () => reject(new Error('the store ended')))
  })
  return { child, uri: `mongodb://${address}/?directConnection=true` }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await gone
}
