import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { createFailpoints } from '../../../src/platform/failpoint.ts'
import { createMigrations, type Migration, SchemaRefused } from '../../../src/platform/migrations.ts'
import { connectDatabase, type Database } from '../../../src/platform/mongo.ts'
import { createMovableClock, type MovableClock } from '../../support/clock.ts'
import { sharedStoreUri } from '../../support/store.ts'
import { type Item, samples } from './samples.ts'

const items = 95
const program = fileURLToPath(new URL('./run.ts', import.meta.url))

describe('migrations', () => {
  let uri: string
  let name: string
  let database: Database
  let wall: MovableClock

  beforeEach(async () => {
    uri = sharedStoreUri()
    name = `t_${randomBytes(6).toString('hex')}`
    database = await connectDatabase(uri, name)
    wall = createMovableClock()
    const rows = Array.from({ length: items }, (_none, n): Item => ({ _id: `item-${String(n).padStart(3, '0')}`, n, touched: 0 }))
    await database.connection.collection<Item>('items').insertMany(rows)
  })
  afterEach(async () => {
    await database.connection.dropDatabase()
    await database.close()
  })

  it('run in order, page by page, and once', async () => {
    expect(await runner().up({ alone: false })).to.deep.equal({ ran: ['add-one', 'double'] })
    expect(await runner().up({ alone: false })).to.deep.equal({ ran: [] })
    await expectMigratedOnce()
    const { version, known, lock, migrations } = await runner().status()
    expect({ version, known, lock }).to.deep.equal({ version: 2, known: 2, lock: undefined })
    expect(migrations.map(({ name: each, state, pages, changed }) => [each, state, pages, changed])).to.deep.equal([
      ['add-one', 'done', 10, items],
      ['double', 'done', 10, items],
    ])
  })

  it('run once when two processes start at the same moment', async () => {
    const outcomes = await Promise.all([child(), child()])
    expect(outcomes.map(({ code }) => code)).to.deep.equal([0, 0])
    expect(outcomes.flatMap(({ ran }) => ran).toSorted()).to.deep.equal(['add-one', 'double'])
    await expectMigratedOnce()
  })

  for (const point of ['migrations.after-page:4', 'migrations.in-page:4', 'migrations.in-page:10', 'migrations.after-page:10', 'migrations.in-page:13'])
    it(`go on where a process was killed (${point})`, async () => {
      expect((await child(point)).signal).to.equal('SIGKILL')
      // A transaction outlives its client for up to a minute; nobody here waits for that.
      await database.connection.db?.admin().command({ killAllSessions: [] })
      const [, first] = point.split(':').map(Number)
      const { migrations } = await runner().status()
      expect(migrations.reduce((sum, { pages }) => sum + pages, 0)).to.equal(point.includes('in-page') ? (first as number) - 1 : first)
      wall.advance({ minutes: 1 })
      await runner().up({ alone: false })
      await expectMigratedOnce()
    })

  it('wait for nobody after a start as the only process', async () => {
    expect((await child('migrations.after-page:2')).signal).to.equal('SIGKILL')
    expect((await runner().status()).lock).to.have.keys('owner', 'until')
    await runner().up({ alone: true })
    await expectMigratedOnce()
  })

  it('can be unlocked by hand, and whoever was locked out can’t commit any more', async () => {
    let unlocking: Promise<boolean> | undefined
    const holder = createMigrations({ ...common(), failpoints: { hit: (point) => void (point === 'migrations.after-page' && (unlocking ??= byHand.unlock())) } })
    const byHand = runner()
    const end = await holder.up({ alone: false }).then(
      () => 'went on to the end',
      (error: Error) => error.name,
    )
    expect(await unlocking).to.equal(true)
    expect(end).to.equal('LockLost')
    await runner().up({ alone: false })
    await expectMigratedOnce()
  })

  it('refuse a database that is newer than the code', async () => {
    await runner().up({ alone: false })
    const older = createMigrations({ ...common(), migrations: samples.slice(0, 1) })
    const refusal = await older.up({ alone: false }).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refusal).to.be.instanceOf(SchemaRefused)
    expect((refusal as Error).message).to.include('schema_version 2').and.to.include('up to 1')
    expect((await older.part().read()).ok).to.equal(false)
  })

  it('refuse a database of another history', async () => {
    await runner().up({ alone: false })
    const [first, second] = samples as [Migration, Migration]
    const other = createMigrations({ ...common(), migrations: [{ ...first, name: 'something-else' }, second] })
    const refusal = await other.up({ alone: false }).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refusal).to.be.instanceOf(SchemaRefused)
  })

  function common() {
    const quiet = () => {}
    return { connection: fresh(), migrations: samples, owner: `prc_${randomBytes(4).toString('hex')}`, wall, failpoints: createFailpoints(undefined), log: { debug: quiet, info: quiet, warn: quiet, error: quiet } }
  }

  function runner() {
    return createMigrations(common())
  }

  // Models are made once for a connection; each runner stands for a process of its own.
  function fresh() {
    for (const model of database.connection.modelNames()) database.connection.deleteModel(model)
    return database.connection
  }

  async function expectMigratedOnce(): Promise<void> {
    const rows = await database.connection.collection<Item>('items').find().sort({ _id: 1 }).toArray()
    expect(rows.map(({ n }) => n)).to.deep.equal(Array.from({ length: items }, (_none, n) => (n + 1) * 2))
    expect(rows.filter(({ touched }) => touched !== 1)).to.deep.equal([])
  }

  function child(failpoint?: string): Promise<{ code: number | null; signal: string | null; ran: string[] }> {
    const started = spawn(process.execPath, ['--import=tsx', program, uri, name, ...(failpoint ? [failpoint] : [])], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    started.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    return new Promise((resolve) => started.once('close', (code, signal) => resolve({ code, signal, ran: output ? (JSON.parse(output) as string[]) : [] })))
  }
})
