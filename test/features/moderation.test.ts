import { expect } from 'chai'
import fc from 'fast-check'
import type { AnnouncedTip, ReceivedTip, TipFilter, TipSettings } from '../../src/features/tips/contract.ts'
import { hideLinks, moderate } from '../../src/features/tips/moderation.ts'
import { maskWords } from '../../src/kernel/words.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { openOverlay, pay, type Person, signUp, topUp } from '../support/cast.ts'
import { byHttp, bySocket, doors, redeliver, through } from '../support/doors.ts'

const settings = (moderation: TipSettings['moderation'], filter: Partial<TipFilter> = {}): TipSettings => ({
  min_amount: 1,
  max_amount: 1_000_000,
  currency: 'ZMW',
  moderation,
  filter: { words: ['damn', 'пёс', 'straße', '馬鹿', 'very bad'], action: 'mask', hide_links: false, ...filter },
  guests: true,
})

describe('a creator’s words', () => {
  const { words } = settings('filter').filter

  const cases: [string, string, string][] = [
    ['a word', 'well damn it', 'well **** it'],
    ['a word in another case', 'DaMn!', '****!'],
    ['a word in wide letters', 'ｄａｍｎ', '****'],
    ['a word with something invisible in it', 'da\u200bmn', '*****'],
    ['a word at both ends', 'damn damn', '**** ****'],
    ['a word with accents, and one without them', 'dämn, пес', '****, ***'],
    ['a phrase over two lines', 'very\n bad', '****\n ***'],
    ['a word in Cyrillic', 'Ах ты ПЁС!', 'Ах ты ***!'],
    ['sharp s in capitals', 'STRASSE', '*******'],
    ['a word in a script without spaces', 'お前は馬鹿だ', 'お前は**だ'],
    ['a phrase, and keeps its space', 'a VERY bad day', 'a **** *** day'],
    ['nothing inside of a longer word', 'damnation, goddamn, damn1, damn_', 'damnation, goddamn, damn1, damn_'],
    ['nothing that only looks like a pattern', 'd.mn d*mn', 'd.mn d*mn'],
  ]
  for (const [what, text, expected] of cases) it(`mask ${what}`, () => expect(maskWords(text, words)).to.equal(expected))

  it('are taken literally, whatever is in them', () => {
    expect(maskWords('a.b aXb (x+x+)+y', ['a.b', '(x+x+)+y'])).to.equal('*** aXb ********')
    expect(maskWords('anything', ['', '\u200b'])).to.equal('anything')
  })

  it('never let a listed word through, keep the length, and leave other texts alone', () => {
    const seed = Math.trunc(Math.random() * 2 ** 31)
    const filler = fc.array(fc.constantFrom(' ', '.', 'x', 'é', '👏', '\u200b', '日', '-', 'DAMN', 'damn', 'Straße', 'пёс'), { maxLength: 30 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(filler, fc.string({ unit: 'binary', maxLength: 200 })), (text) => {
        const masked = maskWords(text, words)
        expect(Array.from(masked)).to.have.length(Array.from(text).length)
        expect(maskWords(masked, words), 'masking again changes nothing').to.equal(masked)
        expect(maskWords(`${text.replaceAll('*', '')} damn`, words).endsWith(' ****')).to.equal(true)
        expect(maskWords(text, [])).to.equal(text)
      }),
      { seed, numRuns: 500 },
    )
  })

  const links: [string, string][] = [
    ['see https://evil.example/a?b=c now', 'see [link] now'],
    ['www.evil.example', '[link]'],
    ['evil.example/path', '[link]'],
    ['почта: пример.рф', 'почта: [link]'],
    ['ftp://x.y', '[link]'],
    ['3.50 and 1.5 are prices, e.g. this...', '3.50 and 1.5 are prices, e.g. this...'],
    ['Well. Then', 'Well. Then'],
  ]
  for (const [text, expected] of links) it(`and links: “${text}” is shown as “${expected}”`, () => expect(hideLinks(text)).to.equal(expected))

  it('do what the creator chose with what they find', () => {
    const text = { name: 'Ben', message: 'damn, see evil.example' }
    expect(moderate(text, settings('auto'))).to.deep.equal({ moderation: 'shown', ...text })
    expect(moderate(text, settings('manual'))).to.deep.equal({ moderation: 'pending', ...text })
    expect(moderate(text, settings('filter'))).to.deep.equal({ moderation: 'masked', name: 'Ben', message: '****, see evil.example' })
    expect(moderate(text, settings('filter', { action: 'hide-text' }))).to.deep.equal({ moderation: 'text_hidden', name: 'Ben', message: '' })
    expect(moderate(text, settings('filter', { action: 'drop' })).moderation).to.equal('dropped')
    expect(moderate(text, settings('filter', { words: [], hide_links: true }))).to.deep.equal({ moderation: 'masked', name: 'Ben', message: 'damn, see [link]' })
    expect(moderate({ name: 'Damn', message: 'hi' }, settings('filter', { action: 'hide-text' }))).to.deep.equal({ moderation: 'text_hidden', name: null, message: '' })
    expect(moderate({ name: null, message: 'hi' }, settings('filter'))).to.deep.equal({ moderation: 'shown', name: null, message: 'hi' })
  })
})

