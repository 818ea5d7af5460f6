import { expect } from 'chai'
import type { Violation } from '../../src/kernel/feature.ts'
import type { Membership } from '../../src/features/memberships/contract.ts'
import { pay } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'
import { createRandom } from '../../scripts/random.ts'
import { adminToken, endAll, type Home, makeHome, runApp, type RunningApp, until } from './support.ts'

/** How many points one run takes, by chance; `npm run test:long` takes all. */
const perRun = 2
const seed = process.env['KILL_SEED'] ?? String(Date.now() % 1_000_000)
const every = process.env['KILL_POINTS'] === 'every'
const chance = createRandom(Number(seed))
const renewalPoints = chosen([
  'memberships.due.before',
  'memberships.charge.before-commit',
  'memberships.charge.after-commit',
  'payments.charge.after-intent',
  'payments.charge.after-provider',
  'payments.charge.before-commit',
  'payments.charge.after-commit',
  'memberships.paid.before-commit',
  'memberships.paid.after-commit',
  'memberships.due.after-charge',
  'payments.inbox.before-commit',
])
const payoutPoints = chosen(['payouts.send.after-intent', 'payouts.send.after-provider', 'payouts.send.after-commit'], 1)
const refundPoints = chosen(['payments.refund.after-intent', 'payments.refund.after-provider', 'payments.refund.after-commit'], 1)

function chosen(points: string[], count = perRun): string[] {
  return every ? points : chance.shuffled(points).slice(0, count)
}

