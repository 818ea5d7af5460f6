import { crc32c } from './crc32c.ts'
import { decodeAt, type Doc } from '../document.ts'
import { mongoError } from '../errors.ts'
import { encodeAnswer } from './raw.ts'

const opReply = 1
const opQuery = 2004
const opMsg = 2013
const headerBytes = 16
export const maxMessageBytes = 48_000_000

/** what stands between the header and the document: flags and a kind; or flags, a cursor, two numbers */
const msgBytes = 5
const replyBytes = 20
const checksumBytes = 4
const awaitCapable = 8

const checksumPresent = 1
const moreToCome = 2

/** A command as it came over the wire, with its document sequences put in their places. */
export interface Request {
  requestId: number
  opCode: number
  command: Doc
  /** the client wants no answer */
  silent: boolean
}

/** Cuts whole messages out of a stream of bytes. @throws MongoError ProtocolError when what comes can't be a message */
export function createReader(): { push(chunk: Buffer): Buffer[] } {
  let parts: Buffer[] = []
  let size = 0
  // A long message comes in hundreds of pieces: they are put together once, when all are there.
  let wanted = headerBytes
  return {
    push(chunk) {
      parts.push(chunk)
      size += chunk.length
      const messages: Buffer[] = []
      while (size >= wanted) {
        const whole = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, size)
        const length = whole.readInt32LE(0)
        if (length < headerBytes || length > maxMessageBytes) throw mongoError('ProtocolError', 'A message has a length that none can have')
        if (size >= length) messages.push(whole.subarray(0, length))
        const rest = size >= length ? whole.subarray(length) : whole
        wanted = size >= length ? headerBytes : length
        parts = rest.length > 0 ? [rest] : []
        size = rest.length
      }
      return messages
    },
  }
}

export function parse(message: Buffer): Request {
  const requestId = message.readInt32LE(4)
  const opCode = message.readInt32LE(12)
  if (opCode === opMsg) return { requestId, opCode, ...parseMsg(message) }
  if (opCode === opQuery) return { requestId, opCode, command: parseQuery(message), silent: false }
  throw mongoError('ProtocolError', `The operation ${opCode} is not spoken here`)
}

/** An answer in the form in which the question came. */
export function reply(request: Request, body: Doc, requestId: number): Buffer {
  const isQuery = request.opCode === opQuery
  const message = encodeAnswer(body, headerBytes + (isQuery ? replyBytes : msgBytes))
  message.writeInt32LE(message.length, 0)
  message.writeInt32LE(requestId, 4)
  message.writeInt32LE(request.requestId, 8)
  message.writeInt32LE(isQuery ? opReply : opMsg, 12)
  if (isQuery) {
    message.writeInt32LE(awaitCapable, headerBytes)
    message.writeInt32LE(1, headerBytes + 16)
  }
  return message
}

function parseMsg(message: Buffer): { command: Doc; silent: boolean } {
  const flags = message.readUInt32LE(headerBytes)
  const end = flags & checksumPresent ? message.length - checksumBytes : message.length
  if (flags & checksumPresent && crc32c(message.subarray(0, end)) !== message.readUInt32LE(end)) throw mongoError('ProtocolError', "A message's checksum is wrong")
  if (flags & 0xfffc) throw mongoError('ProtocolError', 'A message has flags that are not known here')
  const sequences: [string, Doc[]][] = []
  let command: Doc | undefined
  let at = headerBytes + 4
  while (at < end) {
    const kind = message[at]
    const size = message.readInt32LE(at + 1)
    if (size < 5 || at + 1 + size > end) throw mongoError('ProtocolError', 'A section is longer than its message')
    if (kind === 0) command = decodeAt(message, at + 1, at + 1 + size)
    else if (kind === 1) sequences.push(parseSequence(message, at + 1, at + 1 + size))
    else throw mongoError('ProtocolError', 'A section is of a kind that is not known here')
    at += 1 + size
  }
  if (!command) throw mongoError('ProtocolError', 'A message has no command')
  for (const [name, documents] of sequences) command[name] = documents
  return { command, silent: (flags & moreToCome) !== 0 }
}

function parseSequence(message: Buffer, start: number, end: number): [string, Doc[]] {
  const nameEnd = message.indexOf(0, start + 4)
  const documents: Doc[] = []
  let at = nameEnd + 1
  while (at < end) {
    const size = message.readInt32LE(at)
    if (size < 5 || at + size > end) throw mongoError('ProtocolError', 'A document is longer than its section')
    documents.push(decodeAt(message, at, at + size))
    at += size
  }
  return [message.subarray(start + 4, nameEnd).toString(), documents]
}

// Drivers greet with the old form once, before they know what is spoken here.
function parseQuery(message: Buffer): Doc {
  const nameEnd = message.indexOf(0, headerBytes + 4)
  const namespace = message.subarray(headerBytes + 4, nameEnd).toString()
  const start = nameEnd + 1 + 8
  const command = decodeAt(message, start, start + message.readInt32LE(start))
  const name = Object.keys(command)[0] ?? ''
  if (!/^(hello|ismaster)$/i.test(name)) throw mongoError('UnsupportedOpQueryCommand', `Unsupported OP_QUERY command: ${name}. The client driver may require an upgrade.`)
  return { ...command, $db: namespace.slice(0, namespace.indexOf('.')) }
}
