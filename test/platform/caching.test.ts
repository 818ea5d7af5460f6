import { expect } from 'chai'
import { startApp, type TestApp } from '../support/app.ts'
import { type Person, signUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'

describe('an answer that has not changed', () => {
  let app: TestApp
  let creator: Person

  before(async () => {
    app = await startApp()
    creator = await signUp(app, 'creator')
  })
  after(() => app.stop())

  it('is not sent again to whoever names it, and is when it has changed', async () => {
    const url = `${app.url}/api/v1/creators/${creator.id}`
    const first = await ask(url)
    const tag = String(first.headers['etag'])
    expect(first.headers['cache-control']).to.equal('no-cache')
    expect(first.headers['vary']).to.include('Authorization')
    const again = await ask(url, { headers: { 'if-none-match': tag } })
    expect([again.status, again.text, again.headers['etag']]).to.deep.equal([304, '', tag])
    await creator.call('creator:update', { bio: 'New words' })
    const changed = await ask(url, { headers: { 'if-none-match': tag } })
    expect([changed.status, changed.body.bio]).to.deep.equal([200, 'New words'])
    expect(changed.headers['etag']).not.to.equal(tag)
  })

  it('stays in no cache when it is somebody’s own, and nobody else’s tag opens it', async () => {
    const own = await ask(`${app.url}/api/v1/wallets/me`, { token: creator.token })
    expect(own.headers['cache-control']).to.equal('no-store')
    const tag = String(own.headers['etag'])
    expect((await ask(`${app.url}/api/v1/wallets/me`, { token: creator.token, headers: { 'if-none-match': tag } })).status).to.equal(304)
    expect((await ask(`${app.url}/api/v1/wallets/me`, { headers: { 'if-none-match': tag } })).status).to.equal(401)
    const seenByMe = await ask(`${app.url}/api/v1/creators/${creator.id}`, { token: creator.token })
    expect(seenByMe.headers['cache-control']).to.equal('no-store')
  })

  it('of a command is told whatever it is asked with', async () => {
    const answer = await creator.http('PUT', '/api/v1/creators/me', { bio: 'Same' })
    expect(answer.headers['etag']).to.equal(undefined)
  })
})
