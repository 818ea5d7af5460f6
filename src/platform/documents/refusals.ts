import { type ErrorCode, errorCodes, statusOf } from '../../kernel/errors.ts'
import type { AnyOperation } from '../../kernel/operation.ts'

const always: readonly ErrorCode[] = ['validation', 'too-complex', 'rate-limited', 'internal', 'retry']
const ofHttp: readonly ErrorCode[] = ['unauthenticated', 'token-expired', 'session-revoked', 'encoding', 'uri-too-long']
const ofBodies: readonly ErrorCode[] = ['bad-json', 'request-timeout', 'too-large', 'media-type']
const ofKeys: readonly ErrorCode[] = ['idempotency-key', 'in-progress', 'key-reused']

/** Every refusal that a call may meet at a door: the operation's own and those of the pipeline, in the order of the table. */
export function refusalsOf(operation: AnyOperation, door: 'http' | 'socket'): ErrorCode[] {
  const isForSome = operation.audience === 'creator' || operation.audience === 'admin'
  return inOrder([
    ...always,
    ...operation.errors,
    ...(door === 'http' ? ofHttp : []),
    ...(door === 'http' && !operation.route.startsWith('GET ') ? ofBodies : []),
    ...(isForSome ? (['forbidden'] as const) : []),
    ...(operation.once ? ofKeys : []),
  ])
}

export function inOrder(codes: readonly ErrorCode[]): ErrorCode[] {
  const wanted = new Set(codes)
  return errorCodes.filter((code) => wanted.has(code))
}

export function byStatus(codes: readonly ErrorCode[]): Map<number, ErrorCode[]> {
  const groups = new Map<number, ErrorCode[]>()
  for (const code of inOrder(codes)) groups.set(statusOf(code), [...(groups.get(statusOf(code)) ?? []), code])
  return groups
}
