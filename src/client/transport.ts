import type { Problem } from '../kernel/errors.ts'
import { ClientError } from './problem.ts'

export interface HttpOptions {
  token?: string | undefined
  key?: string | undefined
  timeoutMs: number
}

/** One operation over HTTP: path parameters from the input, the rest as query or body. @throws ClientError */
export async function sendHttp(base: string, route: string, input: Record<string, unknown>, { token, key, timeoutMs }: HttpOptions): Promise<unknown> {
  const [method = 'GET', template = '/'] = route.split(' ')
  const rest = { ...input }
  const path = template.replaceAll(/:([a-z_]+)/g, (_match, name: string) => {
    const value = rest[name]
    delete rest[name]
    return encodeURIComponent(String(value))
  })
  const query = method === 'GET' ? queryOf(rest) : ''
  const response = await globalThis.fetch(`${base}${path}${query}`, {
    method,
    headers: {
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(key ? { 'x-idempotency-key': key } : {}),
    },
    ...(method === 'GET' ? {} : { body: JSON.stringify(rest) }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const body = (await response.json()) as unknown
  if (!response.ok) throw new ClientError(body as Problem)
  return body
}

function queryOf(input: Record<string, unknown>): string {
  const given = Object.entries(input).filter(([, value]) => value !== undefined && value !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()}`
}
