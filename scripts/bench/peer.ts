import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { WebSocketServer } from 'ws'

/** What others would build in an afternoon, as the measure: stock Socket.IO, or a plain loop over `ws`. Says what its parent tells it to. */
const http = createServer()
const tell = process.argv[2] === 'ws' ? plain() : stock()
process.on('message', ({ event, data, meta }: { event: string; data: unknown; meta: unknown }) => tell(event, data, meta))
http.listen(0, '127.0.0.1', () => process.send?.({ port: (http.address() as AddressInfo).port }))

function stock() {
  const io = new Server(http, { transports: ['websocket'], serveClient: false, perMessageDeflate: false, httpCompression: false })
  io.on('connection', (socket) => void socket.join('room'))
  return (event: string, data: unknown, meta: unknown) => void io.to('room').emit(event, data, meta)
}

function plain() {
  const server = new WebSocketServer({ server: http, perMessageDeflate: false })
  return (event: string, data: unknown, meta: unknown) => {
    const text = JSON.stringify([event, data, meta])
    for (const client of server.clients) client.send(text)
  }
}
