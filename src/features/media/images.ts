import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import sharp, { type Metadata, type OutputInfo } from 'sharp'
import { AppError, ensure } from '../../kernel/errors.ts'
import { createKeyedQueue } from '../../platform/keyed-queue.ts'
import type { LocalFile } from '../../platform/storage/storage.ts'

/** What a decoder may be given, as `sharp` calls it. It can read far more, SVG and PDF among it, none of which has any business here. */
const loaders = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'].map((each) => `VipsForeignLoad${each}`)
const maxPixels = 50_000_000
const maxFrames = 300
/** of all frames together */
const maxDrawn = 120_000_000
const maxSide = 4_096
const thumbnailSide = 480
const decodeSeconds = 20
const maxWaiting = 64

export interface Picture extends LocalFile {
  width: number
  height: number
}

export type Images = ReturnType<typeof createImages>

/**
 * Nothing of a picture is kept but what can be seen: it is decoded and drawn anew, upright, without places, devices and whatever else hid in
 * it. What its header promises is looked at before anything of it is drawn.
 */
export function createImages() {
  // One at a time: each may take a hundred megabytes and a processor for a second.
  const turns = createKeyedQueue(maxWaiting)
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: loaders })
  sharp.cache(false)

  return Object.freeze({ redraw: (path: string) => turns.run('draw', () => redraw(path)) })

  /** @throws AppError `file-corrupt`, `file-limits` */
  async function redraw(path: string): Promise<{ original: Picture; thumbnail: Picture }> {
    const metadata = await readable(() => sharp(path, { limitInputPixels: false }).metadata())
    const isAnimated = ensureWithin(metadata)
    const original = await readable(() =>
      sharp(path, { animated: isAnimated, limitInputPixels: maxDrawn, failOn: 'error', sequentialRead: true })
        .timeout({ seconds: decodeSeconds })
        .autoOrient()
        .resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true })
        .webp({ quality: 82, effort: isAnimated ? 1 : 3 })
        .toBuffer({ resolveWithObject: true }),
    )
    const thumbnail = await readable(() =>
      sharp(original.data, { limitInputPixels: maxDrawn })
        .timeout({ seconds: decodeSeconds })
        .resize(thumbnailSide, thumbnailSide, { fit: 'inside', withoutEnlargement: true })
        .webp({ quality: 75, effort: 3 })
        .toBuffer({ resolveWithObject: true }),
    )
    return { original: await keep(`${path}.original`, original), thumbnail: await keep(`${path}.thumbnail`, thumbnail) }
  }
}

function ensureWithin({ width, height, pages = 1, pageHeight }: Metadata): boolean {
  const tall = pageHeight ?? height
  ensure(width > 0 && tall > 0, 'file-corrupt')
  ensure(width * tall <= maxPixels, 'file-limits', `At most ${maxPixels / 1_000_000} million pixels`)
  ensure(pages <= maxFrames && width * tall * pages <= maxDrawn, 'file-limits', `At most ${maxFrames} frames, and ${maxDrawn / 1_000_000} million pixels in all of them`)
  return pages > 1
}

async function readable<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((error: unknown) => {
    throw new AppError('file-corrupt', { detail: /timeout/i.test(String(error)) ? 'It takes too long to draw' : 'It can’t be drawn' })
  })
}

async function keep(path: string, { data, info }: { data: Buffer; info: OutputInfo }): Promise<Picture> {
  await writeFile(path, data, { mode: 0o600 })
  return { path, size: data.length, sha256: createHash('sha256').update(data).digest('hex'), width: info.width, height: info.pageHeight ?? info.height }
}
