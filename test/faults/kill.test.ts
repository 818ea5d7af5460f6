import { expect } from 'chai'
import type { Violation } from '../../src/kernel/feature.ts'
import { connect, pay } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'
import { createRandom } from '../../scripts/random.ts'
import { adminToken, endAll, type Home, makeHome, runApp, type RunningApp, until } from './support.ts'

interface People {
  creator: { id: string; token: string }
  fan: { id: string; token: string }
  overlay: { overlay_id: string; token: string }
}

/** How many points of each list one run takes, by chance; `npm run test:long` takes all. A point that failed once belongs into its list with a star: it is tried in each run. */
const perRun = 2
const seed = process.env['KILL_SEED'] ?? String(Date.now() % 1_000_000)
const chance = createRandom(Number(seed))
const every = process.env['KILL_POINTS'] === 'every'
const walletPoints = chosen(['* tips.send.after-commit', 'tips.send.before-commit', 'overlays.queue.before-commit', 'overlays.queue.after-commit', 'tips.goals.before-commit', 'tips.goals.after-commit', 'tips.live.before-commit', 'tips.live.after-commit', 'ledger.seal.before-commit'])
const checkoutPoints = chosen([
  '* payments.inbox.before-commit',
  'tips.initiate.before-commit',
  'payments.checkout.after-intent',
  'payments.checkout.after-provider',
  'payments.checkout.before-commit',
  'payments.checkout.after-commit',
  'payments.webhook.before-inbox',
  'payments.webhook.after-inbox',
  'payments.inbox.after-claim',
  'payments.inbox.after-query',
  'payments.inbox.after-commit',
  'tips.complete.before-commit',
])

function chosen(points: string[]): string[] {
  const always = points.filter((point) => point.startsWith('* '))
  const others = points.filter((point) => !point.startsWith('* '))
  const drawn = every ? others : chance.shuffled(others).slice(0, perRun - always.length)
  return [...always, ...drawn].map((point) => point.replace('* ', ''))
}

