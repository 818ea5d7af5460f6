import { connect } from 'node:net'

/** Sends bytes as they are and collects what comes back until the connection ends. */
export function rawExchange(port: number, text: string | Buffer, limitMs = 5_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.setTimeout(limitMs, () => socket.destroy())
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('error', (error) => (answer ? resolve(answer) : reject(error)))
    socket.on('close', () => resolve(answer))
  })
}

export interface RawSocket {
  /** the status line, when it was not let in */
  refused?: string
  /** one text message */
  text(message: string): void
  frame(opcode: number, payload: Buffer, isFinal?: boolean): void
  bytes(raw: Buffer): void
  /** the next text message from the server, or one that came already */
  next(): Promise<string>
  /** with the code of the server's close frame, when it sent one */
  closed: Promise<number | undefined>
  destroy(): void
}

export const upgradeHeaders = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

/** A WebSocket by hand, which may break every rule of the protocol. */
export function openRawSocket(port: number, headers = ''): Promise<RawSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${upgradeHeaders}${headers}\r\n`))
    const arrived: string[] = []
    const waiting: ((message: string) => void)[] = []
    let buffer = Buffer.alloc(0)
    let isOpen = false
    let code: number | undefined
    const closed = new Promise<number | undefined>((end) => socket.once('close', () => end(code)))
    const raw: RawSocket = {
      text: (message) => raw.frame(1, Buffer.from(message)),
      frame: (opcode, payload, isFinal = true) => void socket.write(frameOf(opcode, payload, isFinal)),
      bytes: (bytes) => void socket.write(bytes),
      next: () => {
        const first = arrived.shift()
        return first === undefined ? new Promise((tell) => waiting.push(tell)) : Promise.resolve(first)
      },
      closed,
      destroy: () => socket.destroy(),
    }
    socket.on('error', (error) => (isOpen ? undefined : reject(error)))
    socket.on('data', (chunk: Buffer) => {
      buffer = Buffer.concat([buffer, chunk])
      if (!isOpen) {
        const end = buffer.indexOf('\r\n\r\n')
        if (end < 0) return
        const head = buffer.subarray(0, end).toString('latin1')
        buffer = buffer.subarray(end + 4)
        isOpen = true
        resolve(head.startsWith('HTTP/1.1 101') ? raw : { ...raw, refused: head.split('\r\n')[0] as string })
      }
      for (let frame = readFrame(); frame; frame = readFrame()) {
        if (frame.opcode === 8) {
          code = frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : undefined
          socket.end(frameOf(8, frame.payload))
        }
        if (frame.opcode === 1) (waiting.shift() ?? ((message: string) => void arrived.push(message)))(frame.payload.toString())
      }
    })

    function readFrame(): { opcode: number; payload: Buffer } | undefined {
      if (buffer.length < 2) return undefined
      const short = (buffer[1] as number) & 0x7f
      const offset = short === 126 ? 4 : short === 127 ? 10 : 2
      if (buffer.length < offset) return undefined
      const length = short === 126 ? buffer.readUInt16BE(2) : short === 127 ? Number(buffer.readBigUInt64BE(2)) : short
      if (buffer.length < offset + length) return undefined
      const frame = { opcode: (buffer[0] as number) & 0x0f, payload: buffer.subarray(offset, offset + length) }
      buffer = buffer.subarray(offset + length)
      return frame
    }
  })
}

/** A client's frame, masked with zeros. */
export function frameOf(opcode: number, payload: Buffer, isFinal = true): Buffer {
  const first = (isFinal ? 0x80 : 0) | opcode
  const mask = Buffer.alloc(4)
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, 0x80 | payload.length]), mask, payload])
  const size = Buffer.alloc(payload.length < 65_536 ? 2 : 8)
  if (size.length === 2) size.writeUInt16BE(payload.length)
  else size.writeBigUInt64BE(BigInt(payload.length))
  return Buffer.concat([Buffer.from([first, 0x80 | (size.length === 2 ? 126 : 127)]), size, mask, payload])
}

/** Past the handshake and signed in: ready for packets. */
export async function signedInRaw(port: number, token: string): Promise<RawSocket> {
  const raw = await openRawSocket(port)
  await raw.next()
  raw.text(`40${JSON.stringify({ token })}`)
  const answer = await raw.next()
  if (!answer.startsWith('40')) throw new Error(`not let in: ${answer}`)
  return raw
}
