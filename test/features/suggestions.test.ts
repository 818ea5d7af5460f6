import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp } from '../support/cast.ts'
import { byHttp, doors, through } from '../support/doors.ts'

describe('creators whom somebody may like', () => {
  let app: TestApp

  before(async () => {
    app = await startApp()
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  const follow = (fan: Person, creator: Person) => byHttp(app, fan).call('creator:follow', { creator_id: creator.id })
  const suggested = async (fan: Person) => (await byHttp(app, fan).call('creator:suggested', { limit: 100 })).data.map(({ name, why }) => [name, why])

  for (const door of doors)
    it(`are those whom people follow who follow the same, then those who are alike, then who trends (${door})`, async () => {
      const creators: Record<string, Person> = {}
      for (const name of ['Shared', 'Together', 'Alone', 'Alike', 'Other']) creators[name] = await signUp(app, 'creator', `${name} ${door}`)
      const { Shared, Together, Alone, Alike } = creators as Record<'Shared' | 'Together' | 'Alone' | 'Alike', Person>
      await byHttp(app, Shared).call('creator:update', { tags: [`tag-${door}`] })
      await byHttp(app, Alike).call('creator:update', { tags: [`tag-${door}`], category: 'comedy' })
      const [fan, one, two] = [await signUp(app, 'fan'), await signUp(app, 'fan'), await signUp(app, 'fan')]
      for (const each of [fan, one, two]) await follow(each, Shared)
      for (const each of [one, two]) await follow(each, Together)
      await follow(one, Alone)
      await app.app.dispatcher.whenIdle()
      const me = await through(door, app, fan)
      const { data } = await me.call('creator:suggested', { limit: 3 })
      expect(data.slice(0, 2).map(({ name, why }) => [name, why])).to.deep.equal([
        [`Together ${door}`, 'followed-together'],
        [`Alike ${door}`, 'alike'],
      ])
      expect(data).to.have.length(3)
      const all = await suggested(fan)
      expect(all, 'followed already').not.to.deep.include([`Shared ${door}`, 'alike'])
      expect(all, 'one person’s follow is nobody else’s business').to.deep.include([`Alone ${door}`, 'trending'])
      me.close()
    })

  it('are none whom they follow, blocked or muted, nor themselves', async () => {
    const [known, blocked, muted, self] = [await signUp(app, 'creator', 'Known'), await signUp(app, 'creator', 'Blocked'), await signUp(app, 'creator', 'Muted'), await signUp(app, 'creator', 'Self')]
    await follow(self, known)
    await byHttp(app, blocked).call('user:block', { user_id: self.id })
    await byHttp(app, self).call('user:mute', { user_id: muted.id })
    await app.app.dispatcher.whenIdle()
    const names = (await suggested(self)).map(([name]) => name)
    for (const name of ['Known', 'Blocked', 'Muted', 'Self']) expect(names).not.to.include(name)
    expect((await suggested(await signUp(app, 'fan'))).map(([name]) => name)).to.include.members(['Known', 'Blocked', 'Muted', 'Self'])
  })
})

describe('a creator’s category', () => {
  let app: TestApp

  before(async () => {
    app = await startApp()
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })

  for (const door of doors)
    it(`is chosen, shown, searched for alone and with words, and taken back (${door})`, async () => {
      const [painter, player] = [await signUp(app, 'creator', `Painter ${door}`), await signUp(app, 'creator', `Player ${door}`)]
      const [easel, drum] = [await through(door, app, painter), await through(door, app, player)]
      expect(await easel.call('creator:update', { category: 'art' })).to.include({ category: 'art' })
      await drum.call('creator:update', { category: 'music' })
      const names = async (input: object) => (await easel.call('creator:search', input)).data.map((each) => each.name)
      expect(await names({ category: 'art' })).to.include(`Painter ${door}`).and.not.include(`Player ${door}`)
      expect(await names({ category: 'art', q: `player ${door}` })).to.deep.equal([])
      expect(await names({ category: 'music', q: `player ${door}` })).to.deep.equal([`Player ${door}`])
      expect(await easel.refused('creator:update', { category: 'shouting' as 'art' })).to.equal('validation')
      expect(await easel.refused('creator:search', { category: 'shouting' as 'art' })).to.equal('validation')
      expect(await easel.call('creator:update', { category: null })).to.include({ category: null })
      expect(await names({ category: 'art' })).not.to.include(`Painter ${door}`)
      for (const each of [easel, drum]) each.close()
    })

  it('is missing in profiles from before there were categories, and reads as none', async () => {
    const creator = await signUp(app, 'creator', 'Old Hand')
    await app.db.collection('profiles').updateOne({ _id: creator.id as never }, { $unset: { category: 1 } })
    expect(await byHttp(app).call('creator:read', { creator_id: creator.id })).to.include({ category: null })
  })
})
