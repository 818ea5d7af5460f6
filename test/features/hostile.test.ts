import { createHmac } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import { expect } from 'chai'
import jwt from 'jsonwebtoken'
import { io } from 'socket.io-client'
import { newId } from '../../src/kernel/ids.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { connect, type Person, signIn, signUp, topUp } from '../support/cast.ts'
import { type Answer, ask } from '../support/http.ts'

describe('rubbish from outside', () => {
  let app: TestApp
  let fan: Person
  let creator: Person
  let untouched: string

  before(async () => {
    app = await startApp()
    creator = await signUp(app, 'creator')
    fan = await signUp(app, 'fan')
    await topUp(fan, 10_000)
  })
  after(async () => {
    expect(await app.check()).to.deep.equal([])
    await app.stop()
  })
  beforeEach(async () => {
    untouched = await fingerprint()
  })
  afterEach(async () => {
    expect(await fingerprint(), 'something was written').to.equal(untouched)
    expect((await ask(`${app.url}/healthz`)).status, 'the process lives').to.equal(200)
  })

  describe('over HTTP', () => {
    const tipPath = () => `/api/v1/creators/${creator.id}/tips`
    const good = { amount: 100, currency: 'ZMW' }

    for (const encoding of ['br', 'gzip', 'deflate', 'zstd', 'br, br'])
      it(`H1: a body encoded as ${encoding} reaches no decoder`, async () => {
        refused(await ask(`${app.url}/api/v1/auth/login`, { raw: 'x', headers: { 'content-type': 'application/json', 'content-encoding': encoding } }), 415, 'encoding')
      })

    for (const [what, raw] of [['malformed JSON', '{"a":'], ['a bare number', '5'], ['a byte order mark', '\ufeff{}'], ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])]] as const)
      it(`H2: ${what}`, async () => refused(await ask(`${app.url}/api/v1/auth/login`, { raw, headers: { 'content-type': 'application/json' } }), 400, 'bad-json'))

    it('H3: more than 100 KiB, announced or not', async () => {
      const raw = JSON.stringify({ email: 'x'.repeat(110 * 1024) })
      const announced = await ask(`${app.url}/api/v1/auth/login`, { raw, headers: { 'content-type': 'application/json' } })
      refused(announced, 413, 'too-large')
      const chunked = await rawExchange(`POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${`8000\r\n${'x'.repeat(0x8000)}\r\n`.repeat(5)}0\r\n\r\n`)
      expect(chunked).to.match(/^HTTP\/1\.1 413 /)
      expect(chunked).to.match(/connection: close/i)
    })

    it('H4: forty thousand brackets, a thousand keys, an endless list', async () => {
      const bodies = [`{"a":${'['.repeat(40_000)}${']'.repeat(40_000)}}`, JSON.stringify(Object.fromEntries(Array.from({ length: 1_001 }, (_each, n) => [`k${n}`, 1]))), JSON.stringify({ a: Array.from({ length: 1_001 }, () => 1) })]
      for (const raw of bodies) refused(await ask(`${app.url}/api/v1/auth/login`, { raw, headers: { 'content-type': 'application/json' } }), 400, 'too-complex')
    })

    for (const type of ['application/json; charset=utf-7', 'application/json; charset=utf-16', 'text/plain', undefined])
      it(`H5: a body of type ${type ?? 'nothing'}`, async () =>
        refused(await ask(`${app.url}/api/v1/auth/login`, { raw: '{}', headers: type ? { 'content-type': type } : {} }), 415, 'media-type'))

    for (const raw of ['{"__proto__":{"role":"admin"}}', '{"constructor":{}}', '{"prototype":1}', '{"a":{"__proto__":1}}', '{"$gt":1}', '{"a.b":1}', '{"a\\u0000":1}', '{"_bsontype":"ObjectId"}'])
      it(`H6/H7: the key in ${raw.slice(0, 24)}`, async () => {
        const answer = await ask(`${app.url}/api/v1/auth/login`, { raw, headers: { 'content-type': 'application/json' } })
        refused(answer, 400, 'validation')
        expect(answer.body.errors[0].code).to.equal('forbidden-key')
      })

    for (const json of [{ email: { $ne: null }, password: { $gt: '' } }, { email: ['a@b.c'], password: ['x'] }, { email: { ne: null }, password: 'x' }])
      it(`H8: signing in with ${JSON.stringify(json)} looks nobody up`, async () => refused(await ask(`${app.url}/api/v1/auth/login`, { json }), 400, 'validation'))

    for (const query of ['limit=-1', 'limit=1e9', 'limit=NaN', 'limit=1&limit=2', 'limit[$ne]=1', 'sort=amount', 'offset=1.5', 'limit=0'])
      it(`H9: the query ?${query}`, async () => refused(await fan.http('GET', `/api/v1/wallets/me/transactions?${query}`), 400, 'validation'))

    it('H10: ids that do not parse, of another kind or of somebody else are not found, all in the same words', async () => {
      const foreign = await fan.http('POST', '/api/v1/payments/initiate', { creator_id: creator.id, ...good }, 'h10')
      untouched = await fingerprint()
      const stranger = await signUp(app, 'fan')
      untouched = await fingerprint()
      const answers = await Promise.all(['abc', '%00%01%02%03%04%05%06%07%08%09%0a%0b', fan.id, newId('pay'), (foreign.body as { payment_id: string }).payment_id].map((id) => stranger.http('GET', `/api/v1/payments/${id}`)))
      for (const answer of answers) refused(answer, 404, 'not-found')
      expect(new Set(answers.map(({ body }) => JSON.stringify({ ...body, request_id: '' }))).size).to.equal(1)
    })

    for (const amount of ['0', '-1', '1.5', '"100"', '"1e3"', '1e21', '9007199254740993', 'null', 'true', '-0'])
      it(`H11: the amount ${amount}`, async () => {
        const raw = `{"amount":${amount},"currency":"ZMW"}`
        refused(await ask(`${app.url}${tipPath()}`, { token: fan.token, key: `h11${amount}`, raw, headers: { 'content-type': 'application/json' } }), 400, 'validation')
      })

    for (const [input, code] of [[{ amount: 1_000_000_001, currency: 'ZMW' }, 'amount'], [{ amount: 100, currency: 'JPY' }, 'currency'], [{ amount: 100, currency: 'zmw' }, 'currency'], [{ amount: 100, currency: 'XYZ' }, 'currency']] as const)
      it(`H12: ${JSON.stringify(input)}`, async () => refused(await fan.http('POST', tipPath(), input, 'h12'), 422, code))

    for (const extra of [{ role: 'admin' }, { balance: 1 }, { status: 'success' }, { _id: 'x' }, { __v: 1 }, { created_at: 'x' }, { fee_bps: 0 }, { price: 1 }])
      it(`H14: the extra field ${Object.keys(extra)[0]}`, async () => {
        const answer = await fan.http('POST', tipPath(), { ...good, ...extra }, 'h14')
        refused(answer, 400, 'validation')
        expect(answer.body.errors).to.deep.include({ path: Object.keys(extra)[0], code: 'unknown-field', detail: 'is not known here' })
      })

    it('H14: a creator named again in the body', async () => refused(await fan.http('POST', tipPath(), { ...good, creator_id: creator.id }, 'h14b'), 400, 'validation'))

    for (const key of [undefined, 'x'.repeat(300), 'a b', 'ü'])
      it(`H23: money under the key ${key === undefined ? 'that is missing' : JSON.stringify(key.slice(0, 10))}`, async () => {
        refused(await ask(`${app.url}${tipPath()}`, { token: fan.token, json: good, ...(key === undefined ? {} : { headers: { 'x-idempotency-key': Buffer.from(key).toString('latin1') } }) }), 400, 'idempotency-key')
      })

    it('registering as an admin, with a short password or a name of two lines', async () => {
      const base = { email: 'x@example.org', password: 'a good long password', full_name: 'X', role: 'fan' }
      for (const change of [{ role: 'admin' }, { password: 'short' }, { full_name: 'a\nb' }, { full_name: '\u200b' }, { email: 'nobody' }]) refused(await ask(`${app.url}/api/v1/auth/register`, { json: { ...base, ...change } }), 400, 'validation')
    })

    it('an unknown path, a method that is not there, an address that does not decode', async () => {
      refused(await ask(`${app.url}/api/v1/nothing`), 404, 'not-found')
      const wrong = await ask(`${app.url}/api/v1/wallets/me`, { method: 'DELETE' })
      refused(wrong, 405, 'method-not-allowed')
      expect(wrong.headers['allow']).to.equal('GET')
      refused(await ask(`${app.url}/api/v1/creators/%E0%A4%A`), 400, 'validation')
    })

    it('doors of another role', async () => {
      refused(await fan.http('POST', '/api/v1/overlays', {}), 403, 'forbidden')
      refused(await fan.http('POST', '/api/v1/admin/check', {}), 403, 'forbidden')
      refused(await creator.http('POST', '/sandbox/faults', { drop: 1 }), 403, 'forbidden')
      refused(await ask(`${app.url}/api/v1/wallets/me`), 401, 'unauthenticated')
    })
  })

  describe('as a token', () => {
    it('A1, A2: forged in every known way', async () => {
      const real = jwt.decode(fan.token) as jwt.JwtPayload
      const sign = (claims: object, options: jwt.SignOptions = {}, key = 'x'.repeat(32)) => jwt.sign(claims, key, { algorithm: 'HS256', ...options })
      const none = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${fan.token.split('.')[1]}.`
      const { exp: _exp, ...withoutExp } = real
      const forged = [none, `${none}x`, sign(real), sign(real, { algorithm: 'HS512' }), sign(withoutExp), sign({ ...real, iss: 'other' }), sign({ ...real, aud: 'other' }), sign(real, { header: { alg: 'HS256', kid: '../../etc/passwd' } }), 'x', 'a.b.c', fan.refresh_token]
      for (const token of forged) refused(await ask(`${app.url}/api/v1/wallets/me`, { token }), 401, 'unauthenticated')
    })

    it('A3: over its time', async () => {
      app.wall.advance({ minutes: 11 })
      refused(await ask(`${app.url}/api/v1/wallets/me`, { token: fan.token }), 401, 'token-expired')
      app.wall.advance({ minutes: -11 })
    })

    it('A4: of 100 KB, twice, or in the query', async () => {
      expect((await rawExchange(`GET /api/v1/wallets/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${'x'.repeat(100_000)}\r\n\r\n`)).slice(0, 12)).to.equal('HTTP/1.1 431')
      const twice = await rawExchange(`GET /api/v1/wallets/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${fan.token}\r\nAuthorization: Bearer ${fan.token}\r\n\r\n`)
      expect(twice).to.match(/^HTTP\/1\.1 400 /)
      refused(await ask(`${app.url}/api/v1/wallets/me?access_token=${fan.token}`), 401, 'unauthenticated')
    })
  })

  describe('over a socket', () => {
    it('S1: from a foreign page, or by polling', async () => {
      const upgrade = (headers: string, transport = 'websocket') =>
        rawExchange(`GET /socket.io/?EIO=4&transport=${transport} HTTP/1.1\r\nHost: 127.0.0.1:${app.port}\r\n${headers}\r\n`)
      const socket = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
      expect(await upgrade(`${socket}Origin: https://evil.example\r\n`)).to.match(/^HTTP\/1\.1 40[03] /)
      expect(await upgrade(`${socket}Origin: null\r\n`)).to.match(/^HTTP\/1\.1 40[03] /)
      expect(await upgrade('Connection: close\r\n', 'polling')).to.match(/^HTTP\/1\.1 400 /)
    })

    for (const auth of [undefined, {}, { token: 'x' }, { token: { $ne: '' } }, [], 'token', { token: 'x', pid: 'abc', offset: 'def' }])
      it(`S2: with auth ${JSON.stringify(auth)}`, async () => {
        // What is no object at all is no packet of the protocol either: the connection ends with it.
        expect(await connectError(auth)).to.equal(auth === 'token' || Array.isArray(auth) ? 'closed' : 'unauthenticated')
      })

    it('S3: without an ack, with an ack in the middle, with names that are none', async () => {
      const live = await fan.socket()
      live.raw.emit('wallet:me')
      live.raw.emit('wallet:me', {}, () => {}, 'behind')
      live.raw.emit('nothing:here', {})
      expect(await live.next<{ code: string }>('error')).to.include({ code: 'unknown-event' })
      expect(await live.call('__proto__')).to.have.nested.property('problem.code', 'unknown-event')
      expect(await live.call('account:login', {})).to.have.nested.property('problem.code', 'unknown-event')
      expect(await live.call('wallet:me', 5 as never)).to.have.nested.property('ok', false)
      expect(await live.call('wallet:me')).to.have.property('ok', true)
      live.close()
    })

    it('S3: ten unknown commands in a minute end the connection', async () => {
      const live = await fan.socket()
      for (let n = 0; n < 10; n++) live.raw.emit(`nothing:${n}`)
      await live.closed
    })

    it('S4: with 64 KiB and more, or with bytes where JSON is due', async () => {
      const large = await fan.socket()
      large.raw.emit('tip:send', { message: 'x'.repeat(70_000) })
      await large.closed
      const binary = await fan.socket()
      expect(await binary.call('tip:send', Buffer.from('x') as never)).to.have.nested.property('ok', false)
      binary.close()
    })

    it('S6: naming rooms, other people or times', async () => {
      const live = await fan.socket()
      for (const event of ['join', 'room:join', 'user:join']) expect(await live.call(event, { room: 'admin' })).to.have.nested.property('problem.code', 'unknown-event')
      const as = await live.call('tip:send', { creator_id: creator.id, amount: 100, currency: 'ZMW', fan_id: creator.id, key: 's6' })
      expect(as).to.have.nested.property('problem.errors[0].code', 'unknown-field')
      live.close()
    })

    it('the same amounts and keys as over HTTP', async () => {
      const live = await fan.socket()
      const send = (input: object) => live.call('tip:send', { creator_id: creator.id, currency: 'ZMW', ...input })
      expect(await send({ amount: 1.5, key: 'k' })).to.have.nested.property('problem.code', 'validation')
      expect(await send({ amount: 100 })).to.have.nested.property('problem.code', 'idempotency-key')
      expect(await send({ amount: 100, key: 5 })).to.have.nested.property('problem.code', 'idempotency-key')
      live.close()
    })
  })

  describe('as a webhook', () => {
    const url = () => `${app.url}/api/v1/payments/webhook`
    const body = () => JSON.stringify({ payment_id: newId('pay'), status: 'success', timestamp: new Date().toISOString() })

    it('W1: unsigned, wrongly signed, of an old scheme', async () => {
      const stamp = String(Math.floor(Date.now() / 1000))
      const signature = `v1,${createHmac('sha256', 'wrong').update(`msg.${stamp}.{}`).digest('base64')}`
      for (const headers of [{}, { 'webhook-id': 'msg', 'webhook-timestamp': stamp, 'webhook-signature': signature }, { 'webhook-id': 'msg', 'webhook-timestamp': stamp, 'webhook-signature': signature.replace('v1', 'v0') }, { authorization: `Bearer ${fan.token}` }])
        refused(await ask(url(), { raw: body(), headers: headers as Record<string, string> }), 400, /^signature/)
    })

    it('W5, W6: too large, or to a company that is none', async () => {
      refused(await ask(url(), { raw: 'x'.repeat(257 * 1024) }), 413, 'too-large')
      refused(await ask(`${url()}/nobody`, { raw: body() }), 404, 'not-found')
    })
  })

  describe('at an overlay', () => {
    it('O1: with a wrong token; with a token where another is due', async () => {
      await expectConnectError('/overlay', 'x'.repeat(43))
      await expectConnectError('/overlay', fan.token)
      const { token } = (await creator.http('POST', '/api/v1/overlays', {})).body as { token: string }
      untouched = await fingerprint()
      await expectConnectError('/', token)
      refused(await ask(`${app.url}/api/v1/wallets/me`, { token }), 401, 'unauthenticated')
      const stored = await app.db.collection('overlays').find().toArray()
      expect(JSON.stringify(stored)).not.to.include(token)
    })

    it('O2: anything but its three events ends the connection', async () => {
      const { token } = (await creator.http('POST', '/api/v1/overlays', {})).body as { token: string }
      const overlay = await connect(app, '/overlay', token)
      overlay.raw.emit('tip:send', { creator_id: creator.id })
      await overlay.closed
      await app.app.dispatcher.whenIdle()
      untouched = await fingerprint()
    })
  })

  it('A6: ten wrong passwords close the account to that address, and a right one does not count', async () => {
    const email = (await signUp(app, 'fan')).email
    await signIn(app, email, 'a good long password')
    untouched = await fingerprint()
    const tries = []
    for (let n = 0; n < 11; n++) tries.push(await ask(`${app.url}/api/v1/auth/login`, { json: { email, password: 'wrong password' } }))
    expect(tries.slice(0, 10).map((each) => each.status)).to.deep.equal(Array.from({ length: 10 }, () => 401))
    refused(tries[10] as Answer, 429, 'rate-limited')
    expect(Number((tries[10] as Answer).headers['retry-after'])).to.be.above(0)
  })

  function refused(answer: Answer, status: number, code: string | RegExp): void {
    expect(answer.status, answer.text.slice(0, 200)).to.equal(status)
    expect(answer.headers['content-type']).to.match(/^application\/problem\+json/)
    if (typeof code === 'string') expect(answer.body.code).to.equal(code)
    else expect(answer.body.code).to.match(code)
    expect(answer.text).not.to.match(/ at .*\.(ts|js):\d+|Mongo|node_modules/)
  }

  function rawExchange(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connectTcp(app.port, '127.0.0.1', () => socket.write(text))
      let answer = ''
      socket.setTimeout(5_000, () => socket.destroy())
      socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
      socket.on('error', (error) => (answer ? resolve(answer) : reject(error)))
      socket.on('close', () => resolve(answer))
    })
  }

  function connectError(auth: unknown): Promise<string> {
    const socket = io(app.url, { transports: ['websocket'], auth: auth as object, forceNew: true, reconnection: false })
    return new Promise((resolve, reject) => {
      socket.once('connect', () => reject(new Error('It was let in')))
      socket.once('connect_error', (error) => {
        resolve(error.message)
        socket.close()
      })
      // A refusal closes the connection first and tells why in the same turn.
      socket.io.once('close', () => setImmediate(() => resolve('closed')))
    })
  }

  async function expectConnectError(namespace: '/' | '/overlay', token: string): Promise<void> {
    const outcome = await connect(app, namespace, token).then(
      () => 'let in',
      (error: Error) => error.message,
    )
    expect(outcome).to.equal('unauthenticated')
  }

  /** What is in the database, but for what a look alone may write. */
  async function fingerprint(): Promise<string> {
    const volatile = new Set(['health', 'leases', 'agenda_jobs', 'unsealed', 'batches', 'ledger_heads', 'balances', 'deliveries'])
    const names = (await app.db.listCollections({}, { nameOnly: true }).toArray()).map((each) => each.name).filter((name) => !volatile.has(name)).toSorted()
    const counts = await Promise.all(names.map(async (name) => `${name}:${await app.db.collection(name).countDocuments()}`))
    return counts.join(' ')
  }
})
