import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { openOverlay, pay, type Person, settled, signUp, topUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'
import { block, checkout, follow, mute, tip } from '../support/relations.ts'

describe('whom a creator does not want to hear', () => {
  let app: TestApp
  let creator: Person
  let fan: Person

  before(async () => {
    app = await startApp()
  })
  beforeEach(async () => {
    creator = await signUp(app, 'creator', 'Ana')
    fan = await signUp(app, 'fan', 'Ben')
  })
  after(() => app.stop())

  it('a tip on its way when the block comes arrives, without its name and words', async () => {
    const { token } = (await creator.http('POST', '/api/v1/overlays', {})).body as { token: string }
    const [overlay, studio, live] = [await openOverlay(app, token), await creator.socket(), await fan.socket()]
    const started = await checkout(fan, creator, 'Rude words')
    await block(creator, fan)
    await pay(started.body as never)
    expect(await settled(live, started.body.payment_id)).to.equal('success')
    expect(await overlay.play()).to.include({ amount: 500, name: null, message: '' })
    const received = await studio.next<object>('tip:received')
    expect(received).to.include({ amount: 500, name: null, message: '', anonymous: false })
    expect(received).to.have.property('fan_id', null)
    expect((await creator.http('GET', '/api/v1/wallets/me')).body.buckets.pending).to.equal(475)
    for (const each of [overlay, studio, live]) each.close()
  })

  it('a tip that waits for an overlay is masked when the block or mute comes before it is played', async () => {
    for (const shun of [block, mute]) {
      const someone = await signUp(app, 'fan', 'Waiting')
      await topUp(someone, 1_000)
      const { token } = (await creator.http('POST', '/api/v1/overlays', {})).body as { token: string }
      await tip(someone, creator, 'Rude words')
      await app.app.dispatcher.whenIdle()
      await shun(creator, someone)
      const overlay = await openOverlay(app, token)
      expect(await overlay.play()).to.include({ amount: 100, name: null, message: '' })
      overlay.close()
    }
  })

  it('a block in the middle of a stream ends the company at once, and the figures lose the name', async () => {
    await creator.http('POST', '/api/v1/creators/me/live/start')
    const [theirs, other] = [await fan.socket(), await (await signUp(app, 'fan')).socket()]
    for (const live of [theirs, other]) expect(await live.call('live:join', { creator_id: creator.id })).to.include({ ok: true })
    await topUp(fan, 1_000)
    await tip(fan, creator, 'Hello')
    for (const live of [theirs, other]) expect(await live.next('tip:announced')).to.include({ name: 'Ben', message: 'Hello' })
    await app.app.dispatcher.whenIdle()
    expect((await other.call('live:join', { creator_id: creator.id })) as object).to.have.nested.property('data.top_tippers[0].name', 'Ben')
    await block(creator, fan)
    await app.app.dispatcher.whenIdle()
    const figures = (await ask(`${app.url}/api/v1/creators/${creator.id}/live`)).body
    expect(figures).to.deep.include({ top_tippers: [], totals: { amount: 100, count: 1, currency: 'ZMW' } })
    expect(figures.recent[0]).to.include({ amount: 100, name: null, message: '' })
    const someone = await signUp(app, 'fan', 'Cleo')
    await topUp(someone, 1_000)
    await tip(someone, creator, 'Seen by others')
    expect(await other.next('tip:announced')).to.include({ message: 'Seen by others' })
    expect(await theirs.call('live:join', { creator_id: creator.id })).to.have.nested.property('problem.code', 'blocked')
    let heard = false
    void theirs.next('tip:announced').then(() => (heard = true))
    await theirs.call('account:me')
    expect(heard).to.equal(false)
    for (const live of [theirs, other]) live.close()
  })

  it('a tip that waits for a decision when the mute comes is announced without its name and words', async () => {
    const settings = { min_amount: 1, max_amount: 100_000, currency: 'ZMW', moderation: 'manual', filter: { words: [], action: 'mask', hide_links: false } }
    expect((await creator.http('PUT', '/api/v1/creators/me/tip-settings', settings)).status).to.equal(200)
    await topUp(fan, 1_000)
    const { tip_id } = (await tip(fan, creator, 'Rude words')).body as { tip_id: string }
    await mute(creator, fan)
    const watcher = await (await signUp(app, 'fan')).socket()
    await watcher.call('live:join', { creator_id: creator.id })
    expect((await creator.http('POST', `/api/v1/tips/${tip_id}/moderate`, { decision: 'allow' })).body).to.include({ moderation: 'shown', name: null, message: '' })
    expect(await watcher.next('tip:announced')).to.include({ name: null, message: '' })
    watcher.close()
  })

  it('a block between two others hides nothing from anybody else', async () => {
    const { token } = (await creator.http('POST', '/api/v1/overlays', {})).body as { token: string }
    const overlay = await openOverlay(app, token)
    await block(creator, await signUp(app, 'fan'))
    await topUp(fan, 1_000)
    await tip(fan, creator, 'Hello')
    expect(await overlay.play()).to.include({ name: 'Ben', message: 'Hello' })
    overlay.close()
  })

  describe('a mute', () => {
    it('refuses nothing and is not noticed, but masks name and words for whoever muted', async () => {
      const { token } = (await creator.http('POST', '/api/v1/overlays', {})).body as { token: string }
      const [overlay, studio, live] = [await openOverlay(app, token), await creator.socket(), await fan.socket()]
      await topUp(fan, 1_000)
      await tip(fan, creator, 'Before')
      expect(await overlay.play()).to.include({ name: 'Ben', message: 'Before' })
      await studio.next('tip:received')
      expect(await studio.call('user:mute', { user_id: fan.id })).to.deep.equal({ ok: true, data: { user_id: fan.id, muted: true } })
      expect((await follow(fan, creator)).body).to.include({ following: true })
      expect(await found(fan)).to.include(creator.id)
      expect((await tip(fan, creator, 'After')).body).to.include({ name: 'Ben', message: 'After' })
      expect(await overlay.play()).to.include({ amount: 100, name: null, message: '' })
      expect(await studio.next('tip:received')).to.include({ name: null, message: '' })
      expect(await names(creator)).to.deep.equal([[null, ''], [null, '']])
      expect((await creator.http('GET', '/api/v1/mutes')).body.data[0]).to.include({ user_id: fan.id, name: 'Ben' })
      expect((await fan.http('GET', '/api/v1/mutes')).body.data).to.deep.equal([])
      expect((await creator.http('DELETE', `/api/v1/mutes/${fan.id}`)).body).to.deep.equal({ user_id: fan.id, muted: false })
      expect(await names(creator)).to.deep.equal([['Ben', 'After'], ['Ben', 'Before']])
      for (const each of [overlay, studio, live]) each.close()
    })

    it('goes one way', async () => {
      await mute(fan, creator)
      await topUp(fan, 1_000)
      await tip(fan, creator, 'Hello')
      expect(await names(creator)).to.deep.equal([['Ben', 'Hello']])
    })
  })

  async function found(as: Person): Promise<string[]> {
    return (await as.http('GET', '/api/v1/creators?q=ana&limit=100')).body.data.map((each: { id: string }) => each.id) as string[]
  }

  async function names(of: Person): Promise<[string | null, string][]> {
    return (await of.http('GET', '/api/v1/creators/me/tips')).body.data.map((each: { name: string | null; message: string }) => [each.name, each.message]) as [string | null, string][]
  }
})
