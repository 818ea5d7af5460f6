import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { AwsV4Signer } from 'aws4fetch'
import type { Wall } from '../../kernel/clock.ts'
import { type HttpClient, OutboundError, type OutboundRequest, type OutboundResponse } from '../http-client.ts'
import { type ByteRange, type LocalFile, type Storage, StorageError, type StoredFile } from './storage.ts'

/**
 * How a file is vouched for when it is sent. `signed`: its SHA-256 is part of the signature, which every S3 understands. `stored`: also as
 * x-amz-checksum-sha256, which Amazon keeps beside the object and some others refuse. `none`: over TLS, for those that understand neither.
 */
export type S3Checksum = 'signed' | 'stored' | 'none'

export interface S3Settings {
  endpoint: string
  region: string
  bucket: string
  access_key_id: string
  secret_access_key: string
  checksum: S3Checksum
}

const pieceBytes = 4 * 1024 * 1024
const listBytes = 4 * 1024 * 1024
const putMs = 10 * 60_000
const emptyHash = createHash('sha256').digest('hex')

/** Any object store that speaks S3, addressed by path. Whoever lists, reads or writes there signs each request (SigV4). */
export function createS3Storage({ endpoint, region, bucket, access_key_id, secret_access_key, checksum, http, wall }: S3Settings & { http: HttpClient; wall: Wall }): Storage {
  const root = `${endpoint.replace(/\/$/, '')}/${bucket}`
  /** of the keys of a day, so that they are derived once */
  const cache = new Map<string, ArrayBuffer>()

  return Object.freeze({ put, copy, read, stat, remove, list })

  async function put(key: string, file: LocalFile): Promise<void> {
    const headers = {
      'x-amz-content-sha256': checksum === 'none' ? 'UNSIGNED-PAYLOAD' : file.sha256,
      ...(checksum === 'stored' ? { 'x-amz-checksum-sha256': Buffer.from(file.sha256, 'hex').toString('base64') } : {}),
    }
    const answer = await send('PUT', `${root}/${key}`, { headers, body: { size: file.size, open: () => createReadStream(file.path) }, repeatable: true, totalMs: putMs })
    ensureDone(answer, [200, 201, 204])
  }

  async function copy(from: string, to: string): Promise<void> {
    const answer = await send('PUT', `${root}/${to}`, { headers: { 'x-amz-copy-source': `/${bucket}/${from}` }, repeatable: true, totalMs: putMs })
    ensureDone(answer, [200])
    // What goes wrong after the first byte of the answer is told in the rest of it.
    if (field(answer.body.toString('utf8'), 'ETag') === '') throw new StorageError('unavailable', 'The object store broke off in the middle of a copy')
  }

  /** In pieces, the next when it is wanted: whoever reads slowly holds one piece of it, and no connection. */
  async function read(key: string, range?: ByteRange): Promise<Readable | undefined> {
    const from = range?.start ?? 0
    const first = await piece(key, from, range?.end)
    return first && Readable.from(pieces(key, first, from, range?.end), { objectMode: false })
  }

  async function* pieces(key: string, first: Piece, from: number, to = first.total - 1): AsyncGenerator<Buffer> {
    const { etag } = first
    yield first.bytes
    for (let at = from + first.bytes.length; at <= to; ) {
      const next = await piece(key, at, to, etag)
      if (!next || next.bytes.length === 0) throw new StorageError('unavailable', 'The object ended before its end')
      yield next.bytes
      at += next.bytes.length
    }
  }

  async function piece(key: string, start: number, to = Number.MAX_SAFE_INTEGER, etag?: string): Promise<Piece | undefined> {
    const end = Math.min(to, start + pieceBytes - 1)
    const answer = await send('GET', `${root}/${key}`, { headers: { range: `bytes=${start}-${end}`, ...(etag ? { 'if-match': etag } : {}) }, maxBytes: pieceBytes + 1 })
    if (answer.status === 404) return undefined
    ensureDone(answer, [206])
    const total = Number(/\/(\d+)$/.exec(answer.headers['content-range'] ?? '')?.[1])
    return { bytes: answer.body, total: Number.isSafeInteger(total) ? total : start + answer.body.length, etag: answer.headers.etag }
  }

  async function stat(key: string): Promise<{ size: number } | undefined> {
    const found = await piece(key, 0, 0)
    return found && { size: found.total }
  }

  async function remove(key: string): Promise<void> {
    ensureDone(await send('DELETE', `${root}/${key}`, {}), [200, 204, 404])
  }

  async function* list(): AsyncIterable<StoredFile> {
    for (let token: string | undefined = ''; token !== undefined; ) {
      const query: string = new URLSearchParams({ 'list-type': '2', 'max-keys': '1000', ...(token ? { 'continuation-token': token } : {}) }).toString().replaceAll('+', '%20')
      const answer = await send('GET', `${root}?${query}`, { maxBytes: listBytes })
      ensureDone(answer, [200])
      const page = answer.body.toString('utf8')
      for (const [, entry = ''] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) yield { key: field(entry, 'Key'), size: Number(field(entry, 'Size')), modified_at: new Date(field(entry, 'LastModified')) }
      token = field(page, 'NextContinuationToken') || undefined
    }
  }

  async function send(method: OutboundRequest['method'], url: string, { headers = {}, ...rest }: Partial<OutboundRequest>): Promise<OutboundResponse> {
    const datetime = wall.now().toISOString().replaceAll(/[:-]|\.\d{3}/g, '')
    const signer = new AwsV4Signer({ method, url, headers: { 'x-amz-content-sha256': emptyHash, ...headers }, accessKeyId: access_key_id, secretAccessKey: secret_access_key, service: 's3', region, datetime, cache })
    const signed = await signer.sign()
    try {
      return await http.request({ ...rest, method, url: signed.url.href, headers: Object.fromEntries(signed.headers) })
    } catch (error) {
      if (error instanceof OutboundError) throw new StorageError('unavailable', `The object store did not answer: ${error.reason}`, { cause: error })
      throw error
    }
  }
}

interface Piece {
  bytes: Buffer
  /** of the whole object */
  total: number
  etag: string | undefined
}

// What it says goes to the log; its code is enough to know what to change.
function ensureDone({ status, body }: OutboundResponse, good: readonly number[]): void {
  if (good.includes(status)) return
  const isRefusal = status === 400 || status === 401 || status === 403 || status === 404
  throw new StorageError(isRefusal ? 'refused' : 'unavailable', `The object store said ${status} ${field(body.toString('utf8'), 'Code')}`.trim())
}

function field(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? ''
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&')
}
