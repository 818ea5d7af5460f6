import { expect } from 'chai'
import type { Message } from '../../src/features/messaging/contract.ts'
import { acquaint } from '../support/acquaint.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { pay, type Person, signUp, topUp } from '../support/cast.ts'
import { byHttp, bySocket, type Caller, redeliver } from '../support/doors.ts'
import { ask } from '../support/http.ts'

describe('messages of other kinds', () => {
  let app: TestApp
  let ana: Person
  let ben: Person
  let cara: Person
  let dan: Person
  let n = 0
  const newId = () => `kinds-message-${++n}`

  before(async () => {
    app = await startApp()
    ana = await signUp(app, 'creator', 'Ana')
    ben = await signUp(app, 'fan', 'Ben')
    cara = await signUp(app, 'fan', 'Cara')
    dan = await signUp(app, 'fan', 'Dan')
    await acquaint(ben, [ana, cara])
    await topUp(ben, 100_000)
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  const say = (who: Person, conversation_id: string, text: string, more: object = {}) => who.call('message:send', { conversation_id, client_msg_id: newId(), text, ...more })
  const told = async (who: Person, conversation_id: string) => (await who.call('conversation:history', { conversation_id, since_seq: 0, limit: 100 })).data
  const textsOf = async (who: Person, conversation_id: string) => (await told(who, conversation_id)).map((each) => each.text)
  const group = async (others: Person[], title = 'Friends') => (await ben.call('conversation:create', { type: 'group', title, ...(others.length > 0 ? { member_ids: others.map((each) => each.id) } : {}) })).conversation_id
  const inMs = (ms: number) => new Date(app.clock.now().getTime() + ms).toISOString()
  const reminderOf = async (who: Person, reminder_id: string) => (await who.call('reminder:list', { limit: 100 })).data.find((each) => each.reminder_id === reminder_id)
  /** Until nothing is due: the app's own timer may be at it, too. */
  const fire = () => app.runJob('messaging.reminders')

  describe('of what happened', () => {
    it('say who did what to whom, in their place, and count as unread for nobody', async () => {
      const conversation_id = await group([ana])
      const live = await bySocket(app, ana)
      await ben.call('conversation:add-members', { conversation_id, member_ids: [cara.id] })
      const added = await live.next<Message>('message:created')
      expect(added).to.deep.include({ type: 'system', seq: 2, text: 'Ben added Cara', system: { kind: 'added', actor_id: ben.id, subject_ids: [cara.id] } })
      await say(ben, conversation_id, 'hello')
      await ben.call('conversation:set-role', { conversation_id, user_id: ana.id, role: 'admin' })
      await ana.call('conversation:update', { conversation_id, title: 'Fans' })
      await ana.call('conversation:update', { conversation_id, title: 'Fans', slow_mode_ms: 1_000 })
      await ana.call('conversation:remove-member', { conversation_id, user_id: cara.id })
      expect((await ana.call('conversation:read', { conversation_id })), 'hello alone is unread').to.include({ unread: 1, last_seq: 7 })
      expect(await ana.call('conversation:mark-read', { conversation_id, up_to_seq: 2 })).to.include({ unread: 1 })
      expect(await ana.call('conversation:mark-read', { conversation_id, up_to_seq: 3 })).to.include({ unread: 0 })
      await ben.call('conversation:leave', { conversation_id })
      expect(await textsOf(ana, conversation_id)).to.deep.equal(['Ben made this group', 'Ben added Cara', 'hello', 'Ben made Ana an admin', 'Ana named it “Fans”', 'Ana changed the settings', 'Ana removed Cara', 'Ben left', 'Ana keeps this group now'])
      expect(await ben.call('conversation:list', {}).then(({ data }) => data.some((each) => each.conversation_id === conversation_id))).to.equal(false)
      live.close()
    })

    it('can be reacted to, and neither be changed nor, by members, taken away', async () => {
      const conversation_id = await group([ana])
      const [made] = await told(ana, conversation_id)
      const { message_id } = made as Message
      await ana.call('reaction:add', { message_id, emoji: '🎉' })
      const hers = byHttp(app, ana)
      expect(await hers.refused('message:delete', { message_id })).to.equal('forbidden')
      expect(await byHttp(app, ben).refused('message:edit', { message_id, text: 'no' })).to.equal('forbidden')
      expect(await byHttp(app, ben).refused('message:forward', { message_id, conversation_ids: [conversation_id], client_msg_id: newId() })).to.equal('forbidden')
      expect(await byHttp(app, ben).refused('message:pin', { message_id })).to.equal('forbidden')
    })

    it('name people as their accounts do, and keep nothing of who is gone', async () => {
      const conversation_id = await group([ana])
      await ben.call('conversation:update', { conversation_id, title: 'Secret' })
      await app.db.collection<{ _id: string }>('users').updateOne({ _id: ben.id }, { $set: { full_name: 'Benjamin' } })
      expect(await textsOf(ana, conversation_id)).to.deep.equal(['Benjamin made this group', 'Benjamin named it “Secret”'])
      const rows = await app.db.collection('messages').find({ conversation_id: conversation_id as never }).toArray()
      expect(JSON.stringify(rows)).not.to.match(/Ben/)
      await app.app.features.find((each) => each.name === 'messaging')?.personal[0]?.erase(ben.id)
      await app.db.collection<{ _id: string }>('users').updateOne({ _id: ben.id }, { $set: { full_name: 'Ben' } })
      expect(await textsOf(ana, conversation_id)).to.deep.equal(['Ben made this group', 'Ben named it “”'])
    })
  })

  describe('of tips', () => {
    let room: string
    let tips = 0
    const tip = async (message: string, more: object = {}) => (await byHttp(app, ben).call('tip:send', { creator_id: ana.id, amount: 500, currency: 'ZMW', message, ...more }, `kinds-tip-${++tips}`)).tip_id
    const lines = async () => {
      await app.app.dispatcher.whenIdle()
      return (await told(ana, room)).filter((each) => each.type === 'tip')
    }

    before(async () => {
      room = (await ana.call('conversation:create', { type: 'room' })).conversation_id
    })

    it('stand in the creator’s room once, as the audience sees them, guests’ among them, however often their news comes', async () => {
      const [named, anonymous] = [await tip('For you'), await tip('Guess who', { anonymous: true })]
      const guest = await ask(`${app.url}/api/v1/creators/${ana.id}/guest-tips`, { json: { amount: 700, currency: 'ZMW', message: 'From afar', name: 'Gus' }, key: 'a-guest-of-the-kinds-0001' })
      expect(guest.status, guest.text).to.equal(201)
      await ana.online()
      await pay(guest.body as never)
      await ana.fact('tip:received')
      await redeliver(app, 'messaging.tip-line')
      const seen = await lines()
      const ofGuest = seen.find((each) => each.tip?.name === 'Gus')
      expect(ofGuest?.text).to.equal('Gus tipped ZMW 7.00: From afar')
      expect(seen.filter((each) => each !== ofGuest).map((each) => [each.text, each.tip])).to.have.deep.members([
        ['Ben tipped ZMW 5.00: For you', { tip_id: named, amount_minor: 500, currency: 'ZMW', name: 'Ben', text: 'For you' }],
        ['Somebody tipped ZMW 5.00: Guess who', { tip_id: anonymous, amount_minor: 500, currency: 'ZMW', name: null, text: 'Guess who' }],
      ])
      expect(JSON.stringify(seen), 'not even an id').not.to.include(ben.id)
      expect(JSON.stringify(await app.db.collection('messages').find({ type: 'tip' }).toArray()), 'no name and no words are stored').not.to.match(/Ben|Gus|For you|From afar/)
    })

    it('are not there before a person let them through, never when they did not, and keep no word of who was silenced since', async () => {
      await ana.call('tip-settings:update', { min_amount: 1, max_amount: 1_000_000, currency: 'ZMW', moderation: 'manual', filter: { words: [], action: 'mask', hide_links: false }, guests: true })
      const [good, bad] = [await tip('Nice'), await tip('Nasty')]
      expect((await lines()).filter((each) => each.tip?.tip_id === good || each.tip?.tip_id === bad)).to.deep.equal([])
      await ana.call('tip:moderate', { tip_id: bad, decision: 'reject' })
      await ana.call('tip:moderate', { tip_id: good, decision: 'allow' })
      await redeliver(app, 'messaging.tip-line', 'messaging.tip-line-moderated')
      expect((await lines()).filter((each) => /Nice|Nasty/.test(each.text)).map((each) => each.text)).to.deep.equal(['Ben tipped ZMW 5.00: Nice'])
      await app.db.collection<{ _id: string }>('tips').updateOne({ _id: good }, { $set: { moderation: 'rejected' }, $unset: { announced_at: 1 } })
      await redeliver(app, 'messaging.tip-line-moderated')
      const row = (await told(ana, room)).filter((each) => each.deleted)
      expect(row.map((each) => [each.type, each.text, each.tip])).to.deep.equal([['tip', '', undefined]])
      await ana.call('user:mute', { user_id: ben.id })
      expect((await lines()).filter((each) => /Ben|For you/.test(JSON.stringify(each)))).to.deep.equal([])
      await ana.call('user:unmute', { user_id: ben.id })
    })
  })

  describe('of reminders', () => {
    it('are said once when they are due, by two at once as well, and tell those whom they concern', async () => {
      const conversation_id = await group([ana])
      const live = await bySocket(app, ana)
      const { reminder_id } = await byHttp(app, ben).call('reminder:create', { conversation_id, text: 'Doors open', due_at: inMs(60_000) }, 'kinds-reminder')
      expect((await byHttp(app, ben).call('reminder:create', { conversation_id, text: 'Doors open', due_at: (await reminderOf(ben, reminder_id))?.due_at ?? '' }, 'kinds-reminder')).reminder_id, 'the same key').to.equal(reminder_id)
      await fire()
      expect(await reminderOf(ben, reminder_id)).to.include({ state: 'open', message_id: null })
      app.clock.advance({ minutes: 1 })
      await Promise.all([fire(), fire(), fire()])
      const fired = await reminderOf(ben, reminder_id)
      expect(fired?.state).to.equal('fired')
      expect(await live.next('reminder:due')).to.deep.include({ conversation_id, message_id: fired?.message_id, text: 'Doors open', sender_name: 'Ben' })
      expect((await told(ana, conversation_id)).filter((each) => each.type === 'reminder').map((each) => each.message_id)).to.deep.equal([fired?.message_id])
      expect(await byHttp(app, ben).refused('reminder:cancel', { reminder_id })).to.equal('stale-state')
      // As after a crash between the two: it was said, and its row does not know.
      await app.db.collection<{ _id: string }>('reminders').updateOne({ _id: reminder_id }, { $set: { state: 'firing', message_id: null, slot: 0 } })
      await fire()
      expect(await reminderOf(ben, reminder_id)).to.deep.equal(fired)
      live.close()
    })

    it('are dropped with a reason where their writer may no longer write, and wait their turn in slow mode', async () => {
      const conversation_id = await group([ana, cara])
      const later = async (who: Person, where = conversation_id) => (await who.call('reminder:create', { conversation_id: where, text: 'later', due_at: inMs(60_000) })).reminder_id
      const between = (await ben.call('conversation:create', { type: 'direct', member_ids: [cara.id] })).conversation_id
      await ben.call('conversation:accept', { conversation_id: between }).catch(() => {})
      const [left, silenced, blocked, gone] = [await later(cara), await later(ana), await later(cara, between), await later(ben)]
      await ben.call('reminder:cancel', { reminder_id: gone })
      await ben.call('reminder:cancel', { reminder_id: gone })
      await ben.call('moderation:timeout', { conversation_id, user_id: ana.id, until: inMs(3_600_000) })
      await cara.call('conversation:leave', { conversation_id })
      await ben.call('user:block', { user_id: cara.id })
      app.clock.advance({ minutes: 1 })
      await fire()
      const outcome = async (who: Person, id: string) => { const { state, reason } = (await reminderOf(who, id)) ?? {}; return [state, reason] }
      expect(await Promise.all([outcome(cara, left), outcome(ana, silenced), outcome(cara, blocked), outcome(ben, gone)])).to.deep.equal([['dropped', 'left'], ['dropped', 'silenced'], ['dropped', 'blocked'], ['cancelled', null]])
      await ben.call('user:unblock', { user_id: cara.id })
      await ben.call('moderation:timeout', { conversation_id, user_id: ana.id, until: null })
      await ben.call('conversation:update', { conversation_id, slow_mode_ms: 60_000 })
      const [one, two] = [await later(ana), await later(ana)]
      app.clock.advance({ minutes: 1 })
      await fire()
      expect([(await outcome(ana, one))[0], (await outcome(ana, two))[0]].toSorted()).to.deep.equal(['fired', 'open'])
      app.clock.advance({ minutes: 1 })
      await fire()
      expect([(await outcome(ana, one))[0], (await outcome(ana, two))[0]]).to.deep.equal(['fired', 'fired'])
    })

    it('are at most fifty at a time, also for who asks for many at once, at most a year ahead, and nobody else’s', async () => {
      const conversation_id = await group([])
      const desk = byHttp(app, ben)
      const row = { user_id: ben.id, conversation_id, text: 'x', state: 'open', fire_at: new Date('2999-01-01') }
      await app.db.collection<{ _id: string }>('reminders').insertMany(Array.from({ length: 45 }, (_each, slot) => ({ ...row, _id: `rem_${slot}`, slot })))
      const many = await Promise.all(Array.from({ length: 8 }, () => desk.call('reminder:create', { conversation_id, text: 'x', due_at: inMs(3_600_000) }).then((each) => each.reminder_id, () => undefined)))
      expect(many.filter(Boolean)).to.have.length(5)
      expect(await desk.refused('reminder:create', { conversation_id, text: 'x', due_at: inMs(3_600_000) })).to.equal('conflict')
      const [first] = many.filter(Boolean) as [string]
      expect(await byHttp(app, ana).refused('reminder:cancel', { reminder_id: first })).to.equal('not-found')
      await desk.call('reminder:cancel', { reminder_id: first })
      for (const due_at of [inMs(0), inMs(-1), inMs(367 * 24 * 3_600_000)]) expect(await desk.refused('reminder:create', { conversation_id, text: 'x', due_at })).to.equal('validation')
      expect(await byHttp(app, ana).refused('reminder:create', { conversation_id, text: 'x', due_at: inMs(1_000) })).to.equal('not-found')
      await app.db.collection('reminders').updateMany({ conversation_id: conversation_id as never }, { $set: { state: 'cancelled' }, $unset: { slot: 1 } })
    })
  })

  describe('of invitations', () => {
    const requests = async (who: Person) => (await who.call('conversation:list', { state: 'requested' })).data

    it('ask strangers first: they know who asks into what, and hear and find nothing until they say yes', async () => {
      const conversation_id = await group([ana, dan], 'Party')
      const live = await bySocket(app, dan)
      expect(await textsOf(ana, conversation_id)).to.deep.equal(['Ben made this group', 'Ben invited Dan'])
      await say(ben, conversation_id, 'secret')
      const asked = (await requests(dan)).find((each) => each.conversation_id === conversation_id)
      expect(asked).to.deep.include({ state: 'invited', title: 'Party', unread: 0, last_message: null, participant_count: 2 })
      expect(asked?.participants.map((each) => each.name)).to.deep.equal(['Ben'])
      const his = byHttp(app, dan)
      const attempts: [Parameters<Caller['refused']>[0], object][] = [
        ['conversation:history', { conversation_id }],
        ['conversation:sync', { conversation_id, since_change: 0 }],
        ['conversation:pins', { conversation_id }],
        ['message:search', { conversation_id, query: 'secret' }],
        ['message:send', { conversation_id, client_msg_id: newId(), text: 'me too' }],
        ['conversation:mark-read', { conversation_id, up_to_seq: 1 }],
      ]
      for (const [name, input] of attempts) expect([name, await his.refused(name, input)]).to.deep.equal([name, 'not-found'])
      await dan.call('conversation:accept', { conversation_id })
      await say(ben, conversation_id, 'welcome')
      expect((await live.next<Message>('message:created')).text, 'the first that he hears').to.equal('Dan joined')
      expect(await textsOf(dan, conversation_id)).to.deep.equal(['Dan joined', 'welcome'])
      expect(await requests(dan)).to.deep.equal([])
      live.close()
    })

    it('are as open as the other wants, end with a no, and can be taken back', async () => {
      const conversation_id = await group([dan])
      await dan.call('conversation:decline', { conversation_id })
      await ben.call('conversation:add-members', { conversation_id, member_ids: [dan.id] })
      expect(await requests(dan), 'he said no').to.deep.equal([])
      const other = await group([dan])
      await ben.call('conversation:remove-member', { conversation_id: other, user_id: dan.id })
      expect(await requests(dan)).to.deep.equal([])
      expect(await byHttp(app, dan).refused('conversation:accept', { conversation_id: other })).to.equal('not-found')
      await dan.call('messaging-settings:update', { who_may_write: 'nobody' })
      expect(await byHttp(app, ben).refused('conversation:create', { type: 'group', member_ids: [dan.id] })).to.equal('forbidden')
      expect(await byHttp(app, ben).refused('conversation:add-members', { conversation_id: other, member_ids: [dan.id] })).to.equal('forbidden')
      await dan.call('messaging-settings:update', { who_may_write: 'everyone' })
    })

    it('are not spared who is merely followed: a fan pulls no creator into a group', async () => {
      await dan.call('creator:follow', { creator_id: ana.id })
      await dan.call('conversation:create', { type: 'direct', member_ids: [ana.id] })
      const { conversation_id } = await dan.call('conversation:create', { type: 'group', title: 'Fans only', member_ids: [ana.id] })
      expect((await ana.call('conversation:read', { conversation_id })).state).to.equal('invited')
    })
  })

  it('tell whoever declined nothing more, and bring them back when they begin it themselves', async () => {
    const conversation_id = (await dan.call('conversation:create', { type: 'direct', member_ids: [cara.id] })).conversation_id
    const { message_id } = await say(dan, conversation_id, 'hello?')
    const live = await bySocket(app, cara)
    await live.call('conversation:decline', { conversation_id })
    await dan.call('message:edit', { message_id, text: 'hello??' })
    await dan.call('reaction:add', { message_id, emoji: '👏' })
    await dan.call('message:pin', { message_id })
    await dan.call('message:delete', { message_id })
    const heard: string[] = []
    live.raw.onAny((fact: string) => heard.push(fact))
    await app.app.dispatcher.whenIdle()
    const between = (await ben.call('conversation:create', { type: 'direct', member_ids: [cara.id] })).conversation_id
    await say(cara, between, 'a later word')
    await live.next('message:created')
    expect(heard.filter((each) => each !== 'message:created' && each !== 'receipt:updated')).to.deep.equal([])
    expect(await cara.call('conversation:create', { type: 'direct', member_ids: [dan.id] })).to.deep.include({ conversation_id, state: 'joined', title: 'Dan' })
    await say(cara, conversation_id, 'hello!')
    live.close()
  })

  it('are pinned by who keeps order, by both of two, seen by whoever was away, and lose the pin when they are taken away', async () => {
    const conversation_id = await group([ana])
    const [one, two] = [await say(ana, conversation_id, 'one'), await say(ben, conversation_id, 'two')]
    expect(await byHttp(app, ana).refused('message:pin', { message_id: one.message_id })).to.equal('forbidden')
    const live = await bySocket(app, ana)
    await ben.call('message:pin', { message_id: one.message_id })
    await ben.call('message:pin', { message_id: one.message_id })
    expect(await live.next('message:pinned')).to.deep.equal({ conversation_id, message_id: one.message_id, seq: 2, change: 4, pinned: true })
    await ben.call('message:pin', { message_id: two.message_id })
    expect((await ana.call('conversation:sync', { conversation_id, since_change: 3 })).data.map((each) => [each.text, each.pinned])).to.deep.equal([['one', true], ['two', true]])
    expect((await ana.call('conversation:pins', { conversation_id })).data.map((each) => each.text)).to.have.members(['one', 'two'])
    await ben.call('message:unpin', { message_id: two.message_id })
    await ana.call('message:delete', { message_id: one.message_id })
    expect((await ana.call('conversation:pins', { conversation_id })).data).to.deep.equal([])
    const between = (await ana.call('conversation:create', { type: 'direct', member_ids: [ben.id] })).conversation_id
    await ben.call('conversation:accept', { conversation_id: between }).catch(() => {})
    const { message_id } = await say(ana, between, 'ours')
    await ben.call('message:pin', { message_id })
    await ana.call('message:unpin', { message_id })
    await app.db.collection('messages').updateMany({ conversation_id: conversation_id as never }, { $set: { pinned_at: new Date() } })
    for (let more = (await app.db.collection('messages').countDocuments({ conversation_id: conversation_id as never })); more < 50; more++) await app.db.collection('messages').insertOne({ conversation_id, seq: 1_000 + more, client_msg_id: `x${more}`, sender_id: 'x', pinned_at: new Date() })
    await app.db.collection<{ _id: string }>('messages').updateOne({ _id: two.message_id }, { $unset: { pinned_at: 1 } })
    await app.db.collection('messages').insertOne({ conversation_id, seq: 2_000, client_msg_id: 'last', sender_id: 'x', pinned_at: new Date() })
    expect(await byHttp(app, ben).refused('message:pin', { message_id: two.message_id })).to.equal('conflict')
    await app.db.collection('messages').deleteMany({ conversation_id: conversation_id as never, seq: { $gte: 1_000 } })
    await app.db.collection('messages').updateMany({ conversation_id: conversation_id as never }, { $unset: { pinned_at: 1 } })
    live.close()
  })

  it('are found by the beginnings of their words, whatever the case and the accents, by whoever can read them, and page by page', async () => {
    const conversation_id = await group([ana])
    const found = async (who: Person, query: string, more: object = {}) => (await who.call('message:search', { query, ...more })).data.map((each) => each.message.text)
    const cafe = await say(ben, conversation_id, 'Meet me at the Café Zanzibar, 8 pm')
    await say(ana, conversation_id, 'Zanzibars are fine; 東京タワー too')
    expect(await found(ana, 'zanz')).to.deep.equal(['Zanzibars are fine; 東京タワー too', 'Meet me at the Café Zanzibar, 8 pm'])
    expect(await found(ana, 'CAFE ZANZIBAR')).to.deep.equal(['Meet me at the Café Zanzibar, 8 pm'])
    expect(await found(ana, '東京', { conversation_id })).to.have.length(1)
    expect(await found(ana, 'anzibar')).to.deep.equal([])
    expect(await found(ana, 'zanzibarx')).to.deep.equal([])
    expect(await found(cara, 'zanzibar'), 'she is not in it').to.deep.equal([])
    expect(await byHttp(app, ana).refused('message:search', { query: 'z' })).to.equal('validation')
    expect(await byHttp(app, ana).refused('message:search', { query: '…' })).to.equal('validation')
    await ben.call('conversation:add-members', { conversation_id, member_ids: [cara.id] })
    expect(await found(cara, 'zanzibar'), 'it was said before she came').to.deep.equal([])
    const first = await ana.call('message:search', { query: 'zanzibar', limit: 1 })
    expect([first.data[0]?.title, first.data[0]?.conversation_type, first.has_more]).to.deep.equal(['Friends', 'group', true])
    expect((await ana.call('message:search', { query: 'zanzibar', limit: 1, cursor: first.next ?? '' })).data.map((each) => each.message.seq)).to.deep.equal([cafe.seq])
    expect(await byHttp(app, ana).refused('message:search', { query: 'other', cursor: first.next ?? '' })).to.equal('cursor')
    await ben.call('message:edit', { message_id: cafe.message_id, text: 'Meet me in Lusaka' })
    expect([await found(ana, 'zanzibar'), await found(ana, 'lusa')].map((each) => each.length)).to.deep.equal([1, 1])
    await ana.call('message:delete', { message_id: cafe.message_id, scope: 'me' })
    expect(await found(ana, 'lusaka')).to.deep.equal([])
    await ben.call('message:delete', { message_id: cafe.message_id })
    expect(await found(ben, 'lusaka')).to.deep.equal([])
    await ana.call('conversation:leave', { conversation_id })
    expect(await found(ana, 'zanzibar')).to.deep.equal([])
  })

  it('are forwarded once, without a word of who said it, under the rules of each conversation', async () => {
    const [from, to] = [await group([ana], 'From'), await group([], 'To')]
    const theirs = (await dan.call('conversation:create', { type: 'group', title: 'Theirs' })).conversation_id
    const { message_id } = await say(ana, from, 'Pass it on')
    const input = { message_id, conversation_ids: [to, theirs], client_msg_id: newId() }
    const { data } = await ben.call('message:forward', input)
    expect(data.map((each) => [each.conversation_id, each.refused, each.message?.text, each.message?.forwarded, each.message?.sender_name])).to.deep.equal([
      [to, null, 'Pass it on', true, 'Ben'],
      [theirs, 'not-found', undefined, undefined, undefined],
    ])
    expect(JSON.stringify((await told(ben, to)).at(-1))).not.to.include(ana.id)
    await ana.call('message:edit', { message_id, text: 'Changed meanwhile' })
    const again = await ben.call('message:forward', input)
    expect(again.data[0]?.message).to.deep.include({ message_id: data[0]?.message?.message_id, duplicate: true, text: 'Pass it on' })
    expect(await byHttp(app, cara).refused('message:forward', { ...input, conversation_ids: [to] })).to.equal('not-found')
    expect(await byHttp(app, ben).refused('message:forward', { ...input, conversation_ids: [] })).to.equal('validation')
  })

  it('are watched over: what no rule allows is found', async () => {
    const conversation_id = await group([])
    const { message_id } = await say(ben, conversation_id, 'x')
    const found = async () => (await app.check()).map((each) => each.check)
    const messages = app.db.collection<{ _id: string }>('messages')
    const conversations = app.db.collection<{ _id: string }>('conversations')
    const broken = async (check: string, breakIt: () => Promise<unknown>, mend: () => Promise<unknown>) => {
      await breakIt()
      expect(await found()).to.deep.equal([check])
      await mend()
    }
    await broken('messaging.quiet', () => conversations.updateOne({ _id: conversation_id }, { $inc: { quiet: 1 } }), () => conversations.updateOne({ _id: conversation_id }, { $inc: { quiet: -1 } }))
    await broken('messaging.pins', () => messages.updateOne({ _id: message_id }, { $set: { pinned_at: new Date(), deleted_at: new Date() } }), () => messages.updateOne({ _id: message_id }, { $set: { deleted_at: null }, $unset: { pinned_at: 1 } }))
    const { reminder_id } = await ben.call('reminder:create', { conversation_id, text: 'x', due_at: inMs(3_600_000) })
    const reminders = app.db.collection<{ _id: string }>('reminders')
    await broken('messaging.reminders', () => reminders.updateOne({ _id: reminder_id }, { $set: { state: 'fired', message_id: 'msg_none' }, $unset: { slot: 1 } }), () => reminders.updateOne({ _id: reminder_id }, { $set: { state: 'cancelled' } }))
  })

  it('leave with their writer', async () => {
    const erin = await signUp(app, 'fan', 'Erin')
    const { conversation_id } = await erin.call('conversation:create', { type: 'group', title: 'Alone' })
    await erin.call('reminder:create', { conversation_id, text: 'mine', due_at: inMs(3_600_000) })
    const personal = app.app.features.find((each) => each.name === 'messaging')?.personal[0]
    expect(JSON.stringify(await personal?.read(erin.id))).to.include('"mine"')
    await personal?.erase(erin.id)
    const { data } = await erin.call('reminder:list', {})
    expect(data.map((each) => [each.text, each.state]), 'no word, and it will not be said').to.deep.equal([['', 'cancelled']])
  })
})
