import { randomBytes } from 'node:crypto'
import sharp from 'sharp'
import type { Media } from '../../src/features/media/contract.ts'
import type { TestApp } from './app.ts'
import type { Person } from './cast.ts'
import { type Answer, ask } from './http.ts'

export interface Part {
  name: string
  value: Buffer | string
  filename?: string
  type?: string
}

const boundary = 'ovation-test-boundary'

/** A multipart body as a browser writes it. */
export function multipart(parts: readonly Part[], { end = true }: { end?: boolean } = {}): Buffer {
  const quoted = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
  const pieces = parts.flatMap(({ name, value, filename, type }) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${quoted(filename)}"`}\r\n${type ? `Content-Type: ${type}\r\n` : ''}\r\n`,
    value,
    '\r\n',
  ])
  return Buffer.concat([...pieces, ...(end ? [`--${boundary}--\r\n`] : [])].map((each) => Buffer.from(each as string)))
}

export const multipartType = `multipart/form-data; boundary=${boundary}`

export interface Upload {
  kind?: string
  waveform?: string
  name?: string
  type?: string
}

/** One file, as a browser sends it; whatever comes of it. */
export function tryUpload(app: TestApp, who: Pick<Person, 'token'> | undefined, bytes: Buffer, { kind, waveform, name = 'file.bin', type = 'application/octet-stream' }: Upload = {}): Promise<Answer> {
  const fields = Object.entries({ kind, waveform }).flatMap(([field, value]) => (value === undefined ? [] : [{ name: field, value }]))
  return sendParts(app, who, multipart([...fields, { name: 'file', value: bytes, filename: name, type }]))
}

export function sendParts(app: TestApp, who: Pick<Person, 'token'> | undefined, body: Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(`${app.url}/api/v1/uploads`, { method: 'POST', ...(who ? { token: who.token } : {}), raw: body, headers: { 'content-type': multipartType, ...headers } })
}

export async function upload(app: TestApp, who: Person, bytes: Buffer, more: Upload = {}): Promise<Media> {
  const answer = await tryUpload(app, who, bytes, more)
  if (answer.status !== 201) throw new Error(`upload: ${answer.status} ${answer.text}`)
  return answer.body as Media
}

/** No two are alike. */
export function picture(width = 64, height = 48): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: { r: randomBytes(1)[0] as number, g: randomBytes(1)[0] as number, b: 90 } } })
    .png()
    .toBuffer()
}

/** A second of silence for each second, 8,000 samples of one byte. */
export function wav(seconds: number): Buffer {
  const data = Buffer.alloc(seconds * 8_000, 128)
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + data.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(8_000, 24)
  head.writeUInt32LE(8_000, 28)
  head.writeUInt16LE(1, 32)
  head.writeUInt16LE(8, 34)
  head.write('data', 36)
  head.writeUInt32LE(data.length, 40)
  return Buffer.concat([head, data])
}

function element(id: number[], content: Buffer, size?: number[]): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(content.length) | (1n << 56n))
  return Buffer.concat([Buffer.from(id), size ? Buffer.from(size) : length, content])
}

const number = (value: number) => Buffer.from([(value >> 24) & 255, (value >> 16) & 255, (value >> 8) & 255, value & 255])

