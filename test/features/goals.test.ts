import { expect } from 'chai'
import type { AlertPlay, OverlayView } from '../../src/features/overlays/contract.ts'
import type { PublicGoal } from '../../src/features/tips/contract.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { connect, pay, type Person, signUp, topUp } from '../support/cast.ts'
import { byHttp, bySocket, checkedFacts, doors, redeliver, through } from '../support/doors.ts'

describe('a goal', () => {
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

  const settle = () => app.app.dispatcher.whenIdle()
  const inMinutes = (minutes: number) => new Date(app.clock.now().getTime() + minutes * 60_000).toISOString()

  async function tip(creator: Person, amount: number): Promise<string> {
    return (await byHttp(app, fan).call('tip:send', { creator_id: creator.id, amount, currency: 'ZMW' }, `g${++n}`)).tip_id
  }

  async function goalsOf(creator: Person): Promise<Record<string, number>> {
    await settle()
    const { data } = await byHttp(app, creator).call('goal:list', {})
    return Object.fromEntries(data.map((goal) => [goal.title, goal.current]))
  }

  for (const door of doors)
    it(`counts amounts or tips from its own start, for everybody to see (${door})`, async () => {
      const creator = await signUp(app, 'creator')
      const studio = await through(door, app, creator)
      await tip(creator, 700)
      const camera = await studio.call('goal:create', { title: 'Camera', kind: 'amount', target: 1_000 }, `camera-${door}`)
      expect(camera).to.include({ title: 'Camera', current: 0, pct: 0, target: 1_000, currency: 'ZMW', state: 'open', ends_at: null, shown_on: 'all' })
      expect((await studio.call('goal:create', { title: 'Camera', kind: 'amount', target: 1_000 }, `camera-${door}`)).goal_id, 'asked again under its key').to.equal(camera.goal_id)
      await tip(creator, 290)
      await studio.call('goal:create', { title: 'Hands', kind: 'count', target: 2 })
      for (const amount of [30, 1, 9]) await tip(creator, amount)
      await settle()
      const goals = (await byHttp(app).call('goal:public', { creator_id: creator.id })).data
      expect(goals.map(({ title, current, pct }) => [title, current, pct])).to.deep.equal([
        ['Camera', 330, 33],
        ['Hands', 3, 150],
      ])
      expect(goals[0]).not.to.have.any.keys('shown_on', 'closed_at')
      studio.close()
    })

  it('is told to its creator, the audience and the overlays that draw it, each time it moves', async () => {
    const creator = await signUp(app, 'creator')
    const desk = byHttp(app, creator)
    const [first, second] = [await desk.call('overlay:create', {}), await desk.call('overlay:create', {})]
    const studio = await bySocket(app, creator)
    const audience = await bySocket(app, fan)
    await audience.call('live:join', { creator_id: creator.id })
    const [drawing, other] = await Promise.all([connect(app, '/overlay', first.token), connect(app, '/overlay', second.token)])
    const [drawn, elsewhere] = [checkedFacts(app, drawing), checkedFacts(app, other)]
    for (const next of [drawn, elsewhere]) expect((await next<OverlayView>('overlay:state')).goals).to.deep.equal([])
    const goal = await desk.call('goal:create', { title: 'Lamp', kind: 'amount', target: 400, shown_on: [first.overlay_id] })
    expect((await drawn<OverlayView>('overlay:config-updated')).goals.map((each) => each.title)).to.deep.equal(['Lamp'])
    expect((await elsewhere<OverlayView>('overlay:config-updated')).goals).to.deep.equal([])
    for (const next of [studio.next, audience.next]) expect(await next<PublicGoal>('goal:updated')).to.include({ goal_id: goal.goal_id, current: 0, version: 1 })
    await tip(creator, 100)
    for (const next of [studio.next, audience.next, drawn]) expect(await next<PublicGoal>('goal:updated')).to.include({ goal_id: goal.goal_id, current: 100, target: 400, pct: 25, version: 2 })
    await desk.call('goal:update', { goal_id: goal.goal_id, title: 'Big lamp', target: 200, shown_on: 'all' })
    for (const next of [drawn, elsewhere]) expect((await next<OverlayView>('overlay:config-updated')).goals).to.deep.include.members([{ ...(await desk.call('goal:public', { creator_id: creator.id })).data[0] }])
    await desk.call('goal:close', { goal_id: goal.goal_id })
    expect((await drawn<OverlayView>('overlay:config-updated')).goals).to.deep.equal([])
    for (const live of [studio, audience, drawing, other]) live.close()
  })

  it('counts a tip by checkout when its money is there, and none that failed', async () => {
    const creator = await signUp(app, 'creator')
    await byHttp(app, creator).call('goal:create', { title: 'Desk', kind: 'amount', target: 1_000 })
    const live = await fan.socket()
    for (const [amount, outcome] of [[250, 'success'], [300, 'failed']] as const) {
      const started = await byHttp(app, fan).call('payment:initiate', { creator_id: creator.id, amount, currency: 'ZMW' }, `g${++n}`)
      expect((await goalsOf(creator))['Desk']).to.equal(outcome === 'success' ? 0 : 250)
      await pay(started, outcome)
      while (((await live.next('payment:updated')) as { payment_id: string; status: string }).status === 'pending');
    }
    expect((await goalsOf(creator))['Desk']).to.equal(250)
    live.close()
  })

  it('counts no test alert and no replay', async () => {
    const creator = await signUp(app, 'creator')
    const desk = byHttp(app, creator)
    const { overlay_id, token } = await desk.call('overlay:create', {})
    await desk.call('goal:create', { title: 'Mug', kind: 'count', target: 10 })
    const overlay = await connect(app, '/overlay', token)
    await tip(creator, 50)
    const { alert_id } = await overlay.next<AlertPlay>('alert:play')
    for (const said of ['alert:started', 'alert:finished']) await overlay.call(said, { alert_id })
    await desk.call('alert:test', { overlay_id })
    await desk.call('alert:control', { overlay_id, action: 'replay', alert_id })
    expect(await goalsOf(creator)).to.deep.equal({ Mug: 1 })
    overlay.close()
  })

  it('counts each tip once, however often its news comes and however many come at once', async () => {
    const creator = await signUp(app, 'creator')
    await byHttp(app, creator).call('goal:create', { title: 'Sum', kind: 'amount', target: 1_000 })
    await byHttp(app, creator).call('goal:create', { title: 'Number', kind: 'count', target: 100 })
    await Promise.all(Array.from({ length: 16 }, (_each, at) => tip(creator, at + 1)))
    await redeliver(app, 'tips.count')
    expect(await goalsOf(creator)).to.deep.equal({ Sum: 136, Number: 16 })
  })

  it('misses no tip that was sent while it was being made', async () => {
    const creator = await signUp(app, 'creator')
    const all = Promise.all(Array.from({ length: 12 }, () => tip(creator, 10)))
    const goal = await byHttp(app, creator).call('goal:create', { title: 'Race', kind: 'amount', target: 1_000 })
    await all
    await settle()
    const inside = await app.db.collection('tips').countDocuments({ creator_id: creator.id, sent_at: { $gte: new Date(goal.started_at) } })
    expect(await goalsOf(creator)).to.deep.equal({ Race: inside * 10 })
  })

  for (const door of doors)
    it(`stops at its deadline or its closing, and what is over can’t be changed (${door})`, async () => {
      const creator = await signUp(app, 'creator')
      const studio = await through(door, app, creator)
      const [short, long] = [await studio.call('goal:create', { title: 'Short', kind: 'amount', target: 100, ends_at: inMinutes(5) }), await studio.call('goal:create', { title: 'Long', kind: 'amount', target: 100 })]
      await tip(creator, 10)
      await settle()
      await studio.call('goal:update', { goal_id: long.goal_id, ends_at: inMinutes(20) })
      await studio.call('goal:update', { goal_id: long.goal_id, ends_at: null })
      app.clock.advance({ minutes: 6 })
      await tip(creator, 20)
      await settle()
      expect(await studio.refused('goal:update', { goal_id: short.goal_id, ends_at: inMinutes(5) })).to.equal('stale-state')
      const closed = await studio.call('goal:close', { goal_id: long.goal_id })
      expect(closed).to.include({ state: 'closed', current: 30 })
      expect(await studio.call('goal:close', { goal_id: long.goal_id }), 'closed again').to.deep.equal(closed)
      await tip(creator, 40)
      expect(await goalsOf(creator)).to.deep.equal({ Short: 10, Long: 30 })
      expect((await studio.call('goal:list', {})).data.map(({ title, state }) => [title, state])).to.deep.equal([
        ['Long', 'closed'],
        ['Short', 'ended'],
      ])
      studio.close()
    })

  it('is its creator’s alone to change, and refused when it makes no sense', async () => {
    const creator = await signUp(app, 'creator')
    const desk = byHttp(app, creator)
    const { goal_id } = await desk.call('goal:create', { title: 'Mine', kind: 'amount', target: 100 })
    const stranger = byHttp(app, await signUp(app, 'creator'))
    expect(await stranger.refused('goal:update', { goal_id, title: 'Theirs' })).to.equal('not-found')
    expect(await stranger.refused('goal:close', { goal_id })).to.equal('not-found')
    expect(await byHttp(app, fan).refused('goal:create', { title: 'x', kind: 'amount', target: 1 })).to.equal('forbidden')
    const wrong: [object, string][] = [
      [{ title: 'x', kind: 'amount', target: 0 }, 'validation'],
      [{ title: 'x', kind: 'amount', target: 1.5 }, 'validation'],
      [{ title: 'x', kind: 'likes', target: 1 }, 'validation'],
      [{ title: '', kind: 'amount', target: 1 }, 'validation'],
      [{ title: 'x', kind: 'amount', target: 1, currency: 'USD' }, 'currency'],
      [{ title: 'x', kind: 'amount', target: 1, ends_at: inMinutes(-1) }, 'validation'],
      [{ title: 'x', kind: 'amount', target: 1, ends_at: 'tomorrow' }, 'validation'],
    ]
    for (const [input, code] of wrong) expect(await desk.refused('goal:create', input), JSON.stringify(input)).to.equal(code)
    for (let more = 0; more < 19; more++) await desk.call('goal:create', { title: `Goal ${more}`, kind: 'count', target: 1 })
    expect(await desk.refused('goal:create', { title: 'One too many', kind: 'count', target: 1 })).to.equal('conflict')
    const { data, next } = await desk.call('goal:list', { limit: 12 })
    expect((await desk.call('goal:list', { limit: 12, cursor: next as string })).data.map((each) => each.title).concat(data.map((each) => each.title))).to.have.length(20)
  })
})

