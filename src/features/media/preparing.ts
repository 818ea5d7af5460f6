import { fileTypeFromFile } from 'file-type'
import { AppError, ensure } from '../../kernel/errors.ts'
import type { Received } from '../../platform/http/multipart.ts'
import type { LocalFile } from '../../platform/storage/storage.ts'
import type { Media, MediaKind } from './contract.ts'
import type { Images } from './images.ts'
import type { FileRow, Variant } from './model.ts'
import { cleanName } from './names.ts'
import { extensionOf, readRecording } from './recordings.ts'
import * as schema from './schema.ts'

export interface MediaLimits {
  max_bytes: Record<MediaKind, number>
  voice_ms: number
  video_ms: number
}

export type Prepared = Pick<Media, 'kind' | 'name' | 'width' | 'height' | 'duration_ms' | 'waveform'> & { files: (LocalFile & Pick<FileRow, 'variant' | 'content_type'>)[] }

const pictures = ['image/jpeg', 'image/png', 'image/apng', 'image/webp', 'image/gif', 'image/avif']

/** What came becomes what is kept. What it is, its bytes say; its name and its sender only say what it is meant to be. */
export function createPreparing({ images, limits }: { images: Images; limits: MediaLimits }) {
  /** @throws AppError `validation`, `too-large`, `file-type`, `file-corrupt`, `file-limits` */
  return async function prepare(received: Received): Promise<Prepared> {
    const sniffed = (await fileTypeFromFile(received.path))?.mime
    const kind = kindOf(received.fields['kind'], sniffed)
    const waveform = waveformOf(received.fields['waveform'], kind)
    ensure(received.size <= limits.max_bytes[kind], 'too-large')
    switch (kind) {
      case 'image':
        return prepareImage(received, sniffed)
      case 'voice':
      case 'video': {
        const { content_type, ...told } = await readRecording(received.path, { kind, sniffed, maxMs: kind === 'voice' ? limits.voice_ms : limits.video_ms })
        const name = cleanName(received.name, extensionOf(content_type))
        return { kind, name, ...told, ...(waveform ? { waveform } : {}), files: [{ ...fileOf(received), variant: 'original', content_type }] }
      }
      case 'file':
        // Whatever it is, nobody's browser is to take it for something that it shows or runs.
        return { kind, name: cleanName(received.name), files: [{ ...fileOf(received), variant: 'original', content_type: 'application/octet-stream' }] }
    }
  }

  async function prepareImage({ path, name }: Received, sniffed: string | undefined): Promise<Prepared> {
    ensure(sniffed && pictures.includes(sniffed), 'file-type', 'Pictures are JPEG, PNG, WebP, GIF or AVIF')
    const drawn = await images.redraw(path)
    const files = (['original', 'thumbnail'] as const).map((variant: Variant) => ({ ...fileOf(drawn[variant]), variant, content_type: 'image/webp' }))
    return { kind: 'image', name: cleanName(name, 'webp'), width: drawn.original.width, height: drawn.original.height, files }
  }
}

function kindOf(asked: string | undefined, sniffed: string | undefined): MediaKind {
  if (asked === undefined) return sniffed && pictures.includes(sniffed) ? 'image' : 'file'
  const { value, error } = schema.kind.validate(asked, { convert: false })
  if (error) throw new AppError('validation', { errors: [{ path: 'kind', code: 'any.only', detail: 'must be one of [image, voice, video, file]' }] })
  return value
}

function waveformOf(told: string | undefined, kind: MediaKind): number[] | undefined {
  if (told === undefined) return undefined
  const { value, error } = schema.waveform.required().validate(parsed(told), { convert: false })
  if (error || kind !== 'voice') throw new AppError('validation', { errors: [{ path: 'waveform', code: 'array.base', detail: 'is a list of at most 64 whole numbers from 0 to 100, of a voice note' }] })
  return value
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function fileOf({ path, size, sha256 }: LocalFile): LocalFile {
  return { path, size, sha256 }
}
