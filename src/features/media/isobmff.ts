import { type FileHandle, open } from 'node:fs/promises'

const maxMoov = 16 * 1024 * 1024
const maxBoxes = 10_000
const entered = ['trak', 'mdia']

export interface Movie {
  duration_ms: number
  hasPictures: boolean
  width: number
  height: number
}

/** What the head of an MP4 or a QuickTime file tells of it. undefined when it has none, or one that can't be. */
export async function readMovie(path: string): Promise<Movie | undefined> {
  const file = await open(path, 'r')
  try {
    const moov = await findMoov(file)
    return moov && movieOf(moov)
  } finally {
    await file.close()
  }
}

async function findMoov(file: FileHandle): Promise<Buffer | undefined> {
  const { size: total } = await file.stat()
  const head = Buffer.alloc(16)
  for (let at = 0, n = 0; at + 8 <= total && n < maxBoxes; n++) {
    const { bytesRead } = await file.read(head, 0, 16, at)
    const short = head.readUInt32BE(0)
    const isLong = short === 1 && bytesRead === 16
    const size = isLong ? Number(head.readBigUInt64BE(8)) : short === 0 ? total - at : short
    const start = isLong ? 16 : 8
    if (size < start || at + size > total) return undefined
    if (head.toString('latin1', 4, 8) === 'moov') {
      if (size > maxMoov) return undefined
      const body = Buffer.alloc(size - start)
      await file.read(body, 0, body.length, at + start)
      return body
    }
    at += size
  }
  return undefined
}

function movieOf(moov: Buffer): Movie {
  const movie: Movie = { duration_ms: 0, hasPictures: false, width: 0, height: 0 }
  for (const { type, body } of boxesIn(moov)) {
    if (type === 'mvhd') movie.duration_ms = durationIn(body)
    if (type === 'hdlr' && body.toString('latin1', 8, 12) === 'vide') movie.hasPictures = true
    if (type === 'tkhd' && body.length >= 84) {
      // The last two numbers, with 16 bits after the point; a track of sound has none.
      movie.width = Math.max(movie.width, body.readUInt16BE(body.length - 8))
      movie.height = Math.max(movie.height, body.readUInt16BE(body.length - 4))
    }
  }
  return movie
}

function durationIn(mvhd: Buffer): number {
  const isLong = mvhd[0] === 1
  if (mvhd.length < (isLong ? 32 : 20)) return 0
  const scale = mvhd.readUInt32BE(isLong ? 20 : 12)
  const ticks = isLong ? Number(mvhd.readBigUInt64BE(24)) : mvhd.readUInt32BE(16)
  const isUnknown = ticks === 0xffffffff || scale === 0
  return isUnknown ? 0 : Math.round((ticks / scale) * 1000)
}

function* boxesIn(bytes: Buffer): Generator<{ type: string; body: Buffer }> {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at)
    if (size < 8 || at + size > bytes.length) return
    const type = bytes.toString('latin1', at + 4, at + 8)
    const body = bytes.subarray(at + 8, at + size)
    if (entered.includes(type)) yield* boxesIn(body)
    else yield { type, body }
    at += size
  }
}
