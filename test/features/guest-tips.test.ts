import { expect } from 'chai'
import type { GuestTip } from '../../src/features/tips/contract.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { openOverlay, pay, type Person, signIn, signUp } from '../support/cast.ts'
import { byHttp } from '../support/doors.ts'
import { ask } from '../support/http.ts'

describe('a tip from somebody without an account', () => {
  let app: TestApp
  let creator: Person
  let n = 0
  const newKey = () => `guest-key-of-the-tests-${++n}`

  before(async () => {
    app = await startApp()
    creator = await signUp(app, 'creator', 'Ana')
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  const initiate = (json: object, { key = newKey(), token }: { key?: string; token?: string } = {}) =>
    ask(`${app.url}/api/v1/creators/${creator.id}/guest-tips`, { json: { currency: 'ZMW', ...json }, key, ...(token ? { token } : {}) })
  const read = async (receipt: string) => (await ask(`${app.url}/api/v1/guest-tips/${encodeURIComponent(receipt)}`)).body as GuestTip

  async function untilPaid(receipt: string): Promise<GuestTip> {
    for (;;) {
      const tip = await read(receipt)
      if (tip.status !== 'pending') return tip
      await app.app.dispatcher.whenIdle()
    }
  }

  it('is paid by checkout, reaches the creator and the overlay as any tip does, and its receipt tells so', async () => {
    const overlay = await byHttp(app, creator).call('overlay:create', {})
    const page = await openOverlay(app, overlay.token)
    await creator.online()
    const started = await initiate({ amount: 2_500, message: 'from the street', name: 'Passer-by' })
    expect(started.status).to.equal(201)
    const { receipt, mobile_money_url, payment_id } = started.body as { receipt: string; mobile_money_url: string; payment_id: string }
    expect(await read(receipt)).to.deep.include({ payment_id, status: 'pending', amount: 2_500, name: 'Passer-by', creator_name: 'Ana', mobile_money_url })
    await pay({ mobile_money_url })
    expect(await creator.fact('tip:received')).to.deep.include({ name: 'Passer-by', message: 'from the street', amount: 2_500, guest: true, fan_id: null, first_tip: false })
    expect(await page.play()).to.deep.include({ name: 'Passer-by', message: 'from the street', amount: 2_500, is_test: false })
    expect(await untilPaid(receipt)).to.deep.include({ status: 'success', mobile_money_url: null })
    const wallet = await byHttp(app, creator).call('wallet:me', {})
    expect(wallet.transactions[0]).to.include({ type: 'payment', status: 'success', payment_id })
    page.close()
  })

  it('is anonymous without a name, and brings the guest back to the creator’s public page', async () => {
    const { mobile_money_url, receipt } = (await initiate({ amount: 100 })).body as { mobile_money_url: string; receipt: string }
    const form = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' }
    const answer = await ask(mobile_money_url, { raw: 'outcome=success', headers: form })
    expect([answer.status, answer.headers['location']]).to.deep.equal([303, `${app.url}/@ana#/receipt/${receipt}`])
    expect(await untilPaid(receipt)).to.deep.include({ status: 'success', name: null })
    await app.app.dispatcher.whenIdle()
    expect((await byHttp(app, creator).call('tip:list', {})).data[0]).to.deep.include({ name: null, anonymous: true, guest: true, fan_id: null })
  })

  it('that is not paid is told as failed, and nobody gets anything', async () => {
    const before = (await byHttp(app, creator).call('wallet:me', {})).balance
    const { mobile_money_url, receipt } = (await initiate({ amount: 100 })).body as { mobile_money_url: string; receipt: string }
    await pay({ mobile_money_url }, 'failed')
    expect(await untilPaid(receipt)).to.deep.include({ status: 'failed' })
    expect((await byHttp(app, creator).call('wallet:me', {})).balance).to.equal(before)
  })

  it('sent again under its key opens the same checkout, once; other words under it are refused', async () => {
    const key = newKey()
    const answers = await Promise.all([1, 2, 3].map(() => initiate({ amount: 300 }, { key })))
    const again = await initiate({ amount: 300 }, { key })
    const payments = new Set([...answers, again].filter(({ status }) => status === 201).map(({ body }) => body.payment_id))
    expect(payments.size).to.equal(1)
    for (const { status, body } of answers) if (status !== 201) expect([status, body.code]).to.deep.equal([409, 'in-progress'])
    expect((await initiate({ amount: 301 }, { key })).body.code).to.equal('key-reused')
  })

  it('needs a key that nobody could guess: it is all that makes the answer somebody’s', async () => {
    for (const key of ['1', 'tip-1', 'x'.repeat(19)]) expect((await initiate({ amount: 100 }, { key })).body.code).to.equal('idempotency-key')
  })

  it('keeps to what the creator takes, and is refused where the creator wants no guests', async () => {
    const studio = byHttp(app, creator)
    const settings = await studio.call('tip-settings:read', {})
    await studio.call('tip-settings:update', { ...settings, min_amount: 500, guests: false })
    expect(await studio.call('tip-settings:public', { creator_id: creator.id })).to.include({ guests: false, tip_min: 500 })
    expect((await initiate({ amount: 500 })).body).to.deep.include({ status: 401, code: 'unauthenticated' })
    const { guests: _left, ...rest } = { ...settings, min_amount: 500 }
    await studio.call('tip-settings:update', rest)
    expect((await studio.call('tip-settings:read', {})).guests, 'what is left out stays').to.equal(false)
    await studio.call('tip-settings:update', { ...settings, min_amount: 500, guests: true })
    expect((await initiate({ amount: 499 })).body.code).to.equal('amount')
    await studio.call('tip-settings:update', settings)
  })

  it('is nobody’s who is signed in: there would be a way around every block', async () => {
    const fan = await signUp(app, 'fan')
    expect((await initiate({ amount: 100 }, { token: fan.token })).body.code).to.equal('forbidden')
    expect((await initiate({ amount: 100 }, { token: creator.token })).body.code).to.equal('forbidden')
  })

  it('is read by its receipt and nothing else', async () => {
    const { receipt, payment_id } = (await initiate({ amount: 100 })).body as { receipt: string; payment_id: string }
    const [, mac = ''] = receipt.split('.')
    const forged = `${mac[0] === 'A' ? 'B' : 'A'}${mac.slice(1)}`
    for (const wrong of [payment_id, `${payment_id}.`, `${payment_id}.${forged}`, `pay_other.${mac}`, 'x', '.']) {
      const answer = await ask(`${app.url}/api/v1/guest-tips/${encodeURIComponent(wrong)}`)
      expect([wrong, answer.status]).to.deep.equal([wrong, 404])
    }
    const admin = await signIn(app, app.admin.email, app.admin.password)
    expect((await admin.call('admin:transactions', { limit: 1 })).data[0]).to.include({ payment_id, purpose: 'tip' })
  })

  it('makes nobody trend: a guest may be anybody any number of times', async () => {
    const other = await signUp(app, 'creator', 'Quiet')
    const started = await ask(`${app.url}/api/v1/creators/${other.id}/guest-tips`, { json: { amount: 100, currency: 'ZMW' }, key: newKey() })
    await pay(started.body as { mobile_money_url: string })
    await untilPaid((started.body as { receipt: string }).receipt)
    await app.app.dispatcher.whenIdle()
    expect(await app.db.collection('creator_attention').countDocuments({ creator_id: other.id })).to.equal(0)
  })
})
