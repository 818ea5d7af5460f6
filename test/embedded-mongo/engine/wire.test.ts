import { rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { BSON, MongoClient } from 'mongodb'
import { serve } from '../../../src/embedded-mongo/server.ts'
import { openFolder } from '../../../src/embedded-mongo/storage/folder.ts'
import { crc32c } from '../../../src/embedded-mongo/wire/crc32c.ts'
import { createReader } from '../../../src/embedded-mongo/wire/message.ts'
import { refusalOf, type ServedStore, serveStore, temporaryFolder } from './support.ts'

describe('the wire of the embedded store', () => {
  let store: ServedStore
  let path: string

  before(async () => {
    store = await serveStore()
    path = decodeURIComponent(new URL(store.uri).host)
  })
  after(() => store.close())

  it('cuts messages out of whatever pieces they come in', () => {
    const messages = [40, 16, 100_000, 17].map((length, at) => {
      const message = Buffer.alloc(length, at)
      message.writeInt32LE(length, 0)
      return message
    })
    for (const size of [1, 7, 16, 1_000, 200_000]) {
      const reader = createReader()
      const stream = Buffer.concat(messages)
      const found: Buffer[] = []
      for (let at = 0; at < stream.length; at += size) found.push(...reader.push(Buffer.from(stream.subarray(at, at + size))))
      expect(found.map((each) => each.length)).to.deep.equal(messages.map((each) => each.length))
      expect(Buffer.concat(found).equals(stream)).to.equal(true)
    }
  })

  it('checks the checksum of a message that has one', async () => {
    expect(crc32c(Buffer.from('123456789'))).to.equal(0xe3069283)
    const good = message({ ping: 1, $db: 'admin' }, { flags: 1 })
    const socket = connect(path)
    socket.write(good)
    expect((await answerOf(socket))['ok']).to.equal(1)
    good[good.length - 1] = (good[good.length - 1] as number) ^ 1
    socket.write(good)
    await closed(socket)
  })

  it('answers commands that come one behind the other in their order, and what wants no answer not at all', async () => {
    const socket = connect(path)
    const insert = message({ insert: 'silent', documents: [{ _id: 1 }], writeConcern: { w: 0 }, $db: 'wire' }, { flags: 2, id: 1 })
    socket.write(Buffer.concat([insert, message({ count: 'silent', $db: 'wire' }, { id: 2 }), message({ nonsense: 1, $db: 'wire' }, { id: 3 })]))
    const reader = createReader()
    const answers: Buffer[] = []
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      answers.push(...reader.push(chunk))
      if (answers.length === 2) break
    }
    expect(answers.map((each) => each.readInt32LE(8))).to.deep.equal([2, 3])
    expect(BSON.deserialize((answers[0] as Buffer).subarray(21))).to.include({ n: 1, ok: 1 })
    expect(BSON.deserialize((answers[1] as Buffer).subarray(21))).to.include({ code: 59, codeName: 'CommandNotFound' })
  })

  it('puts document sequences in their place', async () => {
    const socket = connect(path)
    const documents = [{ _id: 1 }, { _id: 2 }].map((each) => Buffer.from(BSON.serialize(each)))
    const name = Buffer.from('documents\0')
    const size = 4 + name.length + documents.reduce((sum, each) => sum + each.length, 0)
    const head = Buffer.alloc(5)
    head[0] = 1
    head.writeInt32LE(size, 1)
    socket.write(message({ insert: 'sequences', $db: 'wire' }, { more: Buffer.concat([head, name, ...documents]) }))
    expect(await answerOf(socket)).to.include({ n: 2, ok: 1 })
    socket.destroy()
  })

  it('hangs up on what is no message, and lives', async () => {
    const garbage = [Buffer.alloc(64, 0xff), Buffer.from('GET / HTTP/1.1\r\nHost: store\r\n\r\n'), message({ ping: 1 }, { opCode: 2012 }), message({ find: 'x', $db: 'y' }, { opCode: 2004 })]
    for (const bytes of garbage) {
      const socket = connect(path)
      socket.write(bytes)
      await closed(socket)
    }
    expect(await store.client.db('admin').command({ ping: 1 })).to.include({ ok: 1 })
  })

  it('refuses by name what it does not do, and ignores no option', async () => {
    const db = store.client.db('wire')
    expect(await refusalOf(db.command({ renameEverything: 1 }))).to.include({ code: 59, codeName: 'CommandNotFound' })
    expect(await refusalOf(db.command({ find: 'x', speed: 'high' }))).to.include({ code: 40415 })
    expect(await refusalOf(db.command({ create: 'x', capped: true, size: 100 }))).to.have.property('code')
    expect(await refusalOf(db.command({ aggregate: 'x', pipeline: [{ $teleport: {} }], cursor: {} }))).to.include({ code: 40324 })
    expect(await refusalOf(db.collection('x').createIndex({ place: '2dsphere' }))).to.include({ code: 67 })
    expect(await refusalOf(db.command({ ping: 1, apiVersion: '2' }))).to.include({ code: 322 })
  })

  it('gives the documents of large answers in batches that fit into a message', async () => {
    const rows = store.client.db('wire').collection<{ _id: number; text: string }>('large')
    for (let n = 0; n < 5; n++) await rows.insertOne({ _id: n, text: 'x'.repeat(8_000_000) })
    expect((await rows.find().toArray()).map(({ text }) => text.length)).to.deep.equal(Array.from({ length: 5 }, () => 8_000_000))
    expect(await refusalOf(rows.insertOne({ _id: 9, text: 'x'.repeat(17_000_000) }))).to.have.property('message')
  })

  it('serves a replica set by its name over TCP', async () => {
    const hello = await store.client.db('admin').command({ hello: 1 })
    expect(hello).to.include({ setName: 'ovation', isWritablePrimary: true, maxWireVersion: 21, minWireVersion: 0, logicalSessionTimeoutMinutes: 30 })
    expect(hello).not.to.have.property('topologyVersion')
    const dir = temporaryFolder()
    const folder = await openFolder(dir)
    const server = await serve(folder.storage, { host: '127.0.0.1', port: 0 })
    const client = await new MongoClient(`mongodb://${server.address}/?replicaSet=ovation`, { serverSelectionTimeoutMS: 3_000 }).connect()
    await client.withSession((session) => session.withTransaction(() => client.db('wire').collection('tcp').insertOne({ _id: 1 as never }, { session })))
    expect(await client.db('wire').collection('tcp').countDocuments()).to.equal(1)
    await client.close()
    await server.close()
    await folder.close()
    rmSync(dir, { recursive: true })
  })
})

function message(body: object, { flags = 0, id = 1, opCode = 2013, more = Buffer.alloc(0) }: { flags?: number; id?: number; opCode?: number; more?: Buffer } = {}): Buffer {
  const query = opCode === 2004 ? Buffer.concat([Buffer.from('wire.$cmd\0'), Buffer.alloc(8)]) : Buffer.from([0])
  const head = Buffer.alloc(20)
  head.writeInt32LE(id, 4)
  head.writeInt32LE(opCode, 12)
  head.writeInt32LE(flags, 16)
  const whole = Buffer.concat([head, query, BSON.serialize(body), more, Buffer.alloc(flags & 1 ? 4 : 0)])
  whole.writeInt32LE(whole.length, 0)
  if (flags & 1) whole.writeUInt32LE(crc32c(whole.subarray(0, whole.length - 4)), whole.length - 4)
  return whole
}

async function answerOf(socket: Socket): Promise<Record<string, unknown>> {
  const reader = createReader()
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      const [answer] = reader.push(chunk)
      if (!answer) return
      socket.off('data', take)
      resolve(BSON.deserialize(answer.subarray(21)))
    }
    socket.on('data', take)
    socket.on('error', reject)
  })
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.resume()
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })
}
