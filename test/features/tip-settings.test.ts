import { expect } from 'chai'
import type { TipSettings } from '../../src/features/tips/contract.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp, topUp } from '../support/cast.ts'
import { byHttp, doors, through } from '../support/doors.ts'

describe('what a creator takes as a tip', () => {
  let app: TestApp
  let fan: Person
  const bounds: TipSettings = { min_amount: 200, max_amount: 5_000, currency: 'ZMW', moderation: 'auto', filter: { words: [], action: 'hide-text', hide_links: false }, guests: true }

  before(async () => {
    app = await startApp()
    fan = await signUp(app, 'fan')
    await topUp(fan, 100_000)
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  for (const door of doors) {
    it(`is everything until something else is set (${door})`, async () => {
      const studio = await through(door, app, await signUp(app, 'creator'))
      expect(await studio.call('tip-settings:read', {})).to.deep.equal({ ...bounds, min_amount: 1, max_amount: 1_000_000_000 })
      studio.close()
    })

    it(`is bounded below and above, by wallet and by checkout, and everybody can read the bounds (${door})`, async () => {
      const creator = await signUp(app, 'creator')
      const [studio, giver] = [await through(door, app, creator), await through(door, app, fan)]
      expect(await studio.call('tip-settings:update', bounds)).to.deep.equal(bounds)
      expect(await studio.call('tip-settings:read', {})).to.deep.equal(bounds)
      expect(await byHttp(app).call('tip-settings:public', { creator_id: creator.id })).to.deep.equal({ creator_id: creator.id, tip_min: 200, tip_max: 5_000, currency: 'ZMW', guests: true })
      for (const amount of [1, 199, 5_001]) {
        expect(await giver.refused('tip:send', { creator_id: creator.id, amount, currency: 'ZMW' }, `${door}-${amount}`)).to.equal('amount')
        expect(await giver.refused('payment:initiate', { creator_id: creator.id, amount, currency: 'ZMW' }, `${door}-${amount}`)).to.equal('amount')
      }
      for (const amount of [200, 5_000]) expect((await giver.call('tip:send', { creator_id: creator.id, amount, currency: 'ZMW' }, `${door}-${amount}`)).amount).to.equal(amount)
      studio.close()
      giver.close()
    })

    it(`is refused when it makes no sense, and stays as it was (${door})`, async () => {
      const studio = await through(door, app, await signUp(app, 'creator'))
      await studio.call('tip-settings:update', bounds)
      const wrong: [object, string][] = [
        [{ min_amount: 5_001 }, 'amount'],
        [{ max_amount: 1_000_000_001 }, 'amount'],
        [{ currency: 'USD' }, 'currency'],
        [{ min_amount: 0 }, 'validation'],
        [{ min_amount: 1.5 }, 'validation'],
        [{ moderation: 'never' }, 'validation'],
        [{ filter: { ...bounds.filter, words: Array.from({ length: 201 }, (_each, n) => `w${n}`) } }, 'validation'],
        [{ filter: { ...bounds.filter, words: ['a\nb'] } }, 'validation'],
        [{ filter: { ...bounds.filter, words: ['x'.repeat(51)] } }, 'validation'],
        [{ filter: { ...bounds.filter, pattern: '.*' } }, 'validation'],
      ]
      for (const [change, code] of wrong) expect(await studio.refused('tip-settings:update', { ...bounds, ...change }), JSON.stringify(change).slice(0, 80)).to.equal(code)
      expect(await studio.call('tip-settings:read', {})).to.deep.equal(bounds)
      studio.close()
    })

    it(`is a creator’s to set, and there for nobody who is none (${door})`, async () => {
      const giver = await through(door, app, fan)
      expect(await giver.refused('tip-settings:update', bounds)).to.equal('forbidden')
      expect(await giver.refused('tip-settings:read', {})).to.equal('forbidden')
      expect(await giver.refused('tip-settings:public', { creator_id: fan.id })).to.equal('not-found')
      giver.close()
    })
  }
})
