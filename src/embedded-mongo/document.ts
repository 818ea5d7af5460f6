/**
 * BSON with every type kept: what comes in as Int32, Double, Long or Decimal128 goes out as such, and a document that is decoded and
 * encoded again has the same bytes. The `bson` package gives the value classes; its own codec is not used because it turns `{$ref,$id}` into a
 * DBRef, refuses user fields named `_bsontype` or `toBSON`, and drops dates that JavaScript cannot hold.
 */
import { isUtf8 } from 'node:buffer'
import { BSONRegExp, BSONSymbol, Binary, Code, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp, bsonType } from 'bson'
import { mongoError } from './errors.ts'

/** A document as it lies in the store. Fields named `__proto__` are ordinary own fields; see `setField`. */
export type Doc = { [key: string]: unknown }

/** The largest document a client may store, in bytes, and the room that answers and commands have above it. */
export const maxDocumentBytes = 16 * 1024 * 1024
export const maxMessageDocumentBytes = maxDocumentBytes + 16 * 1024

/** MongoDB's bound on nesting; it also bounds our recursion. */
export const maxDepth = 200

/** Reads one document from `bytes`, which must hold exactly that document. Throws `InvalidBSON` on anything malformed. */
export function decode(bytes: Uint8Array): Doc {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return decodeAt(buffer, 0, buffer.length)
}

/** Reads the document that starts at `offset`; its length prefix must not lead past `end`. */
export function decodeAt(buffer: Buffer, offset: number, end: number): Doc {
  const reader: Reader = { buffer, at: offset, end }
  const doc: Doc = {}
  readInto(reader, doc, undefined, 0)
  if (offset === 0 && end === buffer.length && reader.at !== end) throw malformed('trailing bytes')
  return doc
}

/** Writes `doc`; plain numbers become Int32 or Double as the driver would write them, bigint Long, Uint8Array Binary. `undefined` fields are left out. */
export function encode(doc: Doc): Buffer {
  writer.at = 0
  writeDocument(doc, 0)
  return Buffer.from(writer.buffer.subarray(0, writer.at))
}

/** Sets an own field, whatever its name: assignment to `__proto__` would set the prototype instead. */
export function setField(doc: Doc, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(doc, name, { value, writable: true, enumerable: true, configurable: true })
  else doc[name] = value
}

/** The own field `name`, or undefined: never something inherited. */
export function getField(doc: Doc, name: string): unknown {
  return Object.hasOwn(doc, name) ? doc[name] : undefined
}

/** True for an embedded document: an object that is neither an array nor one of the BSON value classes, a Date, a RegExp or bytes. */
export function isDocument(value: unknown): value is Doc {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  return !Array.isArray(value) && !(bsonType in value) && !(value instanceof Date) && !(value instanceof RegExp) && !(value instanceof Uint8Array)
}

/** Milliseconds since 1970 of any date value, exact, also of one that JavaScript's Date (±8.64e15 ms) cannot hold. */
export function dateMillis(date: Date): bigint {
  const far = (date as FarDate)[farMillis]
  if (far !== undefined) return far
  const time = date.getTime()
  return Number.isNaN(time) ? 0n : BigInt(time)
}

/** The date of that instant; beyond JavaScript's range an invalid Date that carries its milliseconds along. */
export function dateFromMillis(milliseconds: bigint): Date {
  const time = Number(milliseconds)
  if (Math.abs(time) <= 8.64e15) return new Date(time)
  return Object.assign(new Date(Number.NaN), { [farMillis]: milliseconds })
}

const farMillis = Symbol('milliseconds')
type FarDate = Date & { [farMillis]?: bigint }

interface Reader {
  buffer: Buffer
  at: number
  end: number
}

