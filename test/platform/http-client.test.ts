import type { LookupAddress, lookup } from 'node:dns'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { createHttpClient, type HttpClient, isPublicAddress, OutboundError } from '../../src/platform/http-client.ts'

const log = { warn: () => undefined }

describe('the way out', () => {
  const servers: (Server | TcpServer)[] = []
  const sockets: Socket[] = []
  const clients: HttpClient[] = []

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close()
    for (const socket of sockets.splice(0)) socket.destroy()
    for (const server of servers.splice(0)) {
      if ('closeAllConnections' in server) server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

  describe('what it takes for an answer', () => {
    it('is any status, with its bytes, and it asks for nothing compressed', async () => {
      const { url, client, requests } = await serve((_request, response) =>
        response.writeHead(418, { 'X-Kind': 'pot' }).end('short and stout'),
      )
      const answer = await client.request({ method: 'GET', url })
      expect(answer.status).to.equal(418)
      expect(answer.headers['x-kind']).to.equal('pot')
      expect(answer.body.toString()).to.equal('short and stout')
      expect(requests[0]?.headers['accept-encoding']).to.equal('identity')
    })

    it('is a redirect, which it does not follow', async () => {
      const { url, client, requests } = await serve((_request, response) => response.writeHead(302, { Location: '/elsewhere' }).end())
      expect((await client.request({ method: 'GET', url })).status).to.equal(302)
      expect(requests).to.have.length(1)
    })

    for (const [encoding, body] of [
      ['br', brotliCompressSync('x'.repeat(1000))],
      ['gzip', gzipSync('x'.repeat(1000))],
      ['zstd', Buffer.from('x')],
      ['identity, br', Buffer.from('x')],
    ] as const)
      it(`is never one with Content-Encoding ${encoding}`, async () => {
        const { url, client } = await serve((_request, response) => response.writeHead(200, { 'Content-Encoding': encoding }).end(body))
        await expectFault(client.request({ method: 'GET', url }), 'encoding')
      })

    it('is not longer than was allowed, whether its length was announced or not', async () => {
      const { url, client } = await serve((request, response) => {
        if (request.url === '/announced') response.setHeader('Content-Length', 2000)
        response.write('x'.repeat(1000))
        response.end('x'.repeat(1000))
      })
      await expectFault(client.request({ method: 'GET', url: `${url}/announced`, maxBytes: 1999 }), 'too-large')
      await expectFault(client.request({ method: 'GET', url: `${url}/chunked`, maxBytes: 1999 }), 'too-large')
      expect((await client.request({ method: 'GET', url: `${url}/chunked`, maxBytes: 2000 })).body).to.have.length(2000)
    })

    it('has come as a whole', async () => {
      const { url, client } = await serve((_request, response) => {
        response.writeHead(200, { 'Content-Length': 1000 })
        response.write('half', () => response.destroy())
      })
      await expectFault(client.request({ method: 'GET', url }), 'network')
    })

    it('comes within the time allowed, however busily it trickles', async () => {
      const { url, client } = await serve((_request, response) => {
        const drip = setInterval(() => response.write('.'), 5)
        response.on('close', () => clearInterval(drip))
      })
      await expectFault(client.request({ method: 'GET', url, totalMs: 60 }), 'timeout')
    })

    it('needs a connection in time, TLS included', async () => {
      const port = await serveTcp(() => undefined)
      const client = open({ allowOrigins: [`https://127.0.0.1:${port}`] })
      await expectFault(client.request({ method: 'GET', url: `https://127.0.0.1:${port}`, connectMs: 50 }), 'timeout')
    })

    it('is JSON where JSON is wanted', async () => {
      const answers: Record<string, [string, string | Buffer]> = {
        '/good': ['application/json; charset=utf-8', '{"a":[1]}'],
        '/problem': ['application/problem+json', '{"code":"x"}'],
        '/html': ['text/html', '{"a":1}'],
        '/broken': ['application/json', '{"a":'],
        '/latin': ['application/json', Buffer.from([0x22, 0xe9, 0x22])],
      }
      const { url, client, requests } = await serve((request, response) => {
        const [type, body] = answers[request.url as string] as [string, string]
        response.writeHead(200, { 'Content-Type': type }).end(body)
      })
      expect((await client.json({ method: 'POST', url: `${url}/good`, json: { ü: 1 } })).data).to.deep.equal({ a: [1] })
      expect(requests[0]?.body.toString()).to.equal('{"ü":1}')
      expect(requests[0]?.headers['content-type']).to.equal('application/json')
      expect((await client.json({ method: 'GET', url: `${url}/problem` })).data).to.deep.equal({ code: 'x' })
      for (const path of ['/html', '/broken', '/latin']) await expectFault(client.json({ method: 'GET', url: url + path }), 'not-json')
    })
  })

  describe('where it does not go', () => {
    const inside = [
      'http://127.0.0.1/',
      'http://localhost/',
      'http://127.1/',
      'http://2130706433/',
      'http://0x7f.0.0.1/',
      'http://0177.0.0.1/',
      'http://0.0.0.0/',
      'http://10.1.2.3/',
      'http://172.16.0.1/',
      'http://172.31.255.255/',
      'http://192.168.1.1/',
      'http://169.254.169.254/latest/meta-data/',
      'http://100.64.0.1/',
      'http://192.0.0.192/',
      'http://198.18.0.1/',
      'http://224.0.0.1/',
      'http://255.255.255.255/',
      'http://[::1]/',
      'http://[::]/',
      'http://[::ffff:127.0.0.1]/',
      'http://[::ffff:a00:1]/',
      'http://[::127.0.0.1]/',
      'http://[fe80::1]/',
      'http://[fc00::1]/',
      'http://[fd12:3456::1]/',
      'http://[ff02::1]/',
      'http://[64:ff9b::7f00:1]/',
      'http://[2002:7f00:1::]/',
      'http://[2001::1]/',
      'http://[2001:db8::1]/',
    ]
    for (const url of inside)
      it(`is ${url}`, async () => {
        await expectFault(open({}).request({ method: 'GET', url, totalMs: 500 }), 'address')
      })

    it('is an address that is not plain http or https', async () => {
      for (const url of ['ftp://example.org/', 'file:///etc/passwd', 'https://user:pass@example.org/', '/relative', ''])
        await expectFault(open({}).request({ method: 'GET', url }), 'url')
    })

    it('is a name that resolves to the inside, or to the inside among others', async () => {
      for (const found of [['127.0.0.1'], ['::1'], ['93.184.215.14', '10.0.0.1'], ['2606:2800:21f:cb07::1', '::ffff:10.0.0.1']]) {
        const client = open({ lookup: lookupOf(() => found) })
        await expectFault(client.request({ method: 'GET', url: 'http://rebind.example/', totalMs: 500 }), 'address')
      }
    })

    it('is where a name leads that changes its mind between the look and the step', async () => {
      const { url, requests } = await serve((_request, response) => response.end('inside'))
      const answers = [['93.184.215.14'], ['127.0.0.1']]
      let asked = 0
      const client = open({ lookup: lookupOf(() => answers[asked++] as string[]) })
      await client.request({ method: 'GET', url: url.replace('127.0.0.1', 'rebind.example'), totalMs: 30 }).catch(() => undefined)
      expect(asked, 'what was judged is what is connected to').to.equal(1)
      expect(requests).to.deep.equal([])
    })

    it('is anything beside the very origin that was allowed', async () => {
      const { url } = await serve((_request, response) => response.end('other'))
      const allowed = await serve((_request, response) => response.end('own'))
      expect((await allowed.client.request({ method: 'GET', url: allowed.url })).body.toString()).to.equal('own')
      await expectFault(allowed.client.request({ method: 'GET', url }), 'address')
      await expectFault(allowed.client.request({ method: 'GET', url: allowed.url.replace('http:', 'https:') }), 'address')
    })

    it('knows the public internet when it sees it', () => {
      expect(
        ['93.184.215.14', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'].filter(
          (each) => !isPublicAddress(each),
        ),
      ).to.deep.equal([])
      expect(['', 'example.org', '1.2.3', '::ffff:1.1.1.1', '5f00::1', '3fff::1'].filter(isPublicAddress)).to.deep.equal([])
    })
  })

  describe('its connections', () => {
    it('are kept, and a dead one is replaced where the request may be repeated', async () => {
      let seen = 0
      // Answers the first request of a connection and hangs up at the second, as a server does whose patience ends just then.
      const port = await serveTcp((socket) => {
        let here = 0
        socket.on('data', () => {
          seen++
          if (++here === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
          else socket.destroy()
        })
      })
      const url = `http://127.0.0.1:${port}/`
      const client = open({ allowOrigins: [url] })
      await client.request({ method: 'GET', url })
      expect((await client.request({ method: 'GET', url })).status).to.equal(200)
      expect(seen).to.equal(3)
      await client.request({ method: 'GET', url })
      await expectFault(client.request({ method: 'POST', url, body: 'x' }), 'network')
      await client.request({ method: 'GET', url })
      expect((await client.request({ method: 'POST', url, body: 'x', repeatable: true })).status).to.equal(200)
    })

    it('bring several requests in at the same instant', async () => {
      const { url, client, requests } = await serve((_request, response) => response.end())
      let arrived = 0
      let open: () => void = () => undefined
      const all = new Promise<void>((resolve) => (open = resolve))
      const meet = (): Promise<void> => {
        expect(requests.filter((each) => each.complete)).to.have.length(0)
        if (++arrived === 5) open()
        return all
      }
      const post = (): Promise<unknown> =>
        client.request({ method: 'POST', url, body: '{"a":1}', ownConnection: true, beforeLastByte: meet })
      await Promise.all(Array.from({ length: 5 }, post))
      expect(requests.map((each) => each.body.toString())).to.deep.equal(Array(5).fill('{"a":1}'))
      expect(new Set(requests.map((each) => each.port)).size).to.equal(5)
    })

    it('end when the client is closed, with a word to those who wait', async () => {
      let reached: () => void = () => undefined
      const underway = new Promise<void>((resolve) => (reached = resolve))
      const { url, client } = await serve(() => reached())
      const waiting = client.request({ method: 'GET', url })
      const told = expectFault(waiting, 'closed')
      await underway
      client.close()
      await told
      await expectFault(client.request({ method: 'GET', url }), 'closed')
    })

    it('say what is wrong when nobody listens', async () => {
      const port = await serveTcp(() => undefined)
      await new Promise((resolve) => servers.pop()?.close(resolve))
      const url = `http://127.0.0.1:${port}/`
      await expectFault(open({ allowOrigins: [() => url] }).request({ method: 'GET', url }), 'network')
    })
  })

  interface Seen {
    headers: Record<string, unknown>
    body: Buffer
    port: number | undefined
    complete: boolean
  }

  async function serve(listener: RequestListener): Promise<{ url: string; client: HttpClient; requests: Seen[] }> {
    const requests: Seen[] = []
    const server = createServer((request, response) => {
      const seen: Seen = { headers: request.headers, body: Buffer.alloc(0), port: request.socket.remotePort, complete: false }
      requests.push(seen)
      request.on('data', (chunk: Buffer) => (seen.body = Buffer.concat([seen.body, chunk])))
      request.on('end', () => {
        seen.complete = true
        listener(request, response)
      })
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return { url, client: open({ allowOrigins: [url] }), requests }
  }

  async function serveTcp(onConnection: (socket: Socket) => void): Promise<number> {
    const server = createTcpServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      onConnection(socket)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  function open(options: Partial<Parameters<typeof createHttpClient>[0]>): HttpClient {
    const client = createHttpClient({ log, ...options })
    clients.push(client)
    return client
  }
})

function lookupOf(answer: () => string[]): typeof lookup {
  return ((_name: string, _options: object, callback: (error: null, found: LookupAddress[]) => void) => {
    callback(
      null,
      answer().map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }) as unknown as typeof lookup
}

async function expectFault(call: Promise<unknown>, reason: OutboundError['reason']): Promise<void> {
  const error = await call.then(
    () => undefined,
    (fault: unknown) => fault,
  )
  expect(error).to.be.instanceOf(OutboundError)
  expect((error as OutboundError).reason).to.equal(reason)
}
