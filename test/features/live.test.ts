import { expect } from 'chai'
import type { AnnouncedTip, LiveFigures } from '../../src/features/tips/contract.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp, topUp } from '../support/cast.ts'
import { byHttp, bySocket, doors, redeliver, through } from '../support/doors.ts'

describe('a live stream', () => {
  let app: TestApp
  let ben: Person
  let cleo: Person
  let n = 0

  before(async () => {
    app = await startApp()
    ;[ben, cleo] = [await signUp(app, 'fan', 'Ben'), await signUp(app, 'fan', 'Cleo')]
    await Promise.all([topUp(ben, 1_000_000), topUp(cleo, 1_000_000)])
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  async function tip(fan: Person, creator: Person, amount: number, more: { message?: string; anonymous?: boolean } = {}): Promise<string> {
    return (await byHttp(app, fan).call('tip:send', { creator_id: creator.id, amount, currency: 'ZMW', ...more }, `l${++n}`)).tip_id
  }

  async function figures(creator: Person) {
    await app.app.dispatcher.whenIdle()
    return byHttp(app).call('live:read', { creator_id: creator.id })
  }

  for (const door of doors)
    it(`totals the tips between its start and its stop (${door})`, async () => {
      const creator = await signUp(app, 'creator')
      const studio = await through(door, app, creator)
      expect(await figures(creator)).to.deep.equal({ creator_id: creator.id, stream_id: null, live: false, counted_from: null, totals: { amount: 0, count: 0, currency: 'ZMW' }, latest: null, top_tippers: [], version: 0, goals: [], recent: [] })
      await tip(ben, creator, 5)
      const started = await studio.call('live:start', {}, `start-${door}`)
      expect(started).to.deep.include({ live: true, totals: { amount: 0, count: 0, currency: 'ZMW' }, top_tippers: [], recent: [] })
      expect((await studio.call('live:start', {}, `start-${door}`)).stream_id, 'asked again under its key').to.equal(started.stream_id)
      expect(await studio.refused('live:start', {})).to.equal('stale-state')
      await tip(ben, creator, 100)
      await tip(cleo, creator, 150)
      await tip(ben, creator, 70)
      const live = await figures(creator)
      expect(live.totals).to.deep.equal({ amount: 320, count: 3, currency: 'ZMW' })
      expect(live.top_tippers).to.deep.equal([
        { name: 'Ben', amount: 170 },
        { name: 'Cleo', amount: 150 },
      ])
      expect(live.recent.map((each) => each.amount)).to.deep.equal([70, 150, 100])
      expect(live.latest).to.include({ name: 'Ben', amount: 70 })
      expect((await studio.call('live:stop', {})).totals.amount).to.equal(320)
      await tip(ben, creator, 999)
      expect(await figures(creator)).to.deep.include({ live: false, stream_id: started.stream_id, totals: { amount: 320, count: 3, currency: 'ZMW' } })
      for (const wrong of ['live:stop', 'live:reset'] as const) expect(await studio.refused(wrong, {})).to.equal('stale-state')
      studio.close()
    })

  for (const door of doors)
    it(`counts from zero again after a reset, and is a new one after a new start (${door})`, async () => {
      const creator = await signUp(app, 'creator')
      const studio = await through(door, app, creator)
      const first = await studio.call('live:start', {})
      await tip(ben, creator, 100)
      await app.app.dispatcher.whenIdle()
      app.clock.advance({ seconds: 1 })
      expect(await studio.call('live:reset', {})).to.deep.include({ stream_id: first.stream_id, totals: { amount: 0, count: 0, currency: 'ZMW' }, top_tippers: [], latest: null })
      await tip(cleo, creator, 30)
      expect(await figures(creator)).to.deep.include({ totals: { amount: 30, count: 1, currency: 'ZMW' }, top_tippers: [{ name: 'Cleo', amount: 30 }] })
      await studio.call('live:stop', {})
      app.clock.advance({ seconds: 1 })
      const second = await studio.call('live:start', {})
      expect(second.stream_id).not.to.equal(first.stream_id)
      expect(second.totals.count).to.equal(0)
      studio.close()
    })

  it('tells its audience, from the moment they join until they leave', async () => {
    const creator = await signUp(app, 'creator')
    const [studio, audience] = [await bySocket(app, creator), await bySocket(app, cleo)]
    await studio.call('live:start', {})
    expect(await studio.next<LiveFigures>('live:updated')).to.include({ live: true, version: 1 })
    await tip(ben, creator, 10)
    expect((await studio.next<LiveFigures>('live:updated')).totals.amount).to.equal(10)
    const joined = await audience.call('live:join', { creator_id: creator.id })
    expect(joined.totals.amount).to.equal(10)
    await tip(ben, creator, 20, { message: 'hello' })
    expect(await audience.next<LiveFigures>('live:updated')).to.deep.include({ totals: { amount: 30, count: 2, currency: 'ZMW' }, top_tippers: [{ name: 'Ben', amount: 30 }] })
    expect(await audience.next<AnnouncedTip>('tip:announced')).to.include({ amount: 20, message: 'hello' })
    await audience.call('live:leave', { creator_id: creator.id })
    await tip(ben, creator, 40)
    expect((await studio.next<LiveFigures>('live:updated')).totals.amount).to.equal(30)
    expect((await studio.next<LiveFigures>('live:updated')).totals.amount).to.equal(70)
    await audience.call('live:join', { creator_id: creator.id })
    await tip(ben, creator, 80)
    expect((await audience.next<AnnouncedTip>('tip:announced')).amount, 'nothing of what happened while away').to.equal(80)
    expect(await audience.refused('live:join', { creator_id: ben.id })).to.equal('not-found')
    studio.close()
    audience.close()
  })

  it('shows a fan their place by what they gave under their name; what was anonymous is in the total alone', async () => {
    const creator = await signUp(app, 'creator')
    await byHttp(app, creator).call('live:start', {})
    await tip(ben, creator, 100)
    await tip(ben, creator, 5_000, { anonymous: true })
    await tip(cleo, creator, 200)
    const live = await figures(creator)
    expect(live.totals.amount).to.equal(5_300)
    expect(live.top_tippers).to.deep.equal([
      { name: 'Cleo', amount: 200 },
      { name: 'Ben', amount: 100 },
    ])
    expect(live.recent.map((each) => each.name)).to.deep.equal(['Cleo', null, 'Ben'])
  })

  it('shows no name and no text before the creator allowed it, and counts the money at once', async () => {
    const creator = await signUp(app, 'creator')
    const desk = byHttp(app, creator)
    await desk.call('tip-settings:update', { min_amount: 1, max_amount: 1_000, currency: 'ZMW', moderation: 'manual', filter: { words: [], action: 'mask', hide_links: false } })
    await desk.call('live:start', {})
    const [allowed, masked] = [await tip(ben, creator, 100), await tip(cleo, creator, 200)]
    await tip(cleo, creator, 400)
    expect(await figures(creator)).to.deep.include({ totals: { amount: 700, count: 3, currency: 'ZMW' }, top_tippers: [], latest: null, recent: [] })
    await desk.call('tip:moderate', { tip_id: allowed, decision: 'allow' })
    expect((await figures(creator)).top_tippers).to.deep.equal([{ name: 'Ben', amount: 100 }])
    const studio = await bySocket(app, creator)
    await desk.call('tip:moderate', { tip_id: masked, decision: 'allow', mask_name: true })
    expect((await studio.next<LiveFigures>('live:updated')).latest).to.include({ tip_id: masked, name: null })
    expect((await figures(creator)).top_tippers).to.deep.equal([{ name: 'Ben', amount: 100 }])
    studio.close()
  })

  it('counts each tip once, however often its news comes and however many come at once', async () => {
    const creator = await signUp(app, 'creator')
    const desk = byHttp(app, creator)
    await desk.call('live:start', {})
    await Promise.all(Array.from({ length: 16 }, (_each, at) => tip(at % 2 ? ben : cleo, creator, 10)))
    await desk.call('live:stop', {})
    await redeliver(app, 'tips.count')
    expect(await figures(creator)).to.deep.include({ totals: { amount: 160, count: 16, currency: 'ZMW' } })
    expect((await figures(creator)).top_tippers.map((each) => each.amount)).to.deep.equal([80, 80])
  })

  it('counts a tip that was sent before the stop and whose news came after it', async () => {
    const creator = await signUp(app, 'creator')
    const desk = byHttp(app, creator)
    await desk.call('live:start', {})
    await tip(ben, creator, 10)
    await app.app.dispatcher.whenIdle()
    app.clock.advance({ seconds: 1 })
    await desk.call('live:stop', {})
    // As if the process had died between the tip and the counting.
    const streams = app.db.collection<{ _id: string }>('streams')
    const { stream_id } = await figures(creator)
    await app.db.collection('stream_tips').deleteMany({ stream_id })
    await app.db.collection('stream_fans').deleteMany({ stream_id })
    await streams.updateOne({ _id: stream_id as string }, { $set: { amount: 0, count: 0 } })
    await redeliver(app, 'tips.count')
    expect(await figures(creator)).to.deep.include({ totals: { amount: 10, count: 1, currency: 'ZMW' }, top_tippers: [{ name: 'Ben', amount: 10 }] })
  })

  it('begins once when it is started many times at once', async () => {
    const creator = await signUp(app, 'creator')
    const answers = await Promise.all(Array.from({ length: 8 }, () => creator.http('POST', '/api/v1/creators/me/live/start', {})))
    expect(answers.map((each) => each.status).toSorted()).to.deep.equal([201, ...Array.from({ length: 7 }, () => 409)])
  })

  it('is the creator’s to start, and an overlay’s or a stranger’s to join is nothing', async () => {
    expect(await byHttp(app, ben).refused('live:start', {})).to.equal('forbidden')
    expect(await byHttp(app).refused('live:stop', {})).to.equal('unauthenticated')
  })

  it('lets one connection into a hundred rooms and no more', async () => {
    const { raw, close } = await bySocket(app, await signUp(app, 'fan'))
    const creators = Array.from({ length: 99 }, (_each, at) => `usr_room${at}`)
    await app.db.collection<{ _id: string }>('profiles').insertMany(creators.map((_id) => ({ _id, handle: _id, tags: [], trending: 0, name: _id, name_key: _id, bio: '', shows_earnings: false, followers: 0, created_at: new Date(), updated_at: new Date() })))
    const refusals: string[] = []
    for (const creator_id of creators) {
      for (;;) {
        const answer = (await raw.emitWithAck('live:join', { creator_id })) as { ok: boolean; problem?: { code: string; retry_after_ms?: number } }
        if (answer.problem?.retry_after_ms) await new Promise((resolve) => setTimeout(resolve, (answer.problem?.retry_after_ms ?? 0) + 200))
        else if (answer.ok || refusals.push(`${creator_id} ${answer.problem?.code}`)) break
      }
    }
    expect(refusals, 'three rooms are its own').to.deep.equal(['usr_room97 busy', 'usr_room98 busy'])
    await app.db.collection<{ _id: string }>('profiles').deleteMany({ _id: { $in: creators } })
    close()
  })

  it('that does not say what its tips say is reported', async () => {
    const creator = await signUp(app, 'creator')
    const { stream_id } = await byHttp(app, creator).call('live:start', {})
    await tip(ben, creator, 100)
    await app.app.dispatcher.whenIdle()
    const faults = async () => (await app.check()).filter((each) => each.check === 'tips.streams-exact').map((each) => each.subject)
    expect(await faults()).to.deep.equal([])
    const streams = app.db.collection<{ _id: string }>('streams')
    const fans = app.db.collection('stream_fans')
    const tampering = [
      [() => streams.updateOne({ _id: stream_id as string }, { $inc: { amount: 1 } }), () => streams.updateOne({ _id: stream_id as string }, { $inc: { amount: -1 } })],
      [() => fans.updateOne({ stream_id }, { $inc: { amount: 1 } }), () => fans.updateOne({ stream_id }, { $inc: { amount: -1 } })],
    ] as const
    for (const [tamper, repair] of tampering) {
      await tamper()
      expect(await faults()).to.deep.equal([stream_id])
      await repair()
    }
  })
})
