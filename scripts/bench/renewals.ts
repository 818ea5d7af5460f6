import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { call, type Person, topUp } from './http.ts'
import { type BenchServer, cpuMs } from './server.ts'
import { line, ms, rate } from './stats.ts'

const atOnce = 1_000
const cash = 10_000
const monthMs = 31 * 24 * 3600_000
const lookAgainMs = 100

interface Membership {
  _id: string
  fan_id: string
  due_at: Date
  current_period_start: Date
  current_period_end: Date
  period: number
}

/** How many renewals there are to be measured, and beside how many members that are not due. */
const rounds = [
  { due: 1_000, idle: 0 },
  { due: 1_000, idle: 50_000 },
  { due: Number(process.env['BENCH_RENEWALS'] ?? 5_000), idle: 50_000 },
]

/** What it costs to renew memberships that are due, paid from wallets; and that it costs no more beside many that are not. */
export async function benchRenewals({ base, pid, store }: BenchServer, creator: Person, fan: Person): Promise<void> {
  const tier = await made(call(`${base}/api/v1/tiers`, 'POST', creator, JSON.stringify({ name: 'Bench', rank: 1, benefits: [], prices: [{ interval: 'month', amount: 100, currency: 'ZMW' }] })))
  await topUp(base, fan, cash)
  const { membership_id } = await made(call(`${base}/api/v1/memberships`, 'POST', fan, JSON.stringify({ tier_id: tier['tier_id'], interval: 'month', pay_with: 'wallet' }), { 'x-idempotency-key': 'bench' }))
  const client = await new MongoClient(store?.uri ?? '').connect()
  const db = client.db('ovation')
  const memberships = db.collection<Membership>('memberships')
  const model = (await memberships.findOne({ _id: membership_id as string })) as Membership

  // As they would lie there had each fan signed up, filled a wallet and joined; the books of this store no longer add up.
  const fill = async (count: number, due: Date): Promise<void> => {
    for (let from = 0; from < count; from += atOnce) {
      const ids = Array.from({ length: Math.min(atOnce, count - from) }, () => randomBytes(16).toString('hex'))
      await db.collection<{ _id: string; class: string; posted: number }>('balances').insertMany(ids.map((id) => ({ _id: `user:usr_${id}:cash/ZMW`, class: 'guarded', posted: cash })))
      await memberships.insertMany(ids.map((id) => ({ ...model, _id: `mbr_${id}`, fan_id: `usr_${id}`, due_at: due })))
    }
  }

  let idle = 0
  const each: number[] = []
  for (const round of rounds) {
    await fill(round.idle - idle, new Date(Date.now() + 100 * monthMs))
    idle = round.idle
    // Far from being looked at until all of them are there; then the period of all ended just now.
    const ready = new Date(Date.now() + 50 * monthMs)
    await fill(round.due, ready)
    const before = cpuMs(pid) + cpuMs(store?.pid ?? pid)
    const started = performance.now()
    const end = new Date()
    await memberships.updateMany({ due_at: ready }, { $set: { due_at: end, current_period_end: end } })
    while ((await memberships.countDocuments({ due_at: { $lte: end } })) > 0) await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
    const elapsed = performance.now() - started
    const cpu = (cpuMs(pid) + cpuMs(store?.pid ?? pid) - before) / round.due
    each.push(cpu)
    line(`renewals: ${round.due.toLocaleString('en')} due beside ${round.idle.toLocaleString('en')}`, ms(elapsed), rate(round.due, elapsed), `${ms(cpu)} of CPU each`)
  }
  line('renewals: beside many that are not due', `ratio of CPU ${((each[1] as number) / (each[0] as number)).toFixed(2)}`, 'goal: no more than noise above 1')
  await client.close()
}

async function made(answer: Promise<{ status: number; body: string }>): Promise<Record<string, unknown>> {
  const { status, body } = await answer
  if (status !== 201) throw new Error(body)
  return JSON.parse(body) as Record<string, unknown>
}