function readInto(reader: Reader, doc: Doc | undefined, list: unknown[] | undefined, depth: number): void {
  if (depth > maxDepth) throw mongoError('Overflow', `BSONObj exceeds maximum nested object depth: ${maxDepth}`)
  const { buffer } = reader
  const start = reader.at
  if (start + 5 > reader.end) throw malformed('a document of fewer than 5 bytes')
  const size = buffer.readInt32LE(start)
  const stop = start + size - 1
  if (size < 5 || stop >= reader.end || buffer[stop] !== 0) throw malformed('a wrong length')
  reader.at = start + 4
  while (reader.at < stop) {
    const type = buffer[reader.at] as number
    const nameStart = reader.at + 1
    const nameEnd = buffer.indexOf(0, nameStart)
    if (nameEnd < 0 || nameEnd >= stop) throw malformed('a field name without an end')
    reader.at = nameEnd + 1
    const value = readValue(reader, type, stop, depth)
    if (reader.at > stop) throw malformed('a value past the end of its document')
    if (list !== undefined) list.push(value)
    else setField(doc as Doc, readText(buffer, nameStart, nameEnd), value)
  }
  if (reader.at !== stop) throw malformed('a document without an end')
  reader.at = stop + 1
}

function readValue(reader: Reader, type: number, stop: number, depth: number): unknown {
  const { buffer } = reader
  const at = reader.at
  const room = stop - at
  switch (type) {
    case 0x01:
      return need(room, 8), (reader.at += 8), new Double(buffer.readDoubleLE(at))
    case 0x02:
      return readString(reader, stop)
    case 0x03: {
      const doc: Doc = {}
      readInto(bounded(reader, stop), doc, undefined, depth + 1)
      return doc
    }
    case 0x04: {
      const list: unknown[] = []
      readInto(bounded(reader, stop), undefined, list, depth + 1)
      return list
    }
    case 0x05: {
      need(room, 5)
      const size = buffer.readInt32LE(at)
      if (size < 0) throw malformed('a negative binary length')
      need(room, 5 + size)
      const subType = buffer[at + 4] as number
      reader.at = at + 5 + size
      // Subtype 2 repeats its length inside; the class wants the bytes without it.
      if (subType === 2) {
        if (size < 4 || buffer.readInt32LE(at + 5) !== size - 4) throw malformed('a wrong binary length')
        return new Binary(Buffer.from(buffer.subarray(at + 9, at + 5 + size)), 2)
      }
      return new Binary(Buffer.from(buffer.subarray(at + 5, at + 5 + size)), subType)
    }
    case 0x07:
      return need(room, 12), (reader.at += 12), new ObjectId(Buffer.from(buffer.subarray(at, at + 12)))
    case 0x08: {
      need(room, 1)
      const byte = buffer[at] as number
      if (byte > 1) throw malformed('a boolean that is neither 0 nor 1')
      reader.at += 1
      return byte === 1
    }
    case 0x09: {
      need(room, 8)
      reader.at += 8
      const high = buffer.readInt32LE(at + 4)
      if (high > -2_000_000 && high < 2_000_000) return new Date(high * 4294967296 + buffer.readUInt32LE(at))
      return dateFromMillis(buffer.readBigInt64LE(at))
    }
    case 0x0a:
      return null
    case 0x0b: {
      const patternEnd = buffer.indexOf(0, at)
      const optionsEnd = patternEnd < 0 ? -1 : buffer.indexOf(0, patternEnd + 1)
      if (optionsEnd < 0 || optionsEnd >= stop) throw malformed('a regular expression without an end')
      reader.at = optionsEnd + 1
      const options = readText(buffer, patternEnd + 1, optionsEnd)
      if (/[^ilmsux]/.test(options)) throw mongoError('BadValue', `invalid flag in regex options: ${options}`)
      return new BSONRegExp(readText(buffer, at, patternEnd), options)
    }
    case 0x0d:
      return new Code(readString(reader, stop))
    case 0x0e:
      return new BSONSymbol(readString(reader, stop))
    case 0x0f: {
      need(room, 4)
      const size = buffer.readInt32LE(at)
      reader.at += 4
      const code = readString(reader, stop)
      const scope: Doc = {}
      readInto(bounded(reader, stop), scope, undefined, depth + 1)
      if (reader.at !== at + size) throw malformed('a wrong code length')
      return new Code(code, scope)
    }
    case 0x10:
      return need(room, 4), (reader.at += 4), new Int32(buffer.readInt32LE(at))
    case 0x11:
      return need(room, 8), (reader.at += 8), new Timestamp({ i: buffer.readUInt32LE(at), t: buffer.readUInt32LE(at + 4) })
    case 0x12:
      return need(room, 8), (reader.at += 8), Long.fromBits(buffer.readInt32LE(at), buffer.readInt32LE(at + 4))
    case 0x13:
      return need(room, 16), (reader.at += 16), new Decimal128(Buffer.from(buffer.subarray(at, at + 16)))
    case 0x7f:
      return new MaxKey()
    case 0xff:
      return new MinKey()
    default:
      throw malformed(`the unsupported type 0x${type.toString(16).padStart(2, '0')}`)
  }
}

