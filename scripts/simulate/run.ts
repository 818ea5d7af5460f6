import { MongoError } from 'mongodb'
import { createRandom, type Random } from '../random.ts'
import { createDoors, openCast } from './cast.ts'
import { createModel, type Expected } from './model.ts'
import { Contradiction, createPlay } from './play.ts'
import { openServer, type Server } from './server.ts'

export interface Options {
  ops: number
  seed: number
  /** between two looks at everything */
  checkEvery?: number
  /** told after each look */
  onLook?: (figures: Figures) => void
}

export interface Figures {
  ops: number
  kills: number
  looks: number
  /** acts that some fault may have met */
  faulted: number
  memberships: number
  purchases: number
  /** how far business time has come, in days */
  days: number
}

/** How badly things go, as each seed draws it. */
interface Rates {
  timeouts: number
  duplicates: number
  reorder: number
  delayMs: number
  conflicts: number
  killEvery: number
}

const bps = { tip: 450, membership: 750 }
const perBatch = 12
const epochOps = 100
const hourMs = 3600_000
const steps = ['PT1H', 'PT6H', 'P1D', 'P2D', 'P5D']
const everyNthAdvances = 90
const lookAgainMs = 100
const paidStates = ['succeeded', 'partially_refunded', 'refunded']

/**
 * Real people's acts against the server that `npm start` runs, through its public doors, while its company misbehaves, its commits conflict and
 * its process is killed; and an independent model of what must come of it.
 * @throws Contradiction at the first thing that is not as the rules say
 */
export async function simulate({ ops, seed, checkEvery = 1_000, onLook = () => {} }: Options): Promise<Figures> {
  const random = createRandom(seed)
  const rates = drawn(random, ops)
  const server = await openServer({ TIP_FEE_BPS: String(bps.tip), MEMBERSHIP_FEE_BPS: String(bps.membership), MATURATION_DAYS: '1', MATURATION_DAYS_NEW: '1', PAYOUT_MINIMUM: '1000' })
  try {
    return await run({ ops, random, rates, server, checkEvery, onLook })
  } finally {
    await server.close()
  }
}