/** Each point where a crash is interesting: the server kills itself there, is started again at once, and everything comes to one effect. */
describe(`the server, killed (KILL_SEED=${seed})`, function () {
  this.timeout(90_000)
  let home: Home
  let people: People
  /** what the books say between two lives */
  let known = { cash: 1_000_000, earned: 0, tips: 0 }

  before(async () => {
    home = await makeHome()
    const app = await runApp(home)
    const creator = await register(app.url, 'creator')
    const fan = await register(app.url, 'fan')
    const overlay = (await ask(`${app.url}/api/v1/overlays`, { token: creator.token, json: {} })).body as People['overlay']
    people = { creator, fan, overlay }
    await ask(`${app.url}/api/v1/creators/me/goals`, { token: creator.token, json: { title: 'All of it', kind: 'amount', target: 1_000_000 } })
    await ask(`${app.url}/api/v1/creators/me/live/start`, { token: creator.token, json: {} })
    const topUp = await ask(`${app.url}/api/v1/wallets/me/top-ups`, { token: fan.token, key: 'start', json: { amount: 1_000_000, currency: 'ZMW' } })
    await pay(topUp.body as never)
    await until(() => cash(app.url), (value) => value === 1_000_000, 'the top-up')
    await stop(app)
  })
  afterEach(endAll)
  after(() => home.remove())

  for (const point of walletPoints)
    it(`at ${point}, in a tip from the wallet: one tip, one alert, the money moved once`, async () => {
      const key = `wallet-${point}`
      const before = known
      const dying = await runApp(home, { FAILPOINT: `${point}:1` })
      await sendTip(dying.url, key).catch(() => undefined)
      expect((await dying.exited).signal).to.equal('SIGKILL')
      const app = await runApp(home)
      const again = await sendTip(app.url, key)
      expect(again.status, again.text).to.equal(201)
      expect(await cash(app.url)).to.equal(before.cash - 700)
      await until(() => tipCount(app.url), (count) => count === before.tips + 1, 'the tip')
      await expectOneAlert(app.url, (again.body as { tip_id: string }).tip_id)
      await expectCounted(app.url)
      await expectClean(app)
      await stop(app)
    })

  for (const point of checkoutPoints)
    it(`at ${point}, in a tip by checkout: charged once, credited once`, async () => {
      const key = `checkout-${point}`
      const before = known
      const dying = await runApp(home, { FAILPOINT: `${point}:1` })
      const first = await initiate(dying.url, key).catch(() => undefined)
      if (first?.status === 201) await pay(first.body as never).catch(() => undefined)
      expect((await dying.exited).signal).to.equal('SIGKILL')
      const app = await runApp(home)
      // A crash between intent and answer leaves its lease; the same key goes on from the intent once that is over.
      const again = await until(() => initiate(app.url, key), (answer) => answer.status === 201, 'the checkout', 45_000)
      await pay(again.body as never)
      await until(() => tipCount(app.url), (count) => count === before.tips + 1, 'the tip')
      expect(await earned(app.url)).to.equal(before.earned + 950)
      await expectCounted(app.url)
      await expectClean(app)
      await stop(app)
    })

  it('by SIGTERM, ends what runs and exits with 0', async () => {
    const app = await runApp(home)
    const answers = Promise.all(Array.from({ length: 8 }, (_each, n) => sendTip(app.url, `term-${n}`)))
    await sendTip(app.url, 'term-first')
    app.child.kill('SIGTERM')
    expect((await answers).map((each) => each.status)).to.deep.equal(Array.from({ length: 8 }, () => 201))
    expect(await app.exited).to.deep.equal({ code: 0, signal: null })
    const again = await runApp(home)
    expect(await tipCount(again.url)).to.equal(known.tips + 9)
    await stop(again)
  })

  it('at random under a stream of tips, and started at once: no acknowledged tip is lost or doubled', async () => {
    const before = known
    const dying = await runApp(home)
    const acknowledged = new Set<string>()
    let n = 0
    let enough = (): void => {}
    const loaded = new Promise<void>((resolve) => (enough = resolve))
    const streams = Array.from({ length: 8 }, async () => {
      for (;;) {
        const key = `stream-${n++}`
        const answer = await sendTip(dying.url, key).catch(() => undefined)
        if (answer === undefined) return
        if (answer.status === 201) acknowledged.add((answer.body as { tip_id: string }).tip_id)
        if (acknowledged.size >= 40) enough()
      }
    })
    await loaded
    dying.child.kill('SIGKILL')
    await Promise.all(streams)
    const app = await runApp(home)
    const tips = await allTips(app.url)
    expect([...acknowledged].filter((id) => !tips.includes(id)), 'lost').to.deep.equal([])
    expect(new Set(tips).size).to.equal(tips.length)
    const made = tips.length - before.tips
    expect(made).to.be.within(acknowledged.size, acknowledged.size + 8)
    expect(await cash(app.url)).to.equal(before.cash - 700 * made)
    await expectCounted(app.url)
    await expectClean(app)
    await stop(app)
  })

  async function register(url: string, role: string): Promise<{ id: string; token: string }> {
    const answer = await ask(`${url}/api/v1/auth/register`, { json: { email: `${role}@example.org`, password: 'a good long password', full_name: role, role } })
    const { access_token, user } = answer.body as { access_token: string; user: { id: string } }
    return { id: user.id, token: access_token }
  }

  function sendTip(url: string, key: string): Promise<Answer> {
    return ask(`${url}/api/v1/creators/${people.creator.id}/tips`, { token: people.fan.token, key, json: { amount: 700, currency: 'ZMW' } })
  }

  function initiate(url: string, key: string): Promise<Answer> {
    return ask(`${url}/api/v1/payments/initiate`, { token: people.fan.token, key, json: { creator_id: people.creator.id, amount: 1000, currency: 'ZMW' } })
  }

  async function cash(url: string): Promise<number> {
    return ((await ask(`${url}/api/v1/wallets/me`, { token: people.fan.token })).body as { buckets: { cash: number } }).buckets.cash
  }

  async function earned(url: string): Promise<number> {
    return ((await ask(`${url}/api/v1/wallets/me`, { token: people.creator.token })).body as { buckets: { pending: number } }).buckets.pending
  }

  async function tipCount(url: string): Promise<number> {
    return (await allTips(url)).length
  }

  async function allTips(url: string): Promise<string[]> {
    const ids: string[] = []
    let cursor = ''
    do {
      const page = (await ask(`${url}/api/v1/creators/me/tips?limit=100${cursor ? `&cursor=${cursor}` : ''}`, { token: people.creator.token })).body as { data: { tip_id: string }[]; next: string | null }
      ids.push(...page.data.map((each) => each.tip_id))
      cursor = page.next ?? ''
    } while (cursor)
    return ids
  }

  /** Plays everything that waits; the tip is among it once. */
  async function expectOneAlert(url: string, tipId: string): Promise<void> {
    const live = await connect({ url }, '/overlay', people.overlay.token)
    const tip = ((await ask(`${url}/api/v1/creators/me/tips?limit=1`, { token: people.creator.token })).body as { data: { tip_id: string }[] }).data[0]
    expect(tip?.tip_id).to.equal(tipId)
    const shown = await live.next<{ alert_id: string; amount: number }>('alert:play')
    expect(shown.amount).to.equal(700)
    await live.call('alert:started', { alert_id: shown.alert_id })
    await live.call('alert:finished', { alert_id: shown.alert_id })
    const { queued } = ((await ask(`${url}/api/v1/overlays`, { token: people.creator.token })).body as { data: { queued: number }[] }).data[0] as { queued: number }
    expect(queued).to.equal(0)
    live.close()
  }

  /** The goal and the stream, open since before the first tip, come to count each tip once. */
  async function expectCounted(url: string): Promise<void> {
    const tips = await tipCount(url)
    const path = `${url}/api/v1/creators/${people.creator.id}/live`
    const live = await until(async () => (await ask(path)).body as { totals: { amount: number; count: number }; goals: { current: number }[]; top_tippers: { amount: number }[] }, ({ totals, goals }) => totals.count >= tips && goals[0]?.current === totals.amount, 'the counting')
    expect(live.totals.count).to.equal(tips)
    expect(live.top_tippers.map((each) => each.amount)).to.deep.equal([live.totals.amount])
  }

  async function expectClean(app: RunningApp): Promise<void> {
    const token = await adminToken(app.url)
    const { violations } = (await ask(`${app.url}/api/v1/admin/check`, { token, json: { full: true } })).body as { violations: Violation[] }
    expect(violations).to.deep.equal([])
  }

  /** Ends it the hard way once more: whatever was answered must hold all the same. */
  async function stop(app: RunningApp): Promise<void> {
    known = { cash: await cash(app.url), earned: await earned(app.url), tips: await tipCount(app.url) }
    app.child.kill('SIGKILL')
    await app.exited
  }
})
