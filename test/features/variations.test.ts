import { expect } from 'chai'
import fc from 'fast-check'
import type { AlertPlay, ConfigureOverlay, OverlayView, Variation } from '../../src/features/overlays/contract.ts'
import type { LiveFigures } from '../../src/features/tips/contract.ts'
import { fillTemplate } from '../../src/features/overlays/template.ts'
import { builtIn, chooseVariation } from '../../src/features/overlays/variations.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { connect, pay, type Person, signUp, topUp } from '../support/cast.ts'
import { byHttp, checkedFacts, doors, redeliver, through } from '../support/doors.ts'

const variation = (name: string, when: Variation['when'] = {}): Variation => ({ ...builtIn, variation_id: name, name, when })

describe('the variation of an alert', () => {
  const variations = [variation('first', { first_tip: true }), variation('big', { min_amount: 10_000 }), variation('middle', { min_amount: 1_000, max_amount: 9_999 }), variation('exact', { min_amount: 500, max_amount: 500 }), variation('again', { first_tip: false, max_amount: 100 })]
  const chosen = (amount: number, first_tip = false) => chooseVariation(variations, { amount, first_tip }, 0).variation_id

  it('is the first that fits, in the creator’s order', () => {
    expect([chosen(20_000, true), chosen(10_000), chosen(9_999), chosen(1_000), chosen(500), chosen(100)]).to.deep.equal(['first', 'big', 'middle', 'middle', 'exact', 'again'])
  })

  it('is the built-in one when none fits', () => {
    expect([chosen(999), chosen(501), chosen(101)]).to.deep.equal(['default', 'default', 'default'])
    expect(chooseVariation([], { amount: 1, first_tip: true }, 0)).to.equal(builtIn)
  })

  it('fits what it says, and no earlier one does', () => {
    const seed = Math.trunc(Math.random() * 2 ** 31)
    const amount = fc.integer({ min: 1, max: 50 })
    const when = fc.record({ min_amount: amount, max_amount: amount, first_tip: fc.boolean() }, { requiredKeys: [] })
    const fits = ({ min_amount = 1, max_amount = Infinity, first_tip }: Variation['when'], occasion: { amount: number; first_tip: boolean }) =>
      occasion.amount >= min_amount && occasion.amount <= max_amount && (first_tip ?? occasion.first_tip) === occasion.first_tip
    fc.assert(
      fc.property(fc.array(when, { maxLength: 8 }), fc.record({ amount, first_tip: fc.boolean() }), (conditions, occasion) => {
        const listed = conditions.map((each, index) => variation(String(index), each))
        const found = chooseVariation(listed, occasion, 0)
        const expected = listed.findIndex((each) => fits(each.when, occasion))
        expect(found.variation_id).to.equal(expected < 0 ? 'default' : String(expected))
      }),
      { seed, numRuns: 500 },
    )
  })
})

describe('variations with one condition', () => {
  const when = { min_amount: 100 }
  const listed = [{ ...variation('one', when), weight: 1 }, { ...variation('other', { min_amount: 200 }), weight: 100 }, { ...variation('two', { ...when }), weight: 3 }]
  const drawn = (draw: number) => chooseVariation(listed, { amount: 500, first_tip: false }, draw).variation_id

  it('take turns by their weights, and no other joins in', () => {
    expect([0, 0.249, 0.25, 0.5, 0.999].map(drawn)).to.deep.equal(['one', 'one', 'two', 'two', 'two'])
  })
})

