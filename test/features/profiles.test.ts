import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signIn, signUp, topUp } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'

interface Found {
  data: { id: string; name: string; handle: string; followers: number; following?: boolean }[]
  has_more: boolean
  next: string | null
}

describe('a creator', () => {
  let app: TestApp
  let fan: Person

  before(async () => {
    app = await startApp()
    fan = await signUp(app, 'fan', 'Ben')
  })
  after(() => app.stop())

  describe('has a handle', () => {
    it('made from the name at sign-up, set apart from those who were first, and found by it', async () => {
      const first = await signUp(app, 'creator', 'Zoë  Müller!')
      const second = await signUp(app, 'creator', 'Zoe Muller')
      expect(await own(first)).to.include({ handle: 'zoe_muller' })
      expect((await own(second)).handle).to.match(/^zoe_muller_[0-9a-f]{6}$/)
      expect((await ask(`${app.url}/api/v1/creators/@zoe_muller`)).body.id).to.equal(first.id)
      expect((await ask(`${app.url}/api/v1/creators/@Zoe_Muller`)).body.id).to.equal(first.id)
      expect((await ask(`${app.url}/api/v1/creators/${second.id}`)).body.id).to.equal(second.id)
    })

    it('even when the name has no Latin letter, is a word of the house, or is far too long', async () => {
      const names = ['李小龙', 'Admin', 'X', 'Longest '.repeat(12)]
      const handles = await Promise.all(names.map(async (name) => (await own(await signUp(app, 'creator', name.trim()))).handle))
      expect(handles[0]).to.match(/^creator_[0-9a-f]{6}$/)
      expect(handles[1]).to.match(/^admin_[0-9a-f]{6}$/)
      expect(handles[2]).to.match(/^x_[0-9a-f]{6}$/)
      expect(handles[3]).to.equal('longest_longest_longest_longes')
    })

    it('that can be changed, but not to one that is taken, reserved or none', async () => {
      const creator = await signUp(app, 'creator', 'Handle Changer')
      const other = await signUp(app, 'creator', 'Handle Owner')
      expect((await put(creator, { handle: 'changed_1' })).body.handle).to.equal('changed_1')
      const taken = await put(creator, { handle: (await own(other)).handle })
      expect([taken.status, taken.body.code]).to.deep.equal([409, 'conflict'])
      for (const handle of ['admin', 'ovation', 'ab', 'x'.repeat(31), 'Upper', 'a-b', 'ünder', '']) expect((await put(creator, { handle })).status, handle).to.equal(400)
      expect(await search('q=changed_1')).to.have.deep.nested.property('data.0.id', creator.id)
      expect((await search('q=handle_changer')).data).to.deep.equal([])
    })

    it('that one of two who want it at once gets', async () => {
      const rivals = await Promise.all(['Rival One', 'Rival Two'].map((name) => signUp(app, 'creator', name)))
      const answers = await Promise.all(rivals.map((each) => put(each, { handle: 'the_only_one' })))
      expect(answers.map((each) => each.status).toSorted()).to.deep.equal([200, 409])
    })
  })

  it('shows the shape that was promised, and earnings only by choice', async () => {
    const creator = await signUp(app, 'creator', 'Earner')
    const seen = (await ask(`${app.url}/api/v1/creators/${creator.id}`)).body
    expect(seen).to.deep.equal({ id: creator.id, handle: 'earner', name: 'Earner', bio: '', avatar: null, tags: [], category: null, earnings: null, followers: 0 })
    await topUp(fan, 1000)
    await fan.http('POST', `/api/v1/creators/${creator.id}/tips`, { amount: 1000, currency: 'ZMW' }, 'earn')
    expect((await put(creator, { shows_earnings: true, bio: 'Hello', tags: ['music', 'live-coding'] })).body).to.include({ shows_earnings: true, earnings: 950 })
    expect((await ask(`${app.url}/api/v1/creators/${creator.id}`)).body).to.deep.include({ earnings: 950, bio: 'Hello', tags: ['music', 'live-coding'] })
  })

  describe('is found', () => {
    const ids = new Map<string, string>()

    before(async () => {
      for (const [name, tags] of [
        ['Ana Maria Mwila', ['music', 'zm']],
        ['anabel', ['art']],
        ['Joana', ['music']],
        ['Anne-Marie Olsen', ['music', 'art']],
        ['.* Regex $where', []],
        ['<script>alert(1)</script>', ['xss']],
      ] as const) {
        const creator = await signUp(app, 'creator', name)
        ids.set(name, creator.id)
        if (tags.length > 0) await put(creator, { tags })
      }
    })

    for (const [what, query, names] of [
      ['by the beginning of the name, in the order of names', 'q=Ana', ['Ana Maria Mwila', 'anabel']],
      ['by the beginning of a later word', 'q=mwi', ['Ana Maria Mwila']],
      ['by two words in a row, whatever the case and the spaces', 'q=%20maria%20%20MW', ['Ana Maria Mwila']],
      ['by a word behind a hyphen', 'q=marie', ['Anne-Marie Olsen']],
      ['by the handle, with or without @', 'q=@anne_mar', ['Anne-Marie Olsen']],
      ['by a word of the handle', 'q=marie_o', ['Anne-Marie Olsen']],
      ['not by the middle of a word', 'q=oan', []],
      ['by tag', 'tag=art', ['anabel', 'Anne-Marie Olsen']],
      ['by tag and name', 'tag=music&q=an', ['Ana Maria Mwila', 'Anne-Marie Olsen']],
      ['by a wildcard taken literally', 'q=.*', ['.* Regex $where']],
      ['by an operator taken literally', 'q=$wh', ['.* Regex $where']],
      ['by markup, which is text', 'q=%3Cscript', ['<script>alert(1)</script>']],
      ['not by a tag put in place of a name', 'q=xss', []],
    ] as const)
      it(what, async () => expect((await search(query)).data.map((each) => each.name)).to.deep.equal(names))

    it('as they are called now, not as they were', async () => {
      const creator = await signUp(app, 'creator', 'Formerly Known')
      await put(creator, { full_name: 'Renamed Person', tags: ['fresh'] })
      expect((await search('q=formerly%20k')).data).to.deep.equal([])
      expect((await search('q=renamed')).data.map((each) => each.id)).to.deep.equal([creator.id])
      await put(creator, { tags: [] })
      expect((await search('tag=fresh')).data).to.deep.equal([])
    })

    it('page by page, each once, in every order', async () => {
      for (const sort of ['name', 'followers', 'trending']) {
        const all = (await search(`sort=${sort}&limit=100`)).data.map((each) => each.id)
        expect(await walk(`sort=${sort}&limit=3`)).to.deep.equal(all)
        expect(new Set(all).size).to.equal(all.length)
      }
    })

    it('in an order of followers that the counters have', async () => {
      await fan.http('POST', `/api/v1/creators/${ids.get('anabel')}/follow`)
      await app.app.dispatcher.whenIdle()
      const { data } = await search('q=an&sort=followers', fan)
      expect(data.map(({ name, followers, following }) => [name, followers, following])).to.deep.equal([
        ['anabel', 1, true],
        ['Ana Maria Mwila', 0, false],
        ['Anne-Marie Olsen', 0, false],
      ].toSorted(([a, b], [c, d]) => Number(d) - Number(b) || (ids.get(a as string) as string).localeCompare(ids.get(c as string) as string)))
    })

    it('with work that the term bounds: a key of the index more than the page, however many there are', async () => {
      const plan = await app.db.command({ explain: { find: 'creator_search', filter: { key: 'an' }, sort: { followers: -1, creator_id: 1 }, limit: 2 }, verbosity: 'executionStats' })
      expect(plan['executionStats'].totalDocsExamined).to.be.at.most(3)
    })

    for (const query of ['q=' + 'a'.repeat(101), 'tag=UPPER', 'tag=a', 'tag=$ne', 'sort=earnings', 'limit=101', 'offset=1', 'tag=a&tag=b', 'q[$ne]=1'])
      it(`not by ${query.slice(0, 20)}, which is refused`, async () => expect((await ask(`${app.url}/api/v1/creators?${query}`)).body.code).to.equal('validation'))

    it('on no cursor of another list, another person or an edited one', async () => {
      const { next } = await search('sort=name&limit=2')
      expect(next).to.be.a('string')
      for (const query of [`sort=followers&cursor=${next}`, `sort=name&q=an&cursor=${next}`, `sort=name&tag=art&cursor=${next}`, `sort=name&cursor=x${next}`]) expect((await ask(`${app.url}/api/v1/creators?${query}`)).body.code, query).to.equal('cursor')
      expect((await fan.http('GET', `/api/v1/creators?sort=name&cursor=${next}`)).body.code).to.equal('cursor')
    })
  })

  describe('trends', () => {
    it('by the people of the last seven days, each counted once a day, tips and follows alike', async () => {
      const [quiet, loud] = [await signUp(app, 'creator', 'Trend Quiet'), await signUp(app, 'creator', 'Trend Loud')]
      const [one, two] = [await signUp(app, 'fan'), await signUp(app, 'fan')]
      await topUp(one, 1000)
      await follow(one, quiet)
      for (let times = 0; times < 3; times++) {
        await one.http('DELETE', `/api/v1/creators/${quiet.id}/follow`)
        await follow(one, quiet)
      }
      await one.http('POST', `/api/v1/creators/${loud.id}/tips`, { amount: 100, currency: 'ZMW' }, 't1')
      await follow(two, loud)
      await settle()
      expect(await trend()).to.deep.equal(['Trend Loud', 'Trend Quiet'])
      expect(await scores()).to.include({ [loud.id]: 2, [quiet.id]: 1 })
      expect(await app.check()).to.deep.equal([])
      app.clock.advance({ days: 5 })
      const three = await signUp(app, 'fan')
      await follow(three, quiet)
      await settle()
      app.clock.advance({ days: 3 })
      await settle()
      expect(await scores()).to.include({ [loud.id]: 0, [quiet.id]: 1 })
      expect(await trend()).to.deep.equal(['Trend Quiet', 'Trend Loud'])
      expect(await app.check()).to.deep.equal([])
    })

    async function settle(): Promise<void> {
      await app.app.dispatcher.whenIdle()
      await app.runJob('profiles.trending')
    }

    async function trend(): Promise<string[]> {
      return (await search('q=trend&sort=trending')).data.map((each) => each.name)
    }

    async function scores(): Promise<Record<string, number>> {
      const rows = await app.db.collection<{ _id: string; trending: number }>('profiles').find({}).toArray()
      return Object.fromEntries(rows.map((row) => [row._id, row.trending]))
    }
  })

  it('whose account is suspended is as if there were none, until it is restored', async () => {
    const creator = await signUp(app, 'creator', 'Suspended Star')
    const admin = await signIn(app, app.admin.email, app.admin.password)
    await fan.http('POST', `/api/v1/creators/${creator.id}/follow`)
    expect((await admin.http('POST', `/api/v1/admin/users/${creator.id}/suspend`, { reason: 'fraud' })).status).to.equal(200)
    await app.app.dispatcher.whenIdle()
    expect((await ask(`${app.url}/api/v1/creators/${creator.id}`)).status).to.equal(404)
    expect((await fan.http('POST', `/api/v1/creators/${creator.id}/follow`)).status).to.equal(404)
    expect((await search('q=suspended')).data).to.deep.equal([])
    expect(JSON.stringify((await fan.http('GET', '/api/v1/follows')).body)).not.to.include(creator.id)
    expect(await app.check()).to.deep.equal([])
    expect((await admin.http('POST', `/api/v1/admin/users/${creator.id}/restore`)).status).to.equal(200)
    await app.app.dispatcher.whenIdle()
    expect((await search('q=suspended')).data[0]).to.include({ id: creator.id, followers: 1 })
    expect(await app.check()).to.deep.equal([])
  })

  describe('changes nothing but what is his to change', () => {
    let creator: Person

    before(async () => {
      creator = await signUp(app, 'creator', 'Careful')
    })

    for (const extra of [{ followers: 1_000 }, { trending: 9 }, { earnings: 1 }, { role: 'admin' }, { _id: 'x' }, { name_key: 'a' }, { name: 'x' }, { created_at: 'x' }])
      it(`not ${Object.keys(extra)[0]}`, async () => {
        const answer = await put(creator, { bio: 'x', ...extra })
        expect([answer.status, answer.body.errors[0].code]).to.deep.equal([400, 'unknown-field'])
      })

    for (const input of [{ tags: ['Music'] }, { tags: ['a'] }, { tags: ['x'.repeat(25)] }, { tags: ['twice', 'twice'] }, { tags: Array.from({ length: 11 }, (_each, n) => `tag-${n}`) }, { tags: 'music' }, { avatar_url: 'http://x.org/a.png' }, { avatar_url: 'javascript:alert(1)' }, { full_name: '\u202eevil' }, { full_name: '\u200b' }])
      it(`not to ${JSON.stringify(input).slice(0, 40)}`, async () => expect((await put(creator, input)).body.code).to.equal('validation'))

    it('and nobody else can: a fan has no profile, and an unknown creator is not found, in the same words', async () => {
      expect((await put(fan, { bio: 'x' })).body.code).to.equal('forbidden')
      const answers = await Promise.all(['abc', fan.id, '@nobody', '@', '%00'].map((id) => ask(`${app.url}/api/v1/creators/${id}`)))
      expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify({ ...body, request_id: '' })}`)).size).to.equal(1)
      expect(answers[0]?.body.code).to.equal('not-found')
    })

    it('and both doors agree', async () => {
      const live = await creator.socket()
      const admin = await signIn(app, app.admin.email, app.admin.password)
      expect(await live.call('creator:update', { bio: 'By socket' })).to.have.nested.property('data.bio', 'By socket')
      expect(await live.call('creator:search', { q: 'careful' })).to.have.nested.property('data.data[0].bio', 'By socket')
      expect(await live.call('creator:read', { creator_id: '@careful' })).to.have.nested.property('data.following', false)
      expect((await put(admin, { bio: 'x' })).body.code).to.equal('forbidden')
      live.close()
    })
  })

  describe('afterwards', () => {
    it('leaves rows that agree, and a check that notices when they do not', async () => {
      await app.app.dispatcher.whenIdle()
      expect(await app.check()).to.deep.equal([])
      const { insertedId } = await app.db.collection<{ _id: string }>('creator_search').insertOne({ _id: 'stray', key: 'stray', creator_id: (await search('q=careful')).data[0]?.id, name_key: 'careful', followers: 0, trending: 0 } as never)
      await app.db.collection('profiles').updateOne({ handle: 'earner' }, { $inc: { trending: 1 } })
      expect((await app.check()).map((each) => each.check).toSorted()).to.deep.equal(['profiles.search-agrees', 'profiles.search-agrees', 'profiles.trending-exact'])
      await app.db.collection<{ _id: string }>('creator_search').deleteOne({ _id: insertedId })
      await app.db.collection('profiles').updateOne({ handle: 'earner' }, { $inc: { trending: -1 } })
      expect(await app.check()).to.deep.equal([])
    })
  })

  async function own(creator: Person): Promise<{ handle: string }> {
    return (await creator.http('GET', '/api/v1/creators/me')).body as { handle: string }
  }

  function put(person: Person, input: object): Promise<Answer> {
    return person.http('PUT', '/api/v1/creators/me', input)
  }

  function follow(person: Person, creator: Person): Promise<Answer> {
    return person.http('POST', `/api/v1/creators/${creator.id}/follow`)
  }

  async function search(query: string, as?: Person): Promise<Found> {
    const answer = await ask(`${app.url}/api/v1/creators?${query}`, as ? { token: as.token } : {})
    expect(answer.status, answer.text).to.equal(200)
    return answer.body as Found
  }

  async function walk(query: string): Promise<string[]> {
    const ids: string[] = []
    let next: string | null = null
    do {
      const page: Found = await search(`${query}${next ? `&cursor=${next}` : ''}`)
      ids.push(...page.data.map((each) => each.id))
      next = page.next
    } while (next)
    return ids
  }
})
