import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Crowd, gather, type Seat } from './crowd.ts'
import { call, type Person } from './http.ts'
import { cpuMs, residentKb } from './server.ts'
import { line, ms, quantile } from './stats.ts'

const socketsEach = 10
const sizes = [1_000, 5_000]
const rounds = 7
const together = 40
const stalledShare = 0.01
const longRounds = 20
const socketPath = '/socket.io/?EIO=4&transport=websocket'

interface Contestant {
  name: string
  pid: number
  gather(size: number, stalled?: number): Promise<Crowd>
  /** says so much at once, each to everybody */
  say(count: number, words: string): void
}

/** Of rounds in which so much is said at once, each heard by everybody. */
interface Rounds {
  /** until all had heard it */
  ms: number
  cpuMs: number
  toLast: number
  kbEach: number
}

interface Fan {
  perSecond: number
  micros: number
}

/** How many people a chat's fan-out needs. */
export const crowdPeople = Math.max(...sizes) / socketsEach

/** A message of a creator's room, checked, stored and told to everybody there, beside a bare Socket.IO server and a loop over `ws` that store nothing. */
export async function benchFanOut(base: string, serverPid: number, creator: Person, people: readonly Person[]): Promise<void> {
  const room = JSON.parse((await call(`${base}/api/v1/conversations`, 'POST', creator, '{"type":"room","title":"Bench","open_to":"all"}')).body) as { conversation_id: string }
  for (const person of people) await call(`${base}/api/v1/conversations/${room.conversation_id}/join`, 'POST', person, '{}')
  const ours = createOurs(base, serverPid, room.conversation_id, people)
  const stock = await startPeer('stock')
  const plain = await startPeer('ws')
  for (const size of sizes) {
    const deliveries = size * together
    let floor: Fan | undefined
    for (const contestant of [stock, plain, ours]) {
      // Checking and storing is what the others don't do. With one who listens it is all there is; what more listeners cost is the fan-out.
      const alone = await measure(contestant, 1)
      const all = await measure(contestant, size)
      const its = { perSecond: deliveries / ((all.ms - alone.ms) / 1000), micros: ((all.cpuMs - alone.cpuMs) * 1000) / deliveries }
      // Stock comes first.
      floor ??= its
      line(
        `fan-out to ${size}: ${contestant.name}`,
        `${Math.round(its.perSecond / 1000)} k/s, ${(its.perSecond / floor.perSecond).toFixed(2)}× stock`,
        `${its.micros.toFixed(1)} µs of CPU each, ${(floor.micros / its.micros).toFixed(2)}× stock`,
        `with checking and storing ${Math.round(deliveries / all.ms)} k/s`,
        `one message to the last p50 ${ms(all.toLast)}`,
        `${all.kbEach.toFixed(1)} KB a socket`,
      )
    }
  }
  await benchStalled(ours)
  for (const peer of [stock, plain]) process.kill(peer.pid)
}

async function measure(contestant: Contestant, size: number): Promise<Rounds> {
  const before = residentKb(contestant.pid)
  const crowd = await contestant.gather(size)
  const kbEach = (residentKb(contestant.pid) - before) / size
  const took: number[] = []
  const computed: number[] = []
  const toLast: number[] = []
  for (let round = 0; round < rounds; round++) {
    const cpu = cpuMs(contestant.pid)
    const started = performance.now()
    const heard = crowd.heard(together)
    contestant.say(together, 'Encore! One more of the old ones, please.')
    await heard
    took.push(performance.now() - started)
    computed.push(cpuMs(contestant.pid) - cpu)
    const alone = performance.now()
    const one = crowd.heard(1)
    contestant.say(1, 'Encore!')
    toLast.push(Math.max(...(await one)) - alone)
  }
  crowd.leave()
  return { ms: quantile(took, 0.5), cpuMs: computed.reduce((sum, each) => sum + each, 0) / rounds, toLast: quantile(toLast, 0.5), kbEach }
}

/** What those who read notice of those who don't. */
async function benchStalled(ours: Contestant): Promise<void> {
  const [size = 0] = sizes
  const words = 'x'.repeat(4_000)
  const p99: number[] = []
  const grown: number[] = []
  for (const stalled of [0, size * stalledShare]) {
    const crowd = await ours.gather(size, stalled)
    const before = residentKb(ours.pid)
    const times: number[] = []
    for (let round = 0; round < longRounds; round++) {
      const started = performance.now()
      const heard = crowd.heard(together)
      ours.say(together, words)
      for (const at of await heard) times.push(at - started)
    }
    p99.push(quantile(times, 0.99))
    grown.push((residentKb(ours.pid) - before) / 1024)
    crowd.leave()
  }
  const [without = 0, withThem = 0] = p99
  line(`1 % of ${size} read nothing`, `the others' p99 ${ms(withThem)}, without them ${ms(without)}`, `ratio ${(withThem / without).toFixed(2)}`, `memory grew by ${grown.map((each) => `${Math.round(each)} MB`).join(' without, ')} with them`)
}

function createOurs(base: string, pid: number, conversationId: string, people: readonly Person[]): Contestant {
  const send = async (person: Person, body: string): Promise<void> => {
    const answer = await call(`${base}/api/v1/conversations/${conversationId}/messages`, 'POST', person, body)
    if (answer.status !== 201) throw new Error(`message: ${answer.status} ${answer.body}`)
  }
  const seats = people.flatMap((person) => Array.from({ length: socketsEach }, (): Seat => ({ auth: { token: person.token }, address: person.address })))
  let said = 0
  return {
    name: 'Ovation',
    pid,
    gather: (size, stalled) => gather({ url: `${base.replace('http', 'ws')}${socketPath}`, seats: seats.slice(0, size), event: 'message:created', ...(stalled ? { stalled } : {}) }),
    say(count, words) {
      for (let n = 0; n < count; n++) {
        const person = people[said++ % people.length] as Person
        const body = JSON.stringify({ client_msg_id: `bench-fan-out-${said}`, text: words })
        void send(person, body)
      }
    },
  }
}

async function startPeer(kind: 'stock' | 'ws'): Promise<Contestant> {
  const child = fork(fileURLToPath(new URL('peer.ts', import.meta.url)), [kind], { execArgv: ['--import=tsx'] })
  const { port } = await new Promise<{ port: number }>((resolve) => child.once('message', (message) => resolve(message as { port: number })))
  const url = `ws://127.0.0.1:${port}${kind === 'ws' ? '/' : socketPath}`
  return {
    name: kind === 'ws' ? 'a loop over ws' : 'stock Socket.IO',
    pid: child.pid as number,
    gather: (size) => gather({ url, seats: Array.from({ length: size }, () => ({ auth: {}, address: '127.0.0.1' })), event: 'message:created', plain: kind === 'ws' }),
    say(count, words) {
      for (let n = 0; n < count; n++) child.send({ event: 'message:created', data: example(words), meta: { event_id: 'evt_019b0f6ac1d27b3e8c4d5e6f70819203', at: new Date().toISOString() } })
    },
  }
}

/** As large as one of ours. */
function example(text: string) {
  const id = '019b0f6ac1d27b3e8c4d5e6f70819203'
  const now = new Date().toISOString()
  return { message_id: `msg_${id}`, conversation_id: `cnv_${id}`, seq: 1_000, change: 1_000, type: 'text', sender_id: `usr_${id}`, sender_name: 'fan 100', text, reply_to_id: null, mentions: [], reactions: [], deleted: false, edited_at: null, created_at: now }
}
