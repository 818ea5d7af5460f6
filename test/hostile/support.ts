import { createHash } from 'node:crypto'
import { expect } from 'chai'
import type { Problem } from '../../src/kernel/errors.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp, topUp } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'

export interface Siege {
  app: TestApp
  fan: Person
  creator: Person
  /** what the database holds is right so: measure from here on */
  accept(): Promise<void>
}

/** A server with a fan, a creator and some money. Whatever comes at it in a test, its database stays as it was and its process lives. */
export function besieged(title: string, define: (siege: Siege) => void, settings: Record<string, string> = {}): void {
  describe(title, () => {
    let untouched: Fingerprint | undefined
    const siege = {
      async accept() {
        await siege.app.app.dispatcher.whenIdle()
        untouched = await fingerprint(siege.app, untouched)
      },
    } as Siege

    before(async () => {
      siege.app = await startApp(settings)
      siege.creator = await signUp(siege.app, 'creator')
      siege.fan = await signUp(siege.app, 'fan')
      await topUp(siege.fan, 10_000)
    })
    after(async () => {
      expect(await siege.app.check()).to.deep.equal([])
      expect(siege.app.logs.filter((line) => /^an? (operation|request) failed/.test(line.message)), 'faults of our own').to.deep.equal([])
      await siege.app.stop()
    })
    beforeEach(() => siege.accept())
    afterEach(async () => {
      expect((await fingerprint(siege.app, untouched)).text, 'something was written').to.equal(untouched?.text)
      expect((await ask(`${siege.app.url}/healthz`)).status, 'the process lives').to.equal(200)
    })

    define(siege)
  })
}

const leaks = / at .*\.(ts|js):\d+|Mongo|node_modules|E11000|SyntaxError|Cannot read/

/** Exactly this refusal, as problem+json, with nothing of the inside in it. */
export function refused(answer: Answer | undefined, status: number, code: string): void {
  expect(answer?.status, answer?.text.slice(0, 300)).to.equal(status)
  expect(answer?.headers['content-type']).to.match(/^application\/problem\+json/)
  expect(answer?.body).to.include({ code, status, type: `/problems/${code}` })
  expect(answer?.body.title).to.be.a('string')
  expect(answer?.text).not.to.match(leaks)
  if (status === 429 || code === 'in-progress') expect(Number(answer?.headers['retry-after'])).to.be.within(1, 3_600)
}

/** The same for the ack of a socket command. */
export function refusedAck(ack: unknown, code: string): Problem {
  const { ok, problem } = ack as { ok: boolean; problem: Problem }
  expect(ok, JSON.stringify(ack)).to.equal(false)
  expect(problem.code).to.equal(code)
  expect(problem.type).to.equal(`/problems/${code}`)
  expect(JSON.stringify(problem)).not.to.match(leaks)
  return problem
}

/** An answer that never came through Express: the parser's own. */
export function refusedRaw(text: string, status: number, code: string): void {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  expect(head.split('\r\n')[0], text.slice(0, 300)).to.match(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(head).to.match(/content-type: application\/problem\+json/i)
  expect(head).to.match(/connection: close/i)
  expect(JSON.parse(body)).to.include({ code, status })
  expect(text).not.to.match(leaks)
}

/** What may change without anybody having done anything: sweeps, seals, leases, who looks at an overlay, who was there last. */
const restless = new Set(['health', 'leases', 'agenda_jobs', 'agenda_logs', 'processes', 'audit', 'mails', 'ledger_roots', 'ledger_keys', 'unsealed', 'batches', 'ledger_heads', 'balances', 'deliveries', 'creator_attention', 'creator_search', 'presence'])
const restlessFields: Record<string, Record<string, 0>> = {
  // Counted some time after what it counts.
  profiles: { trending: 0 },
  overlays: { players: 0, holder: 0, lease_until: 0, last_connected_at: 0, current: 0 },
  payments: { queries: 0, next_query_at: 0 },
  payment_inbox: { due_at: 0, attempts: 0 },
}

interface Fingerprint {
  text: string
  /** sent before it was taken */
  writes: number
}

/** Taken anew only when somebody has sent a write since: without one, what is stored is what was. */
async function fingerprint({ db, writes, ownWrites }: TestApp, last?: Fingerprint): Promise<Fingerprint> {
  const sent = [...writes.sent, ...ownWrites].filter(({ collection }) => !restless.has(collection)).length
  if (last?.writes === sent) return last
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map((each) => each.name).filter((name) => !restless.has(name))
  const prints = names.toSorted().map(async (name) => {
    const rows = await db.collection(name).find({}, { projection: restlessFields[name] ?? {} }).sort({ _id: 1 }).toArray()
    return `${name} ${rows.length} ${createHash('sha256').update(JSON.stringify(rows)).digest('hex').slice(0, 12)}`
  })
  return { text: (await Promise.all(prints)).join('\n'), writes: sent }
}
