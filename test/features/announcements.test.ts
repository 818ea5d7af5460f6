import { expect } from 'chai'
import type { Announcement } from '../../src/features/announcements/contract.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp } from '../support/cast.ts'
import { byHttp, bySocket } from '../support/doors.ts'
import { block } from '../support/relations.ts'

describe('an announcement', () => {
  let app: TestApp
  let ana: Person
  let fans: Person[]
  let stranger: Person
  let studio: Awaited<ReturnType<typeof bySocket>>

  before(async () => {
    app = await startApp({ ANNOUNCEMENTS_PER_DAY: '3' })
    ana = await signUp(app, 'creator', 'Ana')
    fans = []
    for (let n = 0; n < 4; n++) fans.push(await signUp(app, 'fan', `Fan ${n}`))
    stranger = await signUp(app, 'fan', 'Stranger')
    for (const each of fans) await byHttp(app, each).call('creator:follow', { creator_id: ana.id })
    studio = await bySocket(app, ana)
  })
  after(async () => {
    studio.close()
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  async function over(announcement_id: string): Promise<Announcement> {
    for (;;) {
      const told = await studio.next<Announcement>('announcement:updated')
      if (told.announcement_id === announcement_id && told.finished_at !== null) return told
    }
  }

  const words = async (person: Person): Promise<string[]> => (await byHttp(app, person).call('conversation:list', {})).data.flatMap((each) => each.last_message?.text ?? [])

  it('reaches all who follow in their own conversation, but whoever said no or is parted by a block, and an answer comes to the creator', async () => {
    const [one, two, three, four] = fans as [Person, Person, Person, Person]
    expect(await byHttp(app, two).call('announcement-consent:update', { creator_id: ana.id, receives: false })).to.deep.equal({ creator_id: ana.id, receives: false })
    const key = 'announce-1'
    const made = await studio.call('announcement:create', { audience: 'followers', text: 'Tonight!' }, key)
    expect(made).to.include({ status: 'queued', total: 4, sent: 0 })
    expect((await studio.call('announcement:create', { audience: 'followers', text: 'Tonight!' }, key)).announcement_id, 'asked again').to.equal(made.announcement_id)
    await block(three, ana)
    const done = await over(made.announcement_id)
    expect(done).to.include({ status: 'done', sent: 2, skipped: 2, failed: 0, total: 4 })
    expect(await studio.call('announcement:read', { announcement_id: made.announcement_id })).to.deep.equal(done)
    expect([await words(one), await words(two), await words(three), await words(four), await words(stranger)]).to.deep.equal([['Tonight!'], [], [], ['Tonight!'], []])
    const [direct] = (await byHttp(app, one).call('conversation:list', {})).data
    expect(direct).to.deep.include({ type: 'direct', title: 'Ana', state: 'joined', unread: 1 })
    expect(direct?.participants.map((each) => each.user_id)).to.have.members([one.id, ana.id])
    await byHttp(app, one).call('message:send', { conversation_id: direct?.conversation_id ?? '', client_msg_id: 'an-answer-1', text: 'I come' })
    expect(await words(ana)).to.include('I come')
  })

  it('to a list reaches only those who know the creator; stops when it is taken back; is no more than so many a day', async () => {
    const [one, two] = fans as [Person, Person]
    await byHttp(app, two).call('announcement-consent:update', { creator_id: ana.id, receives: true })
    const made = await studio.call('announcement:create', { audience: 'list', user_ids: [two.id, stranger.id, 'usr_none', one.id], text: 'For you' })
    expect(await over(made.announcement_id)).to.include({ status: 'done', sent: 2, skipped: 2, total: 4 })
    expect([await words(two), await words(stranger)]).to.deep.equal([['For you'], []])
    for (const [input, code] of [
      [{ audience: 'list', text: 'x' }, 'validation'],
      [{ audience: 'followers', user_ids: [one.id], text: 'x' }, 'validation'],
      [{ audience: 'followers', text: '  ' }, 'validation'],
      [{ audience: 'followers', text: 'x'.repeat(2_001) }, 'validation'],
    ] as const)
      expect(await studio.refused('announcement:create', input)).to.equal(code)
    expect(await studio.refused('announcement:cancel', { announcement_id: made.announcement_id })).to.equal('stale-state')
    const last = await studio.call('announcement:create', { audience: 'followers', text: 'Never mind' })
    const taken = await studio.call('announcement:cancel', { announcement_id: last.announcement_id })
    expect(taken.status).to.equal('cancelled')
    expect(await studio.refused('announcement:create', { audience: 'followers', text: 'One more' })).to.equal('rate-limited')
    expect((await studio.call('announcement:list', { limit: 2 })).data.map((each) => each.text)).to.deep.equal(['Never mind', 'For you'])
    app.clock.advance({ days: 1 })
    expect((await studio.call('announcement:create', { audience: 'followers', text: 'Another day' })).status).to.equal('queued')
  })

  it('to all reaches who follows and whom the creator talks with, each once, and counts them as it comes to them', async () => {
    const friend = await signUp(app, 'fan', 'Friend')
    const unanswered = await signUp(app, 'fan', 'Unanswered')
    for (const each of [friend, unanswered]) {
      const { conversation_id } = await byHttp(app, each).call('conversation:create', { type: 'direct', member_ids: [ana.id] })
      await byHttp(app, each).call('message:send', { conversation_id, client_msg_id: 'hello-there', text: 'Hello?' })
      if (each === friend) await byHttp(app, ana).call('message:send', { conversation_id, client_msg_id: 'hello-back', text: 'Hello!' })
    }
    const made = await studio.call('announcement:create', { audience: 'all', text: 'For all of you' })
    expect(made).to.include({ audience: 'all', total: 3 })
    // Of the four who followed, one is parted by a block; with the others the creator talks as well.
    expect(await over(made.announcement_id)).to.include({ status: 'done', sent: 4, skipped: 0, failed: 0, total: 4 })
    for (const each of [fans[0], fans[1], fans[3], friend]) expect(await words(each as Person)).to.include('For all of you')
    for (const each of [fans[2], unanswered, stranger]) expect(await words(each as Person)).not.to.include('For all of you')
  })

  it('that counts more than it was for is found', async () => {
    await app.db.collection('announcements').updateOne({ text: 'For you' }, { $inc: { sent: 5 } })
    expect((await app.check()).map((each) => each.check)).to.deep.equal(['announcements.counted'])
    await app.db.collection('announcements').updateOne({ text: 'For you' }, { $inc: { sent: -5 } })
  })
})
