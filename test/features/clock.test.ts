import { expect } from 'chai'
import type { Operations } from '../../src/features/catalogue.ts'
import { type TestApp, startApp } from '../support/app.ts'
import { type Person, signIn, signUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'

const dayMs = 24 * 3600_000

describe('a platform whose clock is moved', () => {
  let app: TestApp
  let admin: Person
  let fan: Person
  let conversation_id: string

  beforeEach(async () => {
    app = await startApp()
    admin = await signIn(app, app.admin.email, app.admin.password)
    const creator = await signUp(app, 'creator')
    fan = await signUp(app, 'fan')
    conversation_id = (await creator.http('POST', '/api/v1/conversations', { type: 'group', title: 'Clock', member_ids: [fan.id] })).body.conversation_id
    await fan.http('POST', `/api/v1/conversations/${conversation_id}/accept`)
  })
  afterEach(() => app.stop())

  it('does in a second what a month would bring, each thing at its own time and in its order', async () => {
    const from = await now()
    const due = [20, 3, 11].map((days) => new Date(from.getTime() + days * dayMs))
    for (const at of due) await remind(`said on ${at.toISOString()}`, at)
    await remind('a month is not so long', new Date(from.getTime() + 40 * dayMs))

    const answer = await advance('P1M')
    expect(answer.status, answer.text).to.equal(200)
    const to = new Date(from)
    to.setUTCMonth(to.getUTCMonth() + 1)
    expect(new Date(answer.body.now).getTime()).to.be.within(to.getTime(), to.getTime() + 60_000)
    const said = (await history()).filter(({ type }) => type === 'reminder')
    expect(said.map(({ text }) => text)).to.deep.equal(due.toSorted((a, b) => a.getTime() - b.getTime()).map((at) => `said on ${at.toISOString()}`))
    for (const { text, created_at } of said) expect(new Date(created_at).getTime() - new Date(text.slice('said on '.length)).getTime()).to.be.within(0, 60_000)

    const { runs, next, offset_ms, movable } = (await admin.http('GET', '/api/v1/admin/clock')).body as Operations['clock:read']['output']
    expect(runs[0]).to.include({ by: 'P1M', state: 'done', stuck: null })
    expect(runs[0]?.ran).to.deep.include({ table: 'messaging.reminders', rows: 3 })
    expect(next.map(({ table }) => table)).to.include('messaging.reminders')
    expect(movable).to.equal(true)
    expect(offset_ms).to.be.within(28 * dayMs - 1, 31 * dayMs + 60_000)
    expect((await admin.http('GET', '/api/v1/admin/audit')).body.data[0]).to.include({ action: 'clock.advanced' })
    expect(await app.check()).to.deep.equal([])
  })

  it('is told to everybody, and only forwards: a year at most, and by what is a duration', async () => {
    const before = (await fan.http('GET', '/api/v1/clock')).body
    expect(before.offset_ms).to.equal(0)
    for (const by of ['P0D', 'PT0S', 'P1Y1D', 'P13M', 'P366D', 'PT9000H', '-P1D', 'P', 'PT', '1 month', 'P1.5D', 'p1d', ''] as const) {
      const refused = await advance(by)
      expect([refused.status, refused.body.code], by).to.deep.equal([400, 'validation'])
    }
    expect((await advance('PT90M')).status).to.equal(200)
    const { offset_ms } = (await fan.http('GET', '/api/v1/clock')).body
    expect(offset_ms).to.be.within(89 * 60_000, 91 * 60_000)
  })

  it('keeps its time over a restart and shows it in every process', async () => {
    const second = await startApp({}, app)
    try {
      await advance('P30D')
      await second.runJob('clock.refresh')
      expect(await aheadAt(second)).to.be.at.least(30 * dayMs - 60_000)
    } finally {
      await second.stop()
    }
    const third = await startApp({}, app)
    try {
      expect(await aheadAt(third)).to.be.at.least(30 * dayMs - 60_000)
    } finally {
      await third.stop()
    }
  })

  it('moves once at a time: while another process is at it, it is busy', async () => {
    const lease = { owner: 'prc_another', until: new Date(Date.now() + 60_000) }
    await app.db.collection<{ _id: string }>('leases').updateOne({ _id: 'clock' }, { $set: lease }, { upsert: true })
    expect((await advance('P1D')).body).to.include({ code: 'busy' })
    await app.db.collection<{ _id: string }>('leases').deleteOne({ _id: 'clock' })
    expect((await advance('P1D')).status).to.equal(200)
  })

  it('stops at a row that would not go on, and names it', async function () {
    this.timeout(60_000)
    await remind('broken', new Date((await now()).getTime() + 5 * dayMs))
    const row = await app.db.collection('reminders').findOneAndUpdate({ text: 'broken' }, { $set: { conversation_id: { no: 'id' } } })
    const refused = await advance('P10D')
    expect([refused.status, refused.body.code]).to.deep.equal([409, 'stale-state'])
    expect(refused.body.detail).to.include(`messaging.reminders ${String(row?._id)}`)
    const { runs } = (await admin.http('GET', '/api/v1/admin/clock')).body as Operations['clock:read']['output']
    expect(runs[0]).to.include({ state: 'stuck', stuck: `messaging.reminders ${String(row?._id)}` })
    expect((await now()).getTime()).to.be.below(Date.now() + 6 * dayMs)
  })

  it('is one of tests only: in production nothing moves it', async () => {
    const live = await startApp({ NODE_ENV: 'production', ALLOW_SANDBOX: '1', SECRET: '8b1f0c6ad94e57237f1e62c05b9d38aa' })
    try {
      const boss = await signIn(live, live.admin.email, live.admin.password)
      const refused = await boss.http('POST', '/api/v1/admin/clock/advance', { by: 'P1D' })
      expect([refused.status, refused.body.code]).to.deep.equal([403, 'forbidden'])
      expect((await boss.http('GET', '/api/v1/admin/clock')).body).to.include({ movable: false, offset_ms: 0 })
    } finally {
      await live.stop()
    }
  })

  async function advance(by: string) {
    return admin.http('POST', '/api/v1/admin/clock/advance', { by })
  }

  async function aheadAt({ url }: TestApp): Promise<number> {
    return (await ask(`${url}/api/v1/clock`)).body.offset_ms
  }

  async function now(): Promise<Date> {
    return new Date((await admin.http('GET', '/api/v1/clock')).body.now)
  }

  async function remind(text: string, at: Date): Promise<void> {
    const { status, text: answer } = await fan.http('POST', `/api/v1/conversations/${conversation_id}/reminders`, { text, due_at: at.toISOString() })
    expect(status, answer).to.equal(201)
  }

  async function history(): Promise<{ type: string; text: string; created_at: string }[]> {
    return (await fan.http('GET', `/api/v1/conversations/${conversation_id}/messages?limit=100&since_seq=0`)).body.data
  }
})