/** The same reader: an embedded document is checked against the whole buffer first and against its parent once it was read. */
function bounded(reader: Reader, stop: number): Reader {
  if (stop - reader.at < 5) throw malformed('a document past the end of its parent')
  return reader
}

function readString(reader: Reader, stop: number): string {
  const { buffer, at } = reader
  need(stop - at, 5)
  const size = buffer.readInt32LE(at)
  if (size < 1) throw malformed('a wrong string length')
  need(stop - at, 4 + size)
  if (buffer[at + 3 + size] !== 0) throw malformed('a string without an end')
  reader.at = at + 4 + size
  return readText(buffer, at + 4, at + 3 + size)
}

function readText(buffer: Buffer, start: number, end: number): string {
  const text = buffer.toString('utf8', start, end)
  // The replacement character is the only trace of bad UTF-8; only then is the slower check worth it.
  if (text.includes('\ufffd') && !isUtf8(buffer.subarray(start, end))) throw malformed('text that is not UTF-8')
  return text
}

function need(room: number, bytes: number): void {
  if (room < bytes) throw malformed('a value past the end of its document')
}

function malformed(what: string): Error {
  return mongoError('InvalidBSON', `BSON that cannot be read: ${what}`)
}

// One buffer for all encodings: encode never yields in the middle, and it copies what it returns.
const writer = { buffer: Buffer.allocUnsafe(64 * 1024), at: 0 }

function room(bytes: number): void {
  if (writer.at + bytes <= writer.buffer.length) return
  const grown = Buffer.allocUnsafe(Math.max(writer.buffer.length * 2, writer.at + bytes))
  writer.buffer.copy(grown, 0, 0, writer.at)
  writer.buffer = grown
}

function writeDocument(doc: Doc, depth: number): void {
  if (depth > maxDepth) throw mongoError('Overflow', `BSONObj exceeds maximum nested object depth: ${maxDepth}`)
  room(5)
  const start = writer.at
  writer.at += 4
  for (const name of Object.keys(doc)) {
    const value = doc[name]
    if (value !== undefined) writeElement(name, value, depth)
  }
  room(1)
  writer.buffer[writer.at++] = 0
  writer.buffer.writeInt32LE(writer.at - start, start)
}

function writeArray(list: readonly unknown[], depth: number): void {
  if (depth > maxDepth) throw mongoError('Overflow', `BSONObj exceeds maximum nested object depth: ${maxDepth}`)
  room(5)
  const start = writer.at
  writer.at += 4
  for (let index = 0; index < list.length; index += 1) writeElement(String(index), list[index] ?? null, depth)
  room(1)
  writer.buffer[writer.at++] = 0
  writer.buffer.writeInt32LE(writer.at - start, start)
}

function writeElement(name: string, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      writeHead(0x02, name)
      writeString(value)
      return
    case 'number':
      if (Number.isInteger(value) && value >= -0x80000000 && value <= 0x7fffffff && !Object.is(value, -0)) {
        writeHead(0x10, name)
        writer.at = writer.buffer.writeInt32LE(value, writer.at)
      } else writeDouble(name, value)
      return
    case 'boolean':
      writeHead(0x08, name)
      writer.buffer[writer.at++] = value ? 1 : 0
      return
    case 'bigint':
      writeHead(0x12, name)
      writer.at = writer.buffer.writeBigInt64LE(value, writer.at)
      return
    case 'object':
      if (value === null) writeHead(0x0a, name)
      else writeObject(name, value, depth)
      return
    default:
      throw mongoError('BadValue', `a ${typeof value} cannot be stored`)
  }
}

