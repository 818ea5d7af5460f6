import { randomInt } from 'node:crypto'
import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp, topUp } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'
import { signedInRaw } from '../support/raw.ts'
import { createRandom } from '../../scripts/random.ts'
import { type Attempt, attempts, rubbish } from './fuzz.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31))
const requests = Number(process.env['FUZZ_REQUESTS'] ?? 1_500)
const frames = Number(process.env['FUZZ_FRAMES'] ?? 10_000)
/** enough principals that their limits, fifty a second with a burst of two hundred, stay out of the way */
const perPerson = 120
const atOnce = 8

describe(`rubbish by the thousand (FUZZ_SEED=${seed})`, function () {
  this.timeout(Math.max(120_000, requests * 40, frames * 5))
  let app: TestApp
  let fan: Person
  let creator: Person

  before(async () => {
    process.stdout.write(`fuzz seed ${seed}\n`)
    app = await startApp()
    creator = await signUp(app, 'creator')
    fan = await signUp(app, 'fan')
    await topUp(fan, 10_000)
  })
  after(() => app.stop())

  it(`${requests} requests: none is answered with a fault of ours, each refusal is a problem`, async () => {
    const random = createRandom(seed)
    const operations = app.app.features.flatMap((feature) => feature.operations).filter((each) => each.route !== 'socket-only' && each.audience !== 'admin' && !/^(account:(register|login|forgot|delete|change)|session:revoke)/.test(each.name))
    const all = attempts(operations, random, requests)
    const crowd = { fan: [fan], creator: [creator] }
    while (crowd.fan.length * perPerson < all.length / 2 && crowd.fan.length < 20) {
      crowd.fan.push(await signUp(app, 'fan'))
      crowd.creator.push(await signUp(app, 'creator'))
    }
    const statuses = new Map<number, number>()
    for (let at = 0; at < all.length; at += atOnce) {
      const answers = await Promise.all(all.slice(at, at + atOnce).map((attempt, n) => send(attempt, random.pick(attempt.operation.audience === 'creator' ? crowd.creator : crowd.fan), at + n)))
      for (const [n, answer] of answers.entries()) {
        const told = `${JSON.stringify(all[at + n]?.input)?.slice(0, 300)} → ${answer.text.slice(0, 300)}`
        expect(answer.status, `${all[at + n]?.operation.name} ${told}`).to.be.below(500)
        if (answer.status >= 400) expect([answer.headers['content-type'], answer.body?.status], told).to.deep.equal(['application/problem+json; charset=utf-8', answer.status])
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      }
    }
    process.stdout.write(`fuzz answers: ${[...statuses].toSorted().map(([status, n]) => `${n} × ${status}`).join(', ')}\n`)
    expect(statuses.get(400)).to.be.above(requests / 4)
    expect(app.logs.filter((line) => line.level === 'error')).to.deep.equal([])
    expect(await app.check()).to.deep.equal([])
  })

  it(`${frames} frames: the process lives and a healthy client is answered`, async () => {
    const random = createRandom(seed + 1)
    const names = app.app.features.flatMap((feature) => feature.operations).map((each) => each.name)
    const healthy = await creator.socket()
    // As many calls as its limit takes at once, however long the run is.
    const every = Math.ceil(frames / 40)
    let connections = 0
    for (let sent = 0; sent < frames; ) {
      const raw = await signedInRaw(app.port, fan.token)
      connections++
      let isOpen = true
      void raw.closed.then(() => (isOpen = false))
      for (; isOpen && sent < frames; sent++) {
        const frame = rubbishFrame(random, names)
        if (typeof frame === 'string') raw.text(frame)
        else raw.frame(random.pick([1, 2, 0, 9, 15]), frame)
        // Lets the server's answers, and its end of the connection, arrive.
        if (sent % 10 === 9) await new Promise((resolve) => setImmediate(resolve))
        if (sent % every === 0) expect(await healthy.call('account:me')).to.have.property('ok', true)
      }
      raw.destroy()
    }
    process.stdout.write(`fuzz frames: ${frames} over ${connections} connections\n`)
    expect(await healthy.call('wallet:me')).to.have.property('ok', true)
    healthy.close()
    expect((await ask(`${app.url}/healthz`)).status).to.equal(200)
    expect(app.logs.filter((line) => line.level === 'error')).to.deep.equal([])
  })

  function send({ operation, input }: Attempt, person: Person, n: number): Promise<Answer> {
    const [method = 'GET', template = ''] = operation.route.split(' ')
    const rest = { ...input }
    const path = template.replaceAll(/:([a-z_]+)/g, (_match: string, field: string) => {
      const value = rest[field] ?? 'none'
      delete rest[field]
      return encodeURIComponent(wellFormed(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, 500)) || '-'
    })
    const query = method === 'GET' ? `?${new URLSearchParams(Object.entries(rest).map(([field, value]): [string, string] => [field, wellFormed(typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, 2_000)])).toString()}` : ''
    return ask(`${app.url}${path}${query}`, { method, token: person.token, ...(method === 'GET' ? {} : { json: rest }), ...(operation.once ? { key: `fuzz${n}` } : {}) })
  }
})

/** Commands with rubbish in them, packets that are none, bytes. */
function rubbishFrame(random: ReturnType<typeof createRandom>, names: readonly string[]): string | Buffer {
  const chance = random.next()
  if (chance < 0.55) return `42${Math.floor(random.next() * 1_000)}${JSON.stringify([random.pick(names), random.pick(rubbish)])}`
  if (chance < 0.75) return `42${JSON.stringify([random.pick(rubbish), random.pick(rubbish)])}`
  if (chance < 0.9) return random.pick(['', '4', '42', '42[', '43', '45', '451-["x",{"_placeholder":true,"num":0}]', '40/overlay,{}', '40/nowhere,', '41', '1', '2probe', '3', '5', '6', '9', '42["connect"]', '42["disconnect"]', '4'.repeat(50), '42/overlay,["alert:started",{}]'])
  return Buffer.from(Array.from({ length: Math.floor(random.next() * 64) }, () => Math.floor(random.next() * 256)))
}

/** A lone surrogate can't stand in an address. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString('utf8')
}