/** Killed wherever it matters, the server charges each period once and gives each cent back once. */
describe(`renewals, refunds and payouts of a server that is killed (KILL_SEED=${seed})`, function () {
  this.timeout(120_000)
  let home: Home
  let creator = ''
  let fan = ''
  let card = ''
  let walletFan = ''
  const joined: { token: () => string; membership_id: string }[] = []

  before(async () => {
    home = await makeHome()
    const app = await runApp(home)
    creator = await register(app.url, 'creator')
    fan = await register(app.url, 'fan')
    walletFan = await register(app.url, 'fan', 'rich')
    const tier = await made(ask(`${app.url}/api/v1/tiers`, { token: creator, json: { name: 'Club', rank: 1, benefits: [], prices: [{ interval: 'month', amount: 1_000, currency: 'ZMW' }] } }))
    card = (await made(ask(`${app.url}/api/v1/payment-methods`, { token: fan, json: { kind: 'card', behaviour: 'success' } })))['payment_method_id'] as string
    const topUp = await made(ask(`${app.url}/api/v1/wallets/me/top-ups`, { token: walletFan, key: 'start', json: { amount: 1_000_000, currency: 'ZMW' } }))
    await pay(topUp as never)
    await until(() => cash(app.url, walletFan), (value) => value === 1_000_000, 'the top-up')
    for (const [token, pay_with] of [[() => fan, card], [() => walletFan, 'wallet']] as const) {
      const { membership_id } = await made(ask(`${app.url}/api/v1/memberships`, { token: token(), key: `join-${pay_with}`, json: { tier_id: tier['tier_id'], interval: 'month', pay_with } }))
      joined.push({ token, membership_id: membership_id as string })
    }
    await stop(app)
  })
  afterEach(endAll)
  after(() => home.remove())

  for (const point of renewalPoints)
    it(`at ${point}: each membership is charged once for its period, and none is a ghost`, async () => {
      const dying = await runApp(home, { FAILPOINT: `${point}:1` })
      const before = await periods(dying.url)
      const paidBefore = await paidFor(dying.url)
      await advance(dying.url, 'P1M').catch(() => undefined)
      expect((await dying.exited).signal).to.equal('SIGKILL')
      const app = await runApp(home)
      // What was due goes on by itself; the rest of the month is still to be gone through.
      const now = new Date((await ask(`${app.url}/api/v1/clock`)).body.now as string)
      const end = Math.max(...before.map((each) => new Date(each.current_period_end).getTime()))
      if (end > now.getTime()) expect((await advance(app.url, `PT${Math.ceil((end - now.getTime()) / 1_000) + 60}S`)).status).to.equal(200)
      else expect((await advance(app.url, 'PT60S')).status).to.equal(200)
      const after = await until(() => periods(app.url), (all) => all.every((each, index) => each.status === 'active' && each.current_period_start === before[index]?.current_period_end), 'the renewals', 60_000)
      expect(after.map((each) => each.current_period_start)).to.deep.equal(before.map((each) => each.current_period_end))
      expect((await paidFor(app.url)).map((count, index) => count - (paidBefore[index] ?? 0))).to.deep.equal([1, 1])
      await expectClean(app)
      await stop(app)
    })

  for (const point of refundPoints)
    it(`at ${point}: a refund is given back once`, async () => {
      const dying = await runApp(home, { FAILPOINT: `${point}:1` })
      const payment = await newestPayment(dying.url)
      const key = `refund-${point}`
      const refund = (url: string, token: string): Promise<Answer> => ask(`${url}/api/v1/payments/${payment}/refunds`, { token, key, json: { amount: 100, reason: 'Killed', to: 'source' } })
      await refund(dying.url, await adminToken(dying.url)).catch(() => undefined)
      expect((await dying.exited).signal).to.equal('SIGKILL')
      const app = await runApp(home)
      const token = await adminToken(app.url)
      const again = await until(() => refund(app.url, token), ({ status }) => status === 201, 'the refund', 60_000)
      const { refund_id } = again.body as { refund_id: string }
      const list = await until(async () => (await ask(`${app.url}/api/v1/payments/${payment}/refunds`, { token })).body.data as { refund_id: string; status: string }[], (all) => all.every(({ status }) => status === 'succeeded'), 'the refund', 60_000)
      expect(list.filter((each) => each.refund_id === refund_id)).to.have.length(1)
      await expectClean(app)
      await stop(app)
    })

  for (const point of payoutPoints)
    it(`at ${point}: a payout is sent once`, async () => {
      const few = { PAYOUT_MINIMUM: '1' }
      const dying = await runApp(home, { ...few, FAILPOINT: `${point}:1` })
      expect((await advance(dying.url, 'P15D')).status).to.equal(200)
      const asked = await made(ask(`${dying.url}/api/v1/payouts/request`, { token: creator, key: `payout-${point}`, json: { amount: 100, bank_account: 'ZM12 0001 0002 0004', account_name: 'Creator' } }))
      await ask(`${dying.url}/api/v1/admin/payouts/${asked['payout_id'] as string}/approve`, { token: await adminToken(dying.url), json: { note: '' } }).catch(() => undefined)
      expect((await dying.exited).signal).to.equal('SIGKILL')
      const app = await runApp(home, few)
      expect((await advance(app.url, 'PT2H')).status).to.equal(200)
      const { data } = await until(async () => (await ask(`${app.url}/api/v1/payouts/me`, { token: creator })).body as { data: { payout_id: string; state: string }[] }, (page) => page.data[0]?.state === 'completed', 'the payout', 60_000)
      expect(data.filter((each) => each.payout_id === asked['payout_id'])).to.have.length(1)
      await expectClean(app)
      await stop(app)
    })

  async function register(url: string, role: string, name = role): Promise<string> {
    return (await made(ask(`${url}/api/v1/auth/register`, { json: { email: `${name}@example.org`, password: 'a good long password', full_name: name, role } })))['access_token'] as string
  }

  async function made(answer: Promise<Answer>): Promise<Record<string, unknown>> {
    const { status, body, text } = await answer
    expect(status, text).to.equal(201)
    return body as Record<string, unknown>
  }

  async function advance(url: string, by: string): Promise<Answer> {
    return ask(`${url}/api/v1/admin/clock/advance`, { token: await adminToken(url), json: { by } })
  }

  async function periods(url: string): Promise<Membership[]> {
    return Promise.all(joined.map(async ({ token, membership_id }) => (await ask(`${url}/api/v1/memberships/${membership_id}`, { token: token() })).body as Membership))
  }

  /** How many payments for memberships of each of the two came through. */
  async function paidFor(url: string): Promise<number[]> {
    const all = await payments(url)
    const [byCard, byWallet] = [all.filter((each) => each.provider === 'sandbox'), all.filter((each) => each.provider === 'wallet')]
    return [byCard.length, byWallet.length]
  }

  async function newestPayment(url: string): Promise<string> {
    return ((await payments(url)).find((each) => each.provider === 'sandbox') as { payment_id: string }).payment_id
  }

  async function payments(url: string): Promise<{ payment_id: string; purpose: string; provider: string }[]> {
    const { data } = (await ask(`${url}/api/v1/admin/transactions?status=success&limit=100`, { token: await adminToken(url) })).body as { data: { payment_id: string; purpose: string; provider: string }[] }
    return data.filter(({ purpose }) => purpose === 'membership')
  }

  async function cash(url: string, token: string): Promise<number> {
    return ((await ask(`${url}/api/v1/wallets/me`, { token })).body as { buckets: { cash: number } }).buckets.cash
  }

  async function expectClean(app: RunningApp): Promise<void> {
    const { violations } = (await ask(`${app.url}/api/v1/admin/check`, { token: await adminToken(app.url), json: { full: true } })).body as { violations: Violation[] }
    expect(violations).to.deep.equal([])
  }

  async function stop(app: RunningApp): Promise<void> {
    app.child.kill('SIGKILL')
    await app.exited
  }
})