describe('an alert’s line', () => {
  const values = { name: 'Ben {amount}', amount: 'ZMW 5.00', message: '{name}$&' }
  const line = (template: string) => fillTemplate(template, values).map(({ text }) => text).join('')

  it('has the values in their places, each by itself, and never reads a value as a template', () => {
    expect(fillTemplate('{name} gave {amount}', values)).to.deep.equal([
      { kind: 'name', text: 'Ben {amount}' },
      { kind: 'text', text: ' gave ' },
      { kind: 'amount', text: 'ZMW 5.00' },
    ])
    expect(line('{message}{message}')).to.equal('{name}$&{name}$&')
    expect(line('{tier} {Name} {} {{name}} }{')).to.equal('{tier} {Name} {} {Ben {amount}} }{')
  })

  it('loses nothing of what was written around them', () => {
    const seed = Math.trunc(Math.random() * 2 ** 31)
    const piece = fc.constantFrom('{name}', '{amount}', '{message}', '{', '}', 'x', ' ', '{nam', '👏')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const template = pieces.join('')
        const expected = template.replaceAll(/\{(name|amount|message)\}/g, (_place, key: keyof typeof values) => values[key])
        expect(line(template)).to.equal(expected)
        expect(fillTemplate(template, values).every((part) => part.text !== '')).to.equal(true)
      }),
      { seed, numRuns: 300 },
    )
  })
})

