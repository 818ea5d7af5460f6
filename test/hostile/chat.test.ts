import { expect } from 'chai'
import type { LiveSocket } from '../support/cast.ts'
import { frameOf, signedInRaw } from '../support/raw.ts'
import { besieged, refusedAck } from './support.ts'

besieged('hostile chat', (siege) => {
  let room: string
  let theirs: string
  let fan: LiveSocket
  let studio: LiveSocket
  let message_id: string

  before(async () => {
    await siege.creator.call('messaging-settings:update', { who_may_write: 'nobody' })
    room = (await siege.creator.call('conversation:create', { type: 'room' })).conversation_id
    theirs = (await siege.creator.call('conversation:create', { type: 'group', title: 'Ours' })).conversation_id
    await siege.creator.call('message:send', { conversation_id: theirs, client_msg_id: 'not-for-others', text: 'secret' })
    await siege.fan.call('conversation:join', { conversation_id: room })
    message_id = (await siege.fan.call('message:send', { conversation_id: room, client_msg_id: 'said-by-the-fan', text: 'hello' })).message_id
    await siege.accept()
  })
  beforeEach(async () => {
    ;[fan, studio] = [await siege.fan.socket(), await siege.creator.socket()]
  })
  afterEach(() => [fan, studio].forEach((each) => each.close()))

  const message = () => ({ conversation_id: room, client_msg_id: 'of-a-stranger', text: 'words' })

  it('S6: naming a place, a time, an id, a sender or a kind', async () => {
    const extras = [{ seq: 1 }, { change: 1 }, { created_at: '2020-01-01T00:00:00.000Z' }, { message_id: 'msg_1' }, { sender_id: siege.creator.id }, { sender_name: 'Ana' }, { deleted: false }, { held: null }, { duplicate: true }, { waited: { row: {}, by: null } }, { role: 'owner' }]
    for (const extra of extras) expect(refusedAck(await fan.call('message:send', { ...message(), ...extra }), 'validation').errors?.[0]?.code, JSON.stringify(extra)).to.equal('unknown-field')
    for (const extra of [{ seq: 1 }, { sender_id: siege.creator.id }, { edited_at: null }]) expect(refusedAck(await fan.call('message:edit', { message_id, text: 'words', ...extra }), 'validation').errors?.[0]?.code).to.equal('unknown-field')
    for (const extra of [{ user_id: siege.creator.id }, { read_seq: 1 }]) expect(refusedAck(await fan.call('conversation:mark-read', { conversation_id: room, up_to_seq: 1, ...extra }), 'validation').errors?.[0]?.code).to.equal('unknown-field')
    refusedAck(await fan.call('typing:start', { conversation_id: room, user_id: siege.creator.id }), 'validation')
  })

  it('S6: what is others’, by every command that names a conversation', async () => {
    const at = { conversation_id: theirs }
    const commands: [string, object][] = [
      ['message:send', { ...message(), ...at }],
      ['moderation:queue', at],
      ['conversation:update', { ...at, blocked_words: ['hello'] }],
      ['conversation:mark-delivered', { ...at, up_to_seq: 1 }],
      ['conversation:join', at],
      ['conversation:accept', at],
      ['typing:start', at],
      ['moderation:timeout', { ...at, user_id: siege.creator.id, until: null }],
      ['moderation:ban', { ...at, user_id: siege.creator.id, until: null }],
    ]
    for (const [name, input] of commands) refusedAck(await fan.call(name, input), 'not-found')
    expect(await fan.call('session:sync', { conversations: [{ ...at, since_change: 0 }] })).to.deep.include({ ok: true, data: { data: [], has_more: false, next: null } })
    for (const [name, input] of [['moderation:timeout', { user_id: siege.creator.id, until: null }], ['moderation:ban', { user_id: siege.creator.id, until: null }], ['conversation:update', { blocked_words: [] }], ['conversation:set-role', { user_id: siege.fan.id, role: 'admin' }]] as const)
      refusedAck(await fan.call(name, { conversation_id: room, ...input }), 'forbidden')
  })

  for (const [what, order] of [
    ['two hundred and one words', { blocked_words: Array.from({ length: 201 }, (_each, n) => `word ${n}`) }],
    ['a word of one letter', { blocked_words: ['a'] }],
    ['a word of 51', { blocked_words: ['a'.repeat(51)] }],
    ['a word of nothing visible', { blocked_words: ['\u200b\u200b'] }],
    ['words that are patterns of a query', { blocked_words: [{ $ne: '' }] }],
    ['a delay of an hour', { moderation_delay_ms: 3_600_000 }],
    ['a delay before now', { moderation_delay_ms: -1 }],
    ['a rank without end', { tier_rank: 1e9 }],
  ] as const)
    it(`an order of ${what}`, async () => void refusedAck(await studio.call('conversation:update', { conversation_id: room, ...order }), 'validation'))

  it('S9: marks ahead of what was said, ranges without end, lists of everything', async () => {
    for (const up_to_seq of [2, 1e15, -1, 0.5]) for (const name of ['conversation:mark-read', 'conversation:mark-delivered']) refusedAck(await fan.call(name, { conversation_id: room, up_to_seq }), 'validation')
    for (const range of [{ limit: 1e9 }, { limit: 101 }, { before_seq: -1 }, { since_seq: 1e30 }, { before_seq: 2, since_seq: 1 }]) refusedAck(await fan.call('conversation:history', { conversation_id: room, ...range }), 'validation')
    expect(await fan.call('conversation:history', { conversation_id: room, since_seq: 1e9 })).to.have.nested.property('data.data').with.length(0)
    expect(await fan.call('conversation:history', { conversation_id: room, before_seq: 1e9, limit: 100 })).to.have.nested.property('data.data').with.length(1)
    refusedAck(await fan.call('session:sync', { conversations: Array.from({ length: 51 }, () => ({ conversation_id: room, since_change: 0 })) }), 'validation')
  })

  it('S9: who tells every moment that they are writing is heard now and then, and not cut off for it', async () => {
    const heard: unknown[] = []
    studio.raw.on('typing:changed', (data) => heard.push(data))
    await Promise.all(Array.from({ length: 30 }, () => fan.call('typing:start', { conversation_id: room })))
    await studio.call('wallet:me')
    expect(heard.length).to.be.within(1, 4)
    expect(await fan.call('wallet:me')).to.include({ ok: true })
  })

  it('S5: a flood of messages is held back, then cut off; what got through has its places', async () => {
    const raw = await signedInRaw(siege.app.port, siege.fan.token)
    raw.bytes(Buffer.concat(Array.from({ length: 1_000 }, (_each, n) => frameOf(1, Buffer.from(`42${n}["message:send",${JSON.stringify({ conversation_id: room, client_msg_id: `flooding-${n}`, text: 'flood' })}]`)))))
    await raw.closed
    // What was under way when the connection ended is done before what is said after it.
    for (const n of [1, 2]) expect(await studio.call('message:send', { conversation_id: room, client_msg_id: `others-go-on-${n}`, text: 'quiet!' })).to.include({ ok: true })
    const { last_seq } = await siege.creator.call('conversation:read', { conversation_id: room })
    expect(last_seq).to.be.within(4, 43)
    await siege.accept()
  })

  it('S8: whoever is sent out hears nothing from then on, on no connection', async () => {
    const heard: string[] = []
    fan.raw.on('message:created', ({ text }: { text: string }) => heard.push(text))
    await siege.creator.call('message:send', { conversation_id: room, client_msg_id: 'before-the-ban', text: 'before' })
    await fan.next('message:created')
    await siege.creator.call('moderation:ban', { conversation_id: room, user_id: siege.fan.id, until: new Date(siege.app.clock.now().getTime() + 60_000).toISOString() })
    await siege.creator.call('message:send', { conversation_id: room, client_msg_id: 'after-the-ban', text: 'after' })
    await studio.next('message:created')
    const again = await siege.fan.socket()
    for (const each of [fan, again]) refusedAck(await each.call('conversation:mark-read', { conversation_id: room, up_to_seq: 1 }), 'not-found')
    refusedAck(await fan.call('message:edit', { message_id, text: 'after all' }), 'not-found')
    refusedAck(await fan.call('reaction:add', { message_id, emoji: '👏' }), 'not-found')
    expect(heard).to.deep.equal(['before'])
    again.close()
    await siege.accept()
  })
})
