import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express'
import helmet from 'helmet'
import type { Actor, Context, Logger } from '../../kernel/context.ts'
import { AppError, ensure, toProblem } from '../../kernel/errors.ts'
import type { Endpoint } from '../../kernel/feature.ts'
import { newId } from '../../kernel/ids.ts'
import type { AnyOperation, Method } from '../../kernel/operation.ts'
import type { Invoke } from '../invoke.ts'
import { readJson, refuseEncodings } from './body.ts'
import { inputOfUrl } from './query.ts'

export interface HttpDoor {
  app: Express
  server: Server
}

export interface HttpDependencies {
  operations: readonly AnyOperation[]
  endpoints: readonly Endpoint[]
  invoke: Invoke
  /** @throws AppError 401 when a token came and is not good; anonymous when none came */
  authenticate: (request: Request) => Promise<Actor>
  addressOf: (request: Request) => string
  allowedOrigins: readonly string[]
  /** lists of pages that are served, mounted after the operations */
  pages: (app: Express) => void
  draining: () => boolean
  log: Logger
}

const maxUrl = 8 * 1024

export function createHttpDoor(deps: HttpDependencies): HttpDoor {
  const app = express()
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
    next(request.url.length > maxUrl ? new AppError('uri-too-long') : undefined)
  })
  app.use(refuseEncodings)
  app.use(securityHeaders())
  app.use(crossOrigin(deps.allowedOrigins))
  for (const endpoint of deps.endpoints) endpoint.mount(app)
  mountOperations(app, deps)
  deps.pages(app)
  app.use((_request, _response, next) => next(new AppError('not-found')))
  app.use(answerError(deps.log))

  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, connectionsCheckingInterval: 5_000, keepAliveTimeout: 65_000 }, app)
  server.maxConnections = 20_000
  server.maxHeadersCount = 100
  server.on('clientError', answerParserError)
  return { app, server }
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
  const ctx: Context = { actor, request_id: requestId, door: 'http', address: deps.addressOf(request), log: deps.log }
  const raw = await inputOf(operation, request)
  const { data, replayed } = await deps.invoke(operation, ctx, raw, keyOf(request))
  if (replayed) response.setHeader('Idempotent-Replayed', 'true')
  response.setHeader('Cache-Control', 'no-store')
  response.status(operation.status ?? 200).json(data)
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
        'media-src': ["'self'", 'data:'],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
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
    if (!(known instanceof AppError)) log.error({ err: known, request_id: response.locals['request_id'] as string }, 'a request failed')
    const problem = toProblem(known, response.locals['request_id'] as string)
    if (problem.retry_after_ms !== undefined) response.setHeader('Retry-After', String(Math.ceil(problem.retry_after_ms / 1000)))
    if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer')
    // What is left of a refused body is not read: the connection ends with the answer.
    if (!request.complete) response.setHeader('Connection', 'close')
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem))
  }
}

// Express and its router throw errors of their own for paths that don't decode.
function asKnown(error: unknown): unknown {
  if (error instanceof AppError) return error
  const status = (error as { status?: unknown }).status
  if (error instanceof URIError || status === 400) return new AppError('validation', { detail: 'The address does not decode' })
  if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'ECONNRESET') return new AppError('request-timeout')
  return error
}

function answerParserError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, code] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'too-large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'request-timeout']
        : ['400 Bad Request', 'validation']
  const body = JSON.stringify({ type: `/problems/${code}`, title: 'The request could not be read', status: Number(status?.slice(0, 3)), code })
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
}
