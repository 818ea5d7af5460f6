import { expect } from 'chai'
import type { Message } from '../../src/features/messaging/contract.ts'
import { acquaint } from '../support/acquaint.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp } from '../support/cast.ts'
import { byHttp, bySocket, type Caller, doors, through } from '../support/doors.ts'

describe('a conversation', () => {
  let app: TestApp
  let n = 0
  /** the same people in every group */
  const crowd: Person[] = []
  const newId = () => `client-message-${++n}`

  before(async () => {
    app = await startApp()
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  const say = (desk: Caller, conversation_id: string, text: string, more: object = {}) => desk.call('message:send', { conversation_id, client_msg_id: newId(), text, ...more })

  /** Two people who know each other, and the conversation between them. */
  async function pair(door: (typeof doors)[number] = 'http') {
    const [ana, ben] = [await signUp(app, 'creator', 'Ana'), await signUp(app, 'fan', 'Ben')]
    await byHttp(app, ben).call('creator:follow', { creator_id: ana.id })
    const [hers, his] = [await through(door, app, ana), await through(door, app, ben)]
    const { conversation_id } = await his.call('conversation:create', { type: 'direct', member_ids: [ana.id] })
    return { ana, ben, hers, his, conversation_id, close: () => [hers, his].forEach((each) => each.close()) }
  }

  async function group(people: number, title = 'Friends') {
    while (crowd.length <= people) {
      const [host] = crowd
      const each = await signUp(app, 'fan', host ? `Member ${crowd.length - 1}` : 'Owner')
      if (host) await acquaint(host, [each])
      crowd.push(each)
    }
    const [owner, ...others] = crowd.slice(0, people + 1) as [Person, ...Person[]]
    const desk = byHttp(app, owner)
    const { conversation_id } = await desk.call('conversation:create', { type: 'group', title, member_ids: others.map((each) => each.id) })
    return { owner, others, desk, conversation_id, desks: others.map((each) => byHttp(app, each)) }
  }

  for (const door of doors) {
    it(`is one between two people, however often and by whom it is begun (${door})`, async () => {
      const { ana, ben, hers, his, conversation_id, close } = await pair(door)
      expect(await hers.call('conversation:create', { type: 'direct', member_ids: [ben.id] })).to.deep.include({ conversation_id, title: 'Ben', state: 'joined' })
      expect(await his.call('conversation:read', { conversation_id })).to.deep.include({ title: 'Ana', participant_count: 2, unread: 0, last_message: null })
      const twins = await Promise.all([1, 2, 3].map(() => his.call('conversation:create', { type: 'direct', member_ids: [ana.id] })))
      expect(new Set(twins.map((each) => each.conversation_id))).to.deep.equal(new Set([conversation_id]))
      close()
    })

    it(`numbers what is said without a gap and tells both at once (${door})`, async () => {
      const { ana, ben, hers, his, conversation_id, close } = await pair(door)
      const [hears, sees] = [await bySocket(app, ana), await bySocket(app, ben)]
      const first = await say(his, conversation_id, 'Hello 👋')
      expect(first).to.deep.include({ seq: 1, text: 'Hello 👋', sender_name: 'Ben', duplicate: false, deleted: false })
      for (const each of [hears, sees]) expect(await each.next<Message>('message:created')).to.deep.include({ message_id: first.message_id, seq: 1, text: 'Hello 👋' })
      const second = await say(hers, conversation_id, 'Hi', { reply_to_id: first.message_id })
      expect(second).to.include({ seq: 2, reply_to_id: first.message_id })
      expect((await his.call('conversation:history', { conversation_id })).data.map((each) => each.seq)).to.deep.equal([2, 1])
      expect((await his.call('conversation:history', { conversation_id, since_seq: 0, limit: 1 }))).to.deep.include({ has_more: true, next: 1 })
      expect((await his.call('conversation:list', {})).data[0]).to.deep.include({ conversation_id, last_seq: 2, unread: 1 })
      for (const each of [hears, sees]) each.close()
      close()
    })

    it(`takes a message that is sent again for the one that is there, and other words under its id for a mistake (${door})`, async () => {
      const { his, conversation_id, close } = await pair(door)
      const client_msg_id = newId()
      const answers = await Promise.all([1, 2, 3, 4].map(() => his.call('message:send', { conversation_id, client_msg_id, text: 'once' })))
      expect(new Set(answers.map(({ message_id, seq, created_at }) => `${message_id} ${seq} ${created_at}`)).size).to.equal(1)
      expect(answers.filter((each) => !each.duplicate)).to.have.length(1)
      expect(await his.refused('message:send', { conversation_id, client_msg_id, text: 'twice' })).to.equal('key-reused')
      const { data } = await his.call('conversation:history', { conversation_id })
      expect(data.map((each) => each.text)).to.deep.equal(['once'])
      close()
    })

    it(`keeps what was said before an edit, and nothing of what was taken away (${door})`, async () => {
      const { hers, his, conversation_id, close } = await pair(door)
      const { message_id } = await say(his, conversation_id, 'Tomorow')
      expect(await his.call('message:edit', { message_id, text: 'Tomorrow' })).to.deep.include({ text: 'Tomorrow', seq: 1, change: 2 })
      expect((await hers.call('message:edits', { message_id })).data.map((each) => each.text)).to.deep.equal(['Tomorow'])
      expect(await hers.refused('message:edit', { message_id, text: 'Never' })).to.equal('forbidden')
      expect(await hers.refused('message:delete', { message_id })).to.equal('forbidden')
      await his.call('message:delete', { message_id })
      await his.call('message:delete', { message_id })
      const [gone] = (await hers.call('conversation:history', { conversation_id })).data
      expect(gone).to.deep.include({ message_id, deleted: true, text: '', seq: 1, change: 3 })
      expect((await hers.call('message:edits', { message_id })).data).to.deep.equal([])
      expect(await his.refused('message:edit', { message_id, text: 'back' })).to.equal('not-found')
      expect(await app.db.collection('messages').countDocuments({ text: /Tomor/ })).to.equal(0)
      close()
    })

    it(`counts reactions by who gave them (${door})`, async () => {
      const { hers, his, conversation_id, close } = await pair(door)
      const { message_id } = await say(his, conversation_id, 'Look')
      await hers.call('reaction:add', { message_id, emoji: '👏' })
      await hers.call('reaction:add', { message_id, emoji: '👏' })
      expect(await his.call('reaction:add', { message_id, emoji: '👏' })).to.deep.equal({ reactions: [{ emoji: '👏', count: 2, mine: true }] })
      await his.call('reaction:remove', { message_id, emoji: '👏' })
      expect((await his.call('conversation:history', { conversation_id })).data[0]?.reactions).to.deep.equal([{ emoji: '👏', count: 1, mine: false }])
      expect((await hers.call('conversation:history', { conversation_id })).data[0]?.reactions).to.deep.equal([{ emoji: '👏', count: 1, mine: true }])
      for (const emoji of ['nice', '👏👏', '1', '<b>']) expect(await his.refused('reaction:add', { message_id, emoji })).to.equal('validation')
      await Promise.all(['🎉', '❤️', '👨‍👩‍👧', '🇿🇲'].map((emoji) => hers.call('reaction:add', { message_id, emoji })))
      expect((await his.call('conversation:history', { conversation_id })).data[0]?.reactions).to.have.length(5)
      close()
    })

    it(`gives whoever was away all that changed, each message once as it is now (${door})`, async () => {
      const { hers, his, conversation_id, close } = await pair(door)
      const [one, two] = [await say(his, conversation_id, 'one'), await say(his, conversation_id, 'two')]
      const left = (await hers.call('conversation:sync', { conversation_id, since_change: 0 })).change
      expect(left).to.equal(2)
      await say(his, conversation_id, 'three')
      await his.call('message:edit', { message_id: one.message_id, text: 'ONE' })
      await his.call('message:delete', { message_id: two.message_id })
      await his.call('reaction:add', { message_id: one.message_id, emoji: '🎉' })
      const missed = await hers.call('conversation:sync', { conversation_id, since_change: left })
      expect(missed.data.map(({ seq, text, deleted, reactions }) => [seq, text, deleted, reactions.length])).to.deep.equal([
        [3, 'three', false, 0],
        [2, '', true, 0],
        [1, 'ONE', false, 1],
      ])
      expect(missed).to.include({ change: 6, last_change: 6, has_more: false })
      const first = await hers.call('conversation:sync', { conversation_id, since_change: left, limit: 2 })
      expect(first).to.include({ change: 5, has_more: true })
      expect((await hers.call('conversation:sync', { conversation_id, since_change: first.change })).data.map((each) => each.seq)).to.deep.equal([1])
      const all = await hers.call('session:sync', { conversations: [{ conversation_id, since_change: 5 }, { conversation_id: 'con_none', since_change: 0 }] })
      expect(all.data.map(({ conversation, changes }) => [conversation.conversation_id, conversation.unread, changes?.data.length])).to.deep.equal([[conversation_id, 3, 1]])
      close()
    })

    it(`moves marks forward only, counts what is unread from them, and tells the other how far (${door})`, async () => {
      const { ana, ben, hers, his, conversation_id, close } = await pair(door)
      const sees = await bySocket(app, ben)
      for (const text of ['a', 'b', 'c']) await say(his, conversation_id, text)
      expect((await hers.call('conversation:read', { conversation_id })).unread).to.equal(3)
      expect(await hers.call('conversation:mark-delivered', { conversation_id, up_to_seq: 3 })).to.deep.include({ delivered_seq: 3, read_seq: 0, unread: 3 })
      expect(await hers.call('conversation:mark-read', { conversation_id, up_to_seq: 2 })).to.deep.include({ read_seq: 2, unread: 1 })
      expect(await hers.call('conversation:mark-read', { conversation_id, up_to_seq: 1 })).to.deep.include({ read_seq: 2, unread: 1 })
      expect(await sees.next('receipt:updated')).to.deep.equal({ conversation_id, user_id: ana.id, delivered_seq: 3, read_seq: 0 })
      expect(await sees.next('receipt:updated')).to.deep.equal({ conversation_id, user_id: ana.id, delivered_seq: 3, read_seq: 2 })
      expect(await hers.refused('conversation:mark-read', { conversation_id, up_to_seq: 4 })).to.equal('validation')
      expect((await his.call('conversation:read', { conversation_id })).unread, 'one’s own are read').to.equal(0)
      await say(hers, conversation_id, 'answer')
      expect((await hers.call('conversation:read', { conversation_id })).unread, 'who answers has read').to.equal(0)
      sees.close()
      close()
    })
  }

  it('tells nobody how far a private reader has read, but their own devices', async () => {
    const { ana, ben, hers, his, conversation_id } = await pair()
    expect(await hers.call('messaging-settings:update', { reads_privately: true })).to.deep.equal({ who_may_write: 'everyone', reads_privately: true })
    const [other, phone] = [await bySocket(app, ben), await bySocket(app, ana)]
    await say(his, conversation_id, 'psst')
    await hers.call('conversation:mark-read', { conversation_id, up_to_seq: 1 })
    expect(await phone.next('receipt:updated')).to.include({ user_id: ana.id, read_seq: 1 })
    await say(hers, conversation_id, 'yes?')
    await his.call('conversation:mark-read', { conversation_id, up_to_seq: 2 })
    expect(await other.next('receipt:updated'), 'hers never came').to.include({ user_id: ben.id })
    expect((await his.call('conversation:read', { conversation_id })).participants.find((each) => each.user_id === ana.id)).to.include({ read_seq: 0 })
    for (const each of [other, phone]) each.close()
  })

  it('names people: they are told, and it is counted until it is read', async () => {
    const { others, desk, desks, conversation_id } = await group(2)
    const [named] = others as [Person]
    const live = await bySocket(app, named)
    const sent = await say(desk, conversation_id, 'Hey @Member 0', { mentions: [named.id, 'usr_stranger'] })
    expect(sent.mentions, 'whoever is not in it is not named').to.deep.equal([named.id])
    expect(await live.next('message:mentioned')).to.deep.include({ conversation_id, seq: 2, sender_name: 'Owner', text: 'Hey @Member 0' })
    const [his, hers] = desks as [Caller, Caller]
    expect((await his.call('conversation:read', { conversation_id })).mentions).to.equal(1)
    expect((await hers.call('conversation:read', { conversation_id })).mentions).to.equal(0)
    expect(await his.call('conversation:mark-read', { conversation_id, up_to_seq: 2 })).to.include({ mentions: 0, unread: 0 })
    live.close()
  })

  it('takes a message off one’s own list alone, on every device', async () => {
    const { ana, hers, his, conversation_id } = await pair()
    const { message_id } = await say(his, conversation_id, 'seen')
    const phone = await bySocket(app, ana)
    await hers.call('message:delete', { message_id, scope: 'me' })
    expect(await phone.next('message:hidden')).to.deep.equal({ conversation_id, message_id, seq: 1 })
    expect((await hers.call('conversation:history', { conversation_id })).data[0]).to.include({ deleted: true, text: '' })
    expect((await his.call('conversation:history', { conversation_id })).data[0]).to.include({ deleted: false, text: 'seen' })
    expect((await hers.call('conversation:sync', { conversation_id, since_change: 1 })).data[0]).to.include({ deleted: true })
    phone.close()
  })

  describe('between strangers', () => {
    it('is a request until it is accepted: little can be said, and the writer is told nothing', async () => {
      const [ben, cara] = [await signUp(app, 'fan', 'Ben'), await signUp(app, 'fan', 'Cara')]
      const [his, hers] = [byHttp(app, ben), byHttp(app, cara)]
      const { conversation_id } = await his.call('conversation:create', { type: 'direct', member_ids: [cara.id] })
      for (const text of ['one', 'two', 'three']) await say(his, conversation_id, text)
      expect(await his.refused('message:send', { conversation_id, client_msg_id: newId(), text: 'four' })).to.equal('forbidden')
      expect((await hers.call('conversation:list', {})).data).to.deep.equal([])
      expect((await hers.call('conversation:list', { state: 'requested' })).data[0]).to.deep.include({ conversation_id, state: 'requested', unread: 3 })
      await hers.call('conversation:mark-read', { conversation_id, up_to_seq: 3 })
      const live = await bySocket(app, ben)
      expect(await hers.call('conversation:accept', { conversation_id })).to.include({ state: 'joined' })
      expect(await live.next('conversation:updated')).to.include({ conversation_id })
      expect(await say(his, conversation_id, 'four')).to.include({ seq: 4 })
      expect(await hers.refused('conversation:decline', { conversation_id })).to.equal('stale-state')
      live.close()
    })

    it('is accepted by an answer, and ended by a refusal', async () => {
      const [ben, cara, dan] = [await signUp(app, 'fan', 'Ben'), await signUp(app, 'fan', 'Cara'), await signUp(app, 'fan', 'Dan')]
      const his = byHttp(app, ben)
      const withCara = (await his.call('conversation:create', { type: 'direct', member_ids: [cara.id] })).conversation_id
      await say(his, withCara, 'hello?')
      await say(byHttp(app, cara), withCara, 'hello!')
      expect((await byHttp(app, cara).call('conversation:read', { conversation_id: withCara })).state).to.equal('joined')
      const withDan = (await his.call('conversation:create', { type: 'direct', member_ids: [dan.id] })).conversation_id
      await say(his, withDan, 'hello?')
      await byHttp(app, dan).call('conversation:decline', { conversation_id: withDan })
      expect(await his.refused('message:send', { conversation_id: withDan, client_msg_id: newId(), text: 'hello??' })).to.equal('forbidden')
      expect(await byHttp(app, dan).refused('conversation:read', { conversation_id: withDan })).to.equal('not-found')
    })

    it('is as open as the other wants, and shut by a block', async () => {
      const [ana, ben, cara] = [await signUp(app, 'creator', 'Ana'), await signUp(app, 'fan', 'Ben'), await signUp(app, 'fan', 'Cara')]
      await byHttp(app, ana).call('messaging-settings:update', { who_may_write: 'followers' })
      expect(await byHttp(app, ben).refused('conversation:create', { type: 'direct', member_ids: [ana.id] })).to.equal('forbidden')
      await byHttp(app, ben).call('creator:follow', { creator_id: ana.id })
      const { conversation_id } = await byHttp(app, ben).call('conversation:create', { type: 'direct', member_ids: [ana.id] })
      await byHttp(app, ana).call('messaging-settings:update', { who_may_write: 'nobody' })
      expect(await say(byHttp(app, ben), conversation_id, 'still there?')).to.include({ seq: 1 })
      expect(await byHttp(app, cara).refused('conversation:create', { type: 'direct', member_ids: [ana.id] })).to.equal('forbidden')
      await byHttp(app, ana).call('user:block', { user_id: ben.id })
      expect(await byHttp(app, ben).refused('message:send', { conversation_id, client_msg_id: newId(), text: 'and now?' })).to.equal('blocked')
      expect(await byHttp(app, ana).refused('message:send', { conversation_id, client_msg_id: newId(), text: 'no' })).to.equal('blocked')
    })
  })

  describe('of a group', () => {
    it('lets in, sends out and passes on, and who is out hears nothing and finds nothing', async () => {
      const { owner, others, desk, desks, conversation_id } = await group(2)
      const [admin, member] = others as [Person, Person]
      const late = await signUp(app, 'fan', 'Late')
      await acquaint(admin, [late])
      await say(desk, conversation_id, 'before')
      expect(await (desks[1] as Caller).refused('conversation:add-members', { conversation_id, member_ids: [late.id] })).to.equal('forbidden')
      await desk.call('conversation:set-role', { conversation_id, user_id: admin.id, role: 'admin' })
      const grown = await (desks[0] as Caller).call('conversation:add-members', { conversation_id, member_ids: [late.id] })
      expect(grown.participant_count).to.equal(4)
      expect((await byHttp(app, late).call('conversation:history', { conversation_id })).data, 'what was said before is not theirs').to.have.length(1)
      expect(await (desks[0] as Caller).refused('conversation:remove-member', { conversation_id, user_id: owner.id })).to.equal('forbidden')
      await (desks[0] as Caller).call('conversation:remove-member', { conversation_id, user_id: member.id })
      expect(await (desks[1] as Caller).refused('conversation:history', { conversation_id })).to.equal('not-found')
      expect(await (desks[1] as Caller).refused('message:send', { conversation_id, client_msg_id: newId(), text: 'hey' })).to.equal('not-found')
      await desk.call('conversation:leave', { conversation_id })
      const left = await (desks[0] as Caller).call('conversation:read', { conversation_id })
      expect([left.role, left.participant_count]).to.deep.equal(['owner', 2])
    })

    it('is renamed, slowed and kept to emoji by who keeps order', async () => {
      const { desk, desks, conversation_id } = await group(1)
      const his = desks[0] as Caller
      expect(await his.refused('conversation:update', { conversation_id, title: 'Mine' })).to.equal('forbidden')
      expect(await desk.call('conversation:update', { conversation_id, title: 'Ours', slow_mode_ms: 60_000 })).to.deep.include({ title: 'Ours' })
      await say(his, conversation_id, 'first')
      expect(await his.refused('message:send', { conversation_id, client_msg_id: newId(), text: 'second' })).to.equal('slow-mode')
      app.clock.advance({ seconds: 60 })
      await say(his, conversation_id, 'second')
      await desk.call('conversation:update', { conversation_id, slow_mode_ms: 0, emoji_only: true })
      expect(await his.refused('message:send', { conversation_id, client_msg_id: newId(), text: 'words' })).to.equal('forbidden')
      expect(await say(his, conversation_id, '🎉 🎉')).to.include({ text: '🎉 🎉' })
    })

    it('keeps somebody quiet for a while', async () => {
      const { others, desk, desks, conversation_id } = await group(1)
      const [member] = others as [Person]
      const until = new Date(app.clock.now().getTime() + 60_000).toISOString()
      await desk.call('moderation:timeout', { conversation_id, user_id: member.id, until })
      expect(await (desks[0] as Caller).refused('message:send', { conversation_id, client_msg_id: newId(), text: 'but' })).to.equal('forbidden')
      expect((await (desks[0] as Caller).call('conversation:read', { conversation_id })).silenced_until).to.equal(until)
      app.clock.advance({ minutes: 1 })
      await say(desks[0] as Caller, conversation_id, 'back')
    })

    it('says everything once, in one order, when many speak at once', async () => {
      const { desk, desks, conversation_id } = await group(7)
      const all = [desk, ...desks]
      await Promise.all(all.flatMap((each, at) => [0, 1, 2, 3].map((turn) => say(each, conversation_id, `${at}.${turn}`))))
      const { data } = await desk.call('conversation:history', { conversation_id, since_seq: 0, limit: 100 })
      expect(data.map((each) => each.seq)).to.deep.equal(Array.from({ length: 33 }, (_each, at) => at + 1))
      expect(new Set(data.map((each) => each.text)).size, 'and that the group was made').to.equal(33)
    })
  })

  describe('in a creator’s room', () => {
    it('is open to all or to followers, one each, and heard by whoever is in it', async () => {
      const [ana, ben] = [await signUp(app, 'creator', 'Ana'), await signUp(app, 'fan', 'Ben')]
      const [hers, his] = [byHttp(app, ana), byHttp(app, ben)]
      const { conversation_id } = await hers.call('conversation:create', { type: 'room', open_to: 'followers' })
      expect(await hers.refused('conversation:create', { type: 'room' })).to.equal('conflict')
      expect(await his.refused('conversation:create', { type: 'room' })).to.equal('not-found')
      expect((await his.call('room:read', { creator_id: ana.id })).room).to.deep.include({ conversation_id, open_to: 'followers', joined: false })
      expect(await his.call('room:read', { creator_id: ben.id })).to.deep.equal({ room: null })
      const live = await bySocket(app, ben)
      expect(await live.refused('conversation:join', { conversation_id })).to.equal('forbidden')
      await his.call('creator:follow', { creator_id: ana.id })
      await say(hers, conversation_id, 'early')
      expect(await live.call('conversation:join', { conversation_id })).to.deep.include({ state: 'joined', participant_count: 2, unread: 0 })
      await say(hers, conversation_id, 'welcome')
      expect(await live.next<Message>('message:created')).to.include({ text: 'welcome', seq: 2 })
      const again = await bySocket(app, ben)
      await say(hers, conversation_id, 'everybody')
      expect(await again.next<Message>('message:created'), 'a new connection is in it from its first moment').to.include({ text: 'everybody' })
      expect((await live.call('conversation:history', { conversation_id })).data.map((each) => each.text)).to.deep.equal(['everybody', 'welcome', 'early'])
      for (const each of [live, again]) each.close()
    })

    it('is closed to who was sent out of it, at once and until it is taken back', async () => {
      const [ana, ben] = [await signUp(app, 'creator', 'Ana'), await signUp(app, 'fan', 'Ben')]
      const hers = byHttp(app, ana)
      const { conversation_id } = await hers.call('conversation:create', { type: 'room' })
      const live = await bySocket(app, ben)
      await live.call('conversation:join', { conversation_id })
      await hers.call('moderation:ban', { conversation_id, user_id: ben.id, until: new Date(app.clock.now().getTime() + 1_000).toISOString() })
      expect(await live.refused('message:send', { conversation_id, client_msg_id: newId(), text: 'hey' })).to.equal('not-found')
      expect(await live.refused('conversation:join', { conversation_id })).to.equal('forbidden')
      app.clock.advance({ seconds: 1 })
      expect(await live.call('conversation:join', { conversation_id }), 'it is over').to.include({ state: 'joined' })
      await hers.call('moderation:ban', { conversation_id, user_id: ben.id, until: new Date(app.clock.now().getTime() + 60_000).toISOString() })
      expect(await live.refused('conversation:join', { conversation_id })).to.equal('forbidden')
      await hers.call('moderation:ban', { conversation_id, user_id: ben.id, until: null })
      expect(await live.call('conversation:join', { conversation_id })).to.include({ state: 'joined' })
      live.close()
    })
  })

  it('tells each of many that were said at once, also where they were stored together', async () => {
    const { ana, ben, conversation_id } = await pair()
    await Promise.all([ana.online(), ben.online()])
    const heard = new Set<number>()
    const all = new Promise<void>((resolve) => ana.on('message:created', ({ seq }) => heard.add(seq).size === 12 && resolve()))
    await Promise.all(Array.from({ length: 12 }, (_each, at) => ben.call('message:send', { conversation_id, client_msg_id: newId(), text: String(at) })))
    await all
    expect([...heard].toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 12 }, (_each, at) => at + 1))
  })

  it('tells who is writing, and nothing of it stays', async () => {
    const { ana, ben, conversation_id } = await pair()
    const [hers, his] = [await bySocket(app, ana), await bySocket(app, ben)]
    await his.call('typing:start', { conversation_id })
    expect(await hers.next('typing:changed')).to.deep.equal({ conversation_id, user_id: ben.id, typing: true })
    await his.call('typing:stop', { conversation_id })
    expect(await hers.next('typing:changed')).to.deep.include({ typing: false })
    for (const each of [hers, his]) each.close()
  })

  it('is kept quiet on all of one’s devices, and nobody else hears of it', async () => {
    const { owner, others, conversation_id } = await group(1)
    const [phone, desk, other] = [await bySocket(app, owner), await bySocket(app, owner), await bySocket(app, others[0] as Person)]
    let told = 0
    other.raw.on('conversation:updated', () => told++)
    const muted_until = new Date(app.clock.now().getTime() + 60_000).toISOString()
    expect(await phone.call('conversation:mute', { conversation_id, until: muted_until })).to.include({ muted_until })
    expect(await desk.next('conversation:updated')).to.include({ conversation_id })
    expect(await desk.call('conversation:read', { conversation_id })).to.include({ muted_until })
    expect(await other.call('conversation:read', { conversation_id })).to.include({ muted_until: null })
    await phone.call('conversation:mute', { conversation_id, until: null })
    await desk.next('conversation:updated')
    await say(other, conversation_id, 'the first that is heard')
    await other.next('message:created')
    expect(told, 'the other').to.equal(0)
    for (const each of [phone, desk, other]) each.close()
  })

  it('is nobody’s who is not in it, by whatever name', async () => {
    const { his, conversation_id } = await pair()
    const { message_id } = await say(his, conversation_id, 'ours')
    const stranger = byHttp(app, await signUp(app, 'fan', 'Stranger'))
    const until = new Date(app.clock.now().getTime() + 60_000).toISOString()
    const attempts: [Parameters<Caller['refused']>[0], object][] = [
      ['conversation:read', { conversation_id }],
      ['conversation:history', { conversation_id }],
      ['conversation:sync', { conversation_id, since_change: 0 }],
      ['conversation:mark-read', { conversation_id, up_to_seq: 1 }],
      ['conversation:mute', { conversation_id, until }],
      ['conversation:leave', { conversation_id }],
      ['conversation:join', { conversation_id }],
      ['message:send', { conversation_id, client_msg_id: newId(), text: 'me too' }],
      ['message:edit', { message_id, text: 'mine' }],
      ['message:edits', { message_id }],
      ['message:delete', { message_id }],
      ['reaction:add', { message_id, emoji: '👏' }],
    ]
    for (const [name, input] of attempts) expect([name, await stranger.refused(name, input)]).to.deep.equal([name, 'not-found'])
  })
})
