import type { ClientSession, Collection, MongoClient } from 'mongodb'
import { attempt, ChangedMind, isConflict } from './attempt.ts'
import type { Budget } from './budget.ts'
import type { Step, Transaction } from './history.ts'
import type { Random } from '../../../scripts/random.ts'

interface List {
  _id: number
  values: number[]
}

/** Few keys, so that sessions meet; each retired after a while, so that lists stay short. */
const liveKeys = 6
const appendsPerKey = 40

/**
 * Several sessions read and append to a few lists, in transactions of one to five steps and in single writes beside them;
 * one in ten transactions takes back what it did. Returns what happened, and the lists at the end.
 */
export async function appendToLists(options: {
  client: MongoClient
  database: string
  sessions: number
  random: Random
  budget: Budget
}): Promise<{ history: Transaction[]; final: Map<number, number[]> }> {
  const { client, sessions, random, budget } = options
  const lists = client.db(options.database).collection<List>('lists')
  const history: Transaction[] = []
  let instant = 0
  let appended = 0

  await Promise.all(Array.from({ length: sessions }, (_, number) => work(random.stream(number))))
  const all = await lists.find().toArray()
  return { history, final: new Map(all.map(({ _id, values }) => [_id, values])) }

  async function work(own: Random): Promise<void> {
    while (budget.spend()) {
      const transaction: Transaction = { id: history.length + 1, begun: instant++, ended: Infinity, outcome: 'unknown', steps: [] }
      history.push(transaction)
      const run = own.chance(0.15) ? single(own, transaction) : many(own, transaction)
      transaction.outcome = await run
      if (transaction.outcome !== 'unknown') transaction.ended = instant++
    }
  }

  async function many(own: Random, transaction: Transaction): Promise<Transaction['outcome']> {
    const plan = Array.from({ length: 1 + own.below(5) }, () => ({ key: someKey(own), reads: own.chance(0.5) }))
    const takesBack = own.chance(0.1)
    return attempt(client, async (session) => {
      for (const { key, reads } of plan) transaction.steps.push(reads ? await read(lists, key, session) : await append(lists, key, session))
      if (takesBack) throw new ChangedMind()
    })
  }

  /** A write with no transaction around it waits for those that hold its document; it may lose only the race to insert it. */
  async function single(own: Random, transaction: Transaction): Promise<Transaction['outcome']> {
    try {
      transaction.steps.push(await append(lists, someKey(own)))
      return 'committed'
    } catch (error) {
      if (isConflict(error)) return 'aborted'
      throw error
    }
  }

  function someKey(own: Random): number {
    return Math.floor(appended / (liveKeys * appendsPerKey)) * liveKeys + own.below(liveKeys)
  }

  async function append(collection: Collection<List>, key: number, session?: ClientSession): Promise<Step> {
    const value = ++appended
    await collection.updateOne({ _id: key }, { $push: { values: value } }, { upsert: true, session })
    return { kind: 'append', key, value }
  }
}

async function read(collection: Collection<List>, key: number, session: ClientSession): Promise<Step> {
  const list = await collection.findOne({ _id: key }, { session })
  return { kind: 'read', key, values: list?.values ?? [] }
}
