import { type FileHandle, open } from 'node:fs/promises'
import type { Movie } from './isobmff.ts'

const ids = {
  segment: 0x18538067,
  info: 0x1549a966,
  scale: 0x2ad7b1,
  duration: 0x4489,
  tracks: 0x1654ae6b,
  entry: 0xae,
  trackType: 0x83,
  video: 0xe0,
  width: 0xb0,
  height: 0xba,
  cluster: 0x1f43b675,
  clock: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
}
/** what has others in it that matter here; all else is stepped over */
const entered: readonly number[] = [ids.segment, ids.info, ids.tracks, ids.entry, ids.video, ids.cluster, ids.blockGroup]
const maxElements = 500_000
const headBytes = 32
const windowBytes = 64 * 1024
const pictures = 1

/**
 * What a WebM file tells of itself. Browsers write it while they record: clusters without a length, and no word of how long it all is; then
 * the time of its last block tells.
 */
export async function readWebm(path: string): Promise<Movie> {
  const movie: Movie = { duration_ms: 0, hasPictures: false, width: 0, height: 0 }
  let scale = 1_000_000
  let last = 0
  let base = 0
  const file = await open(path, 'r')
  try {
    const look = windowOn(file)
    for (let at = 0, n = 0; n < maxElements; n++) {
      const head = await look(at)
      const id = numberAt(head, 0, { marked: true })
      const size = id && numberAt(head, id.length, { marked: false })
      // When it says how long it is, there is no need to go through it.
      if (!id || !size || (id.value === ids.cluster && movie.duration_ms > 0)) break
      const start = id.length + size.length
      const content = head.subarray(start, start + Math.min(size.value, headBytes))
      if (id.value === ids.scale) scale = uintOf(content) || scale
      if (id.value === ids.duration) movie.duration_ms = (floatOf(content) * scale) / 1_000_000
      if (id.value === ids.trackType && uintOf(content) === pictures) movie.hasPictures = true
      if (id.value === ids.width) movie.width = uintOf(content)
      if (id.value === ids.height) movie.height = uintOf(content)
      if (id.value === ids.clock) last = Math.max(last, (base = uintOf(content)))
      if (id.value === ids.simpleBlock || id.value === ids.block) last = Math.max(last, base + blockTime(content))
      at += entered.includes(id.value) ? start : start + size.value
    }
  } finally {
    await file.close()
  }
  return { ...movie, duration_ms: Math.round(movie.duration_ms || (last * scale) / 1_000_000) }
}

/** The bytes from some place on, without asking the disk for every few of them. */
function windowOn(file: FileHandle): (at: number) => Promise<Buffer> {
  const bytes = Buffer.alloc(windowBytes)
  let from = 0
  let length = 0
  let isEnd = false
  return async (at) => {
    if (at < from || (at + headBytes > from + length && !(isEnd && at <= from + length))) {
      from = at
      length = (await file.read(bytes, 0, windowBytes, at)).bytesRead
      isEnd = length < windowBytes
    }
    return bytes.subarray(at - from, Math.min(at - from + headBytes, length))
  }
}

/** EBML's numbers: as many bytes as the leading zeros of the first one say. @param marked with the bit that says it */
function numberAt(from: Buffer, at: number, { marked }: { marked: boolean }): { value: number; length: number } | undefined {
  const first = from[at] ?? 0
  const length = Math.clz32(first) - 23
  if (first === 0 || at + length > from.length) return undefined
  let value = marked ? first : first & (0xff >> length)
  for (let i = 1; i < length; i++) value = value * 256 + (from[at + i] as number)
  return { value, length }
}

function uintOf(content: Buffer): number {
  return content.length >= 1 && content.length <= 6 ? content.readUIntBE(0, content.length) : 0
}

function floatOf(content: Buffer): number {
  const value = content.length === 8 ? content.readDoubleBE(0) : content.length === 4 ? content.readFloatBE(0) : 0
  return Number.isFinite(value) && value > 0 ? value : 0
}

/** After the number of the track. */
function blockTime(content: Buffer): number {
  const track = numberAt(content, 0, { marked: false })
  return track && track.length + 2 <= content.length ? content.readInt16BE(track.length) : 0
}
