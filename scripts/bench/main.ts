import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createOverlayClient } from '../../src/client/index.ts'
import { benchChat, benchPair } from './chat.ts'
import { benchFanOut, crowdPeople } from './fan-out.ts'
import { benchCatchUp } from './history.ts'
import { call, closeConnections, type Person, register, topUp } from './http.ts'
import { benchRenewals } from './renewals.ts'
import { residentKb, startServer } from './server.ts'
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
const measures = (name: 'store' | 'alerts' | 'tips' | 'chat' | 'catch-up' | 'two-processes' | 'fan-out' | 'renewals'): boolean => wanted.length === 0 || wanted.includes(name)

/** Prints this machine's figures, each beside a peer or a floor of the same run. Absolute rates drift here; the ratios are what counts. */
const built = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' })
if (built.status !== 0) process.exit(1)
line('machine', `node ${process.version}`, `${clients} clients`, `${rounds} rounds of ${roundMs / 1000} s`)
if (measures('store')) await benchStore()
if (wanted.length === 0 || wanted.some((each) => each !== 'store' && each !== 'two-processes')) await benchServer()
if (measures('two-processes')) await benchTwoServers()
closeConnections()

async function benchServer(): Promise<void> {
  const server = await startServer(port)
  const { base } = server
  line('server: start to ready, empty folder', ms(server.startedInMs))
  line('server: memory, idle', `${residentMb(server.pid)} MB`, `store ${residentMb(server.store?.pid ?? server.pid)} MB`)
  if (measures('alerts') || measures('tips') || measures('chat')) await benchPeople(base)
  if (measures('catch-up')) await benchCatchUp(server, ...((await enter(base, 'fan', 2)) as [Person, Person]))
  if (measures('fan-out')) await benchFanOut(base, server.pid, (await enter(base, 'creator', 1))[0] as Person, await enter(base, 'fan', crowdPeople))
  if (measures('renewals')) await benchRenewals(server, ...((await enter(base, 'creator', 1)) as [Person]), ...((await enter(base, 'fan', 1)) as [Person]))
  await server.stop()
}

/** Two servers on one store and one Redis: the writer is on one, the reader on the other. */
async function benchTwoServers(): Promise<void> {
  const redis = new URL(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379/9')
  if (!(await answers(redis))) return line('chat, two processes', `skipped: no Redis at ${redis.host}; set REDIS_URL`)
  const shared = { REDIS_URL: redis.href, SECRET: randomBytes(32).toString('base64url') }
  const one = await startServer(port, shared)
  const two = await startServer(port + 1, { ...shared, MONGODB_URI: one.store?.uri ?? '' })
  const [writer, reader] = (await enter(one.base, 'fan', 2)) as [Person, Person]
  await benchPair('two processes', { url: one.base, person: writer }, { url: two.base, person: reader })
  await two.stop()
  await one.stop()
}

function answers({ hostname, port: at }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(at || 6_379), hostname)
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
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
  return Math.round(residentKb(pid) / 1024)
}
