import { expect } from 'chai'
import { newId } from '../../src/kernel/ids.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp, topUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'
import { block, checkout, follow, tip, unblock } from '../support/relations.ts'

describe('between two people', () => {
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

  for (const [who, blocker, blocked] of [
    ['the creator', () => creator, () => fan],
    ['the fan', () => fan, () => creator],
  ] as const)
    describe(`a block by ${who}`, () => {
      beforeEach(async () => {
        await topUp(fan, 1_000)
        await follow(fan, creator)
        expect((await block(blocker(), blocked())).body).to.deep.equal({ user_id: blocked().id, blocked: true })
        await app.app.dispatcher.whenIdle()
      })

      it('ends the follow and lets none begin, through either door', async () => {
        expect((await ask(`${app.url}/api/v1/creators/${creator.id}`)).body.followers).to.equal(0)
        const refused = await follow(fan, creator)
        expect([refused.status, refused.body.code]).to.deep.equal([403, 'blocked'])
        const live = await fan.socket()
        expect(await live.call('creator:follow', { creator_id: creator.id })).to.have.nested.property('problem.code', 'blocked')
        live.close()
        expect((await fan.http('GET', '/api/v1/follows')).body.data).to.deep.equal([])
        expect((await creator.http('GET', `/api/v1/creators/${creator.id}/followers`)).body.data).to.deep.equal([])
      })

      it('lets no tip through, neither from the wallet nor by checkout, and takes no money', async () => {
        for (const answer of [await tip(fan, creator), await checkout(fan, creator)]) expect([answer.status, answer.body.code]).to.deep.equal([403, 'blocked'])
        expect((await fan.http('GET', '/api/v1/wallets/me')).body.buckets.cash).to.equal(1_000)
        expect(await app.db.collection('tips').countDocuments({ creator_id: creator.id })).to.equal(0)
      })

      it('shows the page as to somebody who is not signed in, and hides the creator from the search', async () => {
        const anonymous = await ask(`${app.url}/api/v1/creators/${creator.id}`)
        expect((await fan.http('GET', `/api/v1/creators/${creator.id}`)).body).to.deep.equal(anonymous.body)
        expect(await found(fan)).not.to.include(creator.id)
        expect(await found(creator)).to.include(creator.id)
        expect(await found(await signUp(app, 'fan'))).to.include(creator.id)
      })

      it('is known to whoever made it, alone', async () => {
        expect((await blocker().http('GET', '/api/v1/blocks')).body.data.map((each: { user_id: string; name: string }) => each.user_id)).to.deep.equal([blocked().id])
        expect((await blocked().http('GET', '/api/v1/blocks')).body.data).to.deep.equal([])
      })

      it('made twice is one, and taken down brings nothing back but what may be', async () => {
        await block(blocker(), blocked())
        expect(await app.db.collection('barriers').countDocuments({ by: blocker().id })).to.equal(1)
        expect((await unblock(blocked(), blocker())).body).to.deep.equal({ user_id: blocker().id, blocked: false })
        expect((await follow(fan, creator)).body.code).to.equal('blocked')
        expect((await unblock(blocker(), blocked())).body).to.deep.equal({ user_id: blocked().id, blocked: false })
        expect((await unblock(blocker(), blocked())).body).to.deep.equal({ user_id: blocked().id, blocked: false })
        expect((await ask(`${app.url}/api/v1/creators/${creator.id}`)).body.followers).to.equal(0)
        expect((await follow(fan, creator)).body).to.include({ following: true })
        expect((await tip(fan, creator)).status).to.equal(201)
      })

      it('leaves both the right to report', async () => {
        for (const [by, whom] of [[fan, creator], [creator, fan]] as const) expect((await by.http('POST', '/api/v1/reports', { subject_type: 'user', subject_id: whom.id, reason: 'abuse' })).status).to.equal(201)
      })
    })

  it('blocks both ways are two: each takes down his own', async () => {
    await block(creator, fan)
    await block(fan, creator)
    await unblock(creator, fan)
    expect((await follow(fan, creator)).body.code).to.equal('blocked')
    await unblock(fan, creator)
    expect((await follow(fan, creator)).status).to.equal(200)
  })

  it('a block between two creators ends the follows of both', async () => {
    const other = await signUp(app, 'creator', 'Olga')
    await follow(creator, other)
    await follow(other, creator)
    await block(creator, other)
    expect(await app.db.collection('follows').countDocuments({ follower_id: { $in: [creator.id, other.id] } })).to.equal(0)
  })

  it('a follow and a block at once never leave both standing', async () => {
    for (let round = 0; round < 8; round++) {
      const someone = await signUp(app, 'fan')
      const answers = await Promise.all([follow(someone, creator), block(creator, someone), follow(someone, creator)])
      expect(answers[1]?.status).to.equal(200)
      expect(await app.db.collection('follows').countDocuments({ follower_id: someone.id })).to.equal(0)
    }
    await app.app.dispatcher.whenIdle()
    expect(await app.check()).to.deep.equal([])
  })

  describe('afterwards', () => {
    it('all rows agree, and a check notices a follow across a block', async () => {
      await app.app.dispatcher.whenIdle()
      expect(await app.check()).to.deep.equal([])
      await block(creator, fan)
      await app.db.collection<{ _id: string }>('follows').insertOne({ _id: 'fol_x', follower_id: fan.id, creator_id: creator.id, created_at: new Date() } as never)
      expect((await app.check()).map((each) => each.check).toSorted()).to.deep.equal(['profiles.followers-exact', 'profiles.no-follow-across-a-block'])
      await app.db.collection<{ _id: string }>('follows').deleteOne({ _id: 'fol_x' })
      expect(await app.check()).to.deep.equal([])
    })
  })

  async function found(as: Person): Promise<string[]> {
    return (await as.http('GET', '/api/v1/creators?q=ana&limit=100')).body.data.map((each: { id: string }) => each.id) as string[]
  }
})

