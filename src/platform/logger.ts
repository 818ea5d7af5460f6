import { pino, type DestinationStream } from 'pino'
import type { Logger } from '../kernel/context.ts'

const secretFields = ['password', 'token', 'access_token', 'refresh_token', 'authorization', 'cookie', 'secret', 'bank_account', 'account_number', 'key', 'uri', 'message_text']

/** Structured logs, one JSON object a line. Anything named like a secret is blanked wherever it stands, up to three levels down. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const paths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`])
  const options = { level, base: undefined, redact: { paths, censor: '[redacted]' }, timestamp: pino.stdTimeFunctions.isoTime }
  return destination ? pino(options, destination) : pino(options)
}