/** Sound as Chrome records it: of unknown length, a cluster a second, and no word of how long it is. */
export function webm(seconds: number, track: 'sound' | 'pictures' = 'sound'): Buffer {
  const unknown = [0x01, 255, 255, 255, 255, 255, 255, 255]
  const header = element([0x1a, 0x45, 0xdf, 0xa3], Buffer.concat([element([0x42, 0x82], Buffer.from('webm')), element([0x42, 0x87], Buffer.from([4])), element([0x42, 0x85], Buffer.from([2]))]))
  const info = element([0x15, 0x49, 0xa9, 0x66], Buffer.concat([element([0x2a, 0xd7, 0xb1], number(1_000_000)), element([0x4d, 0x80], Buffer.from('Chrome'))]))
  const entry = Buffer.concat([
    element([0xd7], Buffer.from([1])),
    element([0x73, 0xc5], Buffer.from([1])),
    element([0x83], Buffer.from([track === 'sound' ? 2 : 1])),
    element([0x86], Buffer.from(track === 'sound' ? 'A_OPUS' : 'V_VP8')),
    track === 'sound' ? element([0xe1], element([0x9f], Buffer.from([1]))) : element([0xe0], Buffer.concat([element([0xb0], number(320)), element([0xba], number(240))])),
  ])
  const tracks = element([0x16, 0x54, 0xae, 0x6b], element([0xae], entry))
  const clusters = Array.from({ length: seconds }, (_each, second) =>
    element([0x1f, 0x43, 0xb6, 0x75], Buffer.concat([element([0xe7], number(second * 1_000)), element([0xa3], Buffer.from([0x81, 0, 0, 0x80, 1, 2, 3])), element([0xa3], Buffer.from([0x81, 0x03, 0xe8, 0x80, 1, 2, 3]))]), unknown),
  )
  return Buffer.concat([header, element([0x18, 0x53, 0x80, 0x67], Buffer.concat([info, tracks, ...clusters]), unknown)])
}

function box(type: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content)
  return Buffer.concat([number(body.length + 8), Buffer.from(type, 'latin1'), body])
}

const zeros = (length: number) => Buffer.alloc(length)

/** A film that says of itself how long it is, with nothing in it. */
export function mp4(seconds: number): Buffer {
  const ms = number(seconds * 1_000)
  const mvhd = box('mvhd', zeros(4), zeros(8), number(1_000), ms, number(0x10000), zeros(76))
  const tkhd = box('tkhd', number(7), zeros(8), number(1), zeros(4), ms, zeros(52), number(320 << 16), number(240 << 16))
  const mdhd = box('mdhd', zeros(4), zeros(8), number(1_000), ms, zeros(4))
  const hdlr = box('hdlr', zeros(8), Buffer.from('vide'), zeros(12), Buffer.from('v\0'))
  const avc1 = box('avc1', zeros(6), Buffer.from([0, 1]), zeros(16), Buffer.from([1, 64, 0, 240]), zeros(50))
  const stbl = box('stbl', box('stsd', zeros(4), number(1), avc1), box('stts', zeros(8)), box('stsc', zeros(8)), box('stsz', zeros(12)), box('stco', zeros(8)))
  const moov = box('moov', mvhd, box('trak', tkhd, box('mdia', mdhd, hdlr, box('minf', stbl))))
  return Buffer.concat([box('ftyp', Buffer.from('isom'), zeros(4), Buffer.from('isommp42')), moov, box('mdat', zeros(64))])
}

/** A PNG that promises so many pixels, and has none of them. */
export function hugePng(width: number, height: number): Buffer {
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    return Buffer.concat([number(data.length), body, number(crc(body))])
  }
  return Buffer.concat([signature, chunk('IHDR', Buffer.concat([number(width), number(height), Buffer.from([8, 2, 0, 0, 0])])), chunk('IDAT', Buffer.from('789c030000000001', 'hex')), chunk('IEND', zeros(0))])
}

/** One pixel, over and over. */
export function gif(frames: number): Buffer {
  const head = Buffer.concat([Buffer.from('GIF89a', 'latin1'), Buffer.from([1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]), Buffer.from('21ff0b4e45545343415045322e300301000000', 'hex')])
  const frame = Buffer.from('21f904040a0000002c000000000100010000020144003b'.slice(0, -2), 'hex')
  return Buffer.concat([head, ...Array.from({ length: frames }, () => frame), Buffer.from([0x3b])])
}

function crc(bytes: Buffer): number {
  let value = 0xffffffff
  for (const byte of bytes) {
    value ^= byte
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0)
  }
  return (value ^ 0xffffffff) | 0
}
