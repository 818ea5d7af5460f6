import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { Server, type Socket } from 'socket.io'
import { WebSocket } from 'ws'
import { guardReader, type Patience } from '../../src/platform/realtime/slow-readers.ts'

const facts = 800
const words = 'x'.repeat(32 * 1024)

describe('a connection that does not read', () => {
  let io: Server
  let url: string
  let patience: Patience
  let fallen: Set<Socket>

  beforeEach(async () => {
    fallen = new Set()
    patience = { maxPackets: 500, maxBytes: 256 * 1024, closeAfterMs: 60_000 }
    const http = createServer()
    io = new Server(http, { transports: ['websocket'], serveClient: false })
    io.on('connection', (socket) => guardReader(socket.conn, patience, { fell: () => fallen.add(socket), back: () => socket.emit('session:resync', {}) }))
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/socket.io/?EIO=4&transport=websocket`
  })
  afterEach(() => io.close())

  it('keeps a bounded queue and no more, costs the others nothing, and is told to ask again when it reads', async () => {
    const healthy = await enter()
    const stalled = await enter()
    stalled.socket.pause()
    let waited = 0
    for (let n = 0; n < facts; n++) {
      io.emit('message:created', { n, words })
      for (const { conn } of io.of('/').sockets.values()) waited = Math.max(waited, (conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length)
      await healthy.until((seen) => seen.length > n)
    }
    expect(healthy.seen).to.deep.equal(Array.from({ length: facts }, (_, n) => n))
    expect(fallen.size).to.equal(1)
    expect(waited * words.length).to.be.below(512 * 1024)
    stalled.socket.resume()
    await stalled.until((_seen, told) => told.includes('session:resync'))
    expect(stalled.seen.length).to.be.below(facts)
    io.emit('message:created', { n: facts, words })
    await stalled.until((seen) => seen.at(-1) === facts)
    expect(healthy.told).not.to.include('session:resync')
  })

  it('is closed when it goes on like that', async () => {
    patience = { ...patience, closeAfterMs: 200 }
    const stalled = await enter()
    stalled.socket.pause()
    const left = new Promise((resolve) => [...io.of('/').sockets.values()][0]?.once('disconnect', resolve))
    for (let n = 0; fallen.size === 0; n++) {
      io.emit('message:created', { n, words })
      await new Promise(setImmediate)
    }
    await left
    expect(io.of('/').sockets.size).to.equal(0)
  })

  it('is not whoever asks for one large answer', async () => {
    const reader = await enter()
    io.emit('message:created', { n: 0, words: words.repeat(64) })
    await reader.until((seen) => seen.length === 1)
    expect(fallen.size).to.equal(0)
  })

  async function enter() {
    const socket = new WebSocket(url)
    const seen: number[] = []
    const told: string[] = []
    let look = (): void => {}
    socket.on('message', (raw: Buffer) => {
      const text = raw.toString()
      if (text.startsWith('42')) {
        const [event, data] = JSON.parse(text.slice(2)) as [string, { n?: number }]
        told.push(event)
        if (data.n !== undefined) seen.push(data.n)
      }
      if (text.startsWith('40')) told.push('entered')
      look()
    })
    await once(socket, 'open')
    socket.send('40')
    const until = (holds: (seen: number[], told: string[]) => boolean): Promise<void> =>
      new Promise((resolve) => {
        look = () => holds(seen, told) && resolve()
        look()
      })
    await until(() => told.includes('entered'))
    return { socket, seen, told, until }
  }
})
