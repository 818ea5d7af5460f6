import { expect } from 'chai'
import { Long, type MongoClient } from 'mongodb'
import { openStore, sessionNamed, signal, temporaryFolder } from './support.ts'

const rounds = Number(process.env['STORE_KILLS'] ?? 5)
const writers = 16

describe('the embedded store, killed', () => {
  it(`loses no acknowledged write and tears none, in ${rounds} rounds under load`, async function () {
    this.timeout(rounds * 12_000)
    const dir = temporaryFolder()
    const acknowledged = new Set<string>()
    for (let round = 0; round < rounds; round++) {
      // Nobody waits for a store that is dead on purpose.
      const open = await openStore(dir, {}, 500)
      let killed = false
      const pairs = open.client.db('crash').collection<{ _id: string; pair: string }>('pairs')
      await expectWhole(open.client, acknowledged)
      // Made beforehand, or all but one of the first transactions would conflict about it.
      if (round === 0) await open.client.db('crash').createCollection('pairs')
      const enough = signal()
      let inRound = 0
      const load = Array.from({ length: writers }, async (_each, who) => {
        for (let n = 0; !killed; n++) {
          const pair = `${round}-${who}-${n}`
          try {
            // By hand: withTransaction would go on trying for two minutes after the store is gone.
            await open.client.withSession(async (session) => {
              session.startTransaction()
              await pairs.insertOne({ _id: `${pair}-a`, pair }, { session })
              await pairs.insertOne({ _id: `${pair}-b`, pair }, { session })
              await session.commitTransaction()
            })
          } catch {
            return
          }
          acknowledged.add(pair)
          if (++inRound >= 60) enough.resolve()
        }
      })
      await enough.promise
      killed = true
      process.kill(open.store.pid() as number, 'SIGKILL')
      // stop() at once: the launcher is not to bring it back in this test.
      await Promise.all([open.store.stop(), open.client.close(true), ...load])
    }
    const last = await openStore(dir)
    await expectWhole(last.client, acknowledged)
    await last.close()
  })

  it('comes back by itself under a living program, which goes on', async () => {
    const open = await openStore()
    const things = open.client.db('revive').collection<{ _id: number }>('things')
    await things.insertOne({ _id: 1 })
    const pid = open.store.pid() as number
    process.kill(pid, 'SIGKILL')
    // The driver tries once more by itself, and that may come before the store is there again.
    while ((await things.countDocuments({ _id: 2 }).catch(() => 0)) === 0) await things.insertOne({ _id: 2 }).catch(() => {})
    expect(open.store.pid()).not.to.equal(pid)
    expect(await things.find().sort({ _id: 1 }).toArray()).to.deep.equal([{ _id: 1 }, { _id: 2 }])
    await open.close()
  })

  it('gives up, and says so, when it dies more than three times in a minute', async () => {
    const fatal = signal<string>()
    let up = signal()
    const open = await openStore(undefined, { onFatal: fatal.resolve, onUp: () => up.resolve() })
    for (let death = 0; death < 4; death++) {
      up = signal()
      process.kill(open.store.pid() as number, 'SIGKILL')
      if (death < 3) await up.promise
    }
    expect(await fatal.promise).to.match(/three times/)
    await open.close()
  })

  it('answers a retryable write that is sent again after the crash with what it did', async () => {
    const dir = temporaryFolder()
    const first = await openStore(dir)
    const { id } = first.client.startSession()
    const command = { update: 'counters', updates: [{ q: { _id: 1 as never }, u: { $inc: { n: 1 } }, upsert: true }], txnNumber: Long.fromNumber(1) }
    const before = await first.client.db('retry').command(command, { session: sessionNamed(first.client, id) })
    process.kill(first.store.pid() as number, 'SIGKILL')
    await Promise.all([first.store.stop(), first.client.close(true)])
    const second = await openStore(dir)
    const after = await second.client.db('retry').command(command, { session: sessionNamed(second.client, id) })
    expect({ n: after['n'], upserted: after['upserted'] }).to.deep.equal({ n: before['n'], upserted: before['upserted'] })
    expect(await second.client.db('retry').collection('counters').findOne()).to.deep.equal({ _id: 1, n: 1 })
    await second.close()
  })

  async function expectWhole(client: MongoClient, acknowledged: ReadonlySet<string>): Promise<void> {
    const counts = new Map<string, number>()
    for await (const { pair } of client.db('crash').collection<{ _id: string; pair: string }>('pairs').find()) counts.set(pair, (counts.get(pair) ?? 0) + 1)
    expect([...counts].filter(([, n]) => n !== 2), 'torn').to.deep.equal([])
    expect([...acknowledged].filter((pair) => !counts.has(pair)), 'lost').to.deep.equal([])
  }
})
