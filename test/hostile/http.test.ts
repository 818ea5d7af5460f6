import { expect } from 'chai'
import { connect } from 'node:net'
import { newId } from '../../src/kernel/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createMetrics } from '../../src/platform/metrics.ts'
import { createHttpDoor, defaultArrival } from '../../src/platform/http/server.ts'
import { closeServer, listen } from '../../src/platform/lifecycle.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { signUp } from '../support/cast.ts'
import { ask } from '../support/http.ts'
import { rawExchange } from '../support/raw.ts'
import { besieged, refused, refusedRaw } from './support.ts'

besieged('hostile requests', (siege) => {
  const login = () => `${siege.app.url}/api/v1/auth/login`
  const json = { 'content-type': 'application/json' }
  const raw = (text: string) => rawExchange(siege.app.port, text)

  for (const encoding of ['br', 'gzip', 'deflate', 'zstd', 'br, br', 'identity, br', 'GZIP'])
    it(`H1: a body encoded as ${encoding} reaches no decoder`, async () => {
      refused(await ask(login(), { raw: 'x', headers: { ...json, 'content-encoding': encoding } }), 415, 'encoding')
      refused(await ask(`${siege.app.url}/api/v1/payments/webhook`, { raw: 'x', headers: { ...json, 'content-encoding': encoding } }), 415, 'encoding')
    })

  for (const [what, body] of [
    ['malformed JSON', '{"a":'],
    ['a bare number', '5'],
    ['a bare string', '"a"'],
    ['null', 'null'],
    ['a byte order mark', '\ufeff{}'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['two objects', '{}{}'],
  ] as const)
    it(`H2: ${what}`, async () => refused(await ask(login(), { raw: body, headers: json }), 400, 'bad-json'))

  it('H3: more than 100 KiB, announced or not', async () => {
    refused(await ask(login(), { raw: JSON.stringify({ email: 'x'.repeat(110 * 1024) }), headers: json }), 413, 'too-large')
    refusedRaw(await raw('POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n'), 413, 'too-large')
    refusedRaw(await raw(`POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${`8000\r\n${'x'.repeat(0x8000)}\r\n`.repeat(5)}0\r\n\r\n`), 413, 'too-large')
  })

  for (const type of ['application/json; charset=utf-7', 'application/json; charset=utf-16', 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', undefined])
    it(`H5: a body of type ${type ?? 'nothing'}`, async () => refused(await ask(login(), { raw: '{}', headers: type ? { 'content-type': type } : {} }), 415, 'media-type'))

  for (const query of ['limit=-1', 'limit=1e9', 'limit=NaN', 'limit=1&limit=2', 'limit[$ne]=1', 'limit=', 'sort=amount', 'offset=1.5', 'limit=0', 'limit=101', '__proto__=1', 'constructor=1', '$where=1', 'a.b=1'])
    it(`H9: the query ?${query}`, async () => refused(await siege.fan.http('GET', `/api/v1/wallets/me/transactions?${query}`), 400, 'validation'))

  it('H10: ids that do not parse, of another kind or of somebody else are not found, all in the same words', async () => {
    const foreign = await siege.fan.http('POST', '/api/v1/payments/initiate', { creator_id: siege.creator.id, amount: 100, currency: 'ZMW' }, 'h10')
    const stranger = await signUp(siege.app, 'fan')
    await siege.accept()
    const ids = ['abc', '%00%01%02%03%04%05%06%07%08%09%0a%0b', siege.fan.id, newId('pay'), (foreign.body as { payment_id: string }).payment_id]
    const answers = await Promise.all(ids.map((id) => stranger.http('GET', `/api/v1/payments/${id}`)))
    for (const answer of answers) refused(answer, 404, 'not-found')
    expect(new Set(answers.map(({ body }) => JSON.stringify({ ...body, request_id: '' }))).size).to.equal(1)
  })

  const wire: [string, string, number, string][] = [
    ['Content-Length beside Transfer-Encoding', 'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400, 'validation'],
    ['two lengths', 'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}', 400, 'validation'],
    ['a length that is none', 'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 400, 'validation'],
    ['lines without a carriage return', 'GET /healthz HTTP/1.1\nHost: x\n\n', 400, 'validation'],
    ['a carriage return in a header', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n', 400, 'validation'],
    ['a NUL in a header', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n', 400, 'validation'],
    ['a space before the colon', 'GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n', 400, 'validation'],
    ['a folded header', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n', 400, 'validation'],
    ['a transfer coding nobody knows', 'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n', 400, 'validation'],
    ['two transfer codings', 'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 400, 'validation'],
    ['a chunk size that is none', 'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400, 'validation'],
  ]
  for (const [what, text, status, code] of wire) it(`H17: ${what}`, async () => refusedRaw(await raw(text), status, code))

  it('H17: a request smuggled in behind a transfer coding nobody knows does nothing', async () => {
    const body = JSON.stringify({ amount: 100, currency: 'ZMW' })
    const smuggled = `POST /api/v1/creators/${siege.creator.id}/tips HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${siege.fan.token}\r\nX-Idempotency-Key: smuggled\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const text = await raw(`POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: xchunked\r\n\r\n${smuggled}`)
    expect(text.match(/HTTP\/1\.1 \d{3}/g)?.every((line) => line === 'HTTP/1.1 400'), text).to.equal(true)
  })

  it('H17: no Host at all', async () => {
    expect(await raw('GET /healthz HTTP/1.1\r\n\r\n')).to.match(/^HTTP\/1\.1 400 /)
  })

  it('H18: a header of 17 KB', async () => refusedRaw(await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(17 * 1024)}\r\n\r\n`), 431, 'headers-too-large'))
  it('H18: two hundred headers, and one that hides behind them', async () =>
    refused(await ask(login(), { raw: '{}', headers: { ...Object.fromEntries(Array.from({ length: 200 }, (_each, n) => [`x-${n}`, '1'])), ...json } }), 431, 'headers-too-large'))
  it('H18: an address of more than 8 KB', async () => refused(await ask(`${siege.app.url}/api/v1/creators?q=${'x'.repeat(8 * 1024)}`), 414, 'uri-too-long'))

  const paths: [string, number, string][] = [
    ['/%E0%A4%A', 404, 'not-found'],
    ['/api/v1/creators/%E0%A4%A', 400, 'validation'],
    ['/..%2f..%2fetc%2fpasswd', 404, 'not-found'],
    ['/../../etc/passwd', 404, 'not-found'],
    ['//evil.example/', 404, 'not-found'],
    ['/%00', 404, 'not-found'],
    ['/api/v1/creators/a%2Fb', 404, 'not-found'],
    ['/api/v1/creators/..%2fme', 404, 'not-found'],
    ['/api/v1/payments/..', 404, 'not-found'],
    ['/API/V1/wallets/me', 404, 'not-found'],
    ['/api/v1/wallets/me/', 404, 'not-found'],
    ['/assets/..%2f..%2fpackage.json', 404, 'not-found'],
    ['/assets/%00', 404, 'not-found'],
    ['/assets/%E0%A4%A', 404, 'not-found'],
    ['/sandbox/checkout/%E0%A4%A', 400, 'validation'],
    ['/sandbox/nothing', 404, 'not-found'],
  ]
  for (const [path, status, code] of paths)
    it(`H19: the address ${path}`, async () => {
      const text = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${siege.fan.token}\r\n\r\n`)
      refusedRaw(text, status, code)
    })

  for (const method of ['TRACE', 'PATCH', 'DELETE', 'PROPFIND', 'M-SEARCH'])
    it(`H20: ${method} where it is not there`, async () => {
      const answer = await ask(`${siege.app.url}/api/v1/wallets/me`, { method, token: siege.fan.token })
      refused(answer, 405, 'method-not-allowed')
      expect(answer.headers['allow']).to.equal('GET')
    })
  it('H20: TRACE, and a method that is none, anywhere', async () => {
    for (const text of ['TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 'BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n']) {
      const answer = await raw(text)
      refusedRaw(answer, 405, 'method-not-allowed')
      expect(answer).to.match(/\r\nallow: GET, HEAD, POST/i)
      expect(answer).not.to.include('coffee')
    }
  })
  for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])
    it(`H20: ${name} changes nothing`, async () => {
      const answer = await ask(`${siege.app.url}/api/v1/creators/me`, { token: siege.creator.token, headers: { [name]: 'PUT', ...json } })
      expect([answer.status, (answer.body as { id: string }).id]).to.deep.equal([200, siege.creator.id])
      refused(await ask(`${siege.app.url}/api/v1/wallets/me?_method=DELETE`, { token: siege.fan.token }), 400, 'validation')
    })

  it('H21: forged X-Forwarded headers and Host change no address that is handed out', async () => {
    const forged = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example' }
    const { body } = await ask(`${siege.app.url}/api/v1/overlays`, { token: siege.creator.token, json: {}, headers: forged })
    expect((body as { url: string }).url.startsWith(siege.app.url)).to.equal(true)
    await siege.accept()
  })
  it('H21: a forged X-Forwarded-For buys no new tries', async () => {
    const tries = []
    for (let n = 0; n < 11; n++) tries.push(await ask(login(), { json: { email: 'h21@example.org', password: 'wrong password' }, headers: { 'x-forwarded-for': `192.0.2.${n}`, 'x-real-ip': `192.0.2.${n}`, forwarded: `for=192.0.2.${n}` } }))
    expect(tries.slice(0, 10).map((each) => each.status)).to.deep.equal(Array.from({ length: 10 }, () => 401))
    refused(tries[10], 429, 'rate-limited')
    // The ten failures closed the account, which is an event of its own.
    await siege.accept()
  })

  it('doors of another role, and none', async () => {
    refused(await siege.fan.http('POST', '/api/v1/overlays', {}), 403, 'forbidden')
    refused(await siege.fan.http('POST', '/api/v1/admin/check', {}), 403, 'forbidden')
    refused(await siege.creator.http('POST', '/sandbox/faults', { drop: 1 }), 403, 'forbidden')
    refused(await ask(`${siege.app.url}/api/v1/wallets/me`), 401, 'unauthenticated')
    refused(await ask(`${siege.app.url}/api/v1/nothing`), 404, 'not-found')
  })
})

describe('behind what the operator has listed', () => {
  let app: TestApp
  before(async () => {
    app = await startApp({ TRUSTED_PROXIES: '127.0.0.0/8', ALLOWED_ORIGINS: 'https://good.example' })
  })
  after(() => app.stop())

  it('H21: a proxy tells the client’s address, from the right', async () => {
    const attempt = (forwarded: string, email: string) => ask(`${app.url}/api/v1/auth/login`, { json: { email, password: 'wrong password' }, headers: { 'x-forwarded-for': forwarded } })
    for (let n = 0; n < 10; n++) expect((await attempt(`203.0.113.${n}, 192.0.2.1`, 'a@example.org')).status).to.equal(401)
    refused(await attempt('203.0.113.99, 192.0.2.1', 'a@example.org'), 429, 'rate-limited')
    expect((await attempt('192.0.2.2', 'a@example.org')).status).to.equal(401)
  })

  const cors = ['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-allow-methods', 'access-control-allow-headers']
  for (const origin of ['https://evil.example', 'null', 'https://good.example.evil', 'https://evilgood.example', 'http://good.example', 'https://good.example:444', 'https://good.example/'])
    it(`H22: the origin ${origin} gets no CORS headers`, async () => {
      for (const method of ['GET', 'OPTIONS']) {
        const answer = await ask(`${app.url}/api/v1/creators`, { method, headers: { origin, 'access-control-request-method': 'GET' } })
        expect(cors.filter((name) => name in answer.headers)).to.deep.equal([])
      }
    })
  it('H22: the listed origin gets them, and never for credentials', async () => {
    const answer = await ask(`${app.url}/api/v1/creators`, { headers: { origin: 'https://good.example' } })
    expect(answer.headers).to.include({ 'access-control-allow-origin': 'https://good.example', vary: 'Origin, Authorization' }).and.not.have.property('access-control-allow-credentials')
    expect((await ask(`${app.url}/api/v1/creators`, { method: 'OPTIONS', headers: { origin: 'https://good.example' } })).status).to.equal(204)
  })
})

describe('H18: what arrives too slowly', () => {
  const port = { now: 0 }
  const door = createHttpDoor({
    operations: [],
    endpoints: [{ name: 'swallow', mount: (app) => void app.post('/swallow', (request, _response) => void request.resume()) }],
    invoke: () => Promise.reject(new Error('nothing is invoked here')),
    authenticate: async () => ({ kind: 'anonymous' }),
    addressOf: () => '',
    allowedOrigins: [],
    pages: () => {},
    draining: () => false,
    endpointLimit: { take: async () => {} },
    metrics: createMetrics({ token: undefined }),
    slowMs: 1_000,
    log: createLogger('silent'),
    arrival: { headersMs: 200, requestMs: 400, lookEveryMs: 50 },
  })
  before(async () => {
    port.now = await listen(door.server, 0, '127.0.0.1')
  })
  after(() => closeServer(door.server))

  it('is given ten seconds for its headers and thirty in all', () => {
    expect(defaultArrival).to.deep.equal({ headersMs: 10_000, requestMs: 30_000, lookEveryMs: 1_000 })
  })
  it('headers that never end', async () => refusedRaw(await rawExchange(port.now, 'GET / HTTP/1.1\r\nHost: x\r\nX-A: '), 408, 'request-timeout'))
  it('a body that comes byte by byte', async () => refusedRaw(await trickle('POST /swallow HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n'), 408, 'request-timeout'))
  it('a body that never comes', async () => refusedRaw(await rawExchange(port.now, 'POST /swallow HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n'), 408, 'request-timeout'))

  function trickle(head: string): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(port.now, '127.0.0.1', () => socket.write(head))
      const drip = setInterval(() => socket.writable && socket.write('x'), 20)
      let answer = ''
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
      socket.on('error', () => {})
      socket.on('close', () => {
        clearInterval(drip)
        resolve(answer)
      })
    })
  }
})
