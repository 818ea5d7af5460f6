import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { startEmbeddedStore, StoreRefused } from '../../support/built.ts'
import { openStore, temporaryFolder } from './support.ts'

describe('the folder of an embedded store', () => {
  let dir: string
  let backup: string

  before(async () => {
    dir = temporaryFolder()
    backup = temporaryFolder()
    const open = await openStore(dir)
    const rows = Array.from({ length: 3_000 }, (_each, n) => ({ _id: n as never, text: 'x'.repeat(200) }))
    await open.client.db('folder').collection('rows').insertMany(rows)
    await open.client.close()
    await open.store.stop()
    for (const file of ['store.mdb', 'manifest.json']) copyFileSync(join(dir, file), join(backup, file))
  })
  after(() => {
    rmSync(dir, { recursive: true, force: true })
    rmSync(backup, { recursive: true, force: true })
  })
  beforeEach(() => {
    rmSync(dir, { recursive: true, force: true })
    mkdirSync(dir)
    for (const file of ['store.mdb', 'manifest.json']) copyFileSync(join(backup, file), join(dir, file))
  })

  const damages: [string, (file: string) => void][] = [
    ['empty', (file) => truncateSync(file, 0)],
    ['cut in half', (file) => truncateSync(file, Math.floor(readFileSync(file).length / 2))],
    ['gone', (file) => rmSync(file)],
    ['garbage', (file) => writeFileSync(file, Buffer.alloc(200_000, 0xa5))],
    ['foreign', (file) => writeFileSync(file, 'SQLite format 3\0'.padEnd(100_000, 'x'))],
    ['without its first pages', (file) => overwrite(file, 0, 8_192, 0)],
    ['changed in one bit of a record', flipRecords],
  ]
  for (const [what, damage] of damages)
    it(`is refused when the file is ${what}, with the file and the remedy named, and is not touched`, async () => {
      const file = join(dir, 'store.mdb')
      damage(file)
      const refusal = await refusalOf(dir)
      expect(refusal.message).to.include('store.mdb').and.to.match(/[Rr]estore|[Mm]ove/)
      expect(refusal.exitCode).to.equal(78)
    })

  it('is refused when the store is older than its manifest', async () => {
    const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as { generation: number }
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ ...manifest, generation: manifest.generation + 5 }))
    expect((await refusalOf(dir)).message).to.match(/older than its manifest/)
  })

  it('is refused when it is of another format', async () => {
    const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as object
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify({ ...manifest, format_version: 99 }))
    expect((await refusalOf(dir)).message).to.match(/format 99/)
  })

  it('is refused with exit code 75 while another process holds it', async function () {
    this.timeout(30_000)
    const open = await openStore(dir)
    const refusal = await refusalOf(dir)
    expect(refusal.exitCode).to.equal(75)
    expect(refusal.message).to.include(String(open.store.pid()))
    await open.client.close()
    await open.store.stop()
  })

  it('is taken over at once when its holder is dead', async () => {
    const open = await openStore(dir)
    process.kill(open.store.pid() as number, 'SIGKILL')
    await open.store.stop()
    await open.client.close(true)
    const again = await openStore(dir)
    expect(await again.client.db('folder').collection('rows').countDocuments()).to.equal(3_000)
    await again.client.close()
    await again.store.stop()
  })

  it('stands beside another one', async () => {
    const [one, two] = await Promise.all([openStore(), openStore()])
    await one.client.db('a').collection('b').insertOne({ _id: 1 as never })
    expect(await two.client.db('a').collection('b').countDocuments()).to.equal(0)
    await Promise.all([one.close(), two.close()])
  })
})

async function refusalOf(dir: string): Promise<InstanceType<typeof StoreRefused>> {
  try {
    const store = await startEmbeddedStore({ dir })
    await store.stop()
  } catch (error) {
    if (error instanceof StoreRefused) return error
    throw error
  }
  throw new Error('It was opened')
}

function overwrite(file: string, from: number, to: number, byte: number): void {
  const bytes = readFileSync(file)
  bytes.fill(byte, from, to)
  writeFileSync(file, bytes)
}

// Every copy: the first one found may lie in a page that is free already.
function flipRecords(file: string): void {
  const bytes = readFileSync(file)
  const run = Buffer.from('x'.repeat(150))
  for (let at = bytes.indexOf(run); at >= 0; at = bytes.indexOf(run, at + 400)) bytes[at + 20] = (bytes[at + 20] as number) ^ 1
  writeFileSync(file, bytes)
}
