import { lookup as systemLookup } from 'node:dns'
import { Agent as HttpAgent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { pipeline, type Readable } from 'node:stream'
import type { Logger } from '../kernel/context.ts'

/** A body that is read while it is sent; opened anew when it is sent again. */
export interface StreamedBody {
  size: number
  open(): Readable
}

export interface OutboundRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** http or https, without user information */
  url: string
  headers?: Readonly<Record<string, string>>
  body?: Buffer | string | StreamedBody
  /** until a connection stands, TLS included; 5 s */
  connectMs?: number
  /** until the last byte of the answer; 20 s */
  totalMs?: number
  /** of the answer's body; 1 MiB */
  maxBytes?: number
  /** may be sent again when a kept connection turns out to be dead; GET always may */
  repeatable?: boolean
  /** a connection of its own, not one from the pool */
  ownConnection?: boolean
  /** awaited when all but the body's last byte has left: lets several requests arrive in the same instant */
  beforeLastByte?: () => Promise<void>
}

export interface JsonRequest extends Omit<OutboundRequest, 'body'> {
  /** sent as application/json */
  json?: unknown
}

export interface OutboundResponse {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/**
 * `url`: not an address that may be called · `address`: it leads into a private network · `network`: no connection, or it broke ·
 * `timeout` · `encoding`: the answer is compressed · `too-large` · `not-json` · `busy`: too many calls at once · `closed`
 */
export type OutboundFault = 'url' | 'address' | 'network' | 'timeout' | 'encoding' | 'too-large' | 'not-json' | 'busy' | 'closed'

/** No usable answer came. Unless the reason is `url`, `address`, `busy` or `closed`, the other side may have acted all the same. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly reason: OutboundFault

  constructor(reason: OutboundFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

export interface HttpClient {
  /** Any status is an answer, a redirect too: none is followed. @throws OutboundError */
  request(options: OutboundRequest): Promise<OutboundResponse>
  /** Sends and reads JSON. @throws OutboundError, `not-json` when the answer is something else */
  json(options: JsonRequest): Promise<{ status: number; headers: IncomingHttpHeaders; data: unknown }>
  /** Ends all connections; calls that run fail with `closed`. */
  close(): void
}

export interface HttpClientDependencies {
  log: Pick<Logger, 'warn'>
  /** origins that may lie in a private network: our own, and what the operator names. A function is asked at every call. */
  allowOrigins?: readonly (string | (() => string))[]
  /** node:dns lookup, or what a test puts in its place */
  lookup?: typeof systemLookup
}

const maxInFlight = 1_024
const pool = { keepAlive: true, maxSockets: 64, maxTotalSockets: 512, maxFreeSockets: 16, timeout: 4_000, scheduling: 'lifo' } as const

/**
 * The only way out. Node 20's Brotli decoder can be made to write out of bounds (CVE-2026-111497) and `fetch` decodes even what it did not
 * ask for, so this asks for identity and refuses anything else before a byte of it is read. An address that a customer wrote may lead
 * inside: the addresses that a name resolves to are checked where the connection is made, so that a name that changes its mind in between
 * (DNS rebinding) gains nothing.
 */
