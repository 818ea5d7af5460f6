import type { Express, Request } from 'express'
import Joi from 'joi'
import type { Endpoint } from '../kernel/feature.ts'

export interface Health {
  readonly endpoint: Endpoint
  draining(): boolean
  startDraining(): void
  ready(): void
}

export interface Part {
  ok: boolean
  /** one line for the operator */
  detail: string
}

/** `required` parts decide whether requests are sent here; the others only say how it is. */
export interface PartSource {
  required: boolean
  read(): Promise<Part>
}

type State = 'starting' | 'ready' | 'draining'

const believedMs = 1_000

/**
 * /healthz: the loop turns. /readyz: one word for everybody; for an admin, or with METRICS_TOKEN, the parts it was made of. A part that is
 * not `required` makes nobody go away: with it in trouble this process still serves as well as any other.
 */
export function createHealth({ parts, mayKnow, maintained }: { parts: Record<string, PartSource>; mayKnow: (request: Request) => Promise<boolean>; maintained: () => Promise<boolean> }): Health {
  let state: State = 'starting'
  let last: { at: number; parts: Record<string, Part>; ready: boolean } | undefined
  let looking: Promise<NonNullable<typeof last>> | undefined

  return Object.freeze({
    endpoint: { name: 'health', mount, routes },
    draining: () => state === 'draining',
    startDraining() {
      state = 'draining'
    },
    ready() {
      state = 'ready'
    },
  })

  function mount(app: Express): void {
    app.get('/healthz', (_request, response) => {
      response.setHeader('Cache-Control', 'no-store').json({ status: 'up' })
    })
    app.get('/readyz', (request, response, next) => {
      answer(request).then(({ ready, body }) => {
        response
          .status(ready ? 200 : 503)
          .setHeader('Cache-Control', 'no-store')
          .json(body)
      }, next)
    })
  }

  async function answer(request: Request): Promise<{ ready: boolean; body: object }> {
    const [found, detailed] = await Promise.all([look(), mayKnow(request)])
    const ready = state === 'ready' && found.ready
    const status = state !== 'ready' ? state : !found.ready ? 'not-ready' : (await maintained().catch(() => false)) ? 'maintenance' : 'ready'
    if (!detailed) return { ready, body: { status } }
    return { ready, body: { status, parts: { ...found.parts, draining: { ok: state !== 'draining', detail: state } } } }
  }

  // Many probes at once are one look.
  async function look(): Promise<NonNullable<typeof last>> {
    if (last && performance.now() - last.at < believedMs) return last
    looking ??= lookNow().finally(() => (looking = undefined))
    return looking
  }

  async function lookNow(): Promise<NonNullable<typeof last>> {
    const names = Object.keys(parts)
    const found = await Promise.all(names.map((name) => (parts[name] as PartSource).read().catch((error: unknown): Part => ({ ok: false, detail: error instanceof Error ? error.name : 'unknown' }))))
    const ready = names.every((name, index) => !(parts[name] as PartSource).required || (found[index] as Part).ok)
    const seen = { at: performance.now(), parts: Object.fromEntries(names.map((name, index) => [name, found[index] as Part])), ready }
    // Trouble is looked at again at once: what got well should not have to wait.
    last = ready ? seen : undefined
    return seen
  }
}

const json = 'application/json'
const part = Joi.object<Part, true>({ ok: Joi.boolean().required(), detail: Joi.string().allow('').required() })
const parts = Joi.object().pattern(Joi.string(), part).example({ store: { ok: true, detail: 'a write went through' } }).description('Only for admins, and with the bearer token of METRICS_TOKEN')
const readiness = (...words: string[]): Joi.ObjectSchema => Joi.object({ status: Joi.string().valid(...words).required(), parts })
const routes: Endpoint['routes'] = [
  { name: 'server:health', summary: 'The process turns', route: 'GET /healthz', answers: [{ status: 200, summary: 'Up', media_type: json, data: Joi.object({ status: Joi.string().valid('up').required() }) }], errors: [] },
  {
    name: 'server:ready',
    summary: 'Whether requests should be sent to this process',
    route: 'GET /readyz',
    answers: [
      { status: 200, summary: 'Ready; with `maintenance` only admins may change anything', media_type: json, data: readiness('ready', 'maintenance') },
      { status: 503, summary: 'Not now', media_type: json, data: readiness('starting', 'draining', 'not-ready') },
    ],
    errors: [],
  },
]