describe('a goal that does not say what its tips say is reported when', () => {
  const breakages: [string, (app: TestApp, goalId: string) => Promise<unknown>][] = [
    ['its figure was changed', (app, id) => app.db.collection<{ _id: string }>('goals').updateOne({ _id: id }, { $inc: { current: 1 } })],
    ['a tip is not counted', async (app, id) => {
      await app.db.collection('goal_tips').deleteOne({ goal_id: id })
      await app.db.collection<{ _id: string }>('goals').updateOne({ _id: id }, { $inc: { current: -100 } })
    }],
    ['a tip is counted that is none of its own', async (app, id) => {
      await app.db.collection<{ _id: string }>('goal_tips').insertOne({ _id: `${id}/tip_x`, goal_id: id, tip_id: 'tip_x', value: 5 } as never)
      await app.db.collection<{ _id: string }>('goals').updateOne({ _id: id }, { $inc: { current: 5 } })
    }],
    ['a tip counts for more than it was', async (app, id) => {
      await app.db.collection('goal_tips').updateOne({ goal_id: id }, { $inc: { value: 7 } })
      await app.db.collection<{ _id: string }>('goals').updateOne({ _id: id }, { $inc: { current: 7 } })
    }],
  ]
  let app: TestApp
  before(async () => {
    app = await startApp()
  })
  after(() => app.stop())

  for (const [what, tamper] of breakages)
    it(what, async () => {
      const [creator, fan] = [await signUp(app, 'creator'), await signUp(app, 'fan')]
      await topUp(fan, 1_000)
      const { goal_id } = await byHttp(app, creator).call('goal:create', { title: 'Goal', kind: 'amount', target: 1_000 })
      for (const key of ['one', 'two']) await byHttp(app, fan).call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW' }, key)
      await app.app.dispatcher.whenIdle()
      const faults = async () => (await app.check()).filter((each) => each.check === 'tips.goals-exact' && each.subject === goal_id)
      expect(await faults()).to.deep.equal([])
      await tamper(app, goal_id)
      expect(await faults()).to.have.length(1)
    })
})
