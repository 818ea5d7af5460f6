import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signIn, signUp } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'

describe('a follow', () => {
  let app: TestApp
  let creator: Person
  let fan: Person

  before(async () => {
    app = await startApp()
    creator = await signUp(app, 'creator', 'Ana')
    fan = await signUp(app, 'fan', 'Ben')
  })
  after(() => app.stop())

  it('counts once, tells the creator, shows on the page, and ends', async () => {
    const studio = await creator.socket()
    expect((await follow(fan)).body).to.deep.equal({ following: true, followers: 1 })
    expect((await follow(fan)).body).to.deep.equal({ following: true, followers: 1 })
    expect(await studio.next('creator:followed')).to.deep.equal({ follower_id: fan.id, name: 'Ben', followers: 1 })
    await app.app.dispatcher.whenIdle()
    expect((await page(fan)).body).to.include({ following: true, followers: 1 })
    expect((await page(creator)).body).to.include({ following: false, followers: 1 })
    expect((await page()).body).to.include({ followers: 1 }).and.not.have.property('following')
    expect((await unfollow(fan)).body).to.deep.equal({ following: false, followers: 0 })
    expect((await unfollow(fan)).body).to.deep.equal({ following: false, followers: 0 })
    await app.app.dispatcher.whenIdle()
    expect((await page(fan)).body).to.include({ following: false, followers: 0 })
    expect(await app.db.collection('follows').countDocuments()).to.equal(0)
    studio.close()
  })

  it('goes through the socket in the same words', async () => {
    const live = await fan.socket()
    expect(await live.call('creator:follow', { creator_id: creator.id })).to.deep.equal({ ok: true, data: { following: true, followers: 1 } })
    expect(await live.call('following:list')).to.have.nested.property('data.data[0].creator_id', creator.id)
    expect(await live.call('creator:unfollow', { creator_id: creator.id })).to.deep.equal({ ok: true, data: { following: false, followers: 0 } })
    expect(await live.call('creator:follow', { creator_id: 'abc' })).to.have.nested.property('problem.code', 'not-found')
    live.close()
  })

  it('of oneself, of nobody, of a fan, or by nobody is refused', async () => {
    const self = await follow(creator)
    expect([self.status, self.body.code]).to.deep.equal([422, 'self'])
    const anonymous = await ask(`${app.url}/api/v1/creators/${creator.id}/follow`, { method: 'POST' })
    expect([anonymous.status, anonymous.body.code]).to.deep.equal([401, 'unauthenticated'])
    for (const method of ['POST', 'DELETE']) {
      const answers = await Promise.all(['abc', fan.id, '%00', 'tip_x'].map((id) => fan.http(method, `/api/v1/creators/${id}/follow`)))
      expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify({ ...body, request_id: '' })}`)).size).to.equal(1)
      expect(answers[0]?.body.code).to.equal('not-found')
    }
    const extra = await fan.http('POST', `/api/v1/creators/${creator.id}/follow`, { follower_id: creator.id })
    expect(extra.body.errors[0].code).to.equal('unknown-field')
    expect(await app.db.collection('follows').countDocuments()).to.equal(0)
  })

  it('made and ended twenty times at once by one fan leaves one row or none, and a count that says which', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_each, n) => (n % 2 === 0 ? follow(fan) : unfollow(fan))))
    expect(new Set(answers.map((each) => each.status))).to.deep.equal(new Set([200]))
    await app.app.dispatcher.whenIdle()
    const rows = await app.db.collection('follows').countDocuments({ creator_id: creator.id })
    expect(rows).to.be.oneOf([0, 1])
    expect((await page()).body.followers).to.equal(rows)
    expect(await app.check()).to.deep.equal([])
    await unfollow(fan)
  })

  it('of twenty fans at once counts twenty, and of as many who leave at once none', async () => {
    const fans = await Promise.all(Array.from({ length: 20 }, () => signUp(app, 'fan')))
    await Promise.all(fans.map((each) => follow(each)))
    await app.app.dispatcher.whenIdle()
    expect((await page()).body.followers).to.equal(20)
    expect(await app.db.collection('follower_moves').countDocuments()).to.equal(0)
    await Promise.all(fans.slice(0, 15).map((each) => unfollow(each)))
    await app.app.dispatcher.whenIdle()
    expect((await page()).body.followers).to.equal(5)
    expect(await app.check()).to.deep.equal([])
  })

  it('is counted once when its news is delivered twice', async () => {
    const before = (await page()).body.followers as number
    await follow(fan)
    await app.app.dispatcher.whenIdle()
    await app.db.collection('deliveries').updateMany({ subscriber: /^profiles\./ }, { $set: { state: 'due', due_at: new Date(0) } })
    for (let left = 1; left > 0; left = await app.db.collection('deliveries').countDocuments({ state: 'due' })) {
      await app.app.dispatcher.pollDue()
      await app.app.dispatcher.whenIdle()
    }
    expect((await page()).body.followers).to.equal(before + 1)
    expect(await app.check()).to.deep.equal([])
  })

  it('that a count has not taken yet is no violation, and one that it will never take is', async () => {
    await app.app.dispatcher.whenIdle()
    await app.db.collection<{ _id: string }>('profiles').updateOne({ _id: creator.id }, { $inc: { followers: -1 } })
    await app.db.collection<{ _id: string }>('follower_moves').insertOne({ _id: 'mov_waiting', creator_id: creator.id, delta: 1 } as never)
    expect((await app.check()).map((each) => each.check)).to.deep.equal(['profiles.search-agrees'])
    await app.db.collection<{ _id: string }>('follower_moves').deleteOne({ _id: 'mov_waiting' })
    expect((await app.check()).find((each) => each.check === 'profiles.followers-exact')).to.include({ subject: creator.id })
    await app.db.collection<{ _id: string }>('profiles').updateOne({ _id: creator.id }, { $inc: { followers: 1 } })
    expect(await app.check()).to.deep.equal([])
  })

  describe('is listed', () => {
    let star: Person
    let fans: Person[]

    before(async () => {
      star = await signUp(app, 'creator', 'Star')
      fans = []
      for (const name of ['One', 'Two', '<script>Three</script>', '=HYPERLINK("x")']) fans.push(await signUp(app, 'fan', name))
      for (const each of fans) await follow(each, star)
    })

    it('to the creator and to admins, newest first, page by page', async () => {
      const first = (await star.http('GET', `/api/v1/creators/${star.id}/followers?limit=3`)).body
      expect(first.data.map((each: { name: string }) => each.name)).to.deep.equal(['=HYPERLINK("x")', '<script>Three</script>', 'Two'])
      const second = (await star.http('GET', `/api/v1/creators/${star.id}/followers?limit=3&cursor=${first.next}`)).body
      expect(second).to.deep.include({ has_more: false, next: null })
      expect(second.data).to.have.length(1)
      expect(second.data[0]).to.include({ user_id: fans[0]?.id, name: 'One' })
      const admin = await signIn(app, app.admin.email, app.admin.password)
      expect((await admin.http('GET', `/api/v1/creators/${star.id}/followers`)).body.data).to.have.length(4)
    })

    it('to nobody else', async () => {
      const someone = fans[0] as Person
      const answers = await Promise.all([someone, creator].map((each) => each.http('GET', `/api/v1/creators/${star.id}/followers`)))
      expect(answers.map((each) => [each.status, each.body.code])).to.deep.equal([[403, 'forbidden'], [403, 'forbidden']])
      expect((await ask(`${app.url}/api/v1/creators/${star.id}/followers`)).status).to.equal(401)
      expect((await someone.http('GET', '/api/v1/creators/abc/followers')).body.code).to.equal('not-found')
    })

    it('to the fan as whom they follow', async () => {
      const busy = fans[0] as Person
      await follow(busy, creator)
      const { data } = (await busy.http('GET', '/api/v1/follows')).body
      expect(data.map((each: { name: string }) => each.name)).to.deep.equal(['Ana', 'Star'])
      expect(data[1]).to.include({ creator_id: star.id, handle: 'star', avatar: null })
    })

    it('on no cursor of another list or person', async () => {
      const { next } = (await star.http('GET', `/api/v1/creators/${star.id}/followers?limit=1`)).body
      for (const path of [`/api/v1/follows?cursor=${next}`, `/api/v1/blocks?cursor=${next}`, `/api/v1/creators/${star.id}/followers?cursor=${next}x`]) expect((await star.http('GET', path)).body.code, path).to.equal('cursor')
      expect((await creator.http('GET', `/api/v1/creators/${creator.id}/followers?cursor=${next}`)).body.code).to.equal('cursor')
    })
  })

  describe('with somebody who goes', () => {
    it('is theirs to take along, and goes with them from every count', async () => {
      const [leaver, stayer] = [await signUp(app, 'creator', 'Leaver'), await signUp(app, 'fan', 'Stayer')]
      await follow(stayer, leaver)
      await follow(leaver, creator)
      await leaver.http('POST', '/api/v1/mutes', { user_id: stayer.id })
      const taken = (await leaver.http('GET', '/api/v1/auth/export')).body.profile
      expect(taken.creator).to.include({ handle: 'leaver' })
      expect(taken.following.map((each: { creator_id: string }) => each.creator_id)).to.deep.equal([creator.id])
      expect(taken.kept_away.map((each: { user_id: string }) => each.user_id)).to.deep.equal([stayer.id])
      await app.app.dispatcher.whenIdle()
      const before = (await page()).body.followers as number
      const profile = app.app.features.flatMap((feature) => feature.personal).find(({ name }) => name === 'profile')
      for (const _twice of [1, 2]) await profile?.erase(leaver.id)
      await app.app.dispatcher.whenIdle()
      expect((await page()).body.followers).to.equal(before - 1)
      expect((await ask(`${app.url}/api/v1/creators/${leaver.id}`)).body.code).to.equal('not-found')
      expect((await ask(`${app.url}/api/v1/creators?q=leaver`)).body.data).to.deep.equal([])
      expect((await stayer.http('GET', '/api/v1/follows')).body.data).to.deep.equal([])
      expect(await app.check()).to.deep.equal([])
    })
  })

  function follow(person: Person, whom = creator): Promise<Answer> {
    return person.http('POST', `/api/v1/creators/${whom.id}/follow`)
  }

  function unfollow(person: Person): Promise<Answer> {
    return person.http('DELETE', `/api/v1/creators/${creator.id}/follow`)
  }

  function page(as?: Person): Promise<Answer> {
    return ask(`${app.url}/api/v1/creators/${creator.id}`, as ? { token: as.token } : {})
  }
})
