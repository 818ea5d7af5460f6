import type { AnyBulkWriteOperation } from 'mongoose'
import type { Bell } from '../../kernel/bell.ts'
import type { Wall } from '../../kernel/clock.ts'
import type { Context, Logger } from '../../kernel/context.ts'
import type { Failpoints } from '../../platform/failpoint.ts'
import type { Leases } from '../../platform/lease.ts'
import type { UnitOfWork } from '../../platform/unit-of-work.ts'
import { kindOf, splitBalanceId } from './chart.ts'
import type { Delta } from './entry.ts'
import { merkleRoot } from './merkle.ts'
import type { BalanceRow, BatchRow, LedgerModels } from './model.ts'
import { hashBatch, leafOf } from './proof.ts'

const maxRows = 500
const leaseMs = 5_000
/** What is posted within it is sealed together. */
const gatherMs = 250
export const genesis = '0'.repeat(64)

export interface Sealer {
  /** Seals what waits, batch by batch, until nothing does. Says how many entries it sealed. */
  sealAll(): Promise<number>
  /** Something is being posted. */
  soon(): void
  /** One turn of the timer: seals when this process holds the lease and something waits. */
  tick(): Promise<void>
  /** how long the oldest entry has been waiting; 0 when none waits */
  oldestSeconds(): Promise<number>
}

/** Thrown inside the transaction when another sealer moved the head first. */
class HeadMoved extends Error {
  override readonly name = 'HeadMoved'
}

export function createSealer({
  models,
  unitOfWork,
  leases,
  wall,
  context,
  failpoints,
  bell,
  log,
}: {
  models: LedgerModels
  unitOfWork: UnitOfWork
  leases: Leases
  wall: Wall
  context: () => Context
  failpoints: Failpoints
  bell: Pick<Bell, 'ring'>
  log: Logger
}): Sealer {
  const { Entries, Balances, Unsealed, Batches, Heads } = models
  let lastTurn: Promise<unknown> = Promise.resolve()
  let isAsked = false
  let isAskedAgain = false

  return Object.freeze({ sealAll, soon, tick, oldestSeconds })

  function soon(): void {
    isAskedAgain = isAsked
    if (isAsked) return
    isAsked = true
    bell.ring(gatherMs)
  }

  async function tick(): Promise<void> {
    // What was posted shortly before may not be committed yet: it has a turn of its own.
    isAsked = false
    if (isAskedAgain) soon()
    if (!(await Unsealed.exists({}))) return
    // The lease is thrift: correctness is the compare-and-set on the head.
    if (await leases.hold('sealer', leaseMs)) await sealAll()
  }

  async function oldestSeconds(): Promise<number> {
    const row = await Unsealed.findOne({}, { since: 1 }).sort({ _id: 1 }).lean()
    return row ? Math.max(0, (wall.now().getTime() - row.since.getTime()) / 1_000) : 0
  }

  async function sealAll(): Promise<number> {
    const turn = lastTurn.then(drain, drain)
    lastTurn = turn.catch(() => {})
    return turn
  }

  async function drain(): Promise<number> {
    let sealed = 0
    let rows = maxRows
    for (;;) {
      try {
        const count = await sealBatch(rows)
        sealed += count
        if (count < rows) return sealed
        rows = maxRows
      } catch (error) {
        // Against debits of the same accounts, a smaller batch gets through.
        if (rows === 1 && !(error instanceof HeadMoved)) throw error
        log.debug({ err: error, rows }, 'a batch conflicted; half of it next')
        rows = Math.max(1, Math.floor(rows / 2))
      }
    }
  }

  async function sealBatch(limit: number): Promise<number> {
    return unitOfWork.run(context(), async () => {
      const rows = await Unsealed.find({}).sort({ _id: 1 }).limit(limit).lean()
      if (rows.length === 0) return 0
      const ids = rows.map((row) => row._id)
      const head = await Heads.findById('head').lean()
      const batch = await makeBatch(head?.n ?? 0, head?.hash ?? genesis, ids)
      const moved = await Heads.updateOne({ _id: 'head', n: head?.n ?? 0 }, { $set: { n: batch._id, hash: batch.hash } }, { upsert: head === null })
      if (moved.modifiedCount + moved.upsertedCount !== 1) throw new HeadMoved()
      const sums = addUp(rows.flatMap((row) => row.deltas))
      if (sums.length > 0) await Balances.bulkWrite(sums.map(toUpdate))
      await Unsealed.deleteMany({ _id: { $in: ids } })
      await Batches.insertMany([batch])
      failpoints.hit('ledger.seal.before-commit')
      return rows.length
    })
  }

  async function makeBatch(n: number, prev: string, ids: string[]): Promise<BatchRow> {
    const entries = await Entries.find({ _id: { $in: ids } })
      .sort({ _id: 1 })
      .lean()
    if (entries.length !== ids.length) throw new Error('An unsealed row names an entry that is not there')
    const root = merkleRoot(entries.map(leafOf)).toString('hex')
    const header = { _id: n + 1, prev, root, count: ids.length, entry_ids: ids, sealed_at: wall.now() }
    return { ...header, hash: hashBatch({ n: n + 1, prev, root, count: ids.length, sealed_at: header.sealed_at.toISOString() }) }
  }
}

function toUpdate({ balance, delta }: Delta): AnyBulkWriteOperation<BalanceRow> {
  return { updateOne: { filter: { _id: balance }, update: { $inc: { posted: delta }, $setOnInsert: { class: kindOf(splitBalanceId(balance).name).class } }, upsert: true } }
}

function addUp(deltas: readonly Delta[]): Delta[] {
  const totals = new Map<string, number>()
  for (const { balance, delta } of deltas) totals.set(balance, (totals.get(balance) ?? 0) + delta)
  return [...totals]
    .map(([balance, delta]) => ({ balance, delta }))
    .filter(({ delta }) => delta !== 0)
    .toSorted((a, b) => (a.balance < b.balance ? -1 : 1))
}
