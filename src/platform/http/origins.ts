import type { IncomingMessage } from 'node:http'

/**
 * A browser's cross-origin request carries Origin. It may come in when it is our own host or a listed one; a client that is no browser
 * sends none. CORS alone would not stop a WebSocket.
 */
export function createOriginCheck(allowed: readonly string[]): (request: IncomingMessage) => boolean {
  const listed = new Set(allowed)
  return (request) => {
    const origin = request.headers.origin
    if (origin === undefined) return true
    if (listed.has(origin)) return true
    try {
      return new URL(origin).host === request.headers.host
    } catch {
      return false
    }
  }
}
