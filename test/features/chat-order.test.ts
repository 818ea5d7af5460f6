import { expect } from 'chai'
import type { HeldMessage, Message, UpdateConversation } from '../../src/features/messaging/contract.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp } from '../support/cast.ts'
import { bySocket, byHttp, type Caller, doors, type Listener, through } from '../support/doors.ts'
import { ask } from '../support/http.ts'
import { picture, upload } from '../support/media.ts'

type Order = Omit<UpdateConversation, 'conversation_id'>
const none: Order = { slow_mode_ms: 0, emoji_only: false, blocked_words: [], filter_action: 'hold', moderation_delay_ms: 0 }

describe('order in a room', () => {
  let app: TestApp
  let n = 0
  let ana: Person
  let ben: Person
  let cara: Person
  let hers: Caller & Listener
  let his: Caller & Listener
  let other: Caller & Listener
  let conversation_id: string

  before(async () => {
    app = await startApp()
    ;[ana, ben, cara] = [await signUp(app, 'creator', 'Ana'), await signUp(app, 'fan', 'Ben'), await signUp(app, 'fan', 'Cara')]
    conversation_id = (await byHttp(app, ana).call('conversation:create', { type: 'room' })).conversation_id
  })
  beforeEach(async () => {
    for (const each of [ben, cara]) await byHttp(app, each).call('conversation:join', { conversation_id })
    ;[hers, his, other] = [await bySocket(app, ana), await bySocket(app, ben), await bySocket(app, cara)]
    await keep(none)
  })
  afterEach(() => [hers, his, other].forEach((each) => each.close()))
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  const keep = (order: Order) => byHttp(app, ana).call('conversation:update', { conversation_id, ...order })
  const newId = () => `order-message-${++n}`
  const say = (desk: Caller, text: string, client_msg_id = newId()) => desk.call('message:send', { conversation_id, client_msg_id, text })
  const refusedToSay = (desk: Caller, text: string) => desk.refused('message:send', { conversation_id, client_msg_id: newId(), text })
  const letGo = () => app.runJob('messaging.let-go')
  const lastOf = async (desk: Caller) => (await desk.call('conversation:history', { conversation_id, limit: 1 })).data[0]
  const soon = (seconds: number) => new Date(app.clock.now().getTime() + seconds * 1_000).toISOString()
  const auditOf = async (subject: string) => (await app.db.collection('audit').find({ subject }).toArray()).map(({ actor, action }) => [actor as string, action as string])

  for (const door of doors)
    it(`holds a word on the list until somebody lets it go, and then it is said, once and with the next place (${door})`, async () => {
      const [studio, page] = [await through(door, app, ana), await through(door, app, ben)]
      await keep({ blocked_words: ['crème', 'very bad'] })
      expect((await page.call('conversation:read', { conversation_id })).settings.blocked_words, 'the list is told to nobody else').to.deep.equal([])
      const client_msg_id = newId()
      const sent = await say(page, 'Ｃre\u200bme!', client_msg_id)
      expect(sent).to.deep.include({ seq: 0, duplicate: false })
      expect(sent.held).to.deep.include({ held_id: sent.message_id, state: 'held', why: 'words', release_at: null, text: 'Ｃre\u200bme!', sender_name: 'Ben' })
      for (const each of [hers, his]) expect(await each.next<HeldMessage>('message:held')).to.deep.equal(sent.held)
      expect(await say(page, 'Ｃre\u200bme!', client_msg_id), 'sent again, it is the same').to.deep.equal({ ...sent, duplicate: true })
      expect(await page.refused('message:send', { conversation_id, client_msg_id, text: 'other words' })).to.equal('key-reused')
      const next = await say(page, 'creme de la creme'.replaceAll('creme', 'ice'))
      expect((await studio.call('moderation:queue', { conversation_id })).data).to.deep.equal([sent.held])
      expect((await page.call('moderation:queue', { conversation_id })).data).to.deep.equal([sent.held])
      expect((await other.call('moderation:queue', { conversation_id })).data, 'is not another member’s').to.deep.equal([])
      for (const name of ['moderation:approve', 'moderation:reject'] as const) expect(await page.refused(name, { held_id: sent.message_id })).to.equal('forbidden')
      const said = await studio.call('moderation:approve', { held_id: sent.message_id })
      expect(said).to.deep.include({ message_id: sent.message_id, seq: next.seq + 1, created_at: sent.created_at, text: sent.text })
      for (const each of [hers, his]) expect(await each.next('message:decided')).to.include({ held_id: sent.message_id, client_msg_id, state: 'released' })
      for (;;) if ((await other.next<Message>('message:created')).message_id === sent.message_id) break
      expect(await say(page, 'Ｃre\u200bme!', client_msg_id), 'and still the same').to.deep.include({ message_id: sent.message_id, seq: said.seq, duplicate: true, held: null })
      expect(await studio.refused('moderation:approve', { held_id: sent.message_id })).to.equal('stale-state')
      expect(await auditOf(sent.message_id)).to.deep.equal([[ana.id, 'message.approved']])
      studio.close()
      page.close()
    })

  it('turns down what somebody does not want, tells its author why, and forgets nothing of it', async () => {
    await keep({ blocked_words: ['spam'] })
    const client_msg_id = newId()
    const { message_id, held } = await say(his, 'spam', client_msg_id)
    const twice = await Promise.allSettled([hers.call('moderation:reject', { held_id: message_id, reason: 'No advertising' }), hers.call('moderation:approve', { held_id: message_id })])
    expect(twice.filter((each) => each.status === 'fulfilled'), 'decided once').to.have.length(1)
    const rejected = await say(his, 'spam', client_msg_id)
    if (rejected.held) {
      expect(rejected.held).to.deep.equal({ ...held, state: 'rejected', reason: 'No advertising' })
      expect(await his.next('message:decided')).to.include({ state: 'rejected', reason: 'No advertising' })
      expect(await his.refused('message:send', { conversation_id, client_msg_id, text: 'eggs' })).to.equal('key-reused')
    }
    expect((await hers.call('moderation:queue', { conversation_id })).data).to.deep.equal([])
    const again = await say(his, 'more spam')
    expect(await hers.call('moderation:reject', { held_id: again.message_id })).to.include({ state: 'rejected', reason: '' })
    expect(await auditOf(again.message_id)).to.deep.equal([[ana.id, 'message.rejected']])
    expect(await hers.refused('moderation:approve', { held_id: again.message_id })).to.equal('stale-state')
  })

  it('refuses such words where that is wished, also in an edit; who keeps order stands above it', async () => {
    await keep({ blocked_words: ['spam'], filter_action: 'refuse' })
    expect(await refusedToSay(his, 'S P A M? Spám!')).to.equal('forbidden')
    expect(await say(hers, 'no spam, please')).to.include({ held: null })
    const { message_id } = await say(his, 'eggs, spammers')
    for (const filter_action of ['refuse', 'hold'] as const) {
      await keep({ filter_action })
      expect(await his.refused('message:edit', { message_id, text: 'spam' })).to.equal('forbidden')
    }
    await keep({ ...none, emoji_only: true })
    expect(await his.refused('message:edit', { message_id, text: 'words' })).to.equal('forbidden')
    await keep({ ...none, moderation_delay_ms: 1_000 })
    expect(await his.refused('message:edit', { message_id, text: 'unseen' }), 'what is looked at first is not changed afterwards').to.equal('forbidden')
    await keep(none)
    expect(await his.call('message:edit', { message_id, text: 'eggs' })).to.include({ text: 'eggs' })
  })

  it('lets a member’s words go after the delay, unless somebody was quicker; nobody else waits', async () => {
    await keep({ moderation_delay_ms: 5_000 })
    const before = (await hers.call('conversation:read', { conversation_id })).last_seq
    const [first, second, third] = [await say(his, 'first'), await say(his, 'second'), await say(other, 'third')]
    expect(first.held).to.include({ why: 'delay', state: 'held' })
    expect(new Date(first.held?.release_at ?? '').getTime() - new Date(first.created_at).getTime()).to.equal(5_000)
    await hers.call('moderation:reject', { held_id: second.message_id })
    expect(await say(hers, 'at once')).to.include({ seq: before + 1 })
    await letGo()
    expect((await hers.call('conversation:read', { conversation_id })).last_seq, 'not before its time').to.equal(before + 1)
    app.clock.advance({ seconds: 5 })
    await Promise.all([letGo(), letGo(), letGo()])
    const { data } = await hers.call('conversation:history', { conversation_id, since_seq: before })
    expect(data.map(({ seq, text, message_id }) => [seq - before, text, message_id])).to.deep.equal([[1, 'at once', data[0]?.message_id], [2, 'first', first.message_id], [3, 'third', third.message_id]])
    expect((await hers.call('moderation:queue', { conversation_id })).data).to.deep.equal([])
  })

  it('drops what somebody left waiting who was silenced or sent out meanwhile', async () => {
    await keep({ moderation_delay_ms: 1_000 })
    const client_msg_id = newId()
    const [quiet, gone] = [await say(his, 'rude', client_msg_id), await say(other, 'ruder')]
    await hers.call('moderation:timeout', { conversation_id, user_id: ben.id, until: soon(60) })
    await hers.call('moderation:ban', { conversation_id, user_id: cara.id, until: soon(60) })
    app.clock.advance({ seconds: 1 })
    const last = await lastOf(hers)
    await letGo()
    for (const [each, { message_id }] of [[his, quiet], [other, gone]] as const) expect(await each.next('message:decided')).to.include({ held_id: message_id, state: 'dropped' })
    expect(await lastOf(hers)).to.deep.equal(last)
    expect(await say(his, 'rude', client_msg_id)).to.deep.include({ message_id: quiet.message_id, seq: 0 })
    await hers.call('moderation:timeout', { conversation_id, user_id: ben.id, until: null })
    await hers.call('moderation:ban', { conversation_id, user_id: cara.id, until: null })
    expect(await hers.refused('moderation:approve', { held_id: quiet.message_id })).to.equal('stale-state')
  })

  it('counts what waits for slow mode, and lets nobody fill the queue', async () => {
    await keep({ blocked_words: ['spam'], slow_mode_ms: 60_000 })
    app.clock.advance({ minutes: 1 })
    await say(his, 'spam')
    expect(await refusedToSay(his, 'eggs')).to.equal('slow-mode')
    await keep({ slow_mode_ms: 0 })
    const dan = await signUp(app, 'fan', 'Dan')
    const busy = byHttp(app, dan)
    await busy.call('conversation:join', { conversation_id })
    const answers = await Promise.allSettled(Array.from({ length: 25 }, () => say(busy, 'spam')))
    const { data } = await hers.call('moderation:queue', { conversation_id, limit: 100 })
    expect(data.filter((each) => each.sender_id === dan.id)).to.have.length(20)
    expect(answers.filter((each) => each.status === 'fulfilled')).to.have.length(20)
    for (const each of data) await app.db.collection<{ _id: string }>('held_messages').deleteOne({ _id: each.held_id })
  })

  it('keeps who is silent from speaking by other ways, and notes who took what away', async () => {
    const { message_id } = await say(his, 'hello')
    await hers.call('moderation:timeout', { conversation_id, user_id: ben.id, until: soon(60) })
    expect(await his.refused('message:edit', { message_id, text: 'HELLO' })).to.equal('forbidden')
    expect(await his.refused('reaction:add', { message_id, emoji: '👏' })).to.equal('forbidden')
    await hers.call('moderation:timeout', { conversation_id, user_id: ben.id, until: null })
    await hers.call('message:delete', { message_id })
    expect(await auditOf(message_id)).to.deep.equal([[ana.id, 'message.removed']])
    expect((await auditOf(`${conversation_id}/${ben.id}`)).slice(-2)).to.deep.equal([[ana.id, 'conversation.timeout'], [ana.id, 'conversation.timeout']])
  })

  it('is checked: what waits was not said', async () => {
    const client_msg_id = newId()
    await say(his, 'once', client_msg_id)
    const twin = { _id: 'msg_twin' as never, conversation_id, sender_id: ben.id, client_msg_id, content: { text: 'once' }, why: 'words', state: 'held', due_at: null, reason: '', created_at: new Date() }
    await app.db.collection('held_messages').insertOne(twin)
    expect(await app.check()).to.deep.equal([{ check: 'messaging.held-once', detail: 'msg_twin waits and is said', subject: conversation_id }])
    await app.db.collection('held_messages').deleteOne({ _id: 'msg_twin' as never })
  })

  describe('of all that is said', () => {
    const held = async () => (await hers.call('moderation:queue', { conversation_id, limit: 100 })).data
    afterEach(async () => {
      for (const each of await held()) await hers.call('moderation:reject', { held_id: each.held_id })
    })

    it('shows the files of what waits to whoever decides and nobody else, and says it with them; where one went elsewhere it is dropped, and its author told why', async () => {
      await keep({ blocked_words: ['spam'] })
      const [photo, other] = [await upload(app, ben, await picture()), await upload(app, ben, await picture())]
      const draft = { conversation_id, client_msg_id: newId(), text: 'spam with bacon', media_ids: [photo.media_id] }
      const sent = await his.call('message:send', draft)
      expect(sent).to.deep.include({ seq: 0, type: 'image', media: [photo] })
      expect(sent.held).to.deep.include({ media: [photo] })
      expect(await his.call('message:send', draft)).to.deep.equal({ ...sent, duplicate: true })
      expect(await his.refused('message:send', { ...draft, media_ids: [other.media_id] })).to.equal('key-reused')
      // Whoever decides sees it, nobody else does.
      const { url } = await hers.call('media:sign', { media_id: photo.media_id })
      expect((await ask(`${app.url}${url}`)).status).to.equal(200)
      expect(await byHttp(app, cara).refused('media:sign', { media_id: photo.media_id })).to.equal('not-found')
      const said = await hers.call('moderation:approve', { held_id: sent.message_id })
      expect(said).to.deep.include({ message_id: sent.message_id, type: 'image', media: [photo] })
      await hers.call('media:sign', { media_id: photo.media_id })
      expect(await his.call('message:send', draft)).to.deep.include({ message_id: sent.message_id, media: [photo], duplicate: true, held: null })
      expect((await hers.call('message:search', { query: 'bacon', conversation_id })).data.map((each) => each.message.message_id)).to.deep.equal([sent.message_id])

      const late = { conversation_id, client_msg_id: newId(), text: 'spam', media_ids: [other.media_id] }
      const { message_id } = await his.call('message:send', late)
      await his.call('message:send', { conversation_id, client_msg_id: newId(), text: '', media_ids: [other.media_id] })
      expect(await hers.refused('moderation:approve', { held_id: message_id })).to.equal('stale-state')
      expect((await his.call('message:send', late)).held).to.include({ state: 'dropped', reason: 'A file of it is not there any more' })
      expect(await auditOf(message_id)).to.deep.equal([[ana.id, 'message.dropped']])
      await keep({ ...none, emoji_only: true })
      expect(await his.refused('message:send', { conversation_id, client_msg_id: newId(), text: '👏', media_ids: [(await upload(app, ben, await picture())).media_id] })).to.equal('forbidden')
    })

    it('looks at what is forwarded as at what is written', async () => {
      const { conversation_id: elsewhere } = await his.call('conversation:create', { type: 'direct', member_ids: [ana.id] })
      const { message_id } = await his.call('message:send', { conversation_id: elsewhere, client_msg_id: newId(), text: 'spam' })
      const forwarding = { message_id, conversation_ids: [conversation_id], client_msg_id: newId() }
      const forward = async () => (await his.call('message:forward', forwarding)).data[0]
      await keep({ blocked_words: ['spam'], filter_action: 'refuse' })
      expect(await forward()).to.include({ message: null, refused: 'forbidden' })
      await keep({ filter_action: 'hold' })
      const first = await forward()
      expect(first?.message).to.include({ seq: 0, forwarded: true })
      await his.call('message:edit', { message_id, text: 'spam and eggs' })
      expect((await forward())?.message, 'what was changed there meanwhile is the same forwarding').to.deep.equal({ ...first?.message, duplicate: true })
      const said = await hers.call('moderation:approve', { held_id: first?.message?.message_id ?? '' })
      expect(said).to.include({ text: 'spam', forwarded: true })
      expect((await forward())?.message).to.include({ message_id: said.message_id, duplicate: true, held: null })
    })

    it('lets a reminder wait like other words: it is said when it is let go, or dropped when it is turned down', async () => {
      await keep({ blocked_words: ['spam'] })
      const remind = async (text: string) => (await his.call('reminder:create', { conversation_id, text, due_at: soon(60) })).reminder_id
      const stateOf = async (id: string) => (await his.call('reminder:list', {})).data.find((each) => each.reminder_id === id)
      const [yes, no] = [await remind('spam for all'), await remind('spam for none')]
      app.clock.advance({ seconds: 60 })
      await app.runJob('messaging.reminders')
      const waiting = await held()
      expect(waiting.map((each) => each.text).toSorted()).to.deep.equal(['spam for all', 'spam for none'])
      for (const each of [yes, no]) expect(await stateOf(each)).to.include({ state: 'open', message_id: null })
      expect(await his.refused('reminder:cancel', { reminder_id: yes })).to.equal('stale-state')
      const idOf = (text: string) => waiting.find((each) => each.text === text)?.held_id ?? ''
      const said = await hers.call('moderation:approve', { held_id: idOf('spam for all') })
      expect(said).to.include({ type: 'reminder' })
      expect(await his.next('reminder:due')).to.include({ message_id: said.message_id })
      await hers.call('moderation:reject', { held_id: idOf('spam for none') })
      app.clock.advance({ seconds: 10 })
      await app.runJob('messaging.reminders')
      expect(await stateOf(yes)).to.include({ state: 'fired', message_id: said.message_id })
      expect(await stateOf(no)).to.include({ state: 'dropped', reason: 'forbidden', message_id: null })
    })

    it('notes that the rules are others only when they are', async () => {
      await keep({ blocked_words: ['spam', 'eggs'] })
      const { last_seq } = await hers.call('conversation:read', { conversation_id })
      await keep({ blocked_words: ['spam', 'eggs'] })
      expect((await hers.call('conversation:read', { conversation_id })).last_seq).to.equal(last_seq)
    })
  })

  describe('and a block', () => {
    afterEach(() => byHttp(app, ana).call('user:unblock', { user_id: ben.id }))

    it('in the middle of it takes the other out at once: nothing more is said or heard', async () => {
      await his.call('message:send', { conversation_id, client_msg_id: newId(), text: 'hello' })
      const heard: string[] = []
      his.raw.on('message:created', ({ text }: Message) => heard.push(text))
      await hers.call('user:block', { user_id: ben.id })
      expect(await refusedToSay(his, 'me?')).to.be.oneOf(['blocked', 'not-found'])
      await app.app.dispatcher.whenIdle()
      expect(await refusedToSay(his, 'me?')).to.equal('not-found')
      expect(await his.refused('conversation:join', { conversation_id })).to.equal('blocked')
      await say(hers, 'at last')
      for (;;) if ((await other.next<Message>('message:created')).text === 'at last') break
      await his.call('conversation:list', {})
      expect(heard).not.to.include('at last')
    })

    it('between two ends every way of speaking, and the marks of one are not told to the other', async () => {
      const direct = await his.call('conversation:create', { type: 'direct', member_ids: [ana.id] })
      const at = { conversation_id: direct.conversation_id }
      const client_msg_id = newId()
      const { message_id } = await his.call('message:send', { ...at, client_msg_id, text: 'hello' })
      await hers.call('message:send', { ...at, client_msg_id: newId(), text: 'hello?' })
      await hers.call('user:block', { user_id: ben.id })
      for (const [name, input] of [
        ['message:send', { ...at, client_msg_id: newId(), text: 'but' }],
        ['message:edit', { message_id, text: 'but' }],
        ['reaction:add', { message_id, emoji: '👏' }],
      ] as const)
        for (const each of name === 'message:edit' ? [his] : [his, hers]) expect([name, await each.refused(name, input)]).to.deep.equal([name, 'blocked'])
      expect(await his.call('message:send', { ...at, client_msg_id, text: 'hello' }), 'what was said before is the same').to.include({ message_id, duplicate: true })
      await his.call('typing:start', at)
      await his.call('conversation:mark-read', { ...at, up_to_seq: 2 })
      await his.next('receipt:updated')
      await hers.call('user:unblock', { user_id: ben.id })
      await his.call('typing:stop', at)
      expect(await hers.next('typing:changed'), 'that he began to write never came').to.include({ typing: false })
      await his.call('conversation:mark-read', { ...at, up_to_seq: 2 })
      const { last_seq } = await his.call('message:send', { ...at, client_msg_id: newId(), text: 'thanks' }).then(() => hers.call('conversation:read', at))
      await hers.call('conversation:mark-read', { ...at, up_to_seq: last_seq })
      expect(await hers.next('receipt:updated'), 'his mark never came').to.include({ user_id: ana.id })
    })
  })
})
