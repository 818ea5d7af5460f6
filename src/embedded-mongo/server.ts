import { chmodSync, existsSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { createCatalog } from './catalog.ts'
import type { Store } from './commands/command.ts'
import { createCursors } from './cursors.ts'
import { dispatch } from './dispatch.ts'
import type { Doc } from './document.ts'
import { createFailPoints } from './failpoints.ts'
import { createGates } from './gates.ts'
import { createRecords } from './records.ts'
import { createSessions } from './sessions.ts'
import type { Storage } from './storage/storage.ts'
import { createEngine } from './transactions/engine.ts'
import { createSweeps, type SweepOptions } from './sweeps.ts'
import { createReader, parse, reply, type Request } from './wire/message.ts'

const maxConnections = 1_000
const greetingMs = 60_000
/** of one connection; the driver sends one at a time */
const maxWaiting = 16

export type Address = { socketPath: string } | { host: string; port: number }

export interface StoreServer {
  address: string
  close(): Promise<void>
}

/** Serves the wire protocol over one storage. */
export async function serve(storage: Storage, at: Address, options: { sweeps?: SweepOptions } = {}): Promise<StoreServer> {
  const engine = createEngine(storage)
  const catalog = createCatalog(engine)
  const store: Store = {
    engine,
    catalog,
    records: createRecords(catalog),
    cursors: createCursors(),
    sessions: createSessions(engine),
    failPoints: createFailPoints(),
    gates: createGates(),
    storageStats: storage.stats,
    address: '',
  }
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    converse(store, socket)
  })
  server.maxConnections = maxConnections
  store.address = await listen(server, at)
  const sweeps = createSweeps(store, options.sweeps)

  return Object.freeze({ address: store.address, close })

  async function close(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
    await sweeps.stop()
    store.sessions.endAll()
  }
}

/** One connection: its commands are answered in the order in which they come. It is not read from while many of them wait. */
function converse(store: Store, socket: Socket): void {
  const reader = createReader()
  const waiting: Request[] = []
  let appName = ''
  let nextId = 1
  let running = false
  socket.setTimeout(greetingMs, () => appName === '' && nextId === 1 && socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const message of reader.push(chunk)) waiting.push(parse(message))
    } catch {
      // What came is no message: nothing behind it can be understood either.
      socket.destroy()
      return
    }
    if (waiting.length > maxWaiting) socket.pause()
    if (!running) void run()
  })

  async function run(): Promise<void> {
    running = true
    for (let request = waiting.shift(); request && !socket.destroyed; request = waiting.shift()) {
      await handle(request).catch(() => void socket.destroy())
      if (waiting.length <= maxWaiting && socket.isPaused()) socket.resume()
    }
    running = false
  }

  async function handle(request: Request): Promise<void> {
    const application = ((request.command['client'] as Doc | undefined)?.['application'] as Doc | undefined)?.['name']
    if (typeof application === 'string') appName = application
    const outcome = await dispatch(store, request.command, appName)
    if ('close' in outcome) socket.destroy()
    else if (!request.silent && socket.writable && !socket.write(reply(request, outcome.body, nextId++))) await drained(socket)
  }
}

// A client that does not read its answers gets no more of them.
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
    if (socket.destroyed) done()
  })
}

async function listen(server: Server, at: Address): Promise<string> {
  if ('socketPath' in at && existsSync(at.socketPath)) rmSync(at.socketPath)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    if ('socketPath' in at) server.listen(at.socketPath, resolve)
    else server.listen(at.port, at.host, resolve)
  })
  if ('socketPath' in at) {
    chmodSync(at.socketPath, 0o600)
    return at.socketPath
  }
  const bound = server.address()
  return `${at.host}:${typeof bound === 'object' && bound ? bound.port : at.port}`
}
