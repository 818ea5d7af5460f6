/** The one table of error codes: the code a client sees, the HTTP status it comes with, the sentence that heads it. */
const table = {
  'bad-json': [400, 'The body is not valid JSON'],
  validation: [400, 'Some fields are not acceptable'],
  'too-complex': [400, 'The body is nested too deeply or has too many parts'],
  'idempotency-key': [400, 'An idempotency key is needed: 1 to 200 visible ASCII characters'],
  cursor: [400, 'The cursor does not belong to this list'],
  signature: [400, 'The signature does not match'],
  'signature-time': [400, 'The signature is too old or from the future'],
  multipart: [400, 'The upload is malformed'],
  unauthenticated: [401, 'Sign in first'],
  'token-expired': [401, 'The access token has expired'],
  'session-revoked': [401, 'This sign-in was ended'],
  'payment-declined': [402, 'The payment was declined'],
  forbidden: [403, 'This is not yours to do'],
  blocked: [403, 'A block stands between you'],
  'tier-required': [403, 'A membership is needed'],
  origin: [403, 'This origin is not allowed'],
  'step-up-required': [403, 'Confirm your password again first'],
  'not-found': [404, 'There is no such thing'],
  'unknown-event': [404, 'There is no such command'],
  'method-not-allowed': [405, 'This method is not available here'],
  'request-timeout': [408, 'The request took too long to arrive'],
  'in-progress': [409, 'The same request is still running'],
  conflict: [409, 'Somebody else was first'],
  'stale-state': [409, 'That is not possible in its present state'],
  busy: [409, 'Busy'],
  'hold-resolved': [409, 'The hold was resolved already'],
  expired: [410, 'It has expired'],
  'too-large': [413, 'The body is too large'],
  quota: [413, 'The quota is used up'],
  'uri-too-long': [414, 'The address is too long'],
  'headers-too-large': [431, 'The headers are too large or too many'],
  encoding: [415, 'Content encodings are not accepted'],
  'media-type': [415, 'Send application/json in UTF-8'],
  'file-type': [415, 'This type of file is not accepted'],
  range: [416, 'This range can’t be given'],
  'key-reused': [422, 'This key was used for another request'],
  'insufficient-funds': [422, 'The balance is too low'],
  self: [422, 'Not with yourself'],
  amount: [422, 'The amount is out of bounds'],
  currency: [422, 'This currency is not accepted here'],
  'exceeds-captured': [422, 'More than was captured'],
  'exceeds-hold': [422, 'More than is held'],
  'file-corrupt': [422, 'The file is damaged'],
  'file-limits': [422, 'The file exceeds the limits'],
  'sdp-invalid': [422, 'The session description is not acceptable'],
  'ice-invalid': [422, 'The candidate is not acceptable'],
  'rate-limited': [429, 'Too many requests'],
  'slow-mode': [429, 'Slow mode is on'],
  internal: [500, 'Something went wrong on our side'],
  retry: [503, 'Try again shortly'],
  'store-readonly': [503, 'Nothing can be written at present'],
} as const satisfies Record<string, readonly [number, string]>

export type ErrorCode = keyof typeof table

export const errorCodes = Object.keys(table) as ErrorCode[]

/** RFC 9457 problem details, the same object on HTTP and in a socket's ack. */
export interface Problem {
  type: string
  title: string
  status: number
  code: ErrorCode
  detail?: string
  errors?: FieldError[]
  retry_after_ms?: number
  request_id?: string
}

export interface FieldError {
  /** dotted path of the field, empty for the whole */
  path: string
  /** `unknown-field`, `forbidden-key` or the schema's word for the rule that was broken */
  code: string
  /** a sentence about the rule; never the value */
  detail: string
}

export interface ErrorExtras {
  detail?: string
  errors?: FieldError[]
  retry_after_ms?: number
}

/** A refusal that the client is meant to see. Everything else that is thrown becomes `internal` and is logged. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly status: number
  readonly extras: ErrorExtras

  constructor(code: ErrorCode, extras: ErrorExtras = {}) {
    super(extras.detail ?? table[code][1])
    this.code = code
    this.status = table[code][0]
    this.extras = extras
  }
}

export function statusOf(code: ErrorCode): number {
  return table[code][0]
}

export function titleOf(code: ErrorCode): string {
  return table[code][1]
}

export function fail(code: ErrorCode, detailOrExtras?: string | ErrorExtras): never {
  throw new AppError(code, typeof detailOrExtras === 'string' ? { detail: detailOrExtras } : detailOrExtras)
}

export function ensure(condition: unknown, code: ErrorCode, detailOrExtras?: string | ErrorExtras): asserts condition {
  if (!condition) fail(code, detailOrExtras)
}

/** What a client gets to see of anything thrown: never a stack, a query or a message that we did not write for it. */
export function toProblem(error: unknown, requestId?: string): Problem {
  const known = error instanceof AppError ? error : new AppError('internal')
  return {
    type: `/problems/${known.code}`,
    title: table[known.code][1],
    status: known.status,
    code: known.code,
    ...known.extras,
    ...(requestId ? { request_id: requestId } : {}),
  }
}
