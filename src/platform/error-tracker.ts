import type { Wall } from '../kernel/clock.ts'
import type { Logger } from '../kernel/context.ts'
import type { HttpClient } from './http-client.ts'
import { isSecretField } from './logger.ts'

export interface ErrorTracker {
  /** Never throws and never waits for longer than 5 s; what is too much is counted and told with the next. */
  report(fields: object, message: string): Promise<void>
  /** The same log, whose errors are reported too. */
  follow(log: Logger): Logger
}

const perMinute = 20
const sameAgainMs = 60_000
const inFlight = 4
const totalMs = 5_000
const maxText = 500
const maxFrames = 20
const maxKnown = 500

/** Tells a service of the operator's choice of every fault of ours: an address that takes a POST of JSON. Without an address it does nothing. */
export function createErrorTracker({ url, http, wall }: { url: string | undefined; http: HttpClient; wall: Wall }): ErrorTracker {
  const lastTold = new Map<string, number>()
  let minute = { from: 0, count: 0 }
  let running = 0
  let unsaid = 0

  return Object.freeze({ report, follow })

  function follow(log: Logger): Logger {
    return {
      debug: (fields, message) => log.debug(fields, message),
      info: (fields, message) => log.info(fields, message),
      warn: (fields, message) => log.warn(fields, message),
      error(fields, message = '') {
        log.error(fields, message)
        void report(fields, message)
      },
    }
  }

  async function report(fields: object, message: string): Promise<void> {
    if (url === undefined) return
    const error = describeError((fields as { err?: unknown }).err)
    if (!mayTell(`${message}|${error?.name ?? ''}|${error?.frames[0] ?? ''}`)) {
      unsaid++
      return
    }
    const fault = { at: wall.now().toISOString(), service: 'ovation', message: redactText(message), ...(error ? { error } : {}), fields: redactFields(fields), unsaid }
    unsaid = 0
    running++
    try {
      await http.request({ method: 'POST', url, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(fault), totalMs, maxBytes: 64 * 1024 })
    } catch {
      // The log has the fault already; a tracker that is away must not make another one.
    } finally {
      running--
    }
  }

  function mayTell(fingerprint: string): boolean {
    const now = wall.now().getTime()
    if (now - minute.from >= 60_000) minute = { from: now, count: 0 }
    if (running >= inFlight || minute.count >= perMinute || now - (lastTold.get(fingerprint) ?? -sameAgainMs) < sameAgainMs) return false
    if (lastTold.size >= maxKnown) lastTold.clear()
    lastTold.set(fingerprint, now)
    minute.count++
    return true
  }
}

function describeError(error: unknown): { name: string; message: string; frames: string[] } | undefined {
  if (!(error instanceof Error)) return undefined
  // The first lines of a stack repeat the message; what is left are places in the code.
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return { name: error.name, message: redactText(error.message), frames: frames.slice(0, maxFrames).map((line) => line.trim()) }
}

function redactFields(fields: object): Record<string, unknown> {
  const plain = Object.entries(fields).filter(([name]) => name !== 'err')
  return Object.fromEntries(plain.map(([name, value]) => [name, isSecretField(name) ? '[redacted]' : redactValue(value)]))
}

function redactValue(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object') return undefined
  return redactText(JSON.stringify(value, (name, item: unknown) => (isSecretField(name) ? '[redacted]' : item)))
}

// Messages of others may quote what they choked on: addresses with passwords, tokens, people.
function redactText(text: string): string {
  return text
    .slice(0, maxText * 4)
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1[redacted]@')
    .replace(/\beyJ[\w-]+\.[\w-]+(\.[\w-]+)?/g, '[token]')
    .replace(/[\w.+%-]+@[\w.-]+\.[a-z]{2,}/gi, '[email]')
    .replace(/(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])(?!(?:[a-z]{3}_)?[0-9a-f]{32}(?![\w-]))[\w-]{32,}/g, '[token]')
    .slice(0, maxText)
}
