import { Agent, request } from 'node:http'

export interface Guest {
  token?: string
  /** each guest comes from an address of his own, as people do */
  address: string
}

export interface Call extends Guest {
  method: string
  path: string
  json?: unknown
  form?: string
  key?: string
}

const attempts = 8
const pauseMs = 1_000
/** what may be otherwise in a moment: too many, one is under way, the store is busy */
const passing = ['rate-limited', 'in-progress', 'retry', 'busy']

/** A no of the server's. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  readonly code: string

  constructor({ method, path }: Call, status: number, code: string) {
    super(`${method} ${path}: ${status} ${code}`)
    this.status = status
    this.code = code
  }
}

export type Door = ReturnType<typeof createDoor>

/**
 * The server's front door: what it refuses for the moment is asked again when it says so; what it refuses for good is thrown.
 * @param isBack waited for when no answer came, before the same is asked again under the same key; without it, no answer is the end
 */
export function createDoor(baseUrl: string, isBack?: () => Promise<unknown>) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })

  return { call, close: () => agent.destroy() }

  /** @throws Refused */
  async function call<T>(what: Call): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const answer = await send(what).catch(async (error: unknown) => {
        if (!isBack || attempt === attempts) throw error
        await isBack()
      })
      if (!answer) continue
      const { status, text } = answer
      if (status < 300) return (text.startsWith('{') ? JSON.parse(text) : undefined) as T
      const problem = text.startsWith('{') ? (JSON.parse(text) as { code: string; retry_after_ms?: number }) : undefined
      if (!passing.includes(problem?.code ?? '') || attempt === attempts) throw new Refused(what, status, problem?.code ?? '')
      await new Promise((resolve) => setTimeout(resolve, problem?.retry_after_ms ?? pauseMs))
    }
  }

  function send({ method, path, token, address, json, form, key }: Call): Promise<{ status: number; text: string }> {
    const body = form ?? (json === undefined ? undefined : JSON.stringify(json))
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${baseUrl}${path}`,
        {
          method,
          agent,
          headers: {
            'x-forwarded-for': address,
            ...(token ? { authorization: `Bearer ${token}` } : {}),
            ...(key ? { 'idempotency-key': key } : {}),
            ...(body === undefined ? {} : { 'content-type': form === undefined ? 'application/json' : 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }),
          },
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => (text += chunk))
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
          response.on('error', reject)
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }
}
