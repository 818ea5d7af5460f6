import { expect } from 'chai'
import type { AlertPlay, AlertState, ControlAction, OverlayFacts, QueueState } from '../../src/features/overlays/contract.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { connect, type Person, signIn, signUp, topUp } from '../support/cast.ts'
import { byHttp, bySocket, type Caller, checkedFacts, doors, through } from '../support/doors.ts'

describe('a hand on the alerts', () => {
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

  /** A creator with an overlay that is open in a page, told facts one by one. */
  async function stage(door: (typeof doors)[number] = 'http') {
    const creator = await signUp(app, 'creator')
    const desk = await through(door, app, creator)
    const { overlay_id, token } = await desk.call('overlay:create', {})
    const page = await openPage(app, token)
    const control = (action: ControlAction, alert_id?: string) => desk.call('alert:control', { overlay_id, action, ...(alert_id ? { alert_id } : {}) })
    const refused = (action: string, alert_id?: string) => desk.refused('alert:control', { overlay_id, action, ...(alert_id ? { alert_id } : {}) })
    const test = async (message: string) => (await desk.call('alert:test', { overlay_id, message })).alert_id
    const close = () => [page, desk].forEach((each) => each.close())
    return { creator, desk, overlay_id, token, page, control, refused, test, close, states: () => statesOf(desk, overlay_id) }
  }

  async function openPage(at: TestApp, token: string) {
    const live = await connect(at, '/overlay', token)
    const next = checkedFacts(at, live)
    const state = await next<OverlayFacts['overlay:state']>('overlay:state')
    return {
      next,
      state,
      close: live.close,
      shown: () => next<AlertPlay>('alert:play'),
      start: (alert_id: string) => live.call('alert:started', { alert_id }),
      async end(alert_id: string) {
        await live.call('alert:started', { alert_id })
        await live.call('alert:finished', { alert_id })
      },
    }
  }

  // Moved by minutes, the wall clock has ended the sign-in.
  async function signedInAgain({ email }: Person): Promise<Caller> {
    return byHttp(app, await signIn(app, email, 'a good long password'))
  }

  async function statesOf(desk: Caller, overlay_id: string): Promise<Record<string, AlertState>> {
    const { data } = await desk.call('alert:list', { overlay_id })
    return Object.fromEntries(data.map((alert) => [alert.is_replay ? `${alert.message} again` : alert.message, alert.state]))
  }

  for (const door of doors) {
    it(`pauses after the running one and goes on where it was (${door})`, async () => {
      const { page, control, test, states, close, desk } = await stage(door)
      await test('one')
      const one = await page.shown()
      expect(await control('pause')).to.include({ paused: true, current: one.alert_id, queued: 0 })
      expect(await control('pause'), 'pressed twice').to.include({ paused: true })
      for (const message of ['two', 'three']) await test(message)
      await page.end(one.alert_id)
      expect(await states()).to.deep.equal({ three: 'queued', two: 'queued', one: 'played' })
      expect((await desk.call('overlay:list', {})).data[0]).to.include({ paused: true, online: true, queued: 2 })
      expect(await control('resume')).to.include({ paused: false, queued: 1 })
      expect((await page.shown()).message).to.equal('two')
      close()
    })

    it(`skips the running one, or one that waits, and never the one after by a second press (${door})`, async () => {
      const { page, control, refused, test, states, close } = await stage(door)
      const ids: Record<string, string> = {}
      for (const message of ['one', 'two', 'three']) ids[message] = await test(message)
      const one = await page.shown()
      await page.start(one.alert_id)
      expect(await control('skip', ids['two'])).to.include({ alert_id: ids['two'], current: one.alert_id, queued: 1 })
      expect(await control('skip', one.alert_id)).to.include({ alert_id: one.alert_id, current: ids['three'] })
      expect(await page.next('alert:skip')).to.deep.equal({ alert_id: one.alert_id })
      expect((await page.shown()).message).to.equal('three')
      expect(await refused('skip', one.alert_id)).to.equal('stale-state')
      await page.end(one.alert_id)
      expect(await states(), 'a late word of what was skipped ends nothing').to.deep.equal({ three: 'playing', two: 'skipped', one: 'skipped' })
      expect(await control('skip')).to.include({ current: null, alert_id: ids['three'] })
      expect(await refused('skip')).to.equal('stale-state')
      close()
    })

    it(`mutes and unmutes: alerts play, unheard (${door})`, async () => {
      const { page, control, test, close } = await stage(door)
      expect(page.state).to.include({ muted: false, volume: 100 })
      expect(await control('mute')).to.include({ muted: true })
      expect(await page.next('overlay:config-updated')).to.include({ muted: true, version: 2 })
      await test('hush')
      const hush = await page.shown()
      expect(hush.media.volume).to.equal(0)
      await page.end(hush.alert_id)
      await control('unmute')
      expect(await page.next('overlay:config-updated')).to.include({ muted: false, version: 3 })
      await test('loud')
      expect((await page.shown()).media.volume).to.equal(100)
      close()
    })

    it(`plays again what was played, missed or skipped, marked as a replay and as often as it is asked (${door})`, async () => {
      const { creator, page, desk, overlay_id, control, refused, close } = await stage(door)
      expect(await refused('replay')).to.equal('stale-state')
      const { tip_id } = await byHttp(app, fan).call('tip:send', { creator_id: creator.id, amount: 300, currency: 'ZMW', message: 'tipped' }, `c${++n}`)
      const first = await page.shown()
      expect(await refused('replay', first.alert_id), 'while it plays').to.equal('stale-state')
      await page.end(first.alert_id)
      const again = await control('replay', first.alert_id)
      const second = await page.shown()
      expect(second).to.deep.include({ ...first, alert_id: again.alert_id, position: 2, is_replay: true })
      await page.end(second.alert_id)
      await control('replay')
      await page.end((await page.shown()).alert_id)
      const { data } = await desk.call('alert:list', { overlay_id })
      expect(data.map((alert) => [alert.is_replay, alert.replay_of, alert.tip_id, alert.state])).to.deep.equal([
        [true, second.alert_id, tip_id, 'played'],
        [true, first.alert_id, tip_id, 'played'],
        [false, null, tip_id, 'played'],
      ])
      expect((await creator.http('GET', '/api/v1/wallets/me')).body.buckets.pending).to.equal(285)
      close()
    })

    it(`plays one next that waits further back, at once even while paused (${door})`, async () => {
      const { page, control, refused, test, states, close } = await stage(door)
      await control('pause')
      const ids: Record<string, string> = {}
      for (const message of ['one', 'two', 'three', 'four']) ids[message] = await test(message)
      expect(await control('play-next', ids['three'])).to.include({ current: ids['three'], paused: true, queued: 3 })
      const three = await page.shown()
      expect(three.message).to.equal('three')
      await control('play-next', ids['four'])
      await control('play-next', ids['two'])
      await page.end(three.alert_id)
      expect(await states(), 'the pause still holds').to.deep.equal({ four: 'queued', three: 'played', two: 'queued', one: 'queued' })
      expect(await refused('play-next', ids['three'])).to.equal('stale-state')
      await control('resume')
      for (const message of ['two', 'four', 'one']) {
        const shown = await page.shown()
        expect(shown.message).to.equal(message)
        await page.end(shown.alert_id)
      }
      expect(await refused('play-next')).to.equal('stale-state')
      close()
    })

    it(`clears what waits, and lets the running one end (${door})`, async () => {
      const { page, control, test, states, close } = await stage(door)
      for (const message of ['one', 'two', 'three']) await test(message)
      const one = await page.shown()
      expect(await control('clear')).to.include({ queued: 0, current: one.alert_id })
      await page.end(one.alert_id)
      expect(await states()).to.deep.equal({ three: 'cleared', two: 'cleared', one: 'played' })
      close()
    })

    it(`lists alerts by state and page by page (${door})`, async () => {
      const { desk, overlay_id, control, test, close } = await stage(door)
      await control('pause')
      for (let made = 1; made <= 5; made++) await test(`no. ${made}`)
      await control('play-next')
      const first = await desk.call('alert:list', { overlay_id, limit: 3 })
      const rest = await desk.call('alert:list', { overlay_id, limit: 3, cursor: first.next as string })
      expect([...first.data, ...rest.data].map((alert) => alert.position)).to.deep.equal([5, 4, 3, 2, 1])
      expect(rest).to.include({ has_more: false, next: null })
      expect((await desk.call('alert:list', { overlay_id, state: 'playing' })).data.map((alert) => alert.message)).to.deep.equal(['no. 1'])
      expect(await desk.refused('alert:list', { overlay_id, state: 'queued', cursor: first.next as string })).to.equal('cursor')
      expect(await desk.refused('alert:list', { overlay_id, state: 'lost' })).to.equal('validation')
      close()
    })
  }

  it('is remembered by another process', async () => {
    const { desk, overlay_id, token, page, control, test, close } = await stage()
    await control('pause')
    await control('mute')
    await test('kept')
    page.close()
    const later = await startApp({}, app)
    const again = await openPage(later, token)
    expect(again.state).to.include({ paused: true, muted: true, queued: 1, current: null })
    expect((await desk.call('alert:list', { overlay_id, state: 'queued' })).data).to.have.length(1)
    await control('resume')
    // Two processes without a message bus between them: the other one's sweep hands it out, or the page asks by coming back.
    again.close()
    const back = await openPage(later, token)
    expect((await back.shown()).message).to.equal('kept')
    back.close()
    await later.stop()
    close()
  })

  it('finds what was missed while no page was there, and plays it by hand', async () => {
    const { creator, page, desk, overlay_id, token, test, close } = await stage()
    page.close()
    while ((await desk.call('overlay:read', { overlay_id })).online);
    const old = await test('old')
    app.wall.advance({ minutes: 11 })
    const back = await openPage(app, token)
    const later = await signedInAgain(creator)
    expect(await statesOf(later, overlay_id)).to.deep.equal({ old: 'missed' })
    await later.call('alert:control', { overlay_id, action: 'replay', alert_id: old })
    expect(await back.shown()).to.include({ message: 'old', is_replay: true, is_test: true })
    back.close()
    close()
  })

  it('does not count the time of a pause against what waited through it', async () => {
    const { creator, overlay_id, page, control, test, close } = await stage()
    await control('pause')
    await test('patient')
    app.wall.advance({ minutes: 30 })
    const later = await signedInAgain(creator)
    await later.call('alert:control', { overlay_id, action: 'resume' })
    expect((await page.shown()).message).to.equal('patient')
    expect(await statesOf(later, overlay_id)).to.deep.equal({ patient: 'playing' })
    close()
  })

  it('is the creator’s own', async () => {
    const { overlay_id, close } = await stage()
    const stranger = byHttp(app, await signUp(app, 'creator'))
    for (const name of ['alert:control', 'alert:list', 'overlay:read'] as const) expect(await stranger.refused(name, { overlay_id, ...(name === 'alert:control' ? { action: 'clear' } : {}) })).to.equal('not-found')
    expect(await byHttp(app, await signUp(app, 'fan')).refused('alert:control', { overlay_id, action: 'clear' })).to.equal('forbidden')
    expect(await stranger.refused('alert:control', { overlay_id, action: 'explode' })).to.equal('validation')
    close()
  })

  it('is seen by the creator as it moves', async () => {
    const { creator, overlay_id, page, control, test, close } = await stage()
    const studio = await bySocket(app, creator)
    await test('one')
    const { alert_id } = await page.shown()
    expect(await studio.next<QueueState>('alert:queue-updated')).to.deep.equal({ overlay_id, queued: 0, current: alert_id, paused: false, muted: false })
    await control('pause')
    expect(await studio.next<QueueState>('alert:queue-updated')).to.include({ paused: true })
    page.close()
    expect(await studio.next('overlay:connected')).to.deep.equal({ overlay_id, online: false })
    studio.close()
    close()
  })
})
