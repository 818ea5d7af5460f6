import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { walkJourney } from '../browser/journey.ts'
import { chromiumPath, closeWindows, openBrowser } from '../browser/support.ts'
import { adminToken, until } from '../faults/support.ts'
import { connect, type LiveSocket } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'
import { hasRedisServer } from '../support/redis.ts'
import { isInstalled, metricsToken, type Pair, type Proxy, type ProxyName, startPair, startProxy } from './stage.ts'

interface Member {
  id: string
  token: string
}

const password = 'a good long password'
/** how long a socket may be silent: the ping's interval and its patience */
const silentSeconds = 40
let people = 0

describe('two servers behind a load balancer', function () {
  this.timeout(60_000)
  let pair: Pair

  before(async function () {
    if (!hasRedisServer()) {
      process.stdout.write('skipped: no redis-server on this machine\n')
      this.skip()
    }
    pair = await startPair()
  })
  after(() => pair?.stop())

  for (const name of ['nginx', 'haproxy'] as const)
    describe(`as in deploy/ for ${name}`, () => {
      let proxy: Proxy

      before(async function () {
        if (!isInstalled(name)) {
          process.stdout.write(`skipped: no ${name} on this machine\n`)
          this.skip()
        }
        await pair.redis.command('FLUSHALL')
        proxy = await startProxy(name, pair)
      })
      after(() => proxy?.stop())

      it('serve as one, from the sign-up to the alert, whichever of them each step reaches', async () => {
        const creator = await signUp('creator')
        const fan = await signUp('fan')
        const overlay = await ask(`${proxy.url}/api/v1/overlays`, { token: creator.token, json: {} })
        const page = await connect(proxy, '/overlay', overlay.body.token as string)
        const started = await ask(`${proxy.url}/api/v1/payments/initiate`, { token: fan.token, key: 'k1', json: { creator_id: creator.id, amount: 25_00, currency: 'ZMW', message: 'Bravo' } })
        expect(started.status, started.text).to.equal(201)
        await ask(`${proxy.url}${new URL(started.body.mobile_money_url as string).pathname}`, { raw: 'outcome=success', headers: { 'content-type': 'application/x-www-form-urlencoded' } })
        const alert = await page.next<{ alert_id: string; amount: number; message: string }>('alert:play')
        expect(alert).to.include({ amount: 25_00, message: 'Bravo' })
        expect(await page.call('alert:started', { alert_id: alert.alert_id })).to.deep.include({ ok: true })
        expect(await page.call('alert:finished', { alert_id: alert.alert_id })).to.deep.include({ ok: true })
        page.close()
      })

      // One of the two is enough: what pages need of a load balancer, the tests beside this one need too.
      if (name === 'nginx')
        it('are one to people in a browser too', async () => {
          if (!chromiumPath) return void process.stdout.write('skipped: no Chromium on this machine\n')
          const browser = await openBrowser()
          try {
            await walkJourney({ browser, url: proxy.url, name, viewport: { width: 1280, height: 800 } })
          } finally {
            await closeWindows(browser)
          }
        })

      it('share the sockets, and a fact reaches those of both', async () => {
        const fan = await signUp('fan')
        const live: LiveSocket[] = []
        for (let n = 0; n < 4; n++) live.push(await connect(proxy, '/', fan.token))
        for (const { url } of pair.servers) expect(await socketsOf(url)).to.be.greaterThan(0)
        const started = await ask(`${proxy.url}/api/v1/wallets/me/top-ups`, { token: fan.token, key: 'k1', json: { amount: 10_00, currency: 'ZMW' } })
        await ask(`${proxy.url}${new URL(started.body.mobile_money_url as string).pathname}`, { raw: 'outcome=success', headers: { 'content-type': 'application/x-www-form-urlencoded' } })
        const told = await Promise.all(live.map((each) => each.next<{ payment_id: string }>('payment:updated')))
        expect(told.map(({ payment_id }) => payment_id)).to.deep.equal(live.map(() => started.body.payment_id as string))
        for (const each of live) each.close()
      })

      it('answer every request while one of them is replaced', async () => {
        const fan = await signUp('fan')
        const answers: number[] = []
        let replacing = true
        const asking = (async () => {
          while (replacing) answers.push((await ask(`${proxy.url}/api/v1/wallets/me`, { token: fan.token })).status)
        })()
        await pair.end(1)
        await pair.begin(1)
        replacing = false
        await asking
        // Two processes' limits are one's, so a fast loop may be told to slow down.
        expect([...new Set(answers)].filter((status) => status !== 429)).to.deep.equal([200])
      })

      it('show nobody their metrics', async () => {
        expect((await ask(`${proxy.url}/metrics`, { token: metricsToken })).status).to.equal(404)
      })

      it('know people by the address that the load balancer saw, whatever they claim', async () => {
        const email = `${name}-honest@example.org`
        await ask(`${proxy.url}/api/v1/auth/register`, { headers: { 'x-forwarded-for': '198.51.100.7' }, json: { email, password, full_name: 'Honest', role: 'fan' } })
        await ask(`${proxy.url}/api/v1/auth/login`, { headers: { 'x-forwarded-for': '198.51.100.7, 203.0.113.9' }, json: { email, password } })
        const [{ url } = { url: '' }] = pair.servers
        const audit = await ask(`${url}/api/v1/admin/audit?action=session.opened&limit=100`, { token: await adminToken(url) })
        const addresses = (audit.body.data as { address: string }[]).map(({ address }) => address)
        expect(addresses).not.to.deep.equal([])
        expect([...new Set(addresses)]).to.deep.equal(['127.0.0.1'])
      })

      async function signUp(role: 'fan' | 'creator'): Promise<Member> {
        const answer = await ask(`${proxy.url}/api/v1/auth/register`, { json: { email: `${name}-${role}${++people}@example.org`, password, full_name: `${role} ${people}`, role } })
        expect(answer.status, answer.text).to.equal(201)
        const member = { id: answer.body.user.id as string, token: answer.body.access_token as string }
        if (role === 'creator') await until<Answer>(() => ask(`${proxy.url}/api/v1/creators/me`, { token: member.token }), ({ status }) => status === 200, 'the creator’s profile')
        return member
      }
    })

  it('are given the time that a silent socket needs', () => {
    const timesOf = (file: ProxyName, pattern: RegExp) => [...readFileSync(new URL(`../../deploy/${file === 'nginx' ? 'nginx.conf' : 'haproxy.cfg'}`, import.meta.url), 'utf8').matchAll(pattern)].map((match) => Number(match[1]))
    const times = [...timesOf('nginx', /proxy_(?:read|send)_timeout (\d+)s/g), ...timesOf('haproxy', /timeout (?:client|server|tunnel) (\d+)s/g)]
    expect(times).to.have.length(5)
    expect(Math.min(...times)).to.be.greaterThan(silentSeconds)
  })
})

async function socketsOf(url: string): Promise<number> {
  const { text } = await ask(`${url}/metrics`, { token: metricsToken })
  return Number(/^ovation_sockets\{namespace="\/"\} (\d+)/m.exec(text)?.[1] ?? 0)
}