describe('neither a block nor a mute', () => {
  let app: TestApp
  let creator: Person
  let fan: Person

  before(async () => {
    app = await startApp()
    creator = await signUp(app, 'creator', 'Ana')
    fan = await signUp(app, 'fan', 'Ben')
  })
  after(() => app.stop())

  for (const kind of ['blocks', 'mutes'] as const) {
    it(`of oneself or of nobody is made, nor taken down (${kind})`, async () => {
      expect((await creator.http('POST', `/api/v1/${kind}`, { user_id: creator.id })).body.code).to.equal('self')
      const answers = await Promise.all([
        ...['abc', newId('usr'), newId('tip')].map((user_id) => creator.http('POST', `/api/v1/${kind}`, { user_id })),
        ...['abc', newId('usr')].map((id) => creator.http('DELETE', `/api/v1/${kind}/${id}`)),
      ])
      expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify({ ...body, request_id: '' })}`)).size).to.equal(1)
      expect(answers[0]?.body.code).to.equal('not-found')
    })

    it(`is made in another's name, or with more than a name (${kind})`, async () => {
      for (const extra of [{ by: fan.id }, { kind: 'block' }, { created_at: 'x' }, { _id: 'x' }]) expect((await creator.http('POST', `/api/v1/${kind}`, { user_id: fan.id, ...extra })).body.errors[0].code).to.equal('unknown-field')
      for (const user_id of [null, 5, { $ne: null }, ['x'], '']) expect((await creator.http('POST', `/api/v1/${kind}`, { user_id })).body.code).to.equal('validation')
      expect((await ask(`${app.url}/api/v1/${kind}`, { json: { user_id: fan.id } })).status).to.equal(401)
      expect((await creator.http('GET', `/api/v1/${kind}`)).body.data).to.deep.equal([])
    })

    it(`is listed on a cursor of the other list, or of somebody else (${kind})`, async () => {
      for (const someone of [fan, await signUp(app, 'fan', '<script>')]) await creator.http('POST', `/api/v1/${kind}`, { user_id: someone.id })
      const page = (await creator.http('GET', `/api/v1/${kind}?limit=1`)).body
      expect(page.data[0].name).to.equal('<script>')
      expect((await creator.http('GET', `/api/v1/${kind}?limit=1&cursor=${page.next}`)).body.data[0].name).to.equal('Ben')
      const other = kind === 'blocks' ? 'mutes' : 'blocks'
      expect((await creator.http('GET', `/api/v1/${other}?cursor=${page.next}`)).body.code).to.equal('cursor')
      expect((await fan.http('GET', `/api/v1/${kind}?cursor=${page.next}`)).body.code).to.equal('cursor')
    })
  }
})
