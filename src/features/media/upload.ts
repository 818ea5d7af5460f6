import { rm } from 'node:fs/promises'
import type { Express, Request, Response } from 'express'
import Joi from 'joi'
import type { Actor, Context, Logger } from '../../kernel/context.ts'
import { ensure, fail } from '../../kernel/errors.ts'
import type { Endpoint, EndpointRoute } from '../../kernel/feature.ts'
import { newId } from '../../kernel/ids.ts'
import { receiveFile } from '../../platform/http/multipart.ts'
import type { Maintenance } from '../../platform/maintenance.ts'
import type { Limiter } from '../../platform/rate-limit.ts'
import { type Media, type MediaKind, uploadPath } from './contract.ts'
import type { Keeping } from './keeping.ts'
import type { MediaLimits, Prepared } from './preparing.ts'
import * as schema from './schema.ts'

/** in one process at once: each may hold a disk for minutes */
const maxRunning = 64
export const arrivalMs = 10 * 60_000

/** A file comes in: to a place of its own on this machine, looked at, and only then among the others. */
export function createUploadEndpoint({ keeping, prepare, limits, folder, authenticate, addressOf, maintenance, pace, log }: {
  keeping: Pick<Keeping, 'keep' | 'ensureSpace'>
  prepare: (received: Awaited<ReturnType<typeof receiveFile>>) => Promise<Prepared>
  limits: MediaLimits
  folder: string
  authenticate: (request: Request) => Promise<Actor>
  addressOf: (request: Request) => string
  maintenance: Pick<Maintenance, 'ensureOpen'>
  /** by person */
  pace: Limiter
  log: Logger
}): Endpoint {
  const most = Math.max(...Object.values(limits.max_bytes))
  let running = 0

  return {
    name: 'media.upload',
    limited_path: uploadPath,
    arrival: { path: uploadPath, ms: arrivalMs },
    routes: [told],
    mount(app: Express) {
      app.post(uploadPath, (request, response, next) => {
        take(request, response).catch(next)
      })
    },
  }

  async function take(request: Request, response: Response): Promise<void> {
    const actor = await authenticate(request)
    ensure(actor.kind === 'user', 'unauthenticated')
    const ctx: Context = { actor, request_id: response.locals['request_id'] as string, door: 'http', address: addressOf(request), log }
    await maintenance.ensureOpen({ route: told.route }, ctx)
    await pace.take(actor.user_id)
    await keeping.ensureSpace(actor.user_id)
    if (running >= maxRunning) fail('retry', { retry_after_ms: 5_000 })
    running++
    try {
      response.setHeader('Cache-Control', 'no-store')
      response.status(201).json(await receive(ctx, request))
    } finally {
      running--
    }
  }

  async function receive(ctx: Context, request: Request): Promise<Media> {
    const received = await receiveFile(request, { folder, as: newId('med'), fields: ['kind', 'waveform'], maxBytes: ({ kind }) => limits.max_bytes[kind as MediaKind] ?? most })
    try {
      return await keeping.keep(ctx, await prepare(received))
    } finally {
      await Promise.all(['', '.original', '.thumbnail'].map((each) => rm(`${received.path}${each}`, { force: true })))
    }
  }
}

const told: EndpointRoute = {
  name: 'media:upload',
  summary: 'Send one file as multipart/form-data: `kind` and `waveform` first, then `file`. It is yours alone until a message carries it, and goes after a day without one',
  route: `POST ${uploadPath}`,
  bearer: true,
  body: {
    media_type: 'multipart/form-data',
    data: Joi.object({ kind: schema.kind, waveform: Joi.string().max(4_096).description('A JSON list of up to 64 whole numbers from 0 to 100: how loud a voice note is').example('[0,40,100]'), file: Joi.string().description('The bytes of the file').example('…').required() }),
  },
  answers: [{ status: 201, summary: 'Kept; the id is for `message:send`', media_type: 'application/json', data: schema.media }],
  errors: ['validation', 'multipart', 'unauthenticated', 'token-expired', 'session-revoked', 'request-timeout', 'too-large', 'quota', 'uri-too-long', 'encoding', 'media-type', 'file-type', 'file-corrupt', 'file-limits', 'rate-limited', 'internal', 'retry'],
}
