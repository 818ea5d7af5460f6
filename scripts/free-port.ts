import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below those that the kernel gives to connections: what is free here stays so until the server that is started on it listens, and while it is away. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    await new Promise((resolve) => server.close(resolve))
    if (isFree) return port
  }
}
