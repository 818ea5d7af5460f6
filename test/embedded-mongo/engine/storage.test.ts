import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { rangeOf } from '../../../src/embedded-mongo/keys.ts'
import { checkedStorage } from '../../../src/embedded-mongo/storage/checked.ts'
import { openLmdb } from '../../../src/embedded-mongo/storage/lmdb-storage.ts'
import type { Storage } from '../../../src/embedded-mongo/storage/storage.ts'
import { createClaims } from '../../../src/embedded-mongo/transactions/claims.ts'
import { createEngine, type Transaction } from '../../../src/embedded-mongo/transactions/engine.ts'
import { createSortedKeys } from '../../../src/embedded-mongo/transactions/sorted-keys.ts'
import { temporaryFolder } from './support.ts'

const seed = Number(process.env['STORE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

describe('storage of the embedded store', () => {
  let dir: string
  let storage: Storage
  let violations: string[]

  beforeEach(() => {
    dir = temporaryFolder()
    violations = []
    storage = checkedStorage(openLmdb(join(dir, 'store.mdb'), { floorBytes: 0 }), (what) => void violations.push(what))
  })
  afterEach(async () => {
    await storage.close()
    rmSync(dir, { recursive: true, force: true })
    expect(violations).to.deep.equal([])
  })

  it('keeps its contract while eight write and read at once, and shares flushes', async () => {
    const random = randomFrom(seed)
    await Promise.all(
      Array.from({ length: 8 }, async (_each, who) => {
        for (let round = 0; round < 60; round++) {
          const view = storage.snapshot()
          const keys = Array.from({ length: 5 }, () => keyNamed(random(200)))
          // All of a commit's keys get one value, so that half a commit would show.
          const value = Buffer.from(`${who}-${round}-${'v'.repeat(random(3_000))}`)
          const committed = storage.commit([...new Set(keys)].map((key) => ({ key, value: random(4) === 0 ? null : value })))
          view.get(keyNamed(random(200)))
          await new Promise((resolve) => setImmediate(resolve))
          const [low = '', high = ''] = [keyNamed(random(200)), keyNamed(random(200))].toSorted()
          const seen = [...view.range(low, high, round % 2 === 0)].length
          expect([...view.range(low, high, round % 2 === 1)]).to.have.length(seen)
          view.release()
          await committed
        }
      }),
    )
    const { commits, flushes } = storage.stats()
    expect(commits).to.equal(480)
    expect(flushes / commits, `seed ${seed}`).to.be.below(1)
  })

  it('refuses a key that does not fit without harm to what is committed beside it', async () => {
    const good = storage.commit([{ key: 'a', value: Buffer.from('1') }])
    const plain = openLmdb(join(dir, 'other.mdb'), { floorBytes: 0 })
    await plain.commit([{ key: 'x', value: Buffer.from('1') }])
    const outcomes = await Promise.allSettled([
      plain.commit([
        { key: 'half', value: Buffer.from('1') },
        { key: 'k'.repeat(2_000), value: Buffer.from('1') },
      ]),
      plain.commit([{ key: 'y', value: Buffer.from('1') }]),
    ])
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled'])
    const view = plain.snapshot()
    expect([...view.range('a', 'z', false)].map(({ key }) => key)).to.deep.equal(['x', 'y'])
    view.release()
    await plain.close()
    await good
  })

  it('refuses to write when the disk is nearly full, and reads on', async () => {
    const file = join(dir, 'full.mdb')
    const roomy = openLmdb(file, { floorBytes: 0 })
    await roomy.commit([{ key: 'a', value: Buffer.from('1') }])
    await roomy.close()
    const full = openLmdb(file, { floorBytes: Number.MAX_SAFE_INTEGER })
    const refusal = await full.commit([{ key: 'b', value: Buffer.from('2') }]).catch((error: unknown) => error)
    expect(refusal).to.include({ code: 14031, codeName: 'OutOfDiskSpace' })
    const view = full.snapshot()
    expect(view.get('a')?.toString()).to.equal('1')
    expect(view.get('b')).to.equal(undefined)
    view.release()
    await full.close()
  })

  it('says so when a snapshot is used after its release, instead of reading freed memory', () => {
    const inner = openLmdb(join(dir, 'released.mdb'), { floorBytes: 0 })
    const view = inner.snapshot()
    view.release()
    expect(() => view.get('a')).to.throw(/after its release/)
    expect(() => [...view.range('a', 'b', false)]).to.throw(/after its release/)
    return inner.close()
  })

  it('gives interleaved transactions snapshots, own writes, and no lost update', async () => {
    const engine = createEngine(storage)
    const random = randomFrom(seed)
    const accounts = 6
    await engine.alone((transaction) => {
      for (let at = 0; at < accounts; at++) transaction.put(keyNamed(at), Buffer.from('100'))
    })
    const outcomes = { moved: 0, refused: 0 }
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let round = 0; round < 50; round++) {
          const transaction = engine.begin()
          try {
            const [from, to] = [random(accounts), random(accounts)]
            expect(totalOf(transaction)).to.equal(accounts * 100)
            await pause(random)
            add(transaction, from, -7)
            await pause(random)
            add(transaction, to, 7)
            expect(totalOf(transaction)).to.equal(accounts * 100)
            await pause(random)
            await engine.commit(transaction)
            outcomes.moved += 1
          } catch (error) {
            engine.abort(transaction)
            if ((error as { code?: number }).code !== 112) throw error
            outcomes.refused += 1
          }
        }
      }),
    )
    expect(engine.look(totalOf)).to.equal(accounts * 100)
    expect(outcomes.moved, `seed ${seed}`).to.be.above(0)
    expect(engine.stats().open_transactions).to.equal(0)

    function add(transaction: Transaction, account: number, amount: number): void {
      transaction.claim(`account ${account}`)
      transaction.put(keyNamed(account), Buffer.from(String(Number(transaction.get(keyNamed(account))) + amount)))
    }
    function totalOf(transaction: Transaction): number {
      return [...transaction.range(keyNamed(0), keyNamed(accounts))].reduce((sum, { value }) => sum + Number(value), 0)
    }
  })

  it('takes back to its savepoint what a statement put, in scans as well', () => {
    const engine = createEngine(storage)
    engine.look((transaction) => {
      transaction.put('b', Buffer.from('1'))
      const undo = transaction.savepoint()
      transaction.put('a', Buffer.from('2'))
      transaction.put('b', null)
      transaction.put('b', Buffer.from('3'))
      expect([...transaction.range('a', 'z')].map(({ key, value }) => key + value.toString())).to.deep.equal(['a2', 'b3'])
      undo()
      expect([...transaction.range('a', 'z')].map(({ key, value }) => key + value.toString())).to.deep.equal(['b1'])
      expect([...transaction.range('a', 'z', true)]).to.have.length(1)
    })
  })

  it('runs a write again for as long as somebody holds what it wants, and lets every waiter have its turn', async () => {
    const engine = createEngine(storage)
    const holder = engine.begin()
    holder.claim('it')
    const order: number[] = []
    const waiters = Array.from({ length: 50 }, (_each, n) =>
      engine.alone((transaction) => {
        transaction.claim('it')
        transaction.put('it', Buffer.from(String(n)))
        transaction.onCommit(() => order.push(n))
      }),
    )
    engine.abort(holder)
    await Promise.all(waiters)
    expect(order).to.deep.equal(Array.from({ length: 50 }, (_each, n) => n))
    // Once to find it held, once to have it: nobody is woken in vain.
    expect(engine.stats().waits).to.equal(50)
  })

  it('wakes the next when the one that was woken wants nothing any more', async () => {
    const engine = createEngine(storage)
    const holder = engine.begin()
    holder.claim('it')
    let tries = 0
    const fickle = engine.alone((transaction) => {
      if (tries++ === 0) transaction.claim('it')
    })
    const failing = engine.alone((transaction) => {
      if (tries++ < 3) transaction.claim('it')
      throw new Error('changed its mind')
    })
    const patient = engine.alone((transaction) => transaction.claim('it'))
    engine.abort(holder)
    await Promise.all([fickle, failing.catch(() => {}), patient])
  })

  it('keeps keys in order whatever comes and goes', () => {
    const steps = fc.array(fc.record({ add: fc.boolean(), n: fc.nat(900) }), { maxLength: 3_000 })
    fc.assert(
      fc.property(steps, fc.nat(900), fc.nat(900), (done, one, other) => {
        const keys = createSortedKeys()
        const model = new Set<string>()
        for (const { add, n } of done) {
          if (add) keys.add(keyNamed(n))
          else keys.remove(keyNamed(n))
          if (add) model.add(keyNamed(n))
          else model.delete(keyNamed(n))
        }
        const [low = '', high = ''] = [keyNamed(one), keyNamed(other)].toSorted()
        expect(keys.between(low, high)).to.deep.equal([...model].filter((key) => key >= low && key < high).toSorted())
      }),
      { seed, numRuns: 60 },
    )
  })

  it('lets many share a subject and one hold it', () => {
    const claims = createClaims<string>()
    expect([claims.share('c', 'a'), claims.share('c', 'b'), claims.hold('c', 'a')]).to.deep.equal([true, true, false])
    claims.release('c', 'b')
    expect([claims.hold('c', 'a'), claims.share('c', 'b'), claims.share('c', 'a'), claims.has('c', 'a'), claims.has('c', 'b')]).to.deep.equal([true, false, true, true, false])
    claims.release('c', 'a')
    expect(claims.hold('c', 'b')).to.equal(true)
  })

  it('puts every key where its bytes belong, and long ones near their place', () => {
    expect(rangeOf.within('index', 7, 'a', 'b')).to.deep.equal({ start: '\x03\x00\x00\x00\x07a', end: '\x03\x00\x00\x00\x07b' })
    const long = 'x'.repeat(5_000)
    const { start, end } = rangeOf.within('index', 7, long, `${long}y`)
    expect(start.length).to.be.below(1_000)
    expect(start < end).to.equal(true)
  })
})

function keyNamed(n: number): string {
  return `k${String(n).padStart(4, '0')}`
}

async function pause(random: (below: number) => number): Promise<void> {
  for (let turns = random(3); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
}

function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
