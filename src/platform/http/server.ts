import { createHash } from 'node:crypto'
import { createServer, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler, type Response } from 'express'
import helmet from 'helmet'
import type { Actor, Context, Logger } from '../../kernel/context.ts'
import { AppError, ensure, type ErrorCode, toProblem } from '../../kernel/errors.ts'
import type { Endpoint } from '../../kernel/feature.ts'
import { newId } from '../../kernel/ids.ts'
import type { AnyOperation, Method } from '../../kernel/operation.ts'
import type { Invoke } from '../invoke.ts'
import type { Metrics } from '../metrics.ts'
import type { Limiter } from '../rate-limit.ts'
import { createFramingGuard, readJson, refuseEncodings } from './body.ts'
import { inputOfUrl } from './query.ts'

export interface HttpDoor {
  app: Express
  server: Server
}

export interface HttpDependencies {
  operations: readonly AnyOperation[]
  endpoints: readonly Endpoint[]
  invoke: Invoke
  /** of the endpoints, by address */
  endpointLimit: Limiter
  /** @throws AppError 401 when a token came and is not good; anonymous when none came */
  authenticate: (request: Request) => Promise<Actor>
  addressOf: (request: Request) => string
  allowedOrigins: readonly string[]
  /** lists of pages that are served, mounted after the operations */
  pages: (app: Express) => void
  draining: () => boolean
  metrics: Metrics
  /** from how long on a line is worth reading */
  slowMs: number
  log: Logger
  /** how long headers, and a whole request, may take to arrive */
  arrival?: { headersMs: number; requestMs: number; lookEveryMs: number }
}

const maxUrl = 8 * 1024
const maxHeaders = 100
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']
export const defaultArrival = Object.freeze({ headersMs: 10_000, requestMs: 30_000, lookEveryMs: 1_000 })

export function createHttpDoor(deps: HttpDependencies): HttpDoor {
  const app = express()
  const framing = createFramingGuard()
  app.disable('x-powered-by')
  app.set('trust proxy', false)
  app.set('etag', false)
  // Paths are matched as they are written: /creators/x and /creators/x/ are two things, one of which is not there.
  app.enable('strict routing')
  app.enable('case sensitive routing')

  app.use((request, response, next) => {
    response.locals['request_id'] = newId('req')
    response.setHeader('X-Request-Id', response.locals['request_id'] as string)
    if (deps.draining()) response.setHeader('Connection', 'close')
    response.once('close', tell(request, response, deps))
    if (request.url.length > maxUrl) next(new AppError('uri-too-long'))
    else next(request.rawHeaders.length > 2 * maxHeaders ? new AppError('headers-too-large') : undefined)
  })
  app.use(holdToArrival(deps, (request) => server.emit('clientError', Object.assign(new Error('The body took too long'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), request.socket)))
  app.use(framing.refuse)
  app.use(refuseEncodings)
  app.use(securityHeaders())
  app.use(crossOrigin(deps.allowedOrigins))
  for (const endpoint of deps.endpoints) {
    if (endpoint.limited_path) app.use(endpoint.limited_path, limitAddress(deps))
    endpoint.mount(app)
  }
  mountOperations(app, deps)
  deps.pages(app)
  app.use((request, response, next) => {
    if (methods.includes(request.method)) return next(new AppError('not-found'))
    response.setHeader('Allow', methods.join(', '))
    next(new AppError('method-not-allowed'))
  })
  app.use(answerError(deps.log))

  const { headersMs, lookEveryMs } = deps.arrival ?? defaultArrival
  const server = createServer({ requestTimeout: Math.max(...arrivalsOf(deps).values()), headersTimeout: headersMs, connectionsCheckingInterval: lookEveryMs, keepAliveTimeout: 65_000 }, app)
  server.maxConnections = 20_000
  // Beyond a count, Node would leave headers out in silence, and so would hide what they say: all are read, and too many refused.
  server.maxHeadersCount = 0
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => (framing.isLost(socket) ? socket.end() : answerParserError(error, socket)))
  return { app, server }
}

function arrivalsOf({ endpoints, arrival = defaultArrival }: Pick<HttpDependencies, 'endpoints' | 'arrival'>): Map<string, number> {
  return new Map([['', arrival.requestMs], ...endpoints.flatMap((each): [string, number][] => (each.arrival ? [[each.arrival.path, each.arrival.ms]] : []))])
}

// The server itself knows one time for all requests, which is that of the slowest path: the others are held to theirs here.
function holdToArrival(deps: HttpDependencies, onLate: (request: Request) => void): RequestHandler {
  const arrivals = arrivalsOf(deps)
  const longest = Math.max(...arrivals.values())
  return (request, response, next) => {
    const ms = arrivals.get(request.path) ?? (arrivals.get('') as number)
    if (request.complete || ms === longest || !announcesBody(request)) return next()
    const timer = setTimeout(() => request.complete || response.headersSent || onLate(request), ms)
    request.once('end', () => clearTimeout(timer))
    response.once('close', () => clearTimeout(timer))
    next()
  }
}

function announcesBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function limitAddress({ endpointLimit, addressOf }: HttpDependencies): RequestHandler {
  return (request, _response, next) => {
    endpointLimit.take(addressOf(request)).then(() => next(), next)
  }
}

// Addresses may hold what is nobody's business (the token of a checkout page), so it is the route that is told.
function tell(request: Request, response: Response, { metrics, slowMs, log }: HttpDependencies): () => void {
  const started = performance.now()
  return () => {
    const ms = Math.round(performance.now() - started)
    const pattern = request.route ? `${request.baseUrl}${String((request.route as { path: unknown }).path)}` : 'unmatched'
    // Nobody waited for the end of it: there is no status for that, but everybody knows 499.
    const status = response.writableFinished ? response.statusCode : 499
    const line = { route: pattern, method: request.method, status, ms, request_id: response.locals['request_id'] as string }
    metrics.request(line)
    // What reached an operation has a line of its own already.
    if (response.locals['invoked']) return
    if (ms >= slowMs) log.info(line, 'slow request')
    else if (status >= 500) log.info(line, 'failed request')
    else log.debug(line, 'request')
  }
}

