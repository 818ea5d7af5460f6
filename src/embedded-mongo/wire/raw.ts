import { type Doc, encode } from '../document.ts'

/** A list of documents that are bytes already, as they lie in the store; in an answer's cursor they go out as they are. */
const rawList = Symbol('raw documents')

interface RawDocuments {
  [rawList]: readonly Buffer[]
}

export function rawDocuments(documents: readonly Buffer[]): RawDocuments {
  return { [rawList]: documents }
}

/** The answer as bytes behind `room` bytes for what goes before it. */
export function encodeAnswer(body: Doc, room: number): Buffer {
  const cursor = body['cursor'] as Doc | undefined
  const batch = cursor && Object.keys(cursor).find((name) => isRaw(cursor[name]))
  if (!cursor || batch === undefined) return Buffer.concat([Buffer.alloc(room), encode(body)])
  const { cursor: _cursor, ...others } = body
  const { [batch]: list, ...rest } = cursor
  return spliced({ name: batch, documents: (list as RawDocuments)[rawList], rest: inner(rest), others: inner(others), room })
}

function isRaw(value: unknown): value is RawDocuments {
  return typeof value === 'object' && value !== null && rawList in value
}

/** The elements of a document without its length and end. */
function inner(doc: Doc): Buffer {
  const bytes = encode(doc)
  return bytes.subarray(4, bytes.length - 1)
}

function spliced({ name, documents, rest, others, room }: { name: string; documents: readonly Buffer[]; rest: Buffer; others: Buffer; room: number }): Buffer {
  const listBytes = documents.reduce((sum, document, at) => sum + 2 + String(at).length + document.length, 5)
  const cursorBytes = 4 + 2 + name.length + listBytes + rest.length + 1
  const bytes = Buffer.allocUnsafe(room + 4 + 2 + 'cursor'.length + cursorBytes + others.length + 1).fill(0, 0, room)
  let at = room
  const size = (value: number): void => void (at = bytes.writeInt32LE(value, at))
  const head = (type: number, field: string): void => {
    bytes[at++] = type
    at += bytes.write(field, at, 'latin1')
    bytes[at++] = 0
  }
  const put = (part: Buffer): void => void (at += part.copy(bytes, at))
  size(bytes.length - room)
  head(0x03, 'cursor')
  size(cursorBytes)
  head(0x04, name)
  size(listBytes)
  for (const [index, document] of documents.entries()) {
    head(0x03, String(index))
    put(document)
  }
  bytes[at++] = 0
  put(rest)
  bytes[at++] = 0
  put(others)
  bytes[at] = 0
  return bytes
}
