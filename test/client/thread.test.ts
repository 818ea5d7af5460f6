import { expect } from 'chai'
import fc from 'fast-check'
import { createInbox, createThread, type Thread } from '../../src/client/index.ts'
import type { Message } from '../../src/features/messaging/contract.ts'
import { acquaint } from '../support/acquaint.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signIn, signUp } from '../support/cast.ts'
import { startProxy } from '../support/proxy.ts'

describe('a thread', () => {
  let app: TestApp
  let ana: Person
  let ben: Person
  let conversation_id: string
  const open = new Set<{ close(): void }>()

  before(async () => {
    app = await startApp()
    ;[ana, ben] = [await signUp(app, 'creator', 'Ana'), await signUp(app, 'fan', 'Ben')]
    await ben.call('creator:follow', { creator_id: ana.id })
    await acquaint(ben, [ana])
  })
  beforeEach(async () => {
    const group = await ben.call('conversation:create', { type: 'group', title: 'Test', member_ids: [ana.id] })
    conversation_id = group.conversation_id
  })
  afterEach(() => {
    for (const each of open) each.close()
    open.clear()
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  async function threadOf(person: Person): Promise<Thread> {
    await person.online()
    const thread = createThread(person.client, { conversation_id, user_id: person.id })
    open.add(thread)
    await thread.settled()
    return thread
  }

  /** Until it is so; asked again at every change. */
  function when(thread: { onChange(handler: () => void): () => void }, holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise((resolve) => {
      const stop = thread.onChange(() => {
        if (!holds()) return
        stop()
        resolve()
      })
    })
  }

  /** less that the group was made */
  const said = (thread: Thread) => thread.messages.filter((each) => each.type !== 'system')
  const textsOf = (thread: Thread): string[] => said(thread).map((each) => each.text)

  it('shows what is said at once, and to the other when it is said', async () => {
    const [hers, his] = [await threadOf(ana), await threadOf(ben)]
    const sending = his.send('Hello')
    expect(his.drafts.map((each) => each.text), 'before any answer').to.deep.equal(['Hello'])
    await sending
    await when(his, () => his.drafts.length === 0)
    await when(hers, () => said(hers).length === 1)
    expect([textsOf(his), textsOf(hers)]).to.deep.equal([['Hello'], ['Hello']])
  })

  it('says once what was acknowledged into nothing: the answer was lost, the message was not', async () => {
    const proxy = await startProxy(app.port)
    const elsewhere = await signIn(app, ben.email, undefined, { url: proxy.url })
    const his = await threadOf(elsewhere)
    const cut = proxy.spoil(/message_id/, 'cut')
    await Promise.all([cut, his.send('only once')])
    await when(his, () => said(his).length === 1 && his.drafts.length === 0)
    const { data } = await ben.call('conversation:history', { conversation_id })
    expect(data.filter((each) => each.type === 'text').map((each) => each.text)).to.deep.equal(['only once'])
    his.close()
    await proxy.close()
  })

  it('has after an absence what was said, changed, reacted to and taken away meanwhile', async () => {
    const proxy = await startProxy(app.port)
    const elsewhere = await signIn(app, ana.email, undefined, { url: proxy.url })
    const [hers, his] = [await threadOf(elsewhere), await threadOf(ben)]
    for (const text of ['one', 'two', 'three']) await his.send(text)
    await when(hers, () => said(hers).length === 3)
    proxy.open(false)
    const [one, two] = said(his)
    await ben.call('message:edit', { message_id: one?.message_id ?? '', text: 'ONE' })
    await ben.call('message:delete', { message_id: two?.message_id ?? '' })
    await ben.call('reaction:add', { message_id: one?.message_id ?? '', emoji: '🎉' })
    await his.send('four')
    proxy.open(true)
    await when(hers, () => textsOf(hers).join() === 'ONE,,three,four')
    expect(said(hers)[0]?.reactions).to.deep.equal([{ emoji: '🎉', count: 1, mine: false }])
    expect(said(hers)[1]?.deleted).to.equal(true)
    hers.close()
    await proxy.close()
  })

  it('finds that a fact was lost by the one after it', async () => {
    const proxy = await startProxy(app.port)
    const elsewhere = await signIn(app, ana.email, undefined, { url: proxy.url })
    const [hers, his] = [await threadOf(elsewhere), await threadOf(ben)]
    const lost = proxy.spoil(/unheard/, 'swallow')
    await his.send('unheard')
    await lost
    await his.send('heard')
    await when(hers, () => said(hers).length === 2)
    expect(textsOf(hers)).to.deep.equal(['unheard', 'heard'])
    hers.close()
    await proxy.close()
  })

  it('finds what changed without a word by the next word', async () => {
    const hers = await threadOf(ana)
    await ben.call('message:send', { conversation_id, client_msg_id: 'behind-its-back', text: 'quiet' })
    await when(hers, () => said(hers).length === 1)
    // As if no fact had come: the row is changed without a word.
    await app.db.collection('messages').updateOne({ conversation_id: conversation_id as never, type: 'text' }, { $set: { text: 'changed', change: 3 } })
    await app.db.collection<{ _id: string }>('conversations').updateOne({ _id: conversation_id }, { $set: { last_change: 3 } })
    await ben.call('reaction:add', { message_id: said(hers)[0]?.message_id ?? '', emoji: '🎉' })
    await when(hers, () => textsOf(hers).join() === 'changed')
    expect(said(hers)[0]?.reactions).to.have.length(1)
  })

  it('keeps what was refused as a draft, to be sent again or thrown away', async () => {
    const [hers, his] = [await threadOf(ana), await threadOf(ben)]
    await ben.call('conversation:update', { conversation_id, emoji_only: true })
    await hers.send('words')
    expect(hers.drafts.map((each) => [each.text, each.problem?.code])).to.deep.equal([['words', 'forbidden']])
    await ben.call('conversation:update', { conversation_id, emoji_only: false })
    await hers.retry(hers.drafts[0]?.client_msg_id ?? '')
    await when(his, () => textsOf(his).join() === 'words')
    expect(hers.drafts).to.deep.equal([])
  })

  it('goes back as far as there is something', async () => {
    for (let n = 1; n <= 60; n++) await ben.call('message:send', { conversation_id, client_msg_id: `older-${conversation_id}-${n}`.slice(-64), text: String(n) })
    const hers = await threadOf(ana)
    expect([hers.messages.length, hers.hasOlder]).to.deep.equal([50, true])
    await hers.older()
    expect([hers.messages.map((each) => each.seq), hers.hasOlder]).to.deep.equal([Array.from({ length: 61 }, (_each, at) => at + 1), false])
  }).timeout(60_000)

  it('counts as unread on every device what was read on none', async () => {
    await ana.online()
    const phone = await signIn(app, ana.email)
    await phone.online()
    const [desk, pocket] = [createInbox(ana.client), createInbox(phone.client)]
    for (const each of [desk, pocket]) open.add(each)
    const unreadIn = (inbox: typeof desk) => inbox.conversations.find((each) => each.conversation_id === conversation_id)?.unread
    const his = await threadOf(ben)
    for (const text of ['a', 'b']) await his.send(text)
    await Promise.all([when(desk, () => unreadIn(desk) === 2), when(pocket, () => unreadIn(pocket) === 2)])
    const hers = await threadOf(ana)
    hers.markRead()
    await Promise.all([when(desk, () => unreadIn(desk) === 0), when(pocket, () => unreadIn(pocket) === 0)])
  })

  /** What one device knows that asks now and then what has changed. */
  interface Copy {
    since_change: number
    bySeq: Map<number, Message>
  }

  // Two people, each on two devices, do what one does, in any order; in the end all four see what is stored, live or by asking.
  it('is the same on every device, whatever is done in whatever order', async function () {
    this.timeout(1_800_000)
    const runs = Number(process.env['THREAD_RUNS'] ?? 5)
    const seed = Number(process.env['THREAD_SEED'] ?? Math.trunc(Math.random() * 2 ** 31))
    process.stdout.write(`thread model: THREAD_SEED=${seed} THREAD_RUNS=${runs}\n`)
    const devices = [ana, ben, await signIn(app, ana.email), await signIn(app, ben.email)]
    const act = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('say' as const), who: fc.nat(3), what: fc.string({ minLength: 1, maxLength: 8 }), names: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('edit' as const), who: fc.nat(3), at: fc.nat(9), what: fc.string({ minLength: 1, maxLength: 8 }) }) },
      fc.record({ kind: fc.constant('delete' as const), who: fc.nat(3), at: fc.nat(9) }),
      fc.record({ kind: fc.constant('react' as const), who: fc.nat(3), at: fc.nat(9), added: fc.boolean() }),
      fc.record({ kind: fc.constantFrom('read' as const, 'delivered' as const), who: fc.nat(3), at: fc.nat(9) }),
      fc.record({ kind: fc.constant('privately' as const), who: fc.nat(3), on: fc.boolean() }),
      fc.record({ kind: fc.constant('look' as const), who: fc.nat(3) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 14 }), async (acts) => {
        conversation_id = (await ben.call('conversation:create', { type: 'group', title: 'Model', member_ids: [ana.id] })).conversation_id
        const threads: Thread[] = []
        for (const each of devices) threads.push(await threadOf(each))
        const model = new Map([ana, ben].map((each) => [each.id, { read: 0, delivered: 0, own: 0, privately: false }]))
        const of = (id: string) => model.get(id) as NonNullable<ReturnType<typeof model.get>>
        for (const each of [ana, ben]) await each.call('messaging-settings:update', { reads_privately: false })
        const copies: Copy[] = devices.map(() => ({ since_change: 0, bySeq: new Map() }))
        // That the group was made stands first, and is unread by nobody.
        let last = 1
        const stored = async (device: Person) => (await device.call('conversation:history', { conversation_id, since_seq: 0, limit: 100 })).data
        const marksOf = async () => new Map((await ben.call('conversation:read', { conversation_id })).participants.map((each) => [each.user_id, each]))
        for (const [n, each] of acts.entries()) {
          const device = devices[each.who] as Person
          const mine = of(device.id)
          const all = await stored(device)
          const target = 'at' in each && all.length > 0 ? all[each.at % all.length] : undefined
          // What is refused is refused: the model is what the rows say.
          const attempt = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined)
          if (each.kind === 'say' && /\S/u.test(each.what)) {
            const mentions = each.names ? { mentions: [device.id === ana.id ? ben.id : ana.id] } : {}
            const sent = (await attempt(device.call('message:send', { conversation_id, client_msg_id: `model-${conversation_id.slice(-20)}-${n}`, text: each.what, ...mentions }))) as Message | undefined
            if (sent) mine.own = last = sent.seq
          }
          if (each.kind === 'edit' && target) await attempt(device.call('message:edit', { message_id: target.message_id, text: each.what }))
          if (each.kind === 'delete' && target) await attempt(device.call('message:delete', { message_id: target.message_id }))
          if (each.kind === 'react' && target) await attempt(device.call(each.added ? 'reaction:add' : 'reaction:remove', { message_id: target.message_id, emoji: '👏' }))
          if (each.kind === 'privately') mine.privately = (await device.call('messaging-settings:update', { reads_privately: each.on })).reads_privately
          if (each.kind === 'look') await lookAgain(device, copies[each.who] as Copy)
          if ((each.kind === 'read' || each.kind === 'delivered') && target) {
            const marked = await device.call(each.kind === 'read' ? 'conversation:mark-read' : 'conversation:mark-delivered', { conversation_id, up_to_seq: target.seq })
            mine.delivered = Math.max(mine.delivered, target.seq)
            if (each.kind === 'read') mine.read = Math.max(mine.read, target.seq)
            expect(marked, 'no mark moves back').to.include({ read_seq: mine.read, delivered_seq: mine.delivered })
            const told = (await marksOf()).get(ana.id)
            expect(told?.read_seq, 'what a private reader has read is not told').to.equal(of(ana.id).privately ? 0 : of(ana.id).read)
            expect(told?.delivered_seq).to.equal(of(ana.id).delivered)
          }
        }
        const { last_change } = await ben.call('conversation:read', { conversation_id })
        for (const [index, thread] of threads.entries()) {
          const device = devices[index] as Person
          await when(thread, () => thread.change === last_change && thread.messages.length === last)
          const all = await stored(device)
          expect(thread.messages.map(withoutStep)).to.deep.equal(all.map(withoutStep))
          const copy = copies[index] as Copy
          await lookAgain(device, copy)
          expect([...copy.bySeq.values()].toSorted((a, b) => a.seq - b.seq), 'by asking').to.deep.equal(all)
          const read = await device.call('conversation:read', { conversation_id })
          const seen = Math.max(of(device.id).read, of(device.id).own)
          expect(read.unread, 'unread').to.equal(Math.max(0, last - Math.max(seen, 1)))
          expect(read.mentions, 'mentions').to.equal(all.filter((each) => each.seq > seen && each.mentions.includes(device.id)).length)
          expect(read.read_seq, 'one’s own mark is told, privately or not').to.equal(of(device.id).read)
          thread.close()
          open.delete(thread)
        }
      }),
      { seed, numRuns: runs, endOnFailure: true },
    )
    for (const each of [ana, ben]) await each.call('messaging-settings:update', { reads_privately: false })
  })

  async function lookAgain(device: Person, copy: Copy): Promise<void> {
    const { data } = await device.call('session:sync', { conversations: [{ conversation_id, since_change: copy.since_change }] })
    const changes = data[0]?.changes
    expect(changes?.has_more).to.equal(false)
    for (const each of changes?.data ?? []) copy.bySeq.set(each.seq, each)
    copy.since_change = changes?.change ?? 0
  }
})

function withoutStep({ change: _step, ...rest }: Message): Omit<Message, 'change'> {
  return rest
}
