import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { Db } from 'mongodb'
import { startApp, type TestApp } from '../support/app.ts'
import { ask } from '../support/http.ts'

interface Line {
  collection: string
  kept: string
  by: string
}

const page = readFileSync(new URL('../../docs/retention.md', import.meta.url), 'utf8')
const [, ovation = '', sandbox = ''] = page.split(/^## Database /m)
const daySeconds = 24 * 3600

describe('docs/retention.md', () => {
  let app: TestApp

  before(async () => {
    app = await startApp()
    // The one collection that is made by its first use.
    await ask(`${app.url}/readyz`)
  })
  after(() => app.stop())

  for (const [name, text, dbOf] of [
    ['ovation', ovation, () => app.db],
    ['ovation_sandbox', sandbox, () => app.sandboxDb],
  ] as const) {
    it(`has a line for every collection of ${name} and none that is not there`, async () => {
      const there = (await dbOf().listCollections({}, { nameOnly: true }).toArray()).map((each) => each.name)
      expect([...new Set(linesOf(text).map(({ collection }) => collection))].toSorted()).to.deep.equal(there.toSorted())
    })

    it(`says of ${name} what its TTL indexes do`, async () => {
      const said = linesOf(text)
        .filter(({ by }) => by.startsWith('TTL'))
        .map(({ collection, kept, by }) => `${collection} ${field(by)} ${secondsIn(kept)}`)
      expect(said.toSorted()).to.deep.equal((await timesOf(dbOf())).toSorted())
    })
  }

  it('and docs/scaling.md know the same collections', async () => {
    const there = (await app.db.listCollections({}, { nameOnly: true }).toArray()).map((each) => each.name)
    const scaling = readFileSync(new URL('../../docs/scaling.md', import.meta.url), 'utf8')
    expect(linesOf(scaling).map(({ collection }) => collection)).to.deep.equal(there.toSorted())
  })

  it('names jobs that exist', () => {
    const jobs = app.app.jobs.map((job) => job.name)
    const moved = linesOf(page).filter(({ by }) => by.startsWith('moves'))
    expect(moved).not.to.deep.equal([])
    expect(moved.map(({ by }) => field(by)).filter((job) => !jobs.includes(job))).to.deep.equal([])
  })

  it('lets nothing pile up: what neither stays nor is a fixed row goes by a TTL or a job', () => {
    const loose = linesOf(page).filter(({ kept, by }) => !/^(stays|one row|–)/.test(kept) && !/^(TTL|moves) /.test(by))
    expect(loose).to.deep.equal([])
  })
})

function linesOf(text: string): Line[] {
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  return rows.map((row) => {
    const [, collection = '', , kept = '', by = ''] = row.split('|').map((cell) => cell.trim())
    return { collection: field(collection), kept, by }
  })
}

function field(cell: string): string {
  return /`([^`]+)`/.exec(cell)?.[1] ?? ''
}

function secondsIn(kept: string): number {
  // The instant in the field is the end itself.
  if (kept.endsWith('in the field')) return 0
  return Number(/(\d+) day/.exec(kept)?.[1]) * daySeconds
}

async function timesOf(db: Db): Promise<string[]> {
  const found: string[] = []
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray())
    for (const index of await db.collection(name).indexes())
      if (index['expireAfterSeconds'] !== undefined) found.push(`${name} ${Object.keys(index.key as object)[0]} ${index['expireAfterSeconds']}`)
  return found
}
