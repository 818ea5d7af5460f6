import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IFormat } from 'music-metadata'
import { AppError, ensure } from '../../kernel/errors.ts'
import { type Movie, readMovie } from './isobmff.ts'
import { readWebm } from './webm.ts'

export interface Recording {
  content_type: string
  duration_ms: number
  width?: number
  height?: number
}

/** what the bytes are → what it is served as, with sound alone and with pictures */
const containers: Record<string, { voice?: string; video?: string }> = {
  'video/mp4': { voice: 'audio/mp4', video: 'video/mp4' },
  'video/x-m4v': { video: 'video/mp4' },
  'audio/mp4': { voice: 'audio/mp4' },
  'audio/x-m4a': { voice: 'audio/mp4' },
  'video/quicktime': { video: 'video/quicktime' },
  'video/webm': { voice: 'audio/webm', video: 'video/webm' },
  'audio/webm': { voice: 'audio/webm' },
  'audio/ogg': { voice: 'audio/ogg' },
  'audio/ogg; codecs=opus': { voice: 'audio/ogg' },
  'audio/mpeg': { voice: 'audio/mpeg' },
  'audio/wav': { voice: 'audio/wav' },
  'audio/aac': { voice: 'audio/aac' },
  'audio/flac': { voice: 'audio/flac' },
}
/**
 * What a file says of the sound and the pictures in it: neither its name nor whoever sent it is asked.
 * @param sniffed what its first bytes are
 * @throws AppError `file-type`, `file-corrupt`, `file-limits`
 */
export async function readRecording(path: string, { kind, sniffed, maxMs }: { kind: 'voice' | 'video'; sniffed: string | undefined; maxMs: number }): Promise<Recording> {
  const content_type = containers[sniffed ?? '']?.[kind]
  ensure(content_type, 'file-type')
  const { duration_ms, hasPictures, width, height } = await readContainer(path, content_type)
  ensure(hasPictures === (kind === 'video'), 'file-type', kind === 'video' ? 'There are no pictures in it' : 'A voice note is sound alone')
  ensure(duration_ms > 0, 'file-corrupt', 'It does not say how long it is')
  ensure(duration_ms <= maxMs, 'file-limits', `At most ${Math.round(maxMs / 60_000)} minutes`)
  return { content_type, duration_ms, ...(width > 0 && height > 0 ? { width, height } : {}) }
}

/** The two that browsers and telephones write are read here; music-metadata takes neither clusters without a length nor films without sound. */
async function readContainer(path: string, contentType: string): Promise<Movie> {
  if (contentType.endsWith('/webm')) return readWebm(path)
  const movie = /\/(mp4|quicktime)$/.test(contentType) ? await readMovie(path) : silent
  ensure(movie, 'file-corrupt')
  if (movie.duration_ms > 0) return movie
  const { duration = 0, hasVideo = false } = await formatOf(path, contentType)
  return { ...movie, duration_ms: Math.round(duration * 1000), hasPictures: movie.hasPictures || (movie === silent && hasVideo) }
}

// It goes by the end of a name: one is made of what the bytes were found to be.
async function formatOf(path: string, contentType: string): Promise<IFormat> {
  const { size } = await stat(path)
  // Loaded when it is first needed: it is large, and most servers hear no sound for a while.
  const { parseStream } = await import('music-metadata')
  const bytes = createReadStream(path)
  try {
    return (await parseStream(bytes, { path: `sent.${extensionOf(contentType)}`, size }, { duration: true, skipCovers: true, skipPostHeaders: true })).format
  } catch {
    throw new AppError('file-corrupt')
  } finally {
    bytes.destroy()
  }
}

/** What such a file is called. */
export function extensionOf(contentType: string): string {
  const [, subtype = ''] = contentType.split('/')
  return contentType === 'audio/mp4' ? 'm4a' : ({ mpeg: 'mp3', quicktime: 'mov' }[subtype] ?? subtype)
}

const silent: Movie = Object.freeze({ duration_ms: 0, hasPictures: false, width: 0, height: 0 })