function writeObject(name: string, value: object, depth: number): void {
  if (Array.isArray(value)) {
    writeHead(0x04, name)
    writeArray(value, depth + 1)
  } else if (isDocument(value)) {
    writeHead(0x03, name)
    writeDocument(value, depth + 1)
  } else if (value instanceof Date) {
    writeHead(0x09, name)
    writer.at = writer.buffer.writeBigInt64LE(dateMillis(value), writer.at)
  } else if (value instanceof Uint8Array) {
    writeBinary(name, value, 0)
  } else if (value instanceof RegExp) {
    writeHead(0x0b, name)
    writeCString(value.source)
    writeCString(`${value.ignoreCase ? 'i' : ''}${value.multiline ? 'm' : ''}${value.dotAll ? 's' : ''}`)
  } else writeBsonValue(name, value, depth)
}

function writeBsonValue(name: string, value: object, depth: number): void {
  const tag = (value as { [bsonType]: string })[bsonType]
  switch (tag) {
    case 'Int32':
      writeHead(0x10, name)
      writer.at = writer.buffer.writeInt32LE((value as Int32).value, writer.at)
      return
    case 'Double':
      return writeDouble(name, (value as Double).value)
    case 'Long':
      writeHead(0x12, name)
      writer.at = writer.buffer.writeInt32LE((value as Long).low, writer.at)
      writer.at = writer.buffer.writeInt32LE((value as Long).high, writer.at)
      return
    case 'Decimal128':
      writeHead(0x13, name)
      writer.buffer.set((value as Decimal128).bytes, writer.at)
      writer.at += 16
      return
    case 'ObjectId':
      writeHead(0x07, name)
      writer.buffer.set((value as ObjectId).id, writer.at)
      writer.at += 12
      return
    case 'Binary': {
      const { buffer, position, sub_type: subType } = value as Binary
      return writeBinary(name, buffer.subarray(0, position), subType)
    }
    case 'Timestamp':
      writeHead(0x11, name)
      writer.at = writer.buffer.writeUInt32LE((value as Timestamp).i, writer.at)
      writer.at = writer.buffer.writeUInt32LE((value as Timestamp).t, writer.at)
      return
    case 'BSONRegExp':
      writeHead(0x0b, name)
      writeCString((value as BSONRegExp).pattern)
      writeCString((value as BSONRegExp).options)
      return
    case 'MinKey':
      return writeHead(0xff, name)
    case 'MaxKey':
      return writeHead(0x7f, name)
    case 'BSONSymbol':
      writeHead(0x0e, name)
      return writeString((value as BSONSymbol).value)
    case 'Code': {
      const { code, scope } = value as Code
      if (scope === null || scope === undefined) {
        writeHead(0x0d, name)
        return writeString(code)
      }
      writeHead(0x0f, name)
      const start = writer.at
      writer.at += 4
      writeString(code)
      writeDocument(scope as Doc, depth + 1)
      writer.buffer.writeInt32LE(writer.at - start, start)
      return
    }
    default:
      throw mongoError('BadValue', `a value of class ${tag} cannot be stored`)
  }
}

function writeHead(type: number, name: string): void {
  room(name.length * 3 + 32)
  writer.buffer[writer.at++] = type
  writeCString(name)
}

function writeCString(text: string): void {
  if (text.includes('\0')) throw mongoError('BadValue', 'a field name or pattern must not contain a null byte')
  room(text.length * 3 + 32)
  writer.at += writer.buffer.write(text, writer.at, 'utf8')
  writer.buffer[writer.at++] = 0
}

function writeString(text: string): void {
  room(text.length * 3 + 16)
  const bytes = writer.buffer.write(text, writer.at + 4, 'utf8')
  writer.buffer.writeInt32LE(bytes + 1, writer.at)
  writer.at += 4 + bytes
  writer.buffer[writer.at++] = 0
}

function writeDouble(name: string, value: number): void {
  writeHead(0x01, name)
  writer.at = writer.buffer.writeDoubleLE(value, writer.at)
}

function writeBinary(name: string, bytes: Uint8Array, subType: number): void {
  writeHead(0x05, name)
  room(bytes.length + 16)
  const inner = subType === 2 ? 4 : 0
  writer.at = writer.buffer.writeInt32LE(bytes.length + inner, writer.at)
  writer.buffer[writer.at++] = subType
  if (inner > 0) writer.at = writer.buffer.writeInt32LE(bytes.length, writer.at)
  writer.buffer.set(bytes, writer.at)
  writer.at += bytes.length
}
