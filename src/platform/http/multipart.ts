import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import busboy from 'busboy'
import { AppError, ensure, type ErrorCode } from '../../kernel/errors.ts'

export interface MultipartRules {
  /** where the file is written meanwhile */
  folder: string
  /** the name of that file, ours */
  as: string
  /** fields that may stand beside it */
  fields: readonly string[]
  /** @param fields those that came before the file */
  maxBytes(fields: Readonly<Record<string, string>>): number
}

export interface Received {
  path: string
  size: number
  /** SHA-256 in hex */
  sha256: string
  /** as it was sent: for people to read, never for a path */
  name: string
  fields: Readonly<Record<string, string>>
}

const limits = { fieldNameSize: 64, fieldSize: 4_096, files: 1, headerPairs: 16 }
/** beside the file: its part's headers, the fields, the boundaries */
const framing = 16 * 1024
/** silent for so long, it is not waited for any longer */
const quietMs = 20_000
/** what is left of a refused body is read for so long, so that the answer is heard */
const drainMs = 2_000

/**
 * One file and a few fields, written as they come. When anything is wrong, nothing stays behind.
 * @throws AppError `media-type`, `multipart`, `too-large`, `request-timeout`
 */
export async function receiveFile(request: IncomingMessage, rules: MultipartRules): Promise<Received> {
  const path = join(rules.folder, rules.as)
  try {
    ensure(/^multipart\/form-data\s*;/i.test(request.headers['content-type'] ?? ''), 'media-type', 'Send multipart/form-data with a boundary')
    ensure(Number(request.headers['content-length'] ?? 0) <= rules.maxBytes({}) + framing, 'too-large')
    await mkdir(rules.folder, { recursive: true, mode: 0o700 })
    return await receive(request, rules, path)
  } catch (error) {
    await rm(path, { force: true })
    await drain(request)
    throw error
  }
}

async function receive(request: IncomingMessage, { fields: known, maxBytes }: MultipartRules, path: string): Promise<Received> {
  const fields: Record<string, string> = {}
  let part: Promise<{ size: number; sha256: string }> | undefined
  let name = ''
  const parser = parserOf(request, { ...limits, fields: known.length, parts: known.length + 2, fileSize: maxBytes({}) })
  const files: Readable[] = []
  try {
    await new Promise<void>((resolve, reject) => {
      const stop = (code: ErrorCode, detail?: string): void => reject(new AppError(code, detail ? { detail } : {}))
      const silence = setTimeout(() => stop('request-timeout'), quietMs)
      request.on('data', () => silence.refresh())
      request.once('error', () => stop('request-timeout'))
      request.once('close', () => request.complete || stop('request-timeout'))
      for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) parser.once(limit, () => stop('multipart', `One file, and at most ${known.length} fields`))
      parser.once('error', () => stop('multipart'))
      parser.on('field', (field, value, { nameTruncated, valueTruncated }) => {
        if (!known.includes(field) || Object.hasOwn(fields, field) || nameTruncated || valueTruncated) stop('multipart', `The fields are ${known.join(', ')}, and file`)
        else fields[field] = value
      })
      parser.once('file', (field, stream, { filename }) => {
        files.push(stream)
        stream.on('error', () => {})
        if (field !== 'file' || part) return stop('multipart', 'The file is called file')
        name = filename ?? ''
        part = write(stream, path, maxBytes(fields))
        part.catch((error: unknown) => reject(error as Error))
      })
      parser.once('close', () => {
        clearTimeout(silence)
        if (part) part.then(() => resolve(), reject)
        else stop('multipart', 'There is no file in it')
      })
      request.pipe(parser)
    })
    const written = await part
    ensure(written && written.size > 0, 'multipart', 'The file is empty')
    return { path, ...written, name, fields }
  } catch (error) {
    request.unpipe(parser)
    for (const stream of files) stream.destroy()
    parser.destroy()
    // Until it has let go of the file, taking that away would not help.
    await part?.catch(() => {})
    throw error
  }
}

function parserOf(request: IncomingMessage, sizes: busboy.Limits): busboy.Busboy {
  try {
    return busboy({ headers: request.headers, defParamCharset: 'utf8', limits: sizes })
  } catch {
    throw new AppError('multipart', { detail: 'There is no boundary' })
  }
}

async function write(stream: Readable & { truncated?: boolean }, path: string, most: number): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256')
  let size = 0
  await pipeline(
    stream,
    async function* counted(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        size += chunk.length
        if (size > most) throw new AppError('too-large')
        hash.update(chunk)
        yield chunk
      }
    },
    createWriteStream(path, { flags: 'wx', mode: 0o600 }),
  )
  ensure(!stream.truncated, 'too-large')
  return { size, sha256: hash.digest('hex') }
}

async function drain(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, drainMs)
    const end = (): void => {
      clearTimeout(timer)
      resolve()
    }
    request.once('end', end)
    request.once('close', end)
    request.resume()
  })
  request.pause()
}
