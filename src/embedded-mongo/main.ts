import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Address, serve } from './server.ts'
import { openFolder } from './storage/folder.ts'
import { StoreRefused } from './storage/refusal.ts'

/**
 * The embedded store as a program: `--dir DIR` and either `--port N [--host H]` or `--socket PATH`. It says one line of JSON when it is
 * ready, and ends when its parent does. Exit codes: 64 wrong arguments, 75 locked, 78 refused.
 */
const exitUsage = 64

try {
  await main()
} catch (error) {
  const refused = error instanceof StoreRefused ? error : undefined
  const message = error instanceof Error ? error.message : 'unknown'
  if (process.send) process.send({ refused: message, exit_code: refused?.exitCode ?? 70 })
  else process.stderr.write(`${message}\n`)
  process.exit(refused?.exitCode ?? 70)
}

async function main(): Promise<void> {
  const { dir, at } = readArguments()
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const folder = await openFolder(dir)
  const server = await serve(folder.storage, at)
  let ending = false
  const end = (): void => {
    if (ending) return
    ending = true
    void server
      .close()
      .then(() => folder.close())
      .then(() => process.exit(0))
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  // A store without its server would keep the lock from the next one.
  process.on('disconnect', end)
  const ready = { ready: server.address, pid: process.pid }
  if (process.send) process.send(ready)
  else process.stdout.write(`${JSON.stringify(ready)}\nConnect with MONGODB_URI=mongodb://${server.address}/?directConnection=true\n`)
}

function readArguments(): { dir: string; at: Address } {
  try {
    const { values } = parseArgs({ options: { dir: { type: 'string' }, port: { type: 'string' }, host: { type: 'string' }, socket: { type: 'string' } } })
    if (!values.dir) throw new Error('--dir is missing: the folder that holds the store')
    if (values.socket) return { dir: resolve(values.dir), at: { socketPath: values.socket } }
    const port = Number(values.port ?? 27017)
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('--port must be a number from 0 to 65535')
    return { dir: resolve(values.dir), at: { host: values.host ?? '127.0.0.1', port } }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : ''}\nUsage: embedded-mongo --dir DIR [--port N] [--host H] | --socket PATH\n`)
    process.exit(exitUsage)
  }
}