async function run({ ops, random, rates, server, checkEvery, onLook }: Required<Omit<Options, 'seed'>> & { random: Random; rates: Rates; server: Server }): Promise<Figures> {
  const doors = createDoors(server)
  const cast = await openCast(doors)
  const model = createModel({ tipFeeBps: BigInt(bps.tip), membershipFeeBps: BigInt(bps.membership) })
  let businessNow = new Date()
  let toldAt = performance.now()
  const began = businessNow
  const play = createPlay({ cast, doors, model, random, now: () => new Date(businessNow.getTime() + performance.now() - toldAt), paymentOf })
  const figures: Figures = { ops: 0, kills: 0, looks: 0, faulted: 0, memberships: 0, purchases: 0, days: 0 }
  let nextKill = gap()
  let nextLook = 0
  let nextEpoch = 0
  let isTroubled = false

  for (const member of cast.members) await play.fund(member, 900_000_000)
  for (const fan of cast.fans) await play.fund(fan, 20_000 + random.below(50_000))
  await look()
  while (figures.ops < ops) {
    if (figures.ops >= nextEpoch) await misbehave()
    if (random.chance(perBatch / everyNthAdvances)) await advance(random.pick(steps))
    else await batch()
    if (figures.ops >= nextLook) await look()
  }
  await look()
  doors.close()
  return figures

  async function batch(): Promise<void> {
    const isAlone = random.chance(rates.timeouts)
    const acts = Array.from({ length: isAlone ? 1 : perBatch }, () => play.next())
    figures.ops += acts.length
    if (isTroubled || isAlone) figures.faulted += acts.length
    if (isAlone) return leftHanging(acts[0] as () => Promise<void>)
    const all = Promise.allSettled(acts.map((act) => act()))
    if (figures.ops >= nextKill) {
      nextKill = figures.ops + gap()
      figures.kills++
      await new Promise((resolve) => setTimeout(resolve, random.below(60)))
      await server.kill()
    }
    const failed = (await all).find((each) => each.status === 'rejected')
    if (failed) throw failed.reason
  }

  /** The company does what it is asked for, and does not answer; when it answers again, nobody knows what it did. */
  async function leftHanging(act: () => Promise<void>): Promise<void> {
    const books = () => Promise.all(['charges', 'refunds', 'transfers'].map((name) => server.db('ovation_sandbox').collection(name).countDocuments())).then(String)
    await fault({ timeout_after_charge: true })
    const before = await books()
    let isOver = false
    const done = act().finally(() => (isOver = true))
    done.catch(() => {})
    while (!isOver && (await books()) === before) await new Promise((resolve) => setTimeout(resolve, 10))
    await fault({ timeout_after_charge: false })
    await done
  }

  /** Another mood for the next hundred acts. */
  async function misbehave(): Promise<void> {
    nextEpoch = figures.ops + epochOps
    // However mild the rates are that were drawn, something goes wrong in each run.
    const duplicate = random.chance(rates.duplicates) || figures.faulted === 0 ? 1 + random.below(2) : 0
    const reorder = random.chance(rates.reorder)
    const delay_ms = random.chance(0.5) ? random.below(rates.delayMs) : 0
    const conflicts = random.next() * rates.conflicts
    isTroubled = duplicate > 0 || reorder || delay_ms > 0 || conflicts > 0.05
    await fault({ duplicate, reorder, delay_ms, drop: random.below(3), forge: random.chance(0.1) })
    await server.setConflicts(conflicts)
  }

  async function fault(change: object): Promise<void> {
    await doors.sandbox(cast.admin, change)
  }

  async function advance(by: string): Promise<void> {
    businessNow = new Date((await doors.as<{ now: string }>(cast.admin, 'POST', '/admin/clock/advance', { by })).now)
    toldAt = performance.now()
  }

  /** All is healed, all comes to its end, and everything is counted. */
  async function look(): Promise<void> {
    await fault({ duplicate: 0, reorder: false, delay_ms: 0, drop: 0, forge: false })
    await server.setConflicts(0)
    nextEpoch = 0
    nextLook = figures.ops + checkEvery
    for (const [id] of model.payouts) await doors.ask(cast.admin, 'POST', '/auth/step-up', { password: cast.admin.password }).then(() => doors.ask(cast.admin, 'POST', `/admin/payouts/${id}/approve`, { note: 'simulated' }))
    await askEverything()
    for (let day = 0; day < 4; day++) await advance('P1D')
    while (model.isAboutToCharge(businessNow)) await advance('PT2M')
    for (const [id] of model.payouts) {
      const row = await server.db().collection<{ _id: string; state: string; creator_id: string }>('payouts').findOne({ _id: id })
      const bank = cast.creators.find((each) => each.id === row?.creator_id)?.bank
      const ends = row?.state === 'rejected' || !bank?.takes ? 'back' : 'sent'
      if (!row || !(ends === 'sent' ? ['completed'] : ['rejected', 'failed', 'returned']).includes(row.state)) throw new Contradiction(`payout ${id} came to ${row?.state ?? 'nothing'}`)
      model.endPayout(id, ends)
    }
    const { violations } = await doors.as<{ violations: unknown[] }>(cast.admin, 'POST', '/admin/check', { full: true })
    if (violations.length > 0) throw new Contradiction(`the check of everything finds ${JSON.stringify(violations)}`)
    const unknown = await server.db().collection('refunds').countDocuments({ state: 'processing' }) + (await server.db().collection('payments').countDocuments({ method_id: { $exists: true }, state: { $in: ['created', 'processing'] } }))
    if (unknown > 0) throw new Contradiction(`${unknown} things are still unknown although everybody answers`)
    await compare(model.expected(businessNow))
    play.settle()
    Object.assign(figures, { looks: figures.looks + 1, memberships: model.memberships.size, purchases: model.purchases.size, days: Math.round((businessNow.getTime() - began.getTime()) / (24 * hourMs)) })
    onLook(figures)
  }

  /**
   * The company is asked again by the wall's time, hours later in the end: they pass here for what it knows and we do not, and a process that
   * just started asks at once.
   */
  async function askEverything(): Promise<void> {
    const at = new Date()
    const waiting = server.db().collection<{ _id: string }>('payments').find({ next_query_at: { $exists: true }, state: { $nin: paidStates } }, { projection: { _id: 1 } })
    const charged = server.db('ovation_sandbox').collection<{ reference: string }>('charges').find({ status: 'succeeded', reference: { $in: (await waiting.toArray()).map(({ _id }) => _id) } })
    await server.db().collection<{ _id: string }>('payments').updateMany({ _id: { $in: (await charged.toArray()).map(({ reference }) => reference) } }, { $set: { next_query_at: at } })
    await server.db().collection('refunds').updateMany({ next_query_at: { $exists: true } }, { $set: { next_query_at: at } })
    await server.kill()
    for (const name of ['payments', 'refunds']) while ((await server.db().collection(name).countDocuments({ next_query_at: { $lte: at } })) > 0) await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
  }

  async function compare({ cash, earned, revenue, company }: Expected): Promise<void> {
    const balances = await balancesOf(server)
    const stands = (name: string): bigint => balances.get(`${name}/ZMW`) ?? 0n
    const wrong: string[] = []
    const same = (what: string, theirs: bigint, ours: bigint): void => void (theirs !== ours && wrong.push(`${what} is ${theirs} and should be ${ours}`))
    for (const { id, email } of [...cast.fans, ...cast.members]) same(`the cash of ${email}`, stands(`user:${id}:cash`), cash.get(id) ?? 0n)
    for (const { id, email } of cast.creators) same(`what ${email} has`, stands(`creator:${id}:pending`) + stands(`creator:${id}:available`) + stands(`creator:${id}:payout_reserved`) - stands(`debt:${id}`), earned.get(id) ?? 0n)
    same('the platform’s share of tips', stands('platform:revenue:tip'), revenue.tip)
    same('the platform’s share of memberships', stands('platform:revenue:membership'), revenue.membership)
    same('what the company holds for us', stands('provider:sandbox:clearing'), company.charged - company.refunded - company.sent)
    const books = await booksOf(server)
    same('what the company took', books.charged, company.charged)
    same('what the company gave back', books.refunded, company.refunded)
    same('what the company sent', books.sent, company.sent)
    const bought = await server.db().collection('payments').countDocuments({ purpose: { $ne: 'membership' }, state: { $in: paidStates } })
    same('how much was bought', BigInt(bought), BigInt(model.purchases.size))
    for (const [id] of model.memberships) {
      const charged = await server.db().collection('payments').countDocuments({ subject: id, state: 'succeeded' })
      same(`how often ${id} was charged`, BigInt(charged), BigInt(model.chargesOf(id, businessNow)))
    }
    if (wrong.length > 0) throw new Contradiction(wrong.join('\n'))
  }

  async function paymentOf(tipId: string): Promise<string> {
    for (;;) {
      await server.ready()
      const db = server.db()
      try {
        const tip = await db.collection<{ _id: string; payment_id: string }>('tips').findOne({ _id: tipId })
        if (!tip) throw new Contradiction(`the acknowledged tip ${tipId} is not there`)
        return tip.payment_id
      } catch (error) {
        // The store went down with its server in this moment.
        if (error instanceof Contradiction || !(error instanceof MongoError)) throw error
      }
    }
  }

  function gap(): number {
    return Math.max(perBatch, Math.round(rates.killEvery * (0.5 + random.next())))
  }
}

