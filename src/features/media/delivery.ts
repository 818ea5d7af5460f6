import { pipeline } from 'node:stream/promises'
import type { Express, Request, Response } from 'express'
import type { Actor, Logger } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Endpoint, EndpointRoute } from '../../kernel/feature.ts'
import { type ByteRange, type Storage, StorageError } from '../../platform/storage/storage.ts'
import type { Addresses } from './addresses.ts'
import type { Keeping } from './keeping.ts'
import type { FileRow, MediaRow, Variant } from './model.ts'
import { dispositionOf } from './names.ts'

/** Files go out here, and nowhere else: what they were signed for is asked once more, and no browser is to take them for a page. */
export function createDeliveryEndpoint({ keeping, addresses, storage, authenticate, log }: {
  keeping: Pick<Keeping, 'readable'>
  addresses: Addresses
  storage: Storage
  authenticate: (request: Request) => Promise<Actor>
  log: Logger
}): Endpoint {
  return {
    name: 'media.delivery',
    limited_path: '/media',
    routes: [told],
    mount(app: Express) {
      // HEAD comes here as well: Express gives it to the handler of GET.
      app.get('/media/:media_id/:variant', (request, response, next) => {
        deliver(request, response).catch(next)
      })
    },
  }

  async function deliver(request: Request, response: Response): Promise<void> {
    const media_id = request.params['media_id'] as string
    const variant = request.params['variant'] as Variant
    const { user, expires, signature } = request.query
    ensure(typeof user === 'string' && typeof expires === 'string' && typeof signature === 'string', 'forbidden', 'This address was not made here')
    const left = addresses.verify({ media_id, variant, user_id: user }, { expires, signature })
    // A page that shows it sends no token; whoever sends one is who the address was made for.
    const actor = await authenticate(request)
    ensure(actor.kind === 'anonymous' || (actor.kind === 'user' && actor.user_id === user), 'forbidden', 'This address was made for somebody else')
    const row = await keeping.readable(user, media_id)
    const file = row.files.find((each) => each.variant === variant)
    ensure(file, 'not-found')
    describe(response, row, file, left)
    if (request.fresh) return void response.status(304).end()
    const range = rangeOf(request, file)
    if (range === 'none') {
      response.setHeader('Content-Range', `bytes */${file.size}`)
      response.removeHeader('ETag')
      fail('range')
    }
    if (range) response.status(206).setHeader('Content-Range', `bytes ${range.start}-${range.end}/${file.size}`)
    response.setHeader('Content-Length', range ? range.end - range.start + 1 : file.size)
    if (request.method === 'HEAD') return void response.end()
    await send(response, file, range)
  }

  async function send(response: Response, file: FileRow, range: ByteRange | undefined): Promise<void> {
    const bytes = await storage.read(file.key, range).catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error
      log.error({ err: error, key: file.key }, 'a file could not be read')
      for (const name of ['Content-Length', 'Content-Range', 'Content-Disposition', 'ETag']) response.removeHeader(name)
      return fail('retry', { retry_after_ms: 5_000 })
    })
    if (!bytes) throw new Error(`The file ${file.key} has a row and is not there`)
    // Whoever goes away in the middle has had enough of it.
    await pipeline(bytes, response).catch((error: unknown) => response.destroyed || log.warn({ err: error, key: file.key }, 'a file broke off'))
  }
}

function describe(response: Response, row: MediaRow, file: FileRow, left: number): void {
  response.setHeader('Content-Type', file.content_type)
  response.setHeader('Content-Disposition', dispositionOf(row.kind === 'file' ? 'attachment' : 'inline', row.name))
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'; sandbox")
  response.setHeader('Cache-Control', `private, max-age=${left}`)
  response.setHeader('Accept-Ranges', 'bytes')
  response.setHeader('ETag', `"${file.sha256}"`)
}

/** One range, or what is wrong with it: many of them are a way to make a server send a file a thousand times. */
function rangeOf(request: Request, { size, sha256 }: FileRow): ByteRange | 'none' | undefined {
  const asked = request.headers.range
  if (asked === undefined) return undefined
  const other = request.headers['if-range']
  if (other !== undefined && other !== `"${sha256}"`) return undefined
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(asked.trim())
  if (!match || (match[1] === '' && match[2] === '')) return 'none'
  const [from, to] = [match[1] as string, match[2] as string]
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  return start <= end ? { start, end } : 'none'
}

const told: EndpointRoute = {
  name: 'media:read',
  summary: 'The file itself, or a part of it: `media:sign` makes the address, for one person and five minutes',
  route: 'GET /media/:media_id/:variant',
  headers: [{ name: 'Range', summary: 'One range of bytes', required: false }],
  answers: [
    { status: 200, summary: 'All of it', media_type: 'application/octet-stream' },
    { status: 206, summary: 'The part that was asked for', media_type: 'application/octet-stream' },
  ],
  errors: ['forbidden', 'blocked', 'not-found', 'unauthenticated', 'token-expired', 'session-revoked', 'range', 'uri-too-long', 'encoding', 'internal', 'retry'],
}
