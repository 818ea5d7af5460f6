import { performance } from 'node:perf_hooks'
import { expect } from 'chai'
import { createClient } from '../../src/client/index.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, problemOf, signIn, signUp, topUp } from '../support/cast.ts'
import { type Proxy, startProxy } from '../support/proxy.ts'

describe('a call through the client', () => {
  let app: TestApp
  let proxy: Proxy
  let creator: Person

  before(async () => {
    app = await startApp()
    proxy = await startProxy(app.port)
    creator = await signUp(app, 'creator')
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
    await proxy.close()
  })

  for (const door of ['http', 'socket', 'auto'] as const)
    describe(`over the door "${door}"`, () => {
      let fan: Person

      before(async () => {
        fan = await signUp(app, 'fan', `Fan of ${door}`, { door, url: proxy.url })
        await topUp(await signIn(app, fan.email), 10_000)
        if (door !== 'http') await fan.online()
      })
      after(() => fan.client.close())

      it('whose answer is lost on the way is asked again under the same key: one tip', async () => {
        const lost = proxy.spoil(/"tip_id"/, 'cut')
        const tip = await fan.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', message: `lost ${door}` })
        await lost
        expect(await tipsWith(`lost ${door}`)).to.deep.equal([tip.tip_id])
      })

      it('whose answer never comes is given up after its time and asked again: one tip', async () => {
        const swallowed = proxy.spoil(/"tip_id"/, 'swallow')
        const tip = await fan.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', message: `late ${door}` }, { timeout_ms: 400 })
        await swallowed
        expect(await tipsWith(`late ${door}`)).to.deep.equal([tip.tip_id])
      })

      it('whose answer is lost twice is asked a third time', async () => {
        const lost = proxy.spoil(/"tip_id"/, 'cut', 2)
        const tip = await fan.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', message: `twice ${door}` })
        await lost
        expect(await tipsWith(`twice ${door}`)).to.deep.equal([tip.tip_id])
      })

      it('under a key of the caller’s own has one effect, however often it is made', async () => {
        const input = { creator_id: creator.id, amount: 100, currency: 'ZMW', message: `own ${door}` }
        const [first, second] = [await fan.call('tip:send', input, { key: `own-${door}` }), await fan.call('tip:send', input, { key: `own-${door}` })]
        expect(second).to.deep.equal(first)
        expect(await tipsWith(`own ${door}`)).to.deep.equal([first.tip_id])
        expect(await problemOf(fan.call('tip:send', { ...input, amount: 200 }, { key: `own-${door}` }))).to.include({ code: 'key-reused', status: 422 })
      })

      it('that reads is asked again too', async () => {
        const lost = proxy.spoil(/"buckets"/, 'cut')
        expect((await fan.call('wallet:me', {})).currency).to.equal('ZMW')
        await lost
      })

      it('that is refused ends with the server’s problem', async () => {
        const problem = await problemOf(fan.call('tip:send', { creator_id: creator.id, amount: 1_000_000, currency: 'ZMW' }))
        expect(problem).to.include({ code: 'insufficient-funds', status: 422 })
        expect(problem.request_id).to.match(/^req_/)
      })

      it('that is made too often waits as long as it is told to, and is answered', async () => {
        const answers = await Promise.all(Array.from({ length: door === 'http' ? 220 : 50 }, () => fan.call('account:me', {})))
        expect(new Set(answers.map(({ user }) => user.id))).to.deep.equal(new Set([fan.id]))
      })
    })

  it('that is lost on the socket goes beside it', async () => {
    const fan = await signUp(app, 'fan', undefined, { url: proxy.url })
    await topUp(fan, 1_000)
    proxy.requests.length = 0
    const swallowed = proxy.spoil(/"ok":true/, 'swallow')
    await fan.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', message: 'beside' }, { timeout_ms: 1_500 })
    await swallowed
    expect(fan.client.state).to.equal('online')
    expect(proxy.requests).to.deep.equal([`POST /api/v1/creators/${creator.id}/tips`])
    expect(await tipsWith('beside')).to.have.length(1)
  })

  for (const door of ['http', 'socket'] as const)
    it(`that carries no key and would do a thing twice is not repeated after a lost answer (${door})`, async () => {
      const maker = await signUp(app, 'creator', undefined, { door, url: proxy.url })
      if (door === 'socket') await maker.online()
      const lost = proxy.spoil(/"token"/, 'cut')
      expect(await problemOf(maker.call('overlay:create', {}))).to.include({ code: 'network', status: 0 })
      await lost
      expect((await maker.call('overlay:list', {})).data).to.have.length(1)
    })

  it('that carries no key ends after its time when no answer comes', async () => {
    const maker = await signUp(app, 'creator', undefined, { door: 'http', url: proxy.url })
    const swallowed = proxy.spoil(/"token"/, 'swallow')
    expect(await problemOf(maker.call('overlay:create', {}, { timeout_ms: 300 }))).to.include({ code: 'network' })
    await swallowed
  })

  describe('in whose place a proxy answers', () => {
    const answers = {
      'a page': 'HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>Bad gateway</html>',
      'a page with 200': 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>Sign in to this café</html>',
      'JSON of its own': 'HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"message":"no upstream"}',
      'half of what was said': 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{"access_to',
      'nothing that is HTTP': 'SSH-2.0-OpenSSH_9.6\r\n',
    }
    for (const [what, say] of Object.entries(answers)) {
      it(`${what}: ends as unanswered when it must not be repeated`, async () => {
        const stranger = createClient({ url: proxy.url, door: 'http' })
        const spoiled = proxy.spoil(/"access_token"/, { say })
        expect(await problemOf(stranger.call('account:login', { email: creator.email, password: 'a good long password' }))).to.include({ code: 'network', status: 0 })
        await spoiled
        stranger.close()
      })

      it(`${what}: is asked again when it can be`, async () => {
        const spoiled = proxy.spoil(/"followers"/, { say })
        const reader = createClient({ url: proxy.url, door: 'http' })
        expect((await reader.call('creator:read', { creator_id: creator.id })).id).to.equal(creator.id)
        await spoiled
        reader.close()
      })
    }
  })

  it('that is told when to come again does not come before', async () => {
    const fan = await signUp(app, 'fan', undefined, { door: 'http', url: proxy.url })
    const problem = JSON.stringify({ type: '/problems/retry', title: 'Try again shortly', status: 503, code: 'retry', retry_after_ms: 700 })
    const toldAt = proxy.spoil(/"buckets"/, { say: `HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n${problem}` }).then(() => performance.now())
    const answered = fan.call('wallet:me', {})
    const waitedMs = await Promise.all([toldAt, toldAt.then(() => proxy.request(/wallets\/me/)).then(() => performance.now())]).then(([told, came]) => came - told)
    // A timer may be a millisecond early.
    expect(waitedMs).to.be.at.least(698)
    expect((await answered).currency).to.equal('ZMW')
  })

  it('that waits is given up when the client is closed, and so is any after that', async () => {
    for (const door of ['socket', 'http'] as const) {
      const fan = await signUp(app, 'fan', undefined, { door, url: proxy.url })
      if (door === 'socket') await fan.online()
      const held = proxy.spoil(/"buckets"/, 'swallow')
      const waiting = problemOf(fan.call('wallet:me', {}))
      await held
      fan.client.close()
      expect(await waiting).to.include({ code: 'network' })
      expect(await problemOf(fan.call('wallet:me', {}))).to.include({ code: 'network' })
      expect(fan.client.state).to.equal('offline')
    }
  })

  async function tipsWith(message: string): Promise<string[]> {
    const { data } = await creator.call('tip:list', { limit: 100 })
    return data.filter((each) => each.message === message).map((each) => each.tip_id)
  }
})

describe('a call that is to wait for minutes', () => {
  it('does not wait: the caller hears how long', async () => {
    const app = await startApp()
    const { email } = await signUp(app, 'fan')
    const stranger = createClient({ url: app.url })
    const attempt = () => problemOf(stranger.call('account:login', { email, password: 'a wrong password' }))
    for (let tries = 0; tries < 10; tries++) expect((await attempt()).code).to.equal('unauthenticated')
    const refused = await attempt()
    expect(refused.code).to.equal('rate-limited')
    expect(refused.retry_after_ms).to.be.above(60_000)
    stranger.close()
    await app.stop()
  })
})
