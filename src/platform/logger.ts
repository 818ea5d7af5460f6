import { pino, type DestinationStream } from 'pino'
import type { Logger } from '../kernel/context.ts'

const secretFields = ['password', 'token', 'access_token', 'refresh_token', 'authorization', 'cookie', 'secret', 'bank_account', 'account_number', 'key', 'uri', 'message_text']

/** Whether a field of that name is never shown. */
export function isSecretField(name: string): boolean {
  return secretFields.includes(name)
}

/** Structured logs, one JSON object a line. Anything named like a secret is blanked wherever it stands, up to three levels down. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const paths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`])
  const options = { level, base: undefined, serializers: { err: presentError }, redact: { paths, censor: '[redacted]' }, timestamp: pino.stdTimeFunctions.isoTime }
  return destination ? pino(options, destination) : pino(options)
}

// Errors of libraries carry what they were working on: rows, commands, request options. What is told is what happened and where.
function presentError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error }
  const { name, message, stack, cause } = error
  const { code } = error as { code?: unknown }
  return { type: name, message, ...(code === undefined ? {} : { code }), stack, ...(cause instanceof Error ? { cause: `${cause.name}: ${cause.message}` } : {}) }
}
