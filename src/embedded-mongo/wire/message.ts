import { decodeAt, type Doc, encode } from '../document.ts'
import { mongoError } from '../errors.ts'

const opReply = 1
const opQuery = 2004
const opMsg = 2013
const headerBytes = 16
export const maxMessageBytes = 48_000_000

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
  let rest: Buffer[] = []
  let size = 0
  return {
    push(chunk) {
      rest.push(chunk)
      size += chunk.length
      const messages: Buffer[] = []
      for (;;) {
        if (size < headerBytes) return messages
        let whole = rest.length === 1 ? (rest[0] as Buffer) : Buffer.concat(rest, size)
        const length = whole.readInt32LE(0)
        if (length < headerBytes || length > maxMessageBytes) throw mongoError('ProtocolError', 'A message has a length that none can have')
        rest = [whole]
        if (size < length) return messages
        messages.push(whole.subarray(0, length))
        whole = whole.subarray(length)
        size = whole.length
        rest = size > 0 ? [whole] : []
      }
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
  const document = encode(body)
  const start = request.opCode === opQuery ? replyStart() : msgStart()
  const header = Buffer.alloc(headerBytes)
  header.writeInt32LE(headerBytes + start.length + document.length, 0)
  header.writeInt32LE(requestId, 4)
  header.writeInt32LE(request.requestId, 8)
  header.writeInt32LE(request.opCode === opQuery ? opReply : opMsg, 12)
  return Buffer.concat([header, start, document])
}

function parseMsg(message: Buffer): { command: Doc; silent: boolean } {
  const flags = message.readUInt32LE(headerBytes)
  const end = flags & checksumPresent ? message.length - 4 : message.length
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

function msgStart(): Buffer {
  return Buffer.alloc(5)
}

function replyStart(): Buffer {
  const start = Buffer.alloc(20)
  start.writeInt32LE(8, 0)
  start.writeInt32LE(1, 16)
  return start
}
