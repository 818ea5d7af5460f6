import { type ChildProcess, fork, spawn } from 'node:child_process'
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { MongoClient } from 'mongodb'
import { openLmdb } from '../../../src/embedded-mongo/storage/lmdb-storage.ts'
import { misplacedPage } from '../../../src/embedded-mongo/storage/pages.ts'
import { openStore, refusalOf, signal, temporaryFolder } from './support.ts'

const edits = Number(process.env['STORE_EDITS'] ?? 60)
const pageBytes = 4_096

describe('a damaged file of the embedded store', () => {
  let dir: string
  beforeEach(() => {
    dir = temporaryFolder()
  })
  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  // With the first, an old page stands where a newer one of the same records belongs.
  for (const seed of [659_233_625, Number(process.env['STORE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))])
    it(`is refused or reads as before, after each of ${edits} random edits (seed ${seed})`, async function () {
      this.timeout(Math.max(60_000, edits * 400))
      const random = randomFrom(seed)
      const whole = join(dir, 'whole.mdb')
      const storage = openLmdb(whole, { floorBytes: 0 })
      for (let round = 0; round < 40; round++)
        await storage.commit(Array.from({ length: 25 }, (_each, n) => ({ key: `k${(round * 25 + n * 7) % 700}`, value: round % 5 === 0 && n < 5 ? null : Buffer.alloc(20 + random(600), round) })))
      await storage.close()
      const judge = createJudge()
      const expected = await judge.of(whole)
      expect(expected).to.match(/^[0-9a-f]{64}$/)
      const verdicts = { refused: 0, unharmed: 0 }
      for (let edit = 0; edit < edits; edit++) {
        const file = join(dir, `edit-${edit}.mdb`)
        const what = damage(whole, file, random)
        const verdict = await judge.of(file)
        if (verdict === expected) verdicts.unharmed += 1
        else {
          expect(verdict, `${what}, edit ${edit} of seed ${seed}`).to.match(/^(refused|died)/)
          verdicts.refused += 1
        }
        rmSync(file, { force: true })
        rmSync(`${file}-lock`, { force: true })
      }
      judge.end()
      expect(verdicts.refused, `seed ${seed}`).to.be.above(0)
    })

  it('is read whole with records beside its tree, and refused when one of their pages says that it is another', async () => {
    const file = join(dir, 'large.mdb')
    const storage = openLmdb(file, { floorBytes: 0 })
    for (let round = 0; round < 5; round++) await storage.commit(Array.from({ length: 20 }, (_each, n) => ({ key: `k${round * 20 + n}`, value: Buffer.alloc(n % 5 === 0 ? 10_000 : 300, round) })))
    expect(storage.verify(Number.POSITIVE_INFINITY)).to.equal(true)
    await storage.close()
    const bytes = readFileSync(file)
    const isBeside = (at: number) => bytes.readBigUInt64LE(at) === BigInt(at / pageBytes) && bytes.readUInt16LE(at + 18) === 4
    const beside = Array.from({ length: Math.floor(bytes.length / pageBytes) }, (_each, n) => n * pageBytes).slice(2).filter(isBeside)
    expect(beside).to.have.length.above(10)
    bytes.writeBigUInt64LE(1n, beside[0] as number)
    writeFileSync(file, bytes)
    expect(misplacedPage(file, Number.POSITIVE_INFINITY)).to.match(/says that it is page 1$/)
  })

  it('that can not grow any more refuses writes, answers reads, and has lost nothing when there is room again', async function () {
    this.timeout(30_000)
    const store = await startLimited(join(dir, 'store'), 16_384)
    const client = await new MongoClient(store.uri, { serverSelectionTimeoutMS: 5_000 }).connect()
    const rows = client.db('full').collection<{ _id: number; text: string }>('rows')
    const acknowledged: number[] = []
    let refusal: { code?: number } | undefined
    for (let n = 0; !refusal; n++) {
      await rows.insertOne({ _id: n, text: 'x'.repeat(100_000) }).then(
        () => acknowledged.push(n),
        (error: { code?: number }) => (refusal = error),
      )
    }
    // Out of space where the system says so; a write that was cut in the middle is an error of input and output.
    expect(refusal?.code).to.be.oneOf([14031, 96])
    expect((await refusalOf(rows.insertOne({ _id: -1, text: 'x'.repeat(100_000) }))).message).to.include('store.mdb')
    expect(await rows.countDocuments()).to.equal(acknowledged.length)
    await client.close()
    await store.end()
    const again = await openStore(join(dir, 'store'))
    const found = again.client.db('full').collection<{ _id: number; text: string }>('rows')
    expect((await found.find().toArray()).map(({ _id }) => _id)).to.deep.equal(acknowledged)
    await found.insertOne({ _id: -1, text: 'x'.repeat(100_000) })
    await again.close()
  })

  /** The store's program with a limit on the size of any file that it writes, in KiB: the disk of the poor. */
  async function startLimited(folder: string, kibibytes: number): Promise<{ uri: string; end(): Promise<void> }> {
    const socket = join(dir, 'limited.sock')
    const entry = fileURLToPath(new URL('../../../src/embedded-mongo/main.ts', import.meta.url))
    const script = `trap '' XFSZ; ulimit -f ${kibibytes}; exec "$0" "$@"`
    const child = spawn('bash', ['-c', script, process.execPath, ...process.execArgv, entry, '--dir', folder, '--socket', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
    const ready = signal()
    const ended = signal()
    child.stdout.once('data', ready.resolve)
    child.once('exit', () => ended.resolve())
    await Promise.race([ready.promise, ended.promise])
    return {
      uri: `mongodb://${encodeURIComponent(socket)}/?directConnection=true`,
      async end() {
        child.kill('SIGTERM')
        await ended.promise
      },
    }
  }
})

function damage(from: string, to: string, random: (below: number) => number): string {
  copyFileSync(from, to)
  const bytes = readFileSync(to)
  const pages = Math.floor(bytes.length / pageBytes)
  const at = random(bytes.length)
  const [one, other] = [random(pages) * pageBytes, random(pages) * pageBytes]
  switch (random(5)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << random(8))
      writeFileSync(to, bytes)
      return `a bit at ${at}`
    case 1:
      bytes.fill(random(256), at, at + 1 + random(64))
      writeFileSync(to, bytes)
      return `bytes at ${at}`
    case 2:
      bytes.fill(0, one, one + pageBytes)
      writeFileSync(to, bytes)
      return `a page at ${one} emptied`
    case 3:
      bytes.copyWithin(one, other, other + pageBytes)
      writeFileSync(to, bytes)
      return `a page at ${one} overwritten by the one at ${other}`
    default:
      truncateSync(to, at)
      return `cut at ${at}`
  }
}

/** Asks a child; one that dies of a file is replaced, and its death is the verdict. */
function createJudge(): { of(file: string): Promise<string>; end(): void } {
  let child: ChildProcess | undefined
  return { of, end: () => void child?.kill('SIGKILL') }

  async function of(file: string): Promise<string> {
    child ??= fork(fileURLToPath(new URL('damaged-file.ts', import.meta.url)), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    const judge = child
    const verdict = signal<string>()
    const died = (): void => {
      child = undefined
      verdict.resolve('died')
    }
    judge.once('message', (told) => verdict.resolve(String(told)))
    judge.once('exit', died)
    judge.send(file)
    return verdict.promise.finally(() => judge.off('exit', died))
  }
}

function randomFrom(start: number): (below: number) => number {
  let state = start >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