function drawn(random: Random, ops: number): Rates {
  return {
    timeouts: 0.1 * random.next(),
    duplicates: 0.5 * random.next(),
    reorder: 0.5 * random.next(),
    delayMs: Math.round(72 * hourMs * random.next()),
    conflicts: 0.3 * random.next(),
    // In a short run at least once.
    killEvery: Math.min(ops / 2, 50 + random.below(4_950)),
  }
}

/** Of every account, with what waits to be sealed. */
async function balancesOf(server: Server): Promise<Map<string, bigint>> {
  const balances = new Map<string, bigint>()
  const add = (id: string, amount: number): void => void balances.set(id, (balances.get(id) ?? 0n) + BigInt(amount))
  for await (const { _id, posted } of server.db().collection<{ _id: string; posted: number }>('balances').find()) add(_id, posted)
  for await (const { deltas } of server.db().collection<{ deltas: { balance: string; delta: number }[] }>('unsealed').find()) for (const { balance, delta } of deltas) add(balance, delta)
  return balances
}

async function booksOf(server: Server): Promise<{ charged: bigint; refunded: bigint; sent: bigint }> {
  const sum = async (name: string, counts: (row: { amount: number; status?: string; bank_account?: string }) => boolean): Promise<bigint> => {
    let total = 0n
    for await (const row of server.db('ovation_sandbox').collection<{ amount: number; status?: string; bank_account?: string }>(name).find()) if (counts(row)) total += BigInt(row.amount)
    return total
  }
  return {
    charged: await sum('charges', ({ status }) => status === 'succeeded'),
    refunded: await sum('refunds', ({ status }) => status === 'succeeded'),
    // The sandbox's bank refuses what ends in 0001, and sends back what ends in 0002.
    sent: await sum('transfers', ({ bank_account }) => !/000[12]$/.test(bank_account ?? '')),
  }
}
