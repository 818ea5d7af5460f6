import { type Client, createClient } from '../../src/client/index.ts'
import type { Person } from './http.ts'
import { line, ms, quantile, rate } from './stats.ts'

const exchanges = 60
const paceMs = 220
/** what a sender may say at once, before the limit of 5 a second holds */
const burst = 25

/** What is said between two people, stored and told; then a lively group, and what coming back to it costs. */
export async function benchChat(base: string, people: readonly Person[]): Promise<void> {
  const clients = people.map(({ token }) => createClient({ url: base, tokens: { access_token: token, refresh_token: '' }, door: 'socket' }))
  await Promise.all(clients.map(online))
  const [writer, reader] = clients as [Client, Client]
  await benchExchange('one process', writer, reader, (people[1] as Person).id)
  await benchGroup(clients, people)
  for (const each of clients) each.close()
}

interface Guest {
  url: string
  person: Person
}

/** Two people who talk, each at a server of their own. */
export async function benchPair(name: string, ...guests: [Guest, Guest]): Promise<void> {
  const clients = guests.map(({ url, person }) => createClient({ url, tokens: { access_token: person.token, refresh_token: '' }, door: 'socket' })) as [Client, Client]
  await Promise.all(clients.map(online))
  await benchExchange(name, ...clients, guests[1].person.id)
  for (const each of clients) each.close()
}

async function benchExchange(name: string, writer: Client, reader: Client, readerId: string): Promise<void> {
  const { conversation_id } = await writer.call('conversation:create', { type: 'direct', member_ids: [readerId] })
  await reader.call('conversation:accept', { conversation_id })
  const toAck: number[] = []
  const toOther: number[] = []
  for (let n = 0; n < exchanges; n++) {
    const heard = new Promise<number>((resolve) => {
      const stop = reader.on('message:created', () => {
        stop()
        resolve(performance.now())
      })
    })
    const sent = performance.now()
    await writer.call('message:send', { conversation_id, client_msg_id: `bench-exchange-${n}`, text: 'See you tonight!' })
    toAck.push(performance.now() - sent)
    toOther.push((await heard) - sent)
    await new Promise((resolve) => setTimeout(resolve, paceMs))
  }
  line(`chat, ${name}: send to acknowledged`, `p50 ${ms(quantile(toAck, 0.5))}`, `p99 ${ms(quantile(toAck, 0.99))}`)
  line(`chat, ${name}: send to heard by the other`, `p50 ${ms(quantile(toOther, 0.5))}`, `p99 ${ms(quantile(toOther, 0.99))}`)
}

async function benchGroup(clients: readonly Client[], people: readonly Person[]): Promise<void> {
  const [first] = clients as [Client]
  // Whoever has begun a conversation with the host is added without being asked.
  for (const each of clients.slice(1)) await each.call('conversation:create', { type: 'direct', member_ids: [people[0]?.id ?? ''] })
  const { conversation_id } = await first.call('conversation:create', { type: 'group', title: 'Bench', member_ids: people.slice(1).map((each) => each.id) })
  const say = (client: Client, id: string) => client.call('message:send', { conversation_id, client_msg_id: id, text: 'Encore!' })
  const missedFew = await cost(first, conversation_id, 0)
  const started = performance.now()
  await Promise.all(clients.map(async (client, at) => {
    for (let n = 0; n < burst; n++) await say(client, `bench-group-${at}-${n}`)
  }))
  const count = clients.length * burst
  line('chat: one group, all at once', rate(count, performance.now() - started), `${clients.length} members, each hears each`)
  const { last_change } = await first.call('conversation:read', { conversation_id })
  const few = await cost(first, conversation_id, last_change - 10)
  const many = await cost(first, conversation_id, last_change - Math.min(1_000, count))
  line('chat: catching up', `10 missed of ${count} ${ms(few)}`, `1,000 missed ${ms(many)}`, `nothing said yet ${ms(missedFew)}`)
}

/** All that changed since, page by page. */
async function cost(client: Client, conversation_id: string, since: number): Promise<number> {
  const started = performance.now()
  for (let since_change = since, more = true; more; ) {
    const page = await client.call('conversation:sync', { conversation_id, since_change, limit: 100 })
    since_change = page.change
    more = page.has_more
  }
  return performance.now() - started
}

function online(client: Client): Promise<void> {
  return new Promise((resolve) => {
    client.onState((state) => state === 'online' && resolve())
    client.connect()
  })
}