export function createHttpClient({ log, allowOrigins = [], lookup = systemLookup }: HttpClientDependencies): HttpClient {
  const agents = { 'http:': new HttpAgent(pool), 'https:': new HttpsAgent(pool) }
  const running = new Set<(error: OutboundError) => void>()
  let closed = false

  return Object.freeze({ request, json, close })

  async function request(options: OutboundRequest): Promise<OutboundResponse> {
    const url = readUrl(options.url)
    if (closed) throw new OutboundError('closed', 'the client is closed')
    if (running.size >= maxInFlight) throw new OutboundError('busy', 'too many calls at once')
    const trusted = allowOrigins.some((origin) => new URL(typeof origin === 'string' ? origin : origin()).origin === url.origin)
    // A literal address is connected to without any lookup.
    const literal = url.hostname.replace(/^\[|\]$/g, '')
    if (!trusted && isIP(literal) && !isPublicAddress(literal)) throw refusal(literal)
    const before = performance.now()
    try {
      return await exchange(url, options, trusted)
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error
      return exchange(
        url,
        { ...options, totalMs: (options.totalMs ?? defaults.totalMs) - (performance.now() - before), ownConnection: true },
        trusted,
      )
    }
  }

  async function json({
    json: value,
    headers,
    ...options
  }: JsonRequest): Promise<{ status: number; headers: IncomingHttpHeaders; data: unknown }> {
    const body = value === undefined ? {} : { body: JSON.stringify(value) }
    const content: Record<string, string> = value === undefined ? {} : { 'Content-Type': 'application/json' }
    const answer = await request({ ...options, ...body, headers: { Accept: 'application/json', ...content, ...headers } })
    return { status: answer.status, headers: answer.headers, data: parseJson(answer) }
  }

  function close(): void {
    closed = true
    for (const abort of running) abort(new OutboundError('closed', 'the client was closed'))
    agents['http:'].destroy()
    agents['https:'].destroy()
  }

  function exchange(url: URL, options: OutboundRequest, trusted: boolean): Promise<OutboundResponse> {
    const { method, connectMs = defaults.connectMs, totalMs = defaults.totalMs, maxBytes = defaults.maxBytes, ownConnection } = options
    const body = isStreamed(options.body) ? options.body : Buffer.from(options.body ?? '')
    const size = isStreamed(body) ? body.size : body.length
    return new Promise((resolve, reject) => {
      const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
        method,
        headers: {
          ...options.headers,
          ...(size > 0 || method !== 'GET' ? { 'Content-Length': size } : {}),
          'Accept-Encoding': 'identity',
        },
        agent: ownConnection ? false : agents[url.protocol as keyof typeof agents],
        ...(trusted ? {} : { lookup: guardedLookup }),
      })
      const total = setTimeout(() => end(new OutboundError('timeout', `no answer within ${Math.round(totalMs)} ms`)), Math.max(1, totalMs))
      let connecting: NodeJS.Timeout | undefined
      let answered = false
      running.add(end)

      outgoing.on('socket', (socket) => {
        if (!socket.connecting) return
        connecting = setTimeout(() => end(new OutboundError('timeout', `no connection within ${connectMs} ms`)), connectMs)
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => clearTimeout(connecting))
      })
      outgoing.on('error', (error) => {
        const unheard = outgoing.reusedSocket && !answered
        end(unheard && (method === 'GET' || options.repeatable) ? new StaleConnection() : asOutbound(error))
      })
      outgoing.on('response', (incoming) => {
        answered = true
        collect(incoming, maxBytes).then(
          (received) => end({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: received }),
          end,
        )
      })
      send(outgoing, body, options.beforeLastByte)

      function end(outcome: unknown): void {
        if (!running.delete(end)) return
        clearTimeout(total)
        clearTimeout(connecting)
        if (!(outcome instanceof Error)) return resolve(outcome as OutboundResponse)
        reject(outcome)
        outgoing.destroy()
      }
    })
  }

  function guardedLookup(...[hostname, options, callback]: Parameters<LookupFunction>): void {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const [first] = found ?? []
      if (error || !first) return callback(error ?? new Error('the name has no address'), [])
      // One address inside is enough: which of them is connected to is not ours to choose.
      if (!found.every(({ address }) => isPublicAddress(address))) return callback(refusal(hostname), [])
      if (options.all) callback(null, found)
      else callback(null, first.address, first.family)
    })
  }

  function refusal(host: string): OutboundError {
    log.warn({ host }, 'an outbound call into a private network was refused')
    return new OutboundError('address', 'the address leads into a private network')
  }
}

const defaults = { connectMs: 5_000, totalMs: 20_000, maxBytes: 1024 * 1024 }

// Special ranges of the IANA registries. IPv6 is turned round: what is not global unicast is refused, and so are the parts of it that
// carry an IPv4 address inside (Teredo, 6to4) or are for documents. v4-mapped, NAT64 and link-local lie outside 2000::/3.
const special = blockListOf('ipv4', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
])
const unicast = blockListOf('ipv6', ['2000::/3'])
const specialUnicast = blockListOf('ipv6', ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'])

/** Whether an IP address belongs to the public internet. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !special.check(address, 'ipv4')
    case 6:
      return unicast.check(address, 'ipv6') && !specialUnicast.check(address, 'ipv6')
    default:
      return false
  }
}

function blockListOf(family: 'ipv4' | 'ipv6', ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [network = '', bits = ''] = range.split('/')
    list.addSubnet(network, Number(bits), family)
  }
  return list
}

/** A kept connection that the other side had ended before the request reached it. */
class StaleConnection extends Error {
  override readonly name = 'StaleConnection'
}

function asOutbound(error: Error): OutboundError {
  if (error instanceof OutboundError) return error
  return new OutboundError('network', (error as NodeJS.ErrnoException).code ?? 'the connection failed', { cause: error })
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '')
    throw new OutboundError('url', 'this address may not be called')
  return url
}

function isStreamed(body: OutboundRequest['body']): body is StreamedBody {
  return typeof body === 'object' && !Buffer.isBuffer(body)
}

function send(outgoing: ClientRequest, body: Buffer | StreamedBody, beforeLastByte: (() => Promise<void>) | undefined): void {
  if (isStreamed(body)) {
    pipeline(body.open(), outgoing, (error) => error && outgoing.destroy(error))
    return
  }
  if (!beforeLastByte || body.length === 0) {
    outgoing.end(body)
    return
  }
  outgoing.write(body.subarray(0, -1), () => {
    beforeLastByte().then(
      () => outgoing.end(body.subarray(-1)),
      (error: Error) => outgoing.destroy(error),
    )
  })
}

async function collect(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = incoming.headers['content-encoding']
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity')
    throw new OutboundError('encoding', 'the answer is compressed')
  const tooLarge = new OutboundError('too-large', `the answer is longer than ${maxBytes} bytes`)
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw tooLarge
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxBytes) throw tooLarge
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof OutboundError ? error : new OutboundError('network', 'the answer broke off', { cause: error })
  }
  if (!incoming.complete) throw new OutboundError('network', 'the answer broke off')
  return Buffer.concat(chunks, size)
}

function parseJson({ headers, body }: OutboundResponse): unknown {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  try {
    if (type === 'application/json' || type.endsWith('+json')) return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    throw new OutboundError('not-json', 'the answer is not JSON', { cause: error })
  }
  throw new OutboundError('not-json', 'the answer is not JSON')
}
