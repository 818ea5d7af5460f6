import { expect } from 'chai'
import type { ClientSession } from 'mongodb'
import { openDeployment } from '../spec/deployment.ts'
import type { Deployment } from '../spec/deployment.ts'
import { attempt } from './attempt.ts'
import { moveMoney } from './bank.ts'
import { createBudget } from './budget.ts'
import { findAnomalies } from './history.ts'
import { appendToLists } from './list-append.ts'
import { createRandom } from '../../../scripts/random.ts'
import { isolationSeed } from './seed.ts'

const sessions = 8
const database = 'isolation-tests'

describe('transactions of many sessions at once', function () {
  this.timeout(30_000)
  let deployment: Deployment
  const seed = isolationSeed()

  before(async () => {
    deployment = await openDeployment()
    await deployment.admin.db(database).dropDatabase()
  })

  after(() => deployment?.close())

  it(`leave a history of lists that snapshots explain (seed ${seed})`, async () => {
    const budget = createBudget({ transactions: 3_000, milliseconds: 7_000 })
    const { history, final } = await appendToLists({ client: deployment.admin, database, sessions, random: createRandom(seed), budget })
    say('list-append', seed, history.filter(({ outcome }) => outcome === 'committed').length, history.length)
    expect(findAnomalies(history, final)).to.deep.equal([])
    expect(history.some(({ outcome }) => outcome === 'committed')).to.equal(true)
  })

  it(`neither make nor lose money, and find by index what a scan finds (seed ${seed})`, async () => {
    const budget = createBudget({ transactions: 2_000, milliseconds: 7_000 })
    const outcomes = await moveMoney({ client: deployment.admin, database, sessions, random: createRandom(seed), budget })
    say('bank', seed, outcomes.committed, budget.spent())
    expect(outcomes.committed).to.be.above(0)
  })

  it('may skew two writes that touch different documents, as a snapshot allows', async () => {
    const { on } = await takeBothOffCall({ guarded: false })
    expect(on).to.equal(0)
  })

  it('cannot skew them when both also write one document', async () => {
    const { on, outcomes } = await takeBothOffCall({ guarded: true })
    expect(on).to.equal(1)
    expect(outcomes.toSorted()).to.deep.equal(['aborted', 'committed'])
  })

  /** Two doctors, each going off call because the other is on, each in a snapshot drawn before the other wrote. */
  async function takeBothOffCall({ guarded }: { guarded: boolean }) {
    const client = deployment.admin
    const doctors = client.db(database).collection<{ _id: string; on: boolean }>('doctors')
    const rota = client.db(database).collection<{ _id: string; version: number }>('rota')
    await doctors.deleteMany()
    await rota.deleteMany()
    await doctors.insertMany(['ada', 'ben'].map((_id) => ({ _id, on: true })))
    await rota.insertOne({ _id: 'tonight', version: 0 })
    const bothLooked = meetingOf(2)

    const outcomes = await Promise.all(['ada', 'ben'].map((name) => attempt(client, (session) => goOff(session, name))))
    return { outcomes, on: await doctors.countDocuments({ on: true }) }

    async function goOff(session: ClientSession, name: string): Promise<void> {
      const others = await doctors.countDocuments({ _id: { $ne: name }, on: true }, { session })
      await bothLooked()
      if (others > 0) await doctors.updateOne({ _id: name }, { $set: { on: false } }, { session })
      if (guarded) await rota.updateOne({ _id: 'tonight' }, { $inc: { version: 1 } }, { session })
    }
  }
})

/** Resolves for all when the last has come. */
function meetingOf(count: number): () => Promise<void> {
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  let missing = count
  return () => {
    if (--missing === 0) open()
    return opened
  }
}

function say(what: string, seed: number, committed: number, tried: number): void {
  process.stdout.write(`\nisolation ${what}: seed ${seed}, ${sessions} sessions, ${tried} transactions, ${committed} committed\n`)
}
