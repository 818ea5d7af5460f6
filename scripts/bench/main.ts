import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createOverlayClient } from '../../src/client/index.ts'
import { benchChat } from './chat.ts'
import { benchFanOut, crowdPeople } from './fan-out.ts'
import { call, closeConnections, type Person, register, topUp } from './http.ts'
import { line, ms, quantile, rate } from './stats.ts'
import { benchStore } from './store.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const clients = 64
const rounds = 3
const roundMs = 3_000
const alerts = 60
const paceMs = 150
const port = 3_917
let entered = 0

const wanted = process.argv.slice(2)
/** `npm run bench -- tips chat` measures these only. */
const measures = (name: 'store' | 'alerts' | 'tips' | 'chat' | 'fan-out'): boolean => wanted.length === 0 || wanted.includes(name)

/** Prints this machine's figures, each beside a peer or a floor of the same run. Absolute rates drift here; the ratios are what counts. */
const built = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' })
if (built.status !== 0) process.exit(1)
line('machine', `node ${process.version}`, `${clients} clients`, `${rounds} rounds of ${roundMs / 1000} s`)
if (measures('store')) await benchStore()
await benchServer()
closeConnections()

async function benchServer(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-'))
  const server = spawn(process.execPath, ['dist/main.js'], { cwd: root, env: { PATH: process.env['PATH'] ?? '', DATA_DIR: dir, PORT: String(port), TRUSTED_PROXIES: '127.0.0.1', LOG_LEVEL: 'error' }, stdio: ['ignore', 'pipe', 'inherit'] })
  process.once('exit', () => server.kill('SIGKILL'))
  const started = performance.now()
  await new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (chunk: Buffer) => chunk.includes('Ovation is ready') && resolve())
    server.once('exit', () => reject(new Error('the server ended')))
  })
  line('server: start to ready, empty folder', ms(performance.now() - started))
  line('server: memory, idle', `${residentMb(server.pid as number)} MB`, `store ${residentMb(childOf(server.pid as number))} MB`)
  const base = `http://127.0.0.1:${port}`
  if (measures('alerts') || measures('tips') || measures('chat')) await benchPeople(base)
  if (measures('fan-out')) await benchFanOut(base, server.pid as number, (await enter(base, 'creator', 1))[0] as Person, await enter(base, 'fan', crowdPeople))
  server.kill('SIGTERM')
  await new Promise((resolve) => server.once('exit', resolve))
  rmSync(dir, { recursive: true, force: true })
}

async function benchPeople(base: string): Promise<void> {
  const fans = await enter(base, 'fan', clients)
  const creators = await enter(base, 'creator', clients)
  line('server: accounts made', `${fans.length + creators.length}`)
  for (const fan of fans) await topUp(base, fan, 10_000_000)
  if (measures('alerts')) await benchAlerts(base, fans[0] as Person, creators[0] as Person)
  if (measures('tips')) await benchTips(base, fans, creators)
  if (measures('chat')) await benchChat(base, fans)
}

// Their sign-ins last ten minutes: each part of the measurement has people of its own.
async function enter(base: string, role: 'fan' | 'creator', count: number): Promise<Person[]> {
  const people: Person[] = []
  for (let n = 0; n < count; n++) people.push(await register(base, role, entered++))
  return people
}

/** From the moment the fan's request leaves until the overlay is told to play; the answer to the fan in the same round as its floor. */
async function benchAlerts(base: string, fan: Person, creator: Person): Promise<void> {
  const made = JSON.parse((await call(`${base}/api/v1/overlays`, 'POST', creator, '{}')).body) as { token: string }
  let arrived: (at: number) => void = () => {}
  let online: () => void = () => {}
  const ready = new Promise<void>((resolve) => (online = resolve))
  const overlay = createOverlayClient({
    url: base,
    token: made.token,
    onState: (state) => state === 'online' && online(),
    onPlay: (alert) => {
      arrived(performance.now())
      void overlay.started(alert.alert_id)
      void overlay.finished(alert.alert_id)
    },
  })
  await ready
  const toAnswer: number[] = []
  const toAlert: number[] = []
  for (let n = 0; n < alerts; n++) {
    const played = new Promise<number>((resolve) => (arrived = resolve))
    const sent = performance.now()
    await tip(base, fan, creator, `alert-${n}`)
    const answered = performance.now()
    toAnswer.push(answered - sent)
    toAlert.push((await played) - answered)
    // A page says two things an alert and may say twenty a second.
    await new Promise((resolve) => setTimeout(resolve, paceMs))
  }
  overlay.close()
  line('tip: request to committed answer', `p50 ${ms(quantile(toAnswer, 0.5))}`, `p99 ${ms(quantile(toAnswer, 0.99))}`)
  line('tip: committed to alert:play', `p50 ${ms(quantile(toAlert, 0.5))}`, `p99 ${ms(quantile(toAlert, 0.99))}`)
}

async function benchTips(base: string, fans: readonly Person[], creators: readonly Person[]): Promise<void> {
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    const one = await load((fan, n) => tip(base, fan, creators[0] as Person, `one-${round}-${n}`), fans)
    const many = await load((fan, n) => tip(base, fan, creators[fans.indexOf(fan)] as Person, `many-${round}-${n}`), fans)
    ratios.push(one.count / one.elapsed / (many.count / many.elapsed))
    line(`tip:send, round ${round + 1}`, `to one creator ${rate(one.count, one.elapsed)}`, `to ${clients} creators ${rate(many.count, many.elapsed)}`, `ratio ${ratios.at(-1)?.toFixed(2)}`)
  }
  line('tip:send to one creator, beside 64', `median ratio ${quantile(ratios, 0.5).toFixed(2)}`, 'goal 0.9')
}

async function load(act: (fan: Person, n: number) => Promise<void>, fans: readonly Person[]): Promise<{ count: number; elapsed: number }> {
  const started = performance.now()
  let count = 0
  await Promise.all(
    fans.map(async (fan) => {
      while (performance.now() - started < roundMs) await act(fan, count++)
    }),
  )
  return { count, elapsed: performance.now() - started }
}

async function tip(base: string, fan: Person, creator: Person, key: string): Promise<void> {
  const answer = await call(`${base}/api/v1/creators/${creator.id}/tips`, 'POST', fan, '{"amount":100,"currency":"ZMW"}', { 'x-idempotency-key': key })
  if (answer.status !== 201) throw new Error(`tip: ${answer.status} ${answer.body}`)
}

function residentMb(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  return Math.round((pages * 4096) / 2 ** 20)
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])
}
