import { createHmac, generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import jwt from 'jsonwebtoken'
import { connect, type Person, signIn, signUp } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'
import { rawExchange } from '../support/raw.ts'
import { besieged, refused } from './support.ts'

besieged('hostile tokens, at both doors', (siege) => {
  const wallet = () => `${siege.app.url}/api/v1/wallets/me`
  const claims = () => jwt.decode(siege.fan.token) as jwt.JwtPayload

  async function refusedToken(token: string, code: string): Promise<void> {
    refused(await ask(wallet(), { token }), 401, code)
    expect(await knock('/', token)).to.equal(code)
  }

  function knock(namespace: '/' | '/overlay', token: string): Promise<string> {
    return connect(siege.app, namespace, token).then(
      (live) => {
        live.close()
        return 'let in'
      },
      (error: Error) => error.message,
    )
  }

  /** Signed with the server's own key, so that only what is wrong with it can be what it is refused for. */
  function sign(payload: object, options: jwt.SignOptions = {}): string {
    const header = { alg: 'HS256', typ: 'at+jwt', ...options.header }
    return jwt.sign(payload, siege.app.tokenKey, { algorithm: 'HS256', ...options, header })
  }

  // What a library would not sign.
  function signByHand(payload: object): string {
    const body = `${encode({ alg: 'HS256', typ: 'at+jwt' })}.${encode(payload)}`
    return `${body}.${createHmac('sha256', siege.app.tokenKey).update(body).digest('base64url')}`
  }

  it('a token made with the right key and claims is one', async () => {
    expect((await ask(wallet(), { token: signByHand(claims()) })).status).to.equal(200)
    expect((await ask(wallet(), { token: sign(claims()) })).status).to.equal(200)
    expect(await knock('/', sign(claims()))).to.equal('let in')
  })

  const forged: [string, () => string][] = [
    ['A1: of the algorithm none', () => `${encode({ alg: 'none', typ: 'at+jwt' })}.${siege.fan.token.split('.')[1]}.`],
    ['A1: of the algorithm None, with a signature', () => `${encode({ alg: 'None', typ: 'at+jwt' })}.${siege.fan.token.split('.')[1]}.x`],
    ['A1: of HS512 under the right key', () => sign(claims(), { algorithm: 'HS512', header: { alg: 'HS512' } })],
    ['A1: of HS384 under the right key', () => sign(claims(), { algorithm: 'HS384', header: { alg: 'HS384' } })],
    ['A1: signed by an RSA key', () => jwt.sign(claims(), generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, { algorithm: 'RS256', header: { alg: 'RS256', typ: 'at+jwt' } })],
    ['A1: that says RS256 under the right key', () => `${encode({ alg: 'RS256', typ: 'at+jwt' })}.${sign(claims()).split('.').slice(1).join('.')}`],
    ['A1: with a path as its key id', () => sign(claims(), { header: { alg: 'HS256', kid: '../../dev/null' } })],
    ['A1: with an address of a key', () => sign(claims(), { header: { alg: 'HS256', jku: 'https://evil.example/keys' } as jwt.JwtHeader })],
    ['A1: with a key in its header', () => sign(claims(), { header: { alg: 'HS256', jwk: { kty: 'oct', k: 'AA' } } as unknown as jwt.JwtHeader })],
    ['A1: under another key', () => jwt.sign(claims(), 'x'.repeat(32), { algorithm: 'HS256', header: { alg: 'HS256', typ: 'at+jwt' } })],
    ['A1: whose claims were edited', () => siege.fan.token.split('.').map((part, index) => (index === 1 ? encode({ ...claims(), role: 'admin' }) : part)).join('.')],
    ['A2: without an expiry', () => sign(without('exp'))],
    ['A2: with an expiry that is text', () => signByHand({ ...claims(), exp: '9999999999' })],
    ['A2: not valid yet', () => sign({ ...claims(), nbf: Math.floor(Date.now() / 1000) + 3_600 })],
    ['A2: of another issuer', () => sign({ ...claims(), iss: 'other' })],
    ['A2: of no issuer', () => sign(without('iss'))],
    ['A2: for another audience', () => sign({ ...claims(), aud: 'ovation:media' })],
    ['A2: for no audience', () => sign(without('aud'))],
    ['A2: of another type', () => sign(claims(), { header: { alg: 'HS256', typ: 'JWT' } })],
    ['A2: that is a refresh token', () => siege.fan.refresh_token],
    ['A2: without a session', () => sign(without('sid'))],
    ['A2: with an epoch that is text', () => sign({ ...claims(), epoch: '1' })],
    ['A4: whose subject is an object', () => signByHand({ ...claims(), sub: { $ne: '' } })],
    ['A4: whose session is a list', () => sign({ ...claims(), sid: ['a'] })],
    ['A4: that is a word', () => 'x'],
    ['A4: of three words', () => 'a.b.c'],
    ['A4: of five kilobytes', () => 'x'.repeat(5_000)],
  ]
  for (const [what, make] of forged) it(what, () => refusedToken(make(), 'unauthenticated'))

  it('A2: a session or a role that are not its holder’s', async () => {
    await refusedToken(sign({ ...claims(), sid: 'ses_none' }), 'session-revoked')
    // What is known of a session is believed for five seconds, so the role is looked at for itself.
    await refusedToken(sign({ ...claims(), role: 'admin' }), 'session-revoked')
    await refusedToken(sign({ ...claims(), sub: siege.creator.id, role: 'creator' }), 'session-revoked')
    const other = await signUp(siege.app, 'fan')
    await siege.accept()
    await refusedToken(sign({ ...claims(), sub: other.id }), 'session-revoked')
  })

  it('A3: over its time, by a second more than the leeway', async () => {
    const now = Math.floor(siege.app.wall.now().getTime() / 1000)
    await refusedToken(sign({ ...claims(), exp: now - 6 }), 'token-expired')
    expect((await ask(wallet(), { token: sign({ ...claims(), exp: now - 2 }) })).status).to.equal(200)
    siege.app.wall.advance({ minutes: 11 })
    await refusedToken(siege.fan.token, 'token-expired')
    siege.app.wall.advance({ minutes: -11 })
  })

  it('A3: of somebody who was deleted', async () => {
    const gone = await signUp(siege.app, 'fan')
    expect((await gone.http('GET', '/api/v1/wallets/me')).status).to.equal(200)
    await siege.app.db.collection<{ _id: string }>('users').deleteOne({ _id: gone.id })
    await siege.accept()
    siege.app.wall.advance({ seconds: 6 })
    await refusedToken(gone.token, 'session-revoked')
    refused(await refresh(gone.refresh_token), 401, 'session-revoked')
    await siege.accept()
  })

  it('A3: of an epoch that is over', async () => {
    const changed = await signUp(siege.app, 'fan')
    await siege.app.db.collection<{ _id: string }>('users').updateOne({ _id: changed.id }, { $inc: { epoch: 1 } })
    await siege.accept()
    siege.app.wall.advance({ seconds: 6 })
    await refusedToken(changed.token, 'session-revoked')
  })

  it('A4: of 100 KB, twice, or in the query', async () => {
    expect(await rawExchange(siege.app.port, `GET /api/v1/wallets/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'x'.repeat(100_000)}\r\n\r\n`)).to.match(/^HTTP\/1\.1 431 /)
    refused(await ask(wallet(), { headers: { authorization: [`Bearer ${siege.fan.token}`, `Bearer ${siege.fan.token}`] } }), 400, 'validation')
    refused(await ask(`${wallet()}?access_token=${siege.fan.token}`), 401, 'unauthenticated')
    refused(await ask(wallet(), { headers: { cookie: `access_token=${siege.fan.token}` } }), 401, 'unauthenticated')
    refused(await ask(wallet(), { headers: { authorization: `Basic ${siege.fan.token}` } }), 401, 'unauthenticated')
  })

  describe('A5: a refresh token', () => {
    let owner: Person
    beforeEach(async () => {
      owner = await signUp(siege.app, 'fan')
    })
    afterEach(() => siege.accept())

    it('used twice at once rotates once: the same pair for both', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(owner.refresh_token)))
      expect(answers.map((each) => each.status)).to.deep.equal(Array.from({ length: 20 }, () => 200))
      expect(new Set(answers.map((each) => each.text)).size).to.equal(1)
    })

    it('whose answer was lost gets the same pair within ten seconds, and that pair is good', async () => {
      const first = await refresh(owner.refresh_token)
      siege.app.wall.advance({ seconds: 9 })
      const second = await refresh(owner.refresh_token)
      expect(second.text).to.equal(first.text)
      expect((await ask(wallet(), { token: second.body.access_token })).status).to.equal(200)
      expect((await refresh(second.body.refresh_token as string)).status).to.equal(200)
    })

    const old: [string, (first: string) => Promise<string>][] = [
      ['of one generation ago, after ten seconds', async (first) => {
        await refresh(first)
        siege.app.wall.advance({ seconds: 11 })
        return first
      }],
      ['of two generations ago, at once', async (first) => {
        const second = await refresh(first)
        await refresh(second.body.refresh_token as string)
        return first
      }],
    ]
    for (const [what, age] of old)
      it(`${what}, ends the sign-in and its live sockets`, async () => {
        const live = await owner.socket()
        const other = await signIn(siege.app, owner.email, 'a good long password')
        const elsewhere = await other.socket()
        const stale = await age(owner.refresh_token)
        refused(await refresh(stale), 401, 'session-revoked')
        expect(await live.next<object>('session:revoked')).to.deep.equal({ reason: 'refresh-token-reused' })
        await live.closed
        await refusedToken(owner.token, 'session-revoked')
        refused(await refresh(stale), 401, 'session-revoked')
        expect(await elsewhere.call('wallet:me'), 'another sign-in of the same person goes on').to.include({ ok: true })
        elsewhere.close()
      })

    for (const token of ['x', 'ses_none.x', `ses_none.${'x'.repeat(43)}`, `a.${'x'.repeat(43)}.b`, '.', ''])
      it(`that is ${JSON.stringify(token.slice(0, 12))} names nothing`, async () => refused(await refresh(token), token === '' ? 400 : 401, token === '' ? 'validation' : 'unauthenticated'))
    for (const token of [null, 5, { $ne: '' }, ['a'], 'x'.repeat(5_000)])
      it(`that is ${JSON.stringify(token).slice(0, 12)} is none`, async () => refused(await ask(`${siege.app.url}/api/v1/auth/refresh`, { json: { refresh_token: token } }), 400, 'validation'))
  })

  it('a sign-out closes its sockets, and is one also the second time', async () => {
    const owner = await signUp(siege.app, 'fan')
    const live = await owner.socket()
    for (let time = 0; time < 2; time++) {
      const answer = await owner.http('POST', '/api/v1/auth/logout', { refresh_token: owner.refresh_token })
      if (time === 0) expect(answer.status).to.equal(200)
      else refused(answer, 401, 'session-revoked')
    }
    expect(await live.next<object>('session:revoked')).to.deep.equal({ reason: 'signed-out' })
    await live.closed
    refused(await refresh(owner.refresh_token), 401, 'session-revoked')
    await siege.accept()
  })

  function refresh(refresh_token: string): Promise<Answer> {
    return ask(`${siege.app.url}/api/v1/auth/refresh`, { json: { refresh_token } })
  }

  function without(claim: string): object {
    return Object.fromEntries(Object.entries(claims()).filter(([name]) => name !== claim))
  }
})

