import { expect } from 'chai'
import { type Client, createClient, createPresence, createThread, type Thread } from '../../src/client/index.ts'
import { type Pair, startPair } from '../deploy/stage.ts'
import { acquaint } from '../support/acquaint.ts'
import { ask } from '../support/http.ts'
import { type Proxy, startProxy } from '../support/proxy.ts'
import { hasRedisServer } from '../support/redis.ts'
import { createRandom } from '../../scripts/random.ts'

const seconds = Number(process.env['CHAT_SECONDS'] ?? 6)
const people = Number(process.env['CHAT_PEOPLE'] ?? 8)
const seed = Number(process.env['CHAT_SEED'] ?? Math.trunc(Math.random() * 2 ** 31))
const healMs = 60_000

interface Talker {
  client: Client
  thread: Thread
  proxy: Proxy
  user_id: string
}

describe(`chat on two processes while everything breaks (CHAT_SEED=${seed})`, function () {
  this.timeout((seconds * 1.2 + 150) * 1_000)
  if (!hasRedisServer()) return void it('skipped: no redis-server on this machine')

  let pair: Pair
  /** also when the time of the test ran out: nothing goes on from there */
  let isOver = false
  const talkers: Talker[] = []
  /** the first port of each server: it keeps it over its lives */
  const ports: number[] = []

  before(async () => {
    pair = await startPair()
    ports.push(...pair.servers.map(({ url }) => Number(new URL(url).port)))
  })
  after(async () => {
    isOver = true
    for (const { client, thread } of talkers) {
      thread.close()
      client.close()
    }
    await Promise.all(talkers.map(({ proxy }) => proxy.close()))
    await pair?.stop()
  })

  it(`loses, doubles and disorders nothing: ${people} people, ${seconds} s`, async () => {
    const random = createRandom(seed)
    const conversation_id = await gather()
    const end = performance.now() + seconds * 1_000
    const done = { said: 0, acknowledged: 0, twice: 0, kills: 0, cuts: 0, redis: 0 }
    const acknowledged = new Set<string>()
    const talking = talkers.map((each, index) => talk(each, index))
    await breakThings()
    await Promise.all(talking)
    for (const { proxy } of talkers) proxy.open(true)

    // Whoever was told that it failed says it again; then there is nothing left to say.
    await Promise.all(talkers.map(sayTheRest))
    const stored = await everythingSaid()
    // Side by side: a long history takes each of them many pages, at the pace that one connection is let ask.
    await Promise.all(talkers.map((talker) => same(talker, stored)))
    const texts = stored.map((each) => each.text)
    expect(stored.map((each) => each.seq)).to.deep.equal(Array.from({ length: stored.length }, (_each, at) => at + 1))
    expect(new Set(texts).size, 'nothing twice').to.equal(texts.length)
    expect([...acknowledged].filter((text) => !texts.includes(text)), 'acknowledged and lost').to.deep.equal([])
    process.stdout.write(`chat: seed ${seed}, ${people} people, ${stored.length} messages stored, ${done.acknowledged} acknowledged, ${done.twice} sent twice at once, ${done.cuts} cuts, ${done.kills} kills, Redis away ${done.redis} times: 0 lost, 0 doubled, 0 out of order\n`)

    async function talk({ client, thread }: Talker, index: number): Promise<void> {
      for (let n = 0; performance.now() < end; n++) {
        const text = `${index}.${n}`
        done.said++
        if (random.next() < 0.2) {
          done.twice++
          const input = { conversation_id, client_msg_id: `twice-${seed}-${text}`, text }
          const answers = await Promise.allSettled([client.call('message:send', input), client.call('message:send', input)])
          const ids = new Set(answers.flatMap((each) => (each.status === 'fulfilled' ? [each.value.message_id] : [])))
          expect(ids.size, 'one message').to.be.at.most(1)
          if (ids.size === 1) acknowledged.add(text)
        } else {
          await thread.send(text)
          if (!thread.drafts.some((each) => each.text === text && each.problem)) acknowledged.add(text)
        }
        done.acknowledged = acknowledged.size
        await new Promise((resolve) => setTimeout(resolve, 100 + random.next() * 400))
      }
    }

    async function sayTheRest({ thread }: Talker): Promise<void> {
      while (!isOver && thread.drafts.length > 0) {
        const failed = thread.drafts.filter((each) => each.problem)
        // What is on its way is waited for: a loop that only asks would leave nobody time to answer.
        if (failed.length === 0)
          await new Promise<void>((resolve) => {
            const stop = thread.onChange(() => {
              stop()
              resolve()
            })
          })
        for (const draft of failed) await thread.retry(draft.client_msg_id)
      }
    }

    async function breakThings(): Promise<void> {
      const faults = [cut, pauseRedis, () => kill(1), cut, killRedis, () => kill(0)]
      for (let n = 0; performance.now() < end; n++) {
        await (faults[n < faults.length ? n : Math.floor(random.next() * faults.length)] as () => Promise<void>)()
        await new Promise((resolve) => setTimeout(resolve, 200 + random.next() * 500))
      }
    }

    async function cut(): Promise<void> {
      done.cuts++
      const some = talkers.filter(() => random.next() < 0.4)
      for (const { proxy } of some) proxy.open(false)
      await new Promise((resolve) => setTimeout(resolve, 100 + random.next() * 600))
      for (const { proxy } of some) proxy.open(true)
    }

    async function kill(index: number): Promise<void> {
      done.kills++
      pair.servers[index]?.child.kill('SIGKILL')
      await pair.servers[index]?.exited
      await pair.begin(index)
    }

    async function killRedis(): Promise<void> {
      done.redis++
      await pair.redis.kill()
      await new Promise((resolve) => setTimeout(resolve, 300))
      await pair.redis.start()
    }

    async function pauseRedis(): Promise<void> {
      done.redis++
      pair.redis.pause()
      await new Promise((resolve) => setTimeout(resolve, 700))
      pair.redis.resume()
    }

    async function everythingSaid() {
      const { client } = talkers[0] as Talker
      const all = []
      for (let since_seq = 0; ; ) {
        const page = await client.call('conversation:history', { conversation_id, since_seq, limit: 100 })
        all.push(...page.data)
        if (page.next === null) return all
        since_seq = page.next
      }
    }

    /** Until their view is what is stored; each change of it is looked at, and now and then it is asked for by itself. */
    async function same({ client, thread }: Talker, all: Awaited<ReturnType<typeof everythingSaid>>): Promise<void> {
      const { last_change } = await client.call('conversation:read', { conversation_id })
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`stands at ${thread.change} of ${last_change}`)), healMs)
        const look = (): void => {
          if (thread.change !== last_change) return
          clearTimeout(late)
          stop()
          resolve()
        }
        const stop = thread.onChange(look)
        look()
      })
      while (thread.hasOlder) await thread.older()
      expect(thread.messages.map(({ message_id, seq, text }) => [message_id, seq, text])).to.deep.equal(all.map(({ message_id, seq, text }) => [message_id, seq, text]))
    }
  })

  it('leaves nobody there whose server was killed, in the eyes of those on the other', async () => {
    const [watcher, ghost] = talkers as [Talker, Talker]
    const presence = createPresence(watcher.client)
    const stop = presence.watch([ghost.user_id])
    const until = (state: string) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (presence.of(ghost.user_id)?.state === state) resolve()
        }
        presence.onChange(look)
        look()
      })
    await until('online')
    ghost.proxy.open(false)
    pair.servers[1]?.child.kill('SIGKILL')
    await until('offline')
    expect(presence.of(ghost.user_id)?.last_seen_at).to.be.a('string')
    await pair.begin(1)
    ghost.proxy.open(true)
    await until('online')
    stop()
    presence.close()
  })

  async function gather(): Promise<string> {
    const signedUp = []
    for (let n = 0; n < people; n++) {
      const { body } = await ask(`${pair.servers[0]?.url}/api/v1/auth/register`, { json: { email: `talker${n}@example.org`, password: 'a good long password', full_name: `Talker ${n}`, role: 'fan' } })
      const proxy = await startProxy(ports[n % 2] as number)
      const tokens = { access_token: body.access_token as string, refresh_token: body.refresh_token as string }
      signedUp.push({ user_id: body.user.id as string, proxy, client: createClient({ url: proxy.url, tokens }) })
    }
    const [first] = signedUp
    await acquaint({ id: first?.user_id ?? '' }, signedUp.slice(1).map((each) => each.client))
    const { conversation_id } = await (first as (typeof signedUp)[number]).client.call('conversation:create', { type: 'group', title: 'Chaos', member_ids: signedUp.slice(1).map((each) => each.user_id) })
    for (const each of signedUp) {
      each.client.connect()
      talkers.push({ ...each, thread: createThread(each.client, { conversation_id, user_id: each.user_id }) })
    }
    await Promise.all(talkers.map(({ thread }) => thread.settled()))
    return conversation_id
  }
})