function mountOperations(app: Express, deps: HttpDependencies): void {
  const methods = new Map<string, Set<Method>>()
  for (const operation of deps.operations) {
    if (operation.route === 'socket-only') continue
    const [method, path] = operation.route.split(' ') as [Method, string]
    methods.set(path, (methods.get(path) ?? new Set()).add(method))
    const verb = method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'
    app[verb](path, (request, response, next) => {
      answer(operation, request, response, deps).catch(next)
    })
  }
  for (const [path, allowed] of methods)
    app.all(path, (_request, response, next) => {
      response.setHeader('Allow', [...allowed].join(', '))
      next(new AppError('method-not-allowed'))
    })
}

async function answer(operation: AnyOperation, request: Request, response: Response, deps: HttpDependencies): Promise<void> {
  const requestId = response.locals['request_id'] as string
  const actor = await deps.authenticate(request)
  const ctx: Context = { actor, request_id: requestId, door: 'http', address: deps.addressOf(request), agent: request.get('User-Agent') ?? '', log: deps.log }
  const raw = await inputOf(operation, request)
  response.locals['invoked'] = true
  const { data, replayed } = await deps.invoke(operation, ctx, raw, keyOf(request))
  response.locals['answered'] = true
  if (replayed) response.setHeader('Idempotent-Replayed', 'true')
  const body = JSON.stringify(data)
  // Nothing private stays on a disk in between; what everybody may see may be kept, and asked after by its tag.
  response.setHeader('Cache-Control', operation.audience === 'public' && actor.kind === 'anonymous' ? 'no-cache' : 'no-store')
  if (operation.audience === 'public') response.vary('Authorization')
  if (operation.route.startsWith('GET ')) response.setHeader('ETag', `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`)
  response.status(operation.status ?? 200).type('json')
  if (request.fresh) response.status(304).end()
  else response.send(body)
}

async function inputOf(operation: AnyOperation, request: Request): Promise<unknown> {
  const search = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : ''
  if (request.method === 'GET') return inputOfUrl(operation, request.params, search)
  const body = await readJson(request)
  ensure(!Array.isArray(body), 'validation', 'The body must be an object')
  const extra = inputOfUrl(operation, request.params, search)
  // The path wins in silence nowhere: a body that names the same thing again is a mistake or an attempt.
  for (const key of Object.keys(extra))
    ensure(!Object.hasOwn(body as object, key), 'validation', { errors: [{ path: key, code: 'unknown-field', detail: 'is told by the address already' }] })
  return Object.keys(extra).length > 0 ? { ...(body as object), ...extra } : body
}

function keyOf(request: Request): string | undefined {
  return request.get('X-Idempotency-Key') ?? request.get('Idempotency-Key')
}

function securityHeaders() {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'connect-src': ["'self'"],
        'img-src': ["'self'", 'data:', 'https:'],
        'media-src': ["'self'", 'data:', 'https:'],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        // The studio shows the overlay's page in a frame; nobody else's page may.
        'frame-src': ["'self'"],
        'frame-ancestors': ["'self'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
  })
}

function crossOrigin(allowed: readonly string[]) {
  const listed = new Set(allowed)
  return (request: Request, response: Response, next: () => void): void => {
    const origin = request.headers.origin
    if (origin === undefined || !listed.has(origin)) return next()
    response.setHeader('Access-Control-Allow-Origin', origin)
    response.setHeader('Vary', 'Origin')
    if (request.method !== 'OPTIONS') return next()
    response.setHeader('Access-Control-Allow-Methods', 'GET, POST, PUT, DELETE')
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, Idempotency-Key, X-Idempotency-Key')
    response.setHeader('Access-Control-Max-Age', '600')
    response.status(204).end()
  }
}

function answerError(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    const known = asKnown(error)
    // The pipeline has told of what broke inside it.
    const isTold = response.locals['invoked'] && !response.locals['answered']
    if (!(known instanceof AppError) && !isTold) log.error({ err: known, request_id: response.locals['request_id'] as string }, 'a request failed')
    const problem = toProblem(known, response.locals['request_id'] as string)
    if (problem.retry_after_ms !== undefined) response.setHeader('Retry-After', String(Math.ceil(problem.retry_after_ms / 1000)))
    if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer')
    // What is left of a refused body is not read: the connection ends with the answer.
    if (!request.complete) response.setHeader('Connection', 'close')
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem))
  }
}

// Express, its router and its file sender throw errors of their own: for paths that don't decode, lead out of a folder or to nothing.
function asKnown(error: unknown): unknown {
  if (error instanceof AppError) return error
  const status = Number((error as { status?: unknown }).status)
  if (error instanceof URIError || status === 400) return new AppError('validation', { detail: 'The address does not decode' })
  if (status === 403 || status === 404) return new AppError('not-found')
  if (status === 412) return new AppError('stale-state')
  if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'ECONNRESET') return new AppError('request-timeout')
  return error
}

function answerParserError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const problem = toProblem(new AppError(parserErrors[error.code ?? ''] ?? 'validation', { detail: 'The request could not be read' }))
  const body = JSON.stringify(problem)
  const allow = problem.status === 405 ? `Allow: ${methods.join(', ')}\r\n` : ''
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${allow}Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
}

const parserErrors: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_INVALID_METHOD: 'method-not-allowed',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
}
