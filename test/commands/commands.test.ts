import { chmodSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { MongoClient } from 'mongodb'
import { startEmbeddedStore } from '../support/built.ts'
import { type Home, makeHome, runApp, type RunningApp } from '../faults/support.ts'
import { ask } from '../support/http.ts'
import { run } from './support.ts'
import { makePlan } from '../../scripts/seed/plan.ts'

describe('the operator’s commands', function () {
  this.timeout(60_000)
  let home: Home
  let app: RunningApp | undefined

  beforeEach(async () => {
    home = await makeHome()
  })
  afterEach(async () => {
    app?.child.kill('SIGTERM')
    await app?.exited
    app = undefined
    home.remove()
  })

  it('seed the same people and money for the same seed, through real flows, and print logins that work', async () => {
    const seeded = await run('scripts/seed.js', ['--size', 'small', '--seed', '5'], settings())
    expect(seeded.code, seeded.err).to.equal(0)
    expect(seeded.out).to.include('The ledger adds up')
    const plan = makePlan({ size: 'small', seed: 5, from: 0 })
    app = await runApp(home, { ADMIN_PASSWORD: '' })
    const password = /the password (\S+)/.exec(seeded.out)?.[1] as string
    const [creator] = plan.creators
    const signedIn = await ask(`${app.url}/api/v1/auth/login`, { json: { email: creator?.email, password } })
    expect(signedIn.status).to.equal(200)
    expect(signedIn.body.user).to.include({ full_name: creator?.full_name, role: 'creator' })
    const received = await ask(`${app.url}/api/v1/creators/me/tips?limit=100`, { token: signedIn.body.access_token })
    const planned = plan.fans.flatMap(({ tips }) => tips).filter((tip) => tip.creator === 0)
    expect(received.body.data.map((tip: { amount: number }) => tip.amount).toSorted()).to.deep.equal(planned.map(({ amount }) => amount).toSorted())
    const admin = /admin {4}(\S+) {2}password (\S+)/.exec(seeded.out) as RegExpExecArray
    const boss = await ask(`${app.url}/api/v1/auth/login`, { json: { email: admin[1], password: admin[2] } })
    expect((await ask(`${app.url}/api/v1/admin/check`, { token: boss.body.access_token, json: { full: true } })).body).to.deep.equal({ violations: [] })
    app.child.kill('SIGTERM')
    await app.exited
    const again = await run('scripts/seed.js', [], settings())
    expect(again.code).to.equal(78)
    expect(again.err).to.include('16 people').and.to.include('--force')
  })

  it('plan the same for the same seed and something else for another', () => {
    const plan = (seed: number) => makePlan({ size: 'medium', seed, from: 0 })
    expect(plan(1)).to.deep.equal(plan(1))
    expect(plan(1)).not.to.deep.equal(plan(2))
  })

  it('seed nothing in production', async () => {
    const refused = await run('scripts/seed.js', [], { ...settings(), NODE_ENV: 'production', ALLOW_SANDBOX: '1', SECRET: 'Zk3v9Qp1xT7mW5rB8nL2cF6hJ4gD0sYa' })
    expect(refused.code).to.equal(78)
    expect(refused.err).to.include('production')
  })

  it('make an admin beside a server that runs, with a password from standard input', async () => {
    app = await runApp(home)
    const made = await run('scripts/admin-create.js', ['--email', 'boss@example.org', '--password-stdin'], settings(), 'a password of some length\n')
    expect(made.code, made.err).to.equal(0)
    const signedIn = await ask(`${app.url}/api/v1/auth/login`, { json: { email: 'boss@example.org', password: 'a password of some length' } })
    expect(signedIn.body.user).to.include({ role: 'admin' })
    const twice = await run('scripts/admin-create.js', ['--email', 'Boss@example.org', '--password-stdin'], settings(), 'another long password\n')
    expect(twice.code).to.equal(1)
    expect(twice.err).to.include('registered already')
  })

  it('make an admin before the first start', async () => {
    expect((await run('scripts/admin-create.js', ['--email', 'boss@example.org', '--password-stdin'], settings(), 'a password of some length\n')).code).to.equal(0)
    app = await runApp(home)
    const signedIn = await ask(`${app.url}/api/v1/auth/login`, { json: { email: 'boss@example.org', password: 'a password of some length' } })
    expect(signedIn.status).to.equal(200)
  })

  it('take no password from the arguments, none that is short, and never wait for one where nobody can type', async () => {
    expect((await run('scripts/admin-create.js', ['--email', 'a@example.org', '--password', 'a password of some length'], settings())).code).to.equal(64)
    expect((await run('scripts/admin-create.js', ['--email', 'a@example.org', '--password-stdin'], settings(), 'short\n')).code).to.equal(64)
    expect((await run('scripts/admin-create.js', ['--email', 'a@example.org'], settings())).code).to.equal(64)
  })

  it('find nothing wrong on a sound machine, and leave nothing behind', async () => {
    const { code, out } = await run('scripts/doctor.js', ['--json'], settings())
    const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: { level: string; check: string; remedy?: string }[] }
    expect(findings.filter(({ level }) => level === 'fail')).to.deep.equal([])
    expect({ ok, code }).to.deep.equal({ ok: true, code: 0 })
    expect(findings.map(({ check }) => check)).to.include.members(['node', 'settings', 'data folder', 'disk space', 'store', 'redis', 'port', 'clock', 'public url'])
    expect((await run('scripts/migrate.js', ['status'], settings())).out).to.include('version 0')
  })

  it('name what is wrong, each with a remedy, and fail', async () => {
    const other = createServer((socket) => socket.destroy()).listen(home.port, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    chmodSync(home.dir, 0o755)
    const { code, out } = await run('scripts/doctor.js', ['--json'], { ...settings(), REDIS_URL: 'redis://127.0.0.1:1', PUBLIC_URL: 'http://127.0.0.1:1', MONGODB_URI: 'mongodb://127.0.0.1:1/' })
    await new Promise((resolve) => other.close(resolve))
    const { findings } = JSON.parse(out) as { findings: { level: string; check: string; remedy?: string }[] }
    const levels = Object.fromEntries(findings.map(({ check, level }) => [check, level]))
    expect(levels).to.include({ 'data folder': 'warn', store: 'fail', redis: 'warn', port: 'fail', 'public url': 'warn' })
    expect(findings.filter(({ level, remedy }) => level !== 'ok' && !remedy)).to.deep.equal([])
    expect(code).to.equal(1)
  })

  it('name wrong settings without their values', async () => {
    const { code, out } = await run('scripts/doctor.js', [], { ...settings(), SECRET: 'hunter2', LOG_LEVEL: 'hunter2' })
    expect(code).to.equal(1)
    expect(out).to.include('SECRET').and.to.include('LOG_LEVEL').and.not.to.include('hunter2')
  })

  it('show, run and unlock migrations; a server refuses a database from the future by exit code 78', async () => {
    expect((await run('scripts/migrate.js', ['up'], settings())).out).to.include('Ran: baseline')
    expect((await run('scripts/migrate.js', ['up'], settings())).out).to.include('nothing, all was done')
    expect((await run('scripts/migrate.js', ['unlock'], settings())).out).to.include('There was no lock')
    expect((await run('scripts/migrate.js', ['sideways'], settings())).code).to.equal(64)
    await inStore((client) => client.db('ovation').collection<{ _id: string }>('schema_version').updateOne({ _id: 'schema' }, { $set: { version: 999 } }))
    for (const refused of [await run('scripts/migrate.js', ['up'], settings()), await run('main.js', [], settings())]) {
      expect(refused.code).to.equal(78)
      expect(refused.err).to.include('schema_version 999')
    }
  })

  function settings(): Record<string, string> {
    return { DATA_DIR: home.dir, PORT: String(home.port), SECRET: 'q7Zk3v9Qp1xT7mW5rB8nL2cF6hJ4gD0sYa' }
  }

  async function inStore(work: (client: MongoClient) => Promise<unknown>): Promise<void> {
    const store = await startEmbeddedStore({ dir: join(home.dir, 'store') })
    const client = await new MongoClient(store.uri).connect()
    await work(client)
    await client.close()
    await store.stop()
  }
})
