import { MongoClient } from 'mongodb'
import { call, type Person } from './http.ts'
import { type BenchServer, cpuMs } from './server.ts'
import { line, ms } from './stats.ts'

const history = 100_000
const atOnce = 1_000
/** the clock of a process ticks a hundred times a second: what is short is done often */
const times = 40
const pageSize = 100

interface Row {
  _id: string
  client_msg_id: string
  seq: number
  change: number
}

/** Coming back to a conversation: what that costs by how much was missed, and by how much there is in all. */
export async function benchCatchUp({ base, pid, store }: BenchServer, writer: Person, reader: Person): Promise<void> {
  const { conversation_id } = JSON.parse((await call(`${base}/api/v1/conversations`, 'POST', writer, JSON.stringify({ type: 'direct', member_ids: [reader.id] }))).body) as { conversation_id: string }
  await call(`${base}/api/v1/conversations/${conversation_id}/messages`, 'POST', writer, '{"client_msg_id":"bench-history","text":"See you tonight!"}')
  const client = await new MongoClient(store?.uri ?? '').connect()
  const db = client.db('ovation')
  // As they would lie there had they been said one by one; at five a second that takes six hours.
  const fill = async (from: number, to: number): Promise<void> => {
    const model = (await db.collection<Row>('messages').findOne({ client_msg_id: 'bench-history' })) as Row
    for (let at = from; at < to; at += atOnce)
      await db.collection<Row>('messages').insertMany(Array.from({ length: Math.min(atOnce, to - at) }, (_, n): Row => ({ ...model, _id: `msg_${String(at + n).padStart(32, '0')}`, client_msg_id: `bench-${at + n}`, seq: at + n + 1, change: at + n + 1 })))
    await db.collection<{ _id: string }>('conversations').updateOne({ _id: conversation_id }, { $set: { last_seq: to, last_change: to } })
  }
  const cost = async (missed: number, rounds: number): Promise<{ cpu: number; wall: number }> => {
    const { last_change } = JSON.parse((await call(`${base}/api/v1/conversations/${conversation_id}`, 'GET', reader)).body) as { last_change: number }
    const before = cpuMs(pid) + cpuMs(store?.pid ?? pid)
    let wall = 0
    for (let round = 0; round < rounds; round++) wall += await catchUp(last_change - missed)
    return { cpu: (cpuMs(pid) + cpuMs(store?.pid ?? pid) - before) / rounds, wall: wall / rounds }
  }
  const catchUp = async (since: number): Promise<number> => {
    let waited = 0
    const started = performance.now()
    for (let at = since, more = true; more; ) {
      const answer = await call(`${base}/api/v1/conversations/${conversation_id}/changes?since_change=${at}&limit=${pageSize}`, 'GET', reader)
      const page = JSON.parse(answer.body) as { change: number; has_more: boolean; retry_after_ms?: number }
      if (answer.status === 200) {
        at = page.change
        more = page.has_more
        continue
      }
      // Fifty a second is what one person may ask for; that wait is none of the work.
      const pause = page.retry_after_ms ?? 1_000
      await new Promise((resolve) => setTimeout(resolve, pause))
      waited += pause
    }
    return performance.now() - started - waited
  }
  await fill(1, 1_000)
  const short = await cost(10, times)
  await fill(1_000, history)
  const long = await cost(10, times)
  const more = await cost(1_000, 4)
  const all = await cost(history, 1)
  await client.close()
  const each = ({ cpu }: { cpu: number }, missed: number): string => `${((cpu * 1000) / missed).toFixed(0)} µs of CPU each`
  line('chat: 10 missed of 1,000 said', ms(short.wall), `${ms(short.cpu)} of CPU`)
  line(`chat: 10 missed of ${history.toLocaleString('en')} said`, ms(long.wall), `${ms(long.cpu)} of CPU`, `ratio ${(long.cpu / short.cpu).toFixed(2)}, goal: no more than noise above 1`)
  line('chat: 1,000 missed', ms(more.wall), each(more, 1_000))
  line(`chat: ${history.toLocaleString('en')} missed`, `${ms(all.wall)} without the waits for the limit`, each(all, history), `ratio to 1,000 ${(all.cpu / history / (more.cpu / 1_000)).toFixed(2)}`)
}
