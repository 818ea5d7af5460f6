import { expect } from 'chai'
import type { ClientError } from '../../src/client/index.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { openOverlay, pay, type Person, problemOf, signUp, topUp } from '../support/cast.ts'

describe('a tip', () => {
  let app: TestApp
  let creator: Person
  let fan: Person

  before(async () => {
    app = await startApp()
    creator = await signUp(app, 'creator', 'Ana')
    fan = await signUp(app, 'fan', 'Ben')
  })
  after(() => app.stop())

  it('by checkout reaches the overlay, the creator and the wallet, less the fee', async () => {
    const { token } = await creator.call('overlay:create', {})
    const overlay = await openOverlay(app, token)
    await creator.online()
    const started = await fan.call('payment:initiate', { creator_id: creator.id, amount: 2500, currency: 'ZMW', message: 'Bravo' })
    expect(started.status).to.equal('pending')
    await pay(started)
    expect(await overlay.play()).to.include({ amount: 2500, currency: 'ZMW', name: 'Ben', message: 'Bravo', is_test: false, position: 1 })
    expect(await creator.fact('tip:received')).to.include({ amount: 2500, name: 'Ben' })
    const wallet = await creator.call('wallet:me', {})
    expect(wallet).to.deep.include({ balance: 2375, currency: 'ZMW', buckets: { cash: 0, held: 0, payout_reserved: 0, debt: 0, pending: 2375, available: 0 } })
    expect(wallet.transactions).to.have.length(1)
    overlay.close()
  })

  it('from the wallet is one payment too, and both wallets show it', async () => {
    const rich = await signUp(app, 'fan', 'Cleo')
    await topUp(rich, 1000)
    const tip = { creator_id: creator.id, amount: 600, currency: 'ZMW' }
    expect(await rich.call('tip:send', { ...tip, anonymous: true })).to.include({ status: 'success', anonymous: true, name: null })
    expect((await problemOf(rich.call('tip:send', tip))).code).to.equal('insufficient-funds')
    const wallet = await rich.call('wallet:me', {})
    expect(wallet.buckets.cash).to.equal(400)
    expect(wallet.transactions.map(({ amount }) => amount)).to.deep.equal([-600, 1000])
  })

  it('is answered again, not sent again, under the same key', async () => {
    const rich = await signUp(app, 'fan')
    await topUp(rich, 1000)
    const input = { amount: 100, currency: 'ZMW' }
    const path = `/api/v1/creators/${creator.id}/tips`
    const first = await rich.http('POST', path, input, 'same')
    const second = await rich.http('POST', path, input, 'same')
    expect(first.status).to.equal(201)
    expect(second.status).to.equal(201)
    expect(second.body).to.deep.equal(first.body)
    expect(second.headers['idempotent-replayed']).to.equal('true')
    const other = await rich.http('POST', path, { amount: 200, currency: 'ZMW' }, 'same')
    expect([other.status, other.body.code]).to.deep.equal([422, 'key-reused'])
    expect((await rich.call('wallet:me', {})).buckets.cash).to.equal(900)
  })

  it('sent twenty times at once under one key is sent once', async () => {
    const rich = await signUp(app, 'fan')
    await topUp(rich, 1000)
    const answers = await Promise.all(Array.from({ length: 20 }, () => rich.call('tip:send', { creator_id: creator.id, amount: 700, currency: 'ZMW' }, { key: 'race' })))
    expect(new Set(answers.map(({ tip_id }) => tip_id)).size).to.equal(1)
    expect((await rich.call('wallet:me', {})).buckets.cash).to.equal(300)
  })

  it('of the last of the money wins once, however many are sent at once under keys of their own', async () => {
    const rich = await signUp(app, 'fan')
    await topUp(rich, 1000)
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => rich.call('tip:send', { creator_id: creator.id, amount: 1000, currency: 'ZMW' })))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
    const refusals = outcomes.filter((each) => each.status === 'rejected').map(({ reason }) => (reason as ClientError).problem.code)
    expect(refusals).to.deep.equal(Array.from({ length: 19 }, () => 'insufficient-funds'))
  })

  it('to oneself, to nobody, in another currency or out of bounds is refused and leaves no key behind', async () => {
    const cases: [object, number, string][] = [
      [{ creator_id: creator.id, amount: 100, currency: 'ZMW' }, 422, 'self'],
      [{ creator_id: 'abc', amount: 100, currency: 'ZMW' }, 404, 'not-found'],
      [{ creator_id: fan.id, amount: 100, currency: 'ZMW' }, 404, 'not-found'],
    ]
    for (const [input, status, code] of cases) {
      const answer = await creator.http('POST', '/api/v1/payments/initiate', input, 'refused')
      expect([answer.status, answer.body.code]).to.deep.equal([status, code])
    }
    for (const currency of ['USD', 'zmw', 'XXX']) {
      const answer = await fan.http('POST', '/api/v1/payments/initiate', { creator_id: creator.id, amount: 100, currency }, 'refused')
      expect([answer.status, answer.body.code]).to.deep.equal([422, 'currency'])
    }
    const large = await fan.http('POST', '/api/v1/payments/initiate', { creator_id: creator.id, amount: 2_000_000_000, currency: 'ZMW' }, 'refused')
    expect([large.status, large.body.code]).to.deep.equal([422, 'amount'])
    expect((await fan.http('POST', '/api/v1/payments/initiate', { creator_id: creator.id, amount: 100, currency: 'ZMW' }, 'refused')).status).to.equal(201)
  })

  it('leaves a ledger that adds up', async () => {
    expect(await app.check()).to.deep.equal([])
  })

  it('is shown once on the overlay even when its news is delivered twice', async () => {
    const { token, overlay_id } = await creator.call('overlay:create', { name: 'Second' })
    const rich = await signUp(app, 'fan')
    await topUp(rich, 1000)
    await rich.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW' })
    await app.app.dispatcher.whenIdle()
    await app.db.collection('deliveries').updateMany({}, { $set: { state: 'due', due_at: new Date(0) } })
    await app.app.dispatcher.pollDue()
    await app.app.dispatcher.whenIdle()
    expect(await app.db.collection('alerts').countDocuments({ overlay_id })).to.equal(1)
    const overlay = await openOverlay(app, token)
    expect((await overlay.play()).amount).to.equal(100)
    overlay.close()
  })
})
