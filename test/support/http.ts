import { Agent, request } from 'node:http'

/** Connections are kept as a browser keeps them; a new one for each request costs more than many a request. */
const agent = new Agent({ keepAlive: true })

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever came back
  body: any
  text: string
}

export interface Ask {
  method?: string
  token?: string
  key?: string
  headers?: Record<string, string | string[]>
  json?: unknown
  raw?: Buffer | string
}

/** One HTTP exchange, as plain as it gets: what a stranger with curl would send. */
export function ask(url: string, { method, token, key, headers = {}, json, raw }: Ask = {}): Promise<Answer> {
  const body = raw ?? (json === undefined ? undefined : JSON.stringify(json))
  const verb = method ?? (body === undefined ? 'GET' : 'POST')
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: verb,
        agent,
        headers: {
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(key ? { 'x-idempotency-key': key } : {}),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parse(text) })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
