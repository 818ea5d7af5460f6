import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from '../../src/embedded-mongo/document.ts'
import { startEmbeddedStore } from '../../src/embedded-mongo/launcher.ts'
import { openLmdb } from '../../src/embedded-mongo/storage/lmdb-storage.ts'
import { MongoClient } from 'mongodb'
import { line, rate } from './stats.ts'

const workers = 64
const each = 40

/** The store over its wire, beside the same documents put straight into LMDB in the same run: the floor. */
export async function benchStore(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-'))
  const store = await startEmbeddedStore({ dir: join(dir, 'store') })
  const client = await new MongoClient(store.uri, { maxPoolSize: workers, writeConcern: { w: 'majority', journal: true } }).connect()
  const rows = client.db('bench').collection<{ _id: string; owner: string; n: number }>('rows')
  await rows.createIndex({ owner: 1 })
  const floor = openLmdb(join(dir, 'floor.mdb'))
  const total = workers * each

  const floorPuts = await timed((worker, n) => floor.commit([{ key: `a${worker}-${n}`, value: encode(rowOf(worker, n)) }]))
  const inserts = await timed((worker, n) => rows.insertOne(rowOf(worker, n)))
  line('store: inserts, 64 at once', rate(total, inserts), `raw LMDB ${rate(total, floorPuts)}`, `ratio ${(floorPuts / inserts).toFixed(2)}`)

  const floorGets = await timed(async (worker, n) => {
    const view = floor.snapshot()
    view.get(`a${worker}-${n}`)
    view.release()
  })
  const finds = await timed((worker, n) => rows.findOne({ owner: `owner ${worker}-${n}` }))
  line('store: finds by an index, 64 at once', rate(total, finds), `raw LMDB ${rate(total, floorGets)}`, `ratio ${(floorGets / finds).toFixed(3)}`)

  const floorPairs = await timed((worker, n) =>
    floor.commit([
      { key: `b${worker}-${n}`, value: encode(rowOf(worker, n)) },
      { key: `c${worker}-${n}`, value: encode(rowOf(worker, n)) },
    ]),
  )
  const before = await counters()
  const pairs = await timed((worker, n) =>
    client.withSession((session) =>
      session.withTransaction(async () => {
        await rows.updateOne({ _id: `${worker}-${n}` }, { $inc: { n: 1 } }, { session })
        await rows.insertOne({ ...rowOf(worker, n), _id: `second-${worker}-${n}` }, { session })
      }),
    ),
  )
  const after = await counters()
  line('store: transactions of two documents, 64 at once', rate(total, pairs), `raw LMDB ${rate(total, floorPairs)}`, `ratio ${(floorPairs / pairs).toFixed(2)}`, `flushes per commit ${((after.flushes - before.flushes) / (after.commits - before.commits)).toFixed(2)}`)

  await client.close()
  await store.stop()
  await floor.close()
  rmSync(dir, { recursive: true, force: true })

  async function counters(): Promise<{ commits: number; flushes: number }> {
    return (await client.db('admin').command({ serverStatus: 1 }))['ovation'] as { commits: number; flushes: number }
  }
}

function rowOf(worker: number, n: number): { _id: string; owner: string; n: number } {
  return { _id: `${worker}-${n}`, owner: `owner ${worker}-${n}`, n }
}

async function timed(work: (worker: number, n: number) => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await Promise.all(
    Array.from({ length: workers }, async (_each, worker) => {
      for (let n = 0; n < each; n++) await work(worker, n)
    }),
  )
  return performance.now() - started
}