describe('an overlay', () => {
  let app: TestApp
  let n = 0

  before(async () => {
    app = await startApp()
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  const fanfare = { name: 'Big', when: { min_amount: 5_000 }, image_url: 'https://cdn.example/big.webp', sound: 'fanfare', animation: 'shake', duration_ms: 9_000, template: 'WOW {name}: {amount}!' } as const
  const welcome = { name: 'Welcome', when: { first_tip: true }, sound: 'https://cdn.example/hi.mp3', animation: 'pop', duration_ms: 4_000, template: 'Welcome {name}' } as const
  const configuration = { variations: [fanfare, welcome], gap_ms: 0, volume: 60 }

  async function stage() {
    const [creator, fan] = [await signUp(app, 'creator'), await signUp(app, 'fan', 'Ben')]
    await topUp(fan, 1_000_000)
    const desk = byHttp(app, creator)
    const { overlay_id, token } = await desk.call('overlay:create', {})
    const live = await connect(app, '/overlay', token)
    const next = checkedFacts(app, live)
    await next('overlay:state')
    const tip = (amount: number, from: Person = fan) => byHttp(app, from).call('tip:send', { creator_id: creator.id, amount, currency: 'ZMW', message: 'hi' }, `v${++n}`)
    const play = async () => {
      const alert = await next<AlertPlay>('alert:play')
      for (const said of ['alert:started', 'alert:finished']) await live.call(said, { alert_id: alert.alert_id })
      return alert
    }
    return { creator, fan, desk, overlay_id, live, next, tip, play }
  }

  for (const door of doors)
    it(`plays image, sound and animation of the variation that fits (${door})`, async () => {
      const { creator, desk, overlay_id, live, next, tip, play } = await stage()
      const studio = await through(door, app, creator)
      const set = await studio.call('overlay:configure', { overlay_id, ...configuration })
      const [big, hello] = set.config.variations
      expect(big).to.deep.equal({ ...fanfare, layout: 'above', weight: 1, variation_id: big?.variation_id })
      expect(hello).to.deep.equal({ ...welcome, layout: 'above', weight: 1, image_url: null, variation_id: hello?.variation_id })
      expect(set).to.deep.include({ version: 2, online: true })
      expect(set.config).to.deep.include({ min_alert_amount: 1, gap_ms: 0, volume: 60, goal_ids: null })
      expect(await studio.call('overlay:read', { overlay_id })).to.deep.equal(set)
      expect(await next('overlay:config-updated')).to.include({ volume: 60, version: 2 })
      await tip(100)
      expect(await play()).to.deep.include({ variation_id: hello?.variation_id, template: 'Welcome {name}', animation: 'pop', duration_ms: 4_000, media: { image_url: null, sound: welcome.sound, volume: 60 } })
      await tip(5_000)
      expect(await play()).to.deep.include({ variation_id: big?.variation_id, animation: 'shake', duration_ms: 9_000, media: { image_url: fanfare.image_url, sound: 'fanfare', volume: 60 } })
      await tip(100)
      expect(await play()).to.deep.include({ variation_id: 'default', template: '{name} tipped {amount}', animation: 'slide', media: { image_url: null, sound: 'chime', volume: 60 } })
      const again = await studio.call('overlay:configure', { overlay_id, ...configuration, variations: [{ ...(big as Variation), name: 'Huge' }] })
      expect(again.config.variations.map(({ variation_id, name }) => [variation_id, name]), 'a known one keeps its id').to.deep.equal([[big?.variation_id, 'Huge']])
      expect((await desk.call('overlay:list', {})).data[0]).to.include({ online: true })
      live.close()
      studio.close()
    })

  it('knows a fan’s first tip, once, by stored tips: also when many are sent at once, by checkout, or told of again', async () => {
    const { creator, fan, desk, overlay_id, live, tip } = await stage()
    await desk.call('overlay:configure', { overlay_id, ...configuration, variations: [welcome] })
    const checkout = await byHttp(app, fan).call('payment:initiate', { creator_id: creator.id, amount: 50, currency: 'ZMW' }, `v${++n}`)
    const paid = await fan.socket()
    await Promise.all([pay(checkout), ...Array.from({ length: 8 }, () => tip(100))])
    while (((await paid.next('payment:updated')) as { status: string }).status === 'pending');
    const other = await signUp(app, 'fan')
    await topUp(other, 1_000)
    await tip(100, other)
    await redeliver(app, 'tips.count', 'overlays.alert')
    const { data } = await desk.call('alert:list', { overlay_id })
    expect(data).to.have.length(10)
    expect(data.filter((alert) => alert.variation_id !== 'default'), 'one of each fan').to.have.length(2)
    expect((await desk.call('tip:list', {})).data.filter((each) => each.first_tip)).to.have.length(2)
    paid.close()
    live.close()
  })

  it('shows no tip under its least amount, and rests between two alerts', async () => {
    const { desk, overlay_id, live, next, tip } = await stage()
    await desk.call('overlay:configure', { overlay_id, ...configuration, variations: [], min_alert_amount: 200, gap_ms: 30_000 })
    for (const amount of [199, 200, 300]) await tip(amount)
    await app.app.dispatcher.whenIdle()
    const first = await next<AlertPlay>('alert:play')
    for (const said of ['alert:started', 'alert:finished']) await live.call(said, { alert_id: first.alert_id })
    expect(await desk.call('alert:list', { overlay_id, state: 'queued' })).to.have.property('data').with.length(1)
    app.wall.advance({ seconds: 30 })
    const second = await next<AlertPlay>('alert:play')
    expect([first.amount, second.amount].toSorted()).to.deep.equal([200, 300])
    live.close()
  })

  it('keeps what waits as it was queued, and a test alert plays by the same rules', async () => {
    const { desk, overlay_id, live, play } = await stage()
    await desk.call('overlay:configure', { overlay_id, ...configuration })
    await desk.call('alert:control', { overlay_id, action: 'pause' })
    await desk.call('alert:test', { overlay_id, amount: 5_000 })
    await desk.call('overlay:configure', { overlay_id, ...configuration, variations: [], volume: 10 })
    await desk.call('alert:control', { overlay_id, action: 'resume' })
    expect(await play()).to.deep.include({ template: fanfare.template, is_test: true, media: { image_url: fanfare.image_url, sound: 'fanfare', volume: 10 } })
    live.close()
  })

  it('puts the picture where its variation says, and gives each of two with one condition its turns', async () => {
    const { desk, overlay_id, live, play } = await stage()
    const looks = [
      { ...fanfare, when: {}, layout: 'beside', weight: 1 },
      { ...fanfare, when: {}, layout: 'behind', weight: 1 },
    ] as const
    await desk.call('overlay:configure', { overlay_id, ...configuration, variations: [...looks] })
    const seen = new Set<string>()
    for (let turn = 0; turn < 200 && seen.size < 2; turn++) {
      await desk.call('alert:test', { overlay_id })
      seen.add((await play()).layout)
    }
    expect([...seen].toSorted()).to.deep.equal(['behind', 'beside'])
    live.close()
  })

  it('writes the labels that it is told to, from the stream as it moves', async () => {
    const { desk, overlay_id, live, next, tip } = await stage()
    await desk.call('live:start', {})
    await app.app.dispatcher.whenIdle()
    await desk.call('overlay:configure', { overlay_id, ...configuration, labels: ['latest-tip', 'stream-total'] })
    for (;;) {
      const view = await next<OverlayView>('overlay:config-updated')
      if (view.version === 1) continue
      expect(view).to.deep.include({ labels: ['latest-tip', 'stream-total'] })
      expect(view.live).to.deep.include({ live: true, latest: null })
      break
    }
    await tip(700)
    const figures = await next<LiveFigures>('live:updated')
    expect(figures.totals).to.deep.include({ amount: 700, count: 1 })
    expect(figures.latest).to.include({ name: 'Ben', amount: 700 })
    await desk.call('overlay:configure', { overlay_id, ...configuration })
    expect((await desk.call('overlay:read', { overlay_id })).config.labels).to.deep.equal([])
    live.close()
  })

  it('draws only the goals that it is told to', async () => {
    const { desk, overlay_id, live, next } = await stage()
    const [one] = [await desk.call('goal:create', { title: 'One', kind: 'count', target: 1 }), await desk.call('goal:create', { title: 'Two', kind: 'count', target: 1 })]
    await app.app.dispatcher.whenIdle()
    await desk.call('overlay:configure', { overlay_id, ...configuration, goal_ids: [one.goal_id] })
    for (;;) {
      const view = await next<{ version: number; goals: { title: string }[] }>('overlay:config-updated')
      if (view.version === 1) continue
      expect(view.goals.map((goal) => goal.title)).to.deep.equal(['One'])
      break
    }
    live.close()
  })

  it('refuses a configuration that makes no sense, and stays as it was', async () => {
    const { desk, overlay_id, live } = await stage()
    const before = await desk.call('overlay:read', { overlay_id })
    const wrong: Partial<ConfigureOverlay>[] | object[] = [
      { variations: [{ ...fanfare, when: { min_amount: 2, max_amount: 1 } }] },
      { variations: [{ ...fanfare, image_url: 'http://cdn.example/a.png' }] },
      { variations: [{ ...fanfare, image_url: 'javascript:alert(1)' }] },
      { variations: [{ ...fanfare, sound: 'data:audio/wav;base64,AA' }] },
      { variations: [{ ...fanfare, sound: 'gong' }] },
      { variations: [{ ...fanfare, animation: 'explode' }] },
      { variations: [{ ...fanfare, duration_ms: 1_999 }] },
      { variations: [{ ...fanfare, duration_ms: 20_001 }] },
      { variations: [{ ...fanfare, template: 'x'.repeat(201) }] },
      { variations: [{ ...fanfare, when: { tier: 'gold' } }] },
      { variations: [{ ...fanfare, variation_id: 'same' }, { ...fanfare, variation_id: 'same' }] },
      { variations: Array.from({ length: 21 }, () => fanfare) },
      { variations: [{ ...fanfare, weight: 0 }] },
      { variations: [{ ...fanfare, layout: 'upside-down' }] },
      { labels: ['viewers'] },
      { labels: ['latest-tip', 'latest-tip'] },
      { volume: 101 },
      { gap_ms: -1 },
    ]
    for (const change of wrong) expect(await desk.refused('overlay:configure', { overlay_id, ...configuration, ...change }), JSON.stringify(change).slice(0, 100)).to.equal('validation')
    expect(await desk.call('overlay:read', { overlay_id })).to.deep.equal(before)
    expect(await byHttp(app, await signUp(app, 'creator')).refused('overlay:configure', { overlay_id, ...configuration })).to.equal('not-found')
    live.close()
  })
})
