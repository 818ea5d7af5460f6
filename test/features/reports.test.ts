import { expect } from 'chai'
import { newId } from '../../src/kernel/ids.ts'
import { acquaint } from '../support/acquaint.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signIn, signUp, topUp } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'

describe('a report', () => {
  let app: TestApp
  let admin: Person
  let creator: Person
  let fan: Person

  before(async () => {
    app = await startApp()
    admin = await signIn(app, app.admin.email, app.admin.password)
  })
  beforeEach(async () => {
    creator = await signUp(app, 'creator')
    fan = await signUp(app, 'fan')
  })
  after(() => app.stop())

  it('of a person reaches the admins at once and waits in their queue', async () => {
    const desk = await admin.socket()
    const filed = await file(fan, { subject_id: creator.id, text: '=cmd|<script>' })
    expect(filed.status).to.equal(201)
    expect(filed.body).to.include({ subject_type: 'user', subject_id: creator.id, reason: 'abuse', text: '=cmd|<script>', status: 'open' })
    expect(Object.keys(filed.body)).not.to.include.members(['about_user_id', 'note', 'decision'])
    const { report_id, created_at } = filed.body as { report_id: string; created_at: string }
    expect(await desk.next('report:opened')).to.deep.equal({ report_id, subject_type: 'user', subject_id: creator.id, reason: 'abuse', created_at })
    expect((await queue()).at(-1)).to.include({ report_id, reporter_id: fan.id, about_user_id: creator.id, decision: null })
    desk.close()
  })

  it('of a tip names whoever sent it, to the admins alone', async () => {
    await topUp(fan, 1_000)
    const { tip_id } = (await fan.http('POST', `/api/v1/creators/${creator.id}/tips`, { amount: 100, currency: 'ZMW', message: 'Rude', anonymous: true }, 'k')).body as { tip_id: string }
    const live = await creator.socket()
    const filed = await live.call('report:create', { subject_type: 'tip', subject_id: tip_id, reason: 'abuse' })
    expect(filed).to.have.nested.property('data.subject_id', tip_id)
    expect(JSON.stringify(filed)).not.to.include(fan.id)
    expect((await queue()).at(-1)).to.include({ about_user_id: fan.id, reporter_id: creator.id })
    expect((await file(fan, { subject_type: 'tip', subject_id: tip_id })).body.code).to.equal('self')
    const stranger = await file(await signUp(app, 'fan'), { subject_type: 'tip', subject_id: tip_id })
    expect([stranger.status, stranger.body.code]).to.deep.equal([404, 'not-found'])
    live.close()
  })

  it('of a message keeps its words, whatever becomes of them, and is for those who could read them', async () => {
    await acquaint(fan, [creator])
    const { conversation_id } = (await fan.http('POST', '/api/v1/conversations', { type: 'group', title: 'Report', member_ids: [creator.id] })).body as { conversation_id: string }
    const { message_id } = (await fan.http('POST', `/api/v1/conversations/${conversation_id}/messages`, { client_msg_id: 'to-be-reported', text: 'Rude words' })).body as { message_id: string }
    expect((await file(creator, { subject_type: 'message', subject_id: message_id })).status).to.equal(201)
    await fan.http('PUT', `/api/v1/messages/${message_id}`, { text: 'Kind words' })
    expect((await queue()).at(-1)).to.include({ subject_type: 'message', about_user_id: fan.id, quote: 'Rude words' })
    expect((await file(fan, { subject_type: 'message', subject_id: message_id })).body.code).to.equal('self')
    expect((await file(await signUp(app, 'fan'), { subject_type: 'message', subject_id: message_id })).body.code).to.equal('not-found')
  })

  it('is filed once while it is open, even twenty times at once, and again when it is resolved', async () => {
    const answers = await Promise.all(Array.from({ length: 19 }, () => file(fan, { subject_id: creator.id })))
    expect(answers.filter((each) => each.status === 201)).to.have.length(1)
    expect(answers.filter((each) => each.body.code === 'conflict')).to.have.length(18)
    const filed = answers.find((each) => each.status === 201) as Answer
    await resolve((filed.body as { report_id: string }).report_id)
    expect((await file(fan, { subject_id: creator.id })).status).to.equal(201)
  })

  it('under one key is answered again', async () => {
    const json = { subject_type: 'user', subject_id: creator.id, reason: 'spam' }
    const [first, second] = [await fan.http('POST', '/api/v1/reports', json, 'same'), await fan.http('POST', '/api/v1/reports', json, 'same')]
    expect(second.body).to.deep.equal(first.body)
    expect(second.headers['idempotent-replayed']).to.equal('true')
  })

  it('can be tried twenty times a day', async () => {
    for (let times = 0; times < 20; times++) await file(fan, { subject_id: newId('usr') })
    const refused = await file(fan, { subject_id: creator.id })
    expect([refused.status, refused.body.code]).to.deep.equal([429, 'rate-limited'])
    expect(refused.body.retry_after_ms).to.be.greaterThan(0)
  })

  it('of nobody, of oneself or of what is none is refused', async () => {
    const answers = await Promise.all([{ subject_id: 'abc' }, { subject_id: newId('usr') }, { subject_type: 'tip', subject_id: fan.id }, { subject_type: 'tip', subject_id: newId('tip') }].map((input) => file(fan, input)))
    expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify({ ...body, request_id: '' })}`)).size).to.equal(1)
    expect(answers[0]?.body.code).to.equal('not-found')
    expect((await file(fan, { subject_id: fan.id })).body.code).to.equal('self')
    for (const wrong of [{ subject_type: 'post' }, { reason: 'dislike' }, { text: 'x'.repeat(1_001) }, { text: '\u0000' }, { status: 'resolved' }, { reporter_id: creator.id }, { decision: 'acted' }]) expect((await file(fan, { subject_id: creator.id, ...wrong })).body.code, JSON.stringify(wrong)).to.equal('validation')
    expect((await ask(`${app.url}/api/v1/reports`, { json: { subject_type: 'user', subject_id: creator.id, reason: 'spam' } })).status).to.equal(401)
  })

  it('is resolved once, by an admin, with a decision and a note', async () => {
    const { report_id } = (await file(fan, { subject_id: creator.id })).body as { report_id: string }
    const answers = await Promise.all(Array.from({ length: 5 }, () => resolve(report_id)))
    expect(answers.filter((each) => each.status === 200)).to.have.length(1)
    expect(answers.filter((each) => each.body.code === 'stale-state')).to.have.length(4)
    expect(answers.find((each) => each.status === 200)?.body).to.include({ status: 'resolved', decision: 'acted', note: 'Warned.', resolved_by: admin.id })
    expect((await queue('resolved'))[0]).to.include({ report_id, note: 'Warned.' })
    expect((await queue()).map((each) => each['report_id'])).not.to.include(report_id)
    for (const wrong of [{ decision: 'acted' }, { note: 'x' }, { decision: 'ignored', note: 'x' }, { decision: 'acted', note: 'x', status: 'open' }]) expect((await admin.http('POST', `/api/v1/admin/reports/${report_id}/resolve`, wrong)).body.code).to.equal('validation')
    for (const id of ['abc', newId('rep')]) expect((await resolve(id)).body.code).to.equal('not-found')
  })

  it('about an admin is not for that admin to decide', async () => {
    const { report_id } = (await file(fan, { subject_id: admin.id })).body as { report_id: string }
    expect((await resolve(report_id)).body.code).to.equal('self')
  })

  it('is nobody else\'s to see or decide', async () => {
    for (const person of [fan, creator]) {
      expect((await person.http('GET', '/api/v1/admin/reports')).body.code).to.equal('forbidden')
      expect((await person.http('POST', `/api/v1/admin/reports/${newId('rep')}/resolve`, { decision: 'acted', note: '' })).body.code).to.equal('forbidden')
      const live = await person.socket()
      expect(await live.call('report:list')).to.have.nested.property('problem.code', 'forbidden')
      live.close()
    }
  })

  it('comes page by page, on a cursor of its own', async () => {
    for (const subject of [creator, admin]) await file(fan, { subject_id: subject.id })
    const seen: string[] = []
    let next: string | null = null
    do {
      const page: { data: { report_id: string }[]; next: string | null } = (await admin.http('GET', `/api/v1/admin/reports?limit=2${next ? `&cursor=${next}` : ''}`)).body
      seen.push(...page.data.map((each) => each.report_id))
      next = page.next
    } while (next)
    expect(seen).to.deep.equal((await queue()).map((each) => each['report_id']))
    const first = (await admin.http('GET', '/api/v1/admin/reports?limit=1')).body
    expect((await admin.http('GET', `/api/v1/admin/reports?status=resolved&cursor=${first.next}`)).body.code).to.equal('cursor')
    expect((await admin.http('GET', '/api/v1/admin/reports?status=closed')).body.code).to.equal('validation')
  })

  function file(by: Person, input: object): Promise<Answer> {
    return by.http('POST', '/api/v1/reports', { subject_type: 'user', reason: 'abuse', ...input })
  }

  function resolve(reportId: string): Promise<Answer> {
    return admin.http('POST', `/api/v1/admin/reports/${reportId}/resolve`, { decision: 'acted', note: 'Warned.' })
  }

  async function queue(status = 'open'): Promise<Record<string, unknown>[]> {
    return (await admin.http('GET', `/api/v1/admin/reports?status=${status}&limit=100`)).body.data as Record<string, unknown>[]
  }
})
