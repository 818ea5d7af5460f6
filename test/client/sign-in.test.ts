import { expect } from 'chai'
import { createClient } from '../../src/client/index.ts'
import type { TokenPair } from '../../src/features/accounts/contract.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { connect, type Person, problemOf, signUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'
import { type Proxy, startProxy } from '../support/proxy.ts'

describe('a sign-in held by the client', () => {
  let app: TestApp
  let proxy: Proxy
  let told: (TokenPair | undefined)[]
  let fan: Person

  before(async () => {
    app = await startApp()
    proxy = await startProxy(app.port)
  })
  after(async () => {
    await app.stop()
    await proxy.close()
  })
  beforeEach(async () => {
    told = []
    fan = await enter('auto')
    proxy.requests.length = 0
  })
  afterEach(() => fan.client.close())

  for (const door of ['http', 'auto'] as const)
    it(`whose token is too old is renewed once for thirty calls at once, and all are answered (${door})`, async () => {
      const person = await enter(door)
      app.wall.advance({ minutes: 11 })
      const answers = await Promise.all(Array.from({ length: 30 }, () => person.call('account:me', {})))
      expect(new Set(answers.map(({ user }) => user.id))).to.deep.equal(new Set([person.id]))
      expect(refreshes()).to.equal(1)
      expect(told).to.have.length(1)
      expect(told[0]?.access_token).not.to.equal(person.token)
    })

  it('is renewed once too when the old token is found out at different moments', async () => {
    let renewed = (): void => {}
    const renewal = new Promise<void>((resolve) => (renewed = resolve))
    const person = await signUp(app, 'fan', undefined, { door: 'http', url: proxy.url, onTokens: () => renewed() })
    app.wall.advance({ minutes: 11 })
    const late = proxy.spoil(/token-expired/, { until: renewal })
    const answers = await Promise.all([person.call('account:me', {}), person.call('account:me', {})])
    await late
    expect(answers.map(({ user }) => user.id)).to.deep.equal([person.id, person.id])
    expect(refreshes()).to.equal(1)
  })

  it('whose renewal is answered in vain is asked again for the same pair', async () => {
    app.wall.advance({ minutes: 11 })
    const lost = proxy.spoil(/"refresh_token"/, 'cut', 2)
    await fan.call('account:me', {})
    await lost
    expect(refreshes()).to.equal(3)
    const session = await app.db.collection('sessions').findOne({ user_id: fan.id })
    expect(session).not.to.have.property('revoked_at')
    const direct = await ask(`${app.url}/api/v1/auth/refresh`, { json: { refresh_token: fan.refresh_token } })
    expect(direct.body.refresh_token, 'the pair that was answered in the end').to.equal(told[0]?.refresh_token)
  })

  it('is renewed when its socket is refused for an old token, and the socket comes up', async () => {
    app.wall.advance({ minutes: 11 })
    await fan.online()
    expect(refreshes()).to.equal(1)
    expect((await fan.call('account:me', {})).user.id).to.equal(fan.id)
  })

  it('goes on over the same connection: a newer token is given to the server before the old one ends', async () => {
    app.wall.advance({ minutes: 9, seconds: 58 })
    await fan.fact('session:ready')
    const before = connects()
    expect((await fan.fact('session:expiring')).in_ms).to.be.within(0, 3_000)
    while (told.length === 0) await fan.call('wallet:me', {})
    // Past the old token's end by the clock that the server counts by: a socket that had not been given the newer one is closed by then.
    app.wall.advance({ minutes: 5 })
    expect(await fan.call('account:me', {})).to.have.property('user')
    expect(fan.client.state).to.equal('online')
    expect([refreshes(), told.length, connects()]).to.deep.equal([1, 1, before])
  })

  it('that is ended elsewhere drops its tokens, says so, and does not come back', async () => {
    const states: string[] = []
    const other = await enter('auto')
    await Promise.all([fan.online(), other.fact('session:ready')])
    fan.client.onState((state) => states.push(state))
    await ask(`${app.url}/api/v1/auth/logout`, { token: fan.token, json: { refresh_token: fan.refresh_token } })
    expect(await fan.fact('session:revoked')).to.deep.equal({ reason: 'signed-out' })
    expect(told).to.deep.equal([undefined])
    expect(states).to.deep.equal(['offline'])
    expect(await problemOf(fan.call('account:me', {}))).to.include({ code: 'unauthenticated' })
    const before = connects()
    // Whoever lost the line twice has waited longer for the second time than anybody does for the first.
    for (let times = 0; times < 2; times++) {
      proxy.open(false)
      proxy.open(true)
      await other.fact('session:ready')
    }
    expect(connects() - before, 'the other’s alone').to.equal(2)
    expect(refreshes()).to.equal(0)
    other.client.close()
  })

  it('that ended while nobody listened is found out by the next call, and what is for everybody is answered all the same', async () => {
    await ask(`${app.url}/api/v1/auth/logout`, { token: fan.token, json: { refresh_token: fan.refresh_token } })
    expect((await fan.call('creator:search', {})).data).to.be.an('array')
    expect(told).to.deep.equal([undefined])
    expect(await problemOf(fan.call('wallet:me', {}))).to.include({ code: 'unauthenticated', status: 401 })
  })

  it('that ended while it was away is found out on coming back', async () => {
    await fan.online()
    proxy.open(false)
    await ask(`${app.url}/api/v1/auth/logout`, { token: fan.token, json: { refresh_token: fan.refresh_token } })
    const offline = new Promise<void>((resolve) => fan.client.onState((state) => state === 'offline' && resolve()))
    proxy.open(true)
    await offline
    expect(told).to.deep.equal([undefined])
    expect(refreshes()).to.equal(1)
  })

  it('is not ended by a wrong password', async () => {
    expect(await problemOf(fan.call('account:login', { email: fan.email, password: 'a wrong password' }))).to.include({ code: 'unauthenticated' })
    expect(refreshes()).to.equal(0)
    expect(told).to.deep.equal([])
  })

  it('is not ended by a server whose answers are lost for longer', async () => {
    app.wall.advance({ minutes: 11 })
    const lost = proxy.spoil(/"refresh_token"/, 'cut', 4)
    expect((await fan.call('account:me', {})).user.id).to.equal(fan.id)
    await lost
    expect(told).to.have.length(1)
  })

  it('gives way to another one: the socket is the other’s then', async () => {
    const other = await signUp(app, 'fan')
    await fan.fact('session:ready')
    fan.client.setTokens({ access_token: other.token, refresh_token: other.refresh_token })
    expect((await fan.fact('session:ready')).user_id).to.equal(other.id)
    expect((await fan.call('account:me', {})).user.id).to.equal(other.id)
    expect(fan.client.state).to.equal('online')
  })

  it('that was given up stays so, though its renewal is on the way', async () => {
    app.wall.advance({ minutes: 11 })
    const asked = proxy.request(/refresh/)
    const call = problemOf(fan.call('account:me', {}))
    await asked
    fan.client.setTokens(undefined)
    expect(await call).to.include({ code: 'unauthenticated' })
    expect(told).to.deep.equal([undefined])
  })

  it('is needed for a socket: without one nothing is connected', async () => {
    const stranger = createClient({ url: proxy.url, door: 'socket' })
    stranger.connect()
    expect(await problemOf(stranger.call('wallet:me', {}))).to.include({ code: 'unauthenticated' })
    expect(stranger.state).to.equal('offline')
    expect(connects()).to.equal(0)
    stranger.close()
  })

  it('hears facts as long as it listens', async () => {
    const heard: string[] = []
    const stop = fan.on('session:ready', ({ user_id }) => heard.push(user_id))
    await fan.fact('session:ready')
    stop()
    proxy.open(false)
    proxy.open(true)
    await fan.fact('session:ready')
    expect(heard).to.deep.equal([fan.id])
  })

  it('over HTTP alone never opens a socket', async () => {
    const person = await enter('http')
    person.client.connect()
    await person.call('account:me', {})
    person.client.setTokens({ access_token: person.token, refresh_token: person.refresh_token })
    await person.call('account:me', {})
    expect(person.client.state).to.equal('offline')
    expect(connects()).to.equal(0)
  })

  it('is one of many on one machine: a bare socket beside it is not touched', async () => {
    const bare = await connect(app, '/', fan.token)
    await fan.online()
    fan.client.setTokens(undefined)
    expect(await bare.call('account:me')).to.have.property('ok', true)
    bare.close()
  })

  function enter(door: 'auto' | 'http'): Promise<Person> {
    return signUp(app, 'fan', undefined, { door, url: proxy.url, onTokens: (tokens) => told.push(tokens) })
  }

  function refreshes(): number {
    return proxy.requests.filter((line) => line.endsWith('/auth/refresh')).length
  }

  function connects(): number {
    return proxy.requests.filter((line) => line.startsWith('GET /socket.io/')).length
  }
})