describe('what the audience sees of a tip', () => {
  let app: TestApp
  let fan: Person
  let n = 0

  before(async () => {
    app = await startApp()
    fan = await signUp(app, 'fan', 'Ben')
    await topUp(fan, 1_000_000)
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  async function stage(moderation: TipSettings) {
    const creator = await signUp(app, 'creator')
    await byHttp(app, creator).call('tip-settings:update', moderation)
    const { overlay_id, token } = await byHttp(app, creator).call('overlay:create', {})
    const studio = await bySocket(app, creator)
    const audience = await bySocket(app, await signUp(app, 'fan'))
    await audience.call('live:join', { creator_id: creator.id })
    const overlay = await openOverlay(app, token)
    const tip = async (message: string, anonymous = false) => (await byHttp(app, fan).call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', message, anonymous }, `m${++n}`)).tip_id
    const alerts = async () => {
      await app.app.dispatcher.whenIdle()
      return (await byHttp(app, creator).call('alert:list', { overlay_id })).data
    }
    const earned = async () => (await creator.http('GET', '/api/v1/wallets/me')).body.buckets.pending as number
    const leave = () => [studio, audience, overlay].forEach((each) => each.close())
    return { creator, overlay_id, studio, audience, overlay, tip, alerts, earned, leave }
  }

  it('is all of it, at once, unless the creator wants otherwise', async () => {
    const { studio, audience, overlay, tip, leave } = await stage(settings('auto'))
    const tip_id = await tip('damn good')
    expect(await audience.next<AnnouncedTip>('tip:announced')).to.include({ tip_id, name: 'Ben', message: 'damn good', amount: 100, first_tip: true })
    expect(await studio.next<ReceivedTip>('tip:received')).to.include({ tip_id, moderation: 'shown', message: 'damn good' })
    expect(await overlay.play()).to.include({ name: 'Ben', message: 'damn good' })
    leave()
  })

  it('is never the name of somebody anonymous', async () => {
    const { audience, overlay, tip, leave } = await stage(settings('auto'))
    await tip('from a friend', true)
    expect((await audience.next<AnnouncedTip>('tip:announced')).name).to.equal(null)
    expect((await overlay.play()).name).to.equal(null)
    leave()
  })

  it('is masked by the filter, while the creator reads all of it', async () => {
    const { studio, audience, overlay, tip, earned, leave } = await stage(settings('filter'))
    await tip('DAMN good')
    expect((await audience.next<AnnouncedTip>('tip:announced')).message).to.equal('**** good')
    expect(await studio.next<ReceivedTip>('tip:received')).to.include({ moderation: 'masked', message: 'DAMN good' })
    expect((await overlay.play()).message).to.equal('**** good')
    expect(await earned()).to.equal(95)
    leave()
  })

  it('is nothing of what the filter drops; the money moves all the same', async () => {
    const { studio, audience, tip, alerts, earned, leave } = await stage(settings('filter', { action: 'drop' }))
    await tip('damn')
    expect(await studio.next<ReceivedTip>('tip:received')).to.include({ moderation: 'dropped', message: 'damn' })
    expect(await alerts()).to.deep.equal([])
    expect(await earned()).to.equal(95)
    await tip('fine')
    expect((await audience.next<AnnouncedTip>('tip:announced')).message, 'the first that was announced').to.equal('fine')
    leave()
  })

  it('is filtered for a tip by checkout as for one from the wallet', async () => {
    const { creator, overlay, leave } = await stage(settings('filter'))
    const started = await byHttp(app, fan).call('payment:initiate', { creator_id: creator.id, amount: 300, currency: 'ZMW', message: 'damn' }, `m${++n}`)
    await pay(started)
    expect((await overlay.play()).message).to.equal('****')
    leave()
  })

  for (const door of doors)
    it(`waits for the creator’s decision where they want that (${door})`, async () => {
      const { creator, studio, audience, overlay, tip, alerts, earned, leave } = await stage(settings('manual'))
      const desk = await through(door, app, creator)
      const [shown, hidden, masked] = [await tip('one'), await tip('two'), await tip('three')]
      expect(await earned()).to.equal(285)
      expect(await alerts()).to.deep.equal([])
      expect((await desk.call('tip:list', {})).data.map((each) => each.moderation)).to.deep.equal(['pending', 'pending', 'pending'])

      expect(await desk.call('tip:moderate', { tip_id: hidden, decision: 'reject' })).to.include({ tip_id: hidden, moderation: 'rejected', message: 'two' })
      expect(await studio.next('tip:moderated')).to.deep.equal({ tip_id: hidden, moderation: 'rejected' })
      expect(await desk.call('tip:moderate', { tip_id: shown, decision: 'allow' })).to.include({ moderation: 'shown' })
      expect(await audience.next<AnnouncedTip>('tip:announced'), 'the first that the audience hears of').to.include({ tip_id: shown, name: 'Ben', message: 'one' })
      expect(await overlay.play()).to.include({ name: 'Ben', message: 'one' })
      await desk.call('tip:moderate', { tip_id: masked, decision: 'allow', mask_name: true })
      expect(await audience.next<AnnouncedTip>('tip:announced')).to.include({ tip_id: masked, name: null, message: 'three' })
      expect(await overlay.play()).to.include({ name: null, message: 'three' })

      expect(await desk.call('tip:moderate', { tip_id: shown, decision: 'allow' }), 'said again').to.include({ moderation: 'shown' })
      expect(await desk.refused('tip:moderate', { tip_id: shown, decision: 'reject' })).to.equal('stale-state')
      expect(await desk.refused('tip:moderate', { tip_id: 'tip_none', decision: 'allow' })).to.equal('not-found')
      expect(await desk.refused('tip:moderate', { tip_id: shown, decision: 'perhaps' })).to.equal('validation')
      expect((await desk.call('tip:list', {})).data.map((each) => [each.moderation, each.message])).to.deep.equal([
        ['shown', 'three'],
        ['rejected', 'two'],
        ['shown', 'one'],
      ])
      leave()
      desk.close()
    })

  it('is decided by its creator alone, and by one of two decisions at once', async () => {
    const { creator, tip, alerts, leave } = await stage(settings('manual'))
    const tip_id = await tip('whose')
    expect(await byHttp(app, await signUp(app, 'creator')).refused('tip:moderate', { tip_id, decision: 'allow' })).to.equal('not-found')
    expect(await byHttp(app, fan).refused('tip:moderate', { tip_id, decision: 'allow' })).to.equal('forbidden')
    const answers = await Promise.all(Array.from({ length: 8 }, (_each, at) => creator.http('POST', `/api/v1/tips/${tip_id}/moderate`, { decision: at % 2 ? 'allow' : 'reject' })))
    const won = new Set(answers.filter((each) => each.status === 200).map((each) => each.body.moderation as string))
    expect(won.size).to.equal(1)
    expect(await alerts()).to.have.length(won.has('shown') ? 1 : 0)
    leave()
  })

  it('comes once, also when the news of sending and deciding come twice', async () => {
    const { creator, tip, alerts, leave } = await stage(settings('manual'))
    await byHttp(app, creator).call('tip:moderate', { tip_id: await tip('once'), decision: 'allow' })
    await redeliver(app, 'overlays.alert', 'overlays.alert-moderated')
    expect(await alerts()).to.have.length(1)
    leave()
  })
})
