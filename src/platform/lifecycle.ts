import type { Server } from 'node:http'
import type { Logger } from '../kernel/context.ts'

export interface Step {
  name: string
  run(): unknown
}

/**
 * Runs steps in order, each within a bound: one that hangs is left behind with a line in the log, so that the end always comes.
 */
export async function runInOrder(steps: readonly Step[], boundMs: number, log: Logger): Promise<void> {
  for (const step of steps) {
    try {
      await within(boundMs, Promise.resolve(step.run()))
    } catch (error) {
      log.warn({ err: error, step: step.name }, 'a step of the shutdown did not end well')
    }
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${ms} ms`)), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

export async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  return typeof address === 'object' && address ? address.port : port
}

/** Requests that run are answered; idle connections end at once. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  await closed
}
