import { expect } from 'chai'
import { createPresence } from '../../src/client/index.ts'
import type { Presence } from '../../src/features/presence/contract.ts'
import { acquaint } from '../support/acquaint.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type LiveSocket, type Person, signIn, signUp } from '../support/cast.ts'
import { byHttp, bySocket } from '../support/doors.ts'
import { ask } from '../support/http.ts'
import { startProxy } from '../support/proxy.ts'
import { hasRedisServer, startRedis, type TestRedis } from '../support/redis.ts'
import { block } from '../support/relations.ts'

const metricsToken = 'a-token-for-prometheus'

describe('presence on two processes', function () {
  if (!hasRedisServer()) return void it('skipped: no redis-server on this machine')

  let redis: TestRedis
  let one: TestApp
  let two: TestApp
  let ana: Person
  let ben: Person
  let stranger: Person
  let eyes: Awaited<ReturnType<typeof bySocket>>

  before(async () => {
    redis = await startRedis()
    one = await startApp({ REDIS_URL: redis.url, METRICS_TOKEN: metricsToken })
    two = await startApp({ REDIS_URL: redis.url, METRICS_TOKEN: metricsToken }, one)
    ana = await signUp(one, 'creator', 'Ana')
    ben = await signUp(one, 'fan', 'Ben')
    stranger = await signUp(one, 'fan', 'Stranger')
    await acquaint(ben, [ana, stranger])
    await byHttp(one, ben).call('conversation:create', { type: 'group', title: 'Friends', member_ids: [ana.id] })
  })
  beforeEach(async () => {
    eyes = await bySocket(two, ben)
  })
  afterEach(() => eyes.close())
  after(async () => {
    await two?.stop()
    expect(await one.check()).to.deep.equal([])
    await one?.stop()
    await redis?.stop()
  })

  const watch = async (...people: Person[]) => (await eyes.call('presence:subscribe', { user_ids: people.map((each) => each.id) })).data
  const changed = () => eyes.next<Presence>('presence:changed')

  /** On the first process; `eyes` are on the second. */
  async function come(person: Person): Promise<LiveSocket> {
    return (await bySocket(one, person)) as never as LiveSocket
  }

  /** Once it is done, the server has noticed. */
  async function close(...sockets: Pick<LiveSocket, 'close'>[]): Promise<void> {
    const before = await live()
    for (const socket of sockets) socket.close()
    while ((await live()) > before - sockets.length) await new Promise(setImmediate)
  }

  /** with the seconds of grace */
  async function leave(...sockets: Pick<LiveSocket, 'close'>[]): Promise<void> {
    await close(...sockets)
    one.wall.advance({ seconds: 5 })
  }

  async function live(): Promise<number> {
    const counts = [one, two].map(async ({ url }) => {
      const { text } = await ask(`${url}/metrics`, { token: metricsToken })
      return Number(/^ovation_sockets\{namespace="\/"\} (\d+)$/m.exec(text)?.[1] ?? 0)
    })
    return (await Promise.all(counts)).reduce((sum, each) => sum + each, 0)
  }

  it('tells who came, is away and left, with when they were there last, and says the same over REST', async () => {
    expect(await watch(ana, stranger)).to.deep.equal([{ user_id: ana.id, state: 'offline' }])
    const phone = await come(ana)
    expect(await changed()).to.deep.equal({ user_id: ana.id, state: 'online' })
    await phone.call('presence:set', { state: 'away' })
    expect(await changed()).to.deep.equal({ user_id: ana.id, state: 'away' })
    expect(await byHttp(two, ben).call('presence:read', { user_id: ana.id })).to.deep.equal({ user_id: ana.id, state: 'away' })
    const desk = await come(ana)
    await desk.call('presence:set', { state: 'online' })
    expect(await changed(), 'the liveliest counts').to.deep.equal({ user_id: ana.id, state: 'online' })
    await leave(desk, phone)
    const gone = await changed()
    expect(gone).to.include({ user_id: ana.id, state: 'offline' })
    expect(Math.abs(Date.parse(gone.last_seen_at ?? '') - one.wall.now().getTime())).to.be.below(10_000)
    expect(await byHttp(one, ben).call('presence:read', { user_id: ana.id })).to.deep.equal(gone)
    expect(await byHttp(one, stranger).refused('presence:read', { user_id: ana.id })).to.equal('not-found')
  })

  it('takes a connection that is made anew, on another process too, for none that was lost', async () => {
    const phone = await come(ana)
    await phone.call('presence:set', { state: 'away' })
    expect(await watch(ana)).to.deep.include({ user_id: ana.id, state: 'away' })
    await close(phone)
    const again = await bySocket(two, ana)
    await again.call('presence:set', { state: 'away' })
    one.wall.advance({ seconds: 5 })
    await again.call('presence:set', { state: 'online' })
    expect(await changed(), 'the first that is told').to.deep.equal({ user_id: ana.id, state: 'online' })
    await leave(again)
    // Two processes, each with its own second in which the grace of five is over.
    while ((await changed()).state !== 'offline');
  })

  it('tells nobody of whoever hides, nor them of anybody, from that moment on and until it ends', async () => {
    const phone = await come(ana)
    await phone.call('presence:set', { state: 'online' })
    await phone.call('presence:subscribe', { user_ids: [ben.id] })
    expect(await watch(ana)).to.deep.equal([{ user_id: ana.id, state: 'online' }])
    const settings = byHttp(one, ana)
    await settings.call('presence-settings:update', { hides_presence: true })
    expect(await changed()).to.deep.equal({ user_id: ana.id, state: 'offline' })
    expect(await phone.next<Presence>('presence:changed'), 'ben on two').to.deep.include({ user_id: ben.id })
    expect(await settings.call('presence:read', { user_id: ben.id })).to.deep.equal({ user_id: ben.id, state: 'offline' })
    expect(await byHttp(two, ben).call('presence:read', { user_id: ana.id })).to.deep.equal({ user_id: ana.id, state: 'offline' })
    expect(await settings.call('presence-settings:read', {})).to.deep.equal({ hides_presence: true })
    await settings.call('presence-settings:update', { hides_presence: false })
    expect(await changed()).to.deep.equal({ user_id: ana.id, state: 'online' })
    await leave(phone)
    expect((await changed()).last_seen_at).to.be.a('string')
  })

  it('ends for both with a block, for members with the group, for all with the account', async () => {
    const cara = await signUp(one, 'creator', 'Cara')
    await ben.call('creator:follow', { creator_id: cara.id })
    const group = await byHttp(one, ben).call('conversation:create', { type: 'group', title: 'More', member_ids: [stranger.id] })
    const [hers, theirs, anas] = [await come(cara), await come(stranger), await come(ana)]
    for (const each of [hers, theirs, anas]) await each.call('presence:set', { state: 'online' })
    expect((await watch(cara, stranger, ana)).map((each) => each.state)).to.deep.equal(['online', 'online', 'online'])
    await block(cara, ben)
    expect(await changed(), 'without when').to.deep.equal({ user_id: cara.id, state: 'offline' })
    await byHttp(one, stranger).call('conversation:leave', { conversation_id: group.conversation_id })
    expect(await changed()).to.deep.equal({ user_id: stranger.id, state: 'offline' })
    const admin = await signIn(one, one.admin.email, one.admin.password)
    await admin.call('user:suspend', { user_id: ana.id, reason: 'test' })
    expect(await changed()).to.deep.equal({ user_id: ana.id, state: 'offline' })
    expect(await watch(cara, stranger, ana)).to.deep.equal([{ user_id: ana.id, state: 'offline' }])
    await admin.call('user:restore', { user_id: ana.id })
    for (const each of [hers, theirs, anas]) each.close()
  })

  it('knows its own people while Redis is away, and all of them soon after it came back empty', async () => {
    ana = await signIn(one, ana.email)
    const phone = await come(ana)
    await phone.call('presence:set', { state: 'online' })
    await phone.call('presence:subscribe', { user_ids: [ben.id] })
    expect(await watch(ana)).to.deep.equal([{ user_id: ana.id, state: 'online' }])
    await redis.kill()
    expect(await byHttp(one, ben).call('presence:read', { user_id: ana.id })).to.deep.equal({ user_id: ana.id, state: 'online' })
    await redis.start()
    await phone.call('presence:set', { state: 'away' })
    expect(await changed(), 'the first that is told').to.deep.equal({ user_id: ana.id, state: 'away' })
    await leave(phone)
    expect((await changed()).state).to.equal('offline')
  })

  it('is watched on over a connection that broke, with what happened meanwhile', async () => {
    const proxy = await startProxy(two.port)
    const person = await signIn(two, ben.email, undefined, { url: proxy.url })
    await person.online()
    const presence = createPresence(person.client)
    presence.watch([ana.id, stranger.id])
    const until = (state: string) =>
      new Promise<void>((resolve) => {
        const look = (): void => void (presence.of(ana.id)?.state === state && resolve())
        presence.onChange(look)
        look()
      })
    const phone = await come(ana)
    await phone.call('presence:set', { state: 'online' })
    await until('online')
    proxy.open(false)
    await phone.call('presence:set', { state: 'away' })
    proxy.open(true)
    await until('away')
    expect(presence.of(stranger.id)).to.equal(undefined)
    presence.close()
    phone.close()
    await proxy.close()
  })

  it('takes no more than a hundred at once, and no floods: of presence as of typing', async () => {
    expect(await eyes.refused('presence:subscribe', { user_ids: Array.from({ length: 101 }, (_each, n) => `usr_${n}`) })).to.equal('validation')
    expect(await eyes.refused('presence:set', { state: 'offline' })).to.equal('validation')
    const { conversation_id } = (await eyes.call('conversation:list', {})).data[0] as { conversation_id: string }
    const flood = async (name: string, input: object, times: number): Promise<string[]> => {
      const socket = await bySocket(two, ben)
      const answers = await Promise.all(Array.from({ length: times }, () => socket.raw.timeout(5_000).emitWithAck(name, input) as Promise<{ ok: boolean; problem?: { code: string } }>))
      socket.close()
      return answers.map((each) => each.problem?.code ?? 'ok')
    }
    const codes = await flood('presence:set', { state: 'online' }, 18)
    expect(codes.filter((code) => code === 'ok').length).to.be.within(1, 12)
    expect(new Set(codes)).to.deep.equal(new Set(['ok', 'rate-limited']))
    // Of writing too much is dropped without a word.
    expect(new Set(await flood('typing:start', { conversation_id }, 11))).to.deep.equal(new Set(['ok']))
    await eyes.call('typing:stop', { conversation_id })
    let heard = 0
    while ((await eyes.next<{ typing: boolean }>('typing:changed')).typing) heard++
    expect(heard).to.be.within(1, 5)
  })
})
