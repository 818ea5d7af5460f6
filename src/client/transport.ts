import type { Ending } from './pause.ts'
import { ClientError, isProblem, noAnswer } from './problem.ts'

export interface HttpOptions {
  token?: string | undefined
  key?: string | undefined
  timeoutMs: number
  /** ends it before its time */
  ending: Ending
}

/** One operation over HTTP: path parameters from the input, the rest as query or body. @throws ClientError; code `network` when no answer of the server came */
export async function sendHttp(base: string, route: string, input: Record<string, unknown>, { token, key, timeoutMs, ending }: HttpOptions): Promise<unknown> {
  const [method = 'GET', template = '/'] = route.split(' ')
  const rest = { ...input }
  const path = template.replaceAll(/:([a-z_]+)/g, (_match, name: string) => {
    const value = rest[name]
    delete rest[name]
    return encodeURIComponent(String(value))
  })
  const query = method === 'GET' ? queryOf(rest) : ''
  const headers = {
    ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(key ? { 'x-idempotency-key': key } : {}),
  }
  return exchange(`${base}${path}${query}`, { method, headers, ...(method === 'GET' ? {} : { body: JSON.stringify(rest) }) }, timeoutMs, ending)
}

async function exchange(address: string, request: RequestInit, timeoutMs: number, ending: Ending): Promise<unknown> {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  const timer = setTimeout(stop, timeoutMs)
  const forget = ending.onEnd(stop)
  try {
    const response = await globalThis.fetch(address, { ...request, signal: controller.signal })
    const body = await response.json().catch(() => undefined)
    if (response.ok && body !== undefined) return body
    throw new ClientError(isProblem(body) ? body : noAnswer(`Something else answered with ${response.status}`))
  } catch (error) {
    throw error instanceof ClientError ? error : new ClientError(noAnswer())
  } finally {
    clearTimeout(timer)
    forget()
  }
}

function queryOf(input: Record<string, unknown>): string {
  const given = Object.entries(input).filter(([, value]) => value !== undefined && value !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()}`
}
