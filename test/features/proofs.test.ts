import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { LedgerProof } from '../../src/features/ledger/contract.ts'
import { faultOfProof } from '../../src/features/ledger/index.ts'
import { proof as proofSchema } from '../../src/features/ledger/schema.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signIn, signUp, topUp } from '../support/cast.ts'
import type { Answer } from '../support/http.ts'

describe('a proof of the ledger', () => {
  let app: TestApp
  let creator: Person
  let fan: Person
  let entryId: string
  let key: string

  before(async () => {
    app = await startApp()
    creator = await signUp(app, 'creator')
    fan = await signUp(app, 'fan')
    await topUp(fan, 10_000)
    await tip('t0', { anonymous: true })
    entryId = (await entryOf(creator)) as string
    // A second batch before anything is signed, so that the proof has a chain.
    await sealed()
    await tip('t00')
    await sealed()
    expect((await proofOf(creator, entryId)).chain).not.to.have.length(0)
    key = (await fan.call('ledger:keys', {})).data[0]?.public_key as string
  })
  after(() => app.stop())

  it('leads from the entry to a root signed with the published key', async () => {
    const proof = await proofOf(fan, entryId)
    expect(faultOfProof(proof, key)).to.equal(undefined)
    expect(proof.root.day).to.equal(app.wall.now().toISOString().slice(0, 10))
    expect(proof.entry).to.include({ entry_id: entryId, reason: 'tip', currency: 'ZMW' })
  })

  it('names to each party only itself and the platform, and to an admin everybody', async () => {
    const named = (proof: LedgerProof) => proof.entry.postings.map(({ account }) => account.name ?? null)
    const ofFan = await proofOf(fan, entryId)
    expect(named(ofFan)).to.include(`user:${fan.id}:cash`).and.not.include(`creator:${creator.id}:pending`)
    const ofCreator = await proofOf(creator, entryId)
    expect(named(ofCreator)).to.include(`creator:${creator.id}:pending`)
    expect(JSON.stringify(ofCreator)).not.to.include(fan.id)
    expect(faultOfProof(ofCreator, key)).to.equal(undefined)
    const ofAdmin = await proofOf(await signIn(app, app.admin.email, app.admin.password), entryId)
    expect(named(ofAdmin)).not.to.include(null)
  })

  it('is nobody else’s to see', async () => {
    const stranger = await signUp(app, 'fan')
    expect(answerOf(await stranger.http('GET', `/api/v1/ledger/proof/${entryId}`))).to.deep.equal([404, 'not-found'])
    expect(answerOf(await fan.http('GET', '/api/v1/ledger/proof/ent_nothing'))).to.deep.equal([404, 'not-found'])
  })

  it('is refused while the entry waits to be sealed, and there a moment later', async () => {
    await app.db.collection('leases').replaceOne({ _id: 'sealer' as never }, { owner: 'a stopped sealer', until: new Date(Date.now() + 3600_000) }, { upsert: true })
    // What this process was told of that lease is over by then.
    app.wall.advance({ seconds: 10 })
    await tip('t1')
    const waiting = (await entryOf(fan)) as string
    const refused = await fan.http('GET', `/api/v1/ledger/proof/${waiting}`)
    expect(answerOf(refused)).to.deep.equal([409, 'stale-state'])
    expect((await lineOf(fan)).entries[0]).to.include({ sealed: false })
    await app.db.collection('leases').deleteOne({ _id: 'sealer' as never })
    expect(faultOfProof(await proofOf(fan, waiting), key)).to.equal(undefined)
  })

  it('is refused after any one character of it was altered', async () => {
    const proof = await proofOf(creator, entryId)
    const text = JSON.stringify(proof)
    let refused = 0
    for (let at = 0; at < text.length; at++) {
      const altered = `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`
      expect(holds(altered), `altered at ${at}: ${altered.slice(Math.max(0, at - 20), at + 20)}`).to.equal(false)
      refused++
    }
    expect(refused).to.be.above(1_000)
    expect(holds(text)).to.equal(true)
  })

  it('is refused under another key, with a chain that skips a batch, and with another’s path', async () => {
    const proof = await proofOf(fan, entryId)
    expect(faultOfProof(proof, Buffer.alloc(32, 1).toString('base64url'))).to.be.a('string')
    expect(faultOfProof({ ...proof, path: [...proof.path, 'a'.repeat(64)] }, key)).to.be.a('string')
    expect(faultOfProof({ ...proof, chain: [proof.batch, ...proof.chain] }, key)).to.be.a('string')
  })

  it('is checked by a command that needs nothing but the proof and the key', async function () {
    this.timeout(60_000)
    const dir = mkdtempSync(join(tmpdir(), 'ovation-proof-'))
    const proof = await proofOf(fan, entryId)
    const good = join(dir, 'good.json')
    const bad = join(dir, 'bad.json')
    writeFileSync(good, JSON.stringify(proof))
    writeFileSync(bad, JSON.stringify({ ...proof, batch: { ...proof.batch, count: proof.batch.count + 1 } }))
    writeFileSync(join(dir, 'none.json'), '{}')
    const outcomes = await Promise.all([good, bad, join(dir, 'none.json')].map((file) => verify([`--proof=${file}`, `--key=${key}`])))
    expect(outcomes.map(({ code }) => code)).to.deep.equal([0, 1, 2])
    expect(outcomes[0]?.output).to.match(/The proof holds/)
    rmSync(dir, { recursive: true })
  })

  it('rests on a root for every day, signed when the day is over', async () => {
    app.wall.advance({ days: 1 })
    const today = app.wall.now().toISOString().slice(0, 10)
    const again = await signIn(app, fan.email, 'a good long password')
    await again.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW' })
    const proof = await proofOf(again, (await entryOf(again)) as string)
    expect(proof.root.day).to.equal(today)
    expect(await app.check()).to.deep.equal([])
    app.wall.advance({ days: -1 })
  })

  it('that the check walks: a root that was altered is reported', async () => {
    const roots = app.db.collection('ledger_roots')
    const root = await roots.findOne({})
    await roots.updateOne({ _id: root?._id as never }, { $set: { day: '2020-01-01' } })
    expect(await app.check()).to.deep.include({ check: 'ledger.roots', detail: 'its signature does not hold', subject: String(root?._id) })
    await roots.updateOne({ _id: root?._id as never }, { $set: { day: root?.['day'] as string } })
    expect(await app.check()).to.deep.equal([])
  })

  function holds(text: string): boolean {
    try {
      const { value, error } = proofSchema.validate(JSON.parse(text), { convert: false })
      return !error && faultOfProof(value as LedgerProof, key) === undefined
    } catch {
      return false
    }
  }

  async function tip(key: string, extra: object = {}): Promise<void> {
    await fan.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', ...extra }, { key })
  }

  async function lineOf(person: Person): Promise<{ entries: { entry_id: string; sealed: boolean }[] }> {
    const { data } = await person.call('wallet:transactions', { limit: 1 })
    return person.call('wallet:line', { line_id: data[0]?.id as string })
  }

  async function entryOf(person: Person): Promise<string | undefined> {
    return (await lineOf(person)).entries[0]?.entry_id
  }

  async function sealed(): Promise<void> {
    while ((await app.db.collection('unsealed').countDocuments()) > 0) await new Promise((resolve) => setImmediate(resolve))
  }

  async function proofOf(person: Person, id: string): Promise<LedgerProof> {
    await sealed()
    return person.call('ledger:proof', { entry_id: id })
  }
})

function answerOf(answer: Answer): [number, string] {
  return [answer.status, answer.body.code]
}

function verify(args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', 'scripts/verify-ledger.ts', ...args], (error, stdout) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout })
    })
  })
}