besieged('A6: hostile sign-ins', (siege) => {
  const attempt = (email: string, password = 'wrong password') => ask(`${siege.app.url}/api/v1/auth/login`, { json: { email, password } })

  it('an unknown address and a wrong password are told in the same words', async () => {
    const answers = [await attempt('nobody@example.org'), await attempt(siege.fan.email)]
    for (const answer of answers) refused(answer, 401, 'unauthenticated')
    expect(new Set(answers.map(({ body }) => JSON.stringify({ ...body, request_id: '' }))).size).to.equal(1)
  })

  it('a password of 129 characters, of a megabyte, or none', async () => {
    refused(await attempt(siege.fan.email, 'x'.repeat(129)), 400, 'validation')
    refused(await attempt(siege.fan.email, 'x'.repeat(1024 * 1024)), 413, 'too-large')
    refused(await attempt(siege.fan.email, ''), 400, 'validation')
    for (const password of ['short', 'x'.repeat(129)]) refused(await ask(`${siege.app.url}/api/v1/auth/register`, { json: { email: 'a6@example.org', password, full_name: 'X', role: 'fan' } }), 400, 'validation')
  })

  it('sign-ins that succeed cost nothing', async () => {
    for (let n = 0; n < 12; n++) await signIn(siege.app, siege.fan.email, 'a good long password')
    await siege.accept()
  })

  it('ten failures close the account to that address, for its owner’s password too', async () => {
    const codes = []
    for (let n = 0; n < 11; n++) codes.push((await attempt(siege.fan.email)).status)
    expect(codes.at(-1)).to.equal(429)
    refused(await attempt(siege.fan.email), 429, 'rate-limited')
    refused(await attempt(siege.fan.email, 'a good long password'), 429, 'rate-limited')
    // Nobody can shut others out by guessing: the address is open for everybody else.
    expect((await attempt(siege.creator.email, 'a good long password')).status).to.equal(200)
    await siege.accept()
  })

  it('a hundred failures close the address, for accounts that were never tried too', async () => {
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 10 }, (_each, n) => attempt(`a6-${round}-${n}@example.org`)))
    refused(await attempt('never-tried@example.org'), 429, 'rate-limited')
    refused(await attempt(siege.creator.email, 'a good long password'), 429, 'rate-limited')
  })
})

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
