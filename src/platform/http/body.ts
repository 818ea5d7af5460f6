import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Request, RequestHandler, Response } from 'express'
import { AppError, ensure, fail } from '../../kernel/errors.ts'

export const jsonLimit = 100 * 1024

/**
 * The first middleware of all. Node 20's Brotli decoder can be made to write out of bounds by an unauthenticated body
 * (CVE-2026-111497), so no decoder is ever reached: any Content-Encoding but identity is refused.
 */
export const refuseEncodings: RequestHandler = (request, _response, next) => {
  const encoding = request.headers['content-encoding']
  next(encoding === undefined || encoding.trim().toLowerCase() === 'identity' ? undefined : new AppError('encoding'))
}

/**
 * The parser lets transfer codings pass that it does not know, and takes the body for further requests. Where one of those was seen, whatever
 * follows on that connection may have been smuggled in by somebody else: it is refused too.
 */
export function createFramingGuard(): { refuse: RequestHandler; isLost(socket: Socket): boolean } {
  const lost = new WeakSet<Socket>()
  return Object.freeze({
    refuse: (request: Request, response: Response, next: (error?: unknown) => void) => {
      const coding = request.headers['transfer-encoding']
      if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') lost.add(request.socket)
      if (!lost.has(request.socket)) return next()
      response.setHeader('Connection', 'close')
      next(new AppError('validation', { detail: 'This transfer coding is not known' }))
    },
    isLost: (socket: Socket) => lost.has(socket),
  })
}

/** Reads a body as it came, up to a limit. @throws AppError `too-large` */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) fail('too-large')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) fail('too-large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

/** @throws AppError `media-type`, `too-large`, `bad-json` */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  if (!hasBody(request)) return {}
  ensure(isJson(request.headers['content-type']), 'media-type')
  return parseJson(await readBody(request, jsonLimit))
}

/** @throws AppError `bad-json` unless it is one JSON object or array in UTF-8 without a byte order mark */
export function parseJson(raw: Buffer): unknown {
  if (raw.length === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw))
  } catch {
    fail('bad-json')
  }
  ensure(value !== null && typeof value === 'object', 'bad-json', 'The body must be a JSON object')
  return value
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
}

function isJson(contentType: string | undefined): boolean {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';').map((part) => part.trim())
  if (type !== 'application/json') return false
  return parameters.every((parameter) => !parameter.startsWith('charset=') || /^charset="?utf-8"?$/.test(parameter))
}
