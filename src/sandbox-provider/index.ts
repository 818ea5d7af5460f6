import express, { type Router } from 'express'
import type { Clock, Wall } from '../kernel/clock.ts'
import type { Logger } from '../kernel/context.ts'
import type { DueTable } from '../kernel/feature.ts'
import type { HttpClient } from '../platform/http-client.ts'
import { createApi } from './api.ts'
import { createBook } from './book.ts'
import { createCheckoutPage } from './checkout.ts'
import { createDeliveries } from './deliveries.ts'
import { createFaults, type FaultSettings, type Faults } from './faults.ts'
import { readSecret } from './signature.ts'
import { createStore } from './store.ts'
import { createTicker } from '../kernel/ticker.ts'

export type { Faults, FaultSettings } from './faults.ts'
export { sandboxRoutes } from './routes.ts'

export interface SandboxProvider {
  /** to be mounted at /sandbox; hands on what it does not know, and every refusal as an AppError */
  readonly router: Router
  /** Connects, builds indexes, begins to deliver. `alone`: no other process works on this book, so what was claimed before is taken up at once. */
  start(options?: { alone: boolean }): Promise<void>
  /** Ends when what is being sent has been answered; the rest is still due at the next start. */
  stop(): Promise<void>
  /** Settles and sends everything that is due now, held webhooks too. A delivery that fails is due later, so this ends. */
  drain(): Promise<void>
  /** Ends when what is being sent has been answered. @returns whether anything was */
  idle(): Promise<boolean>
  /** what waits for its time here */
  readonly dues: readonly DueTable[]
  /** A clock was moved: what is due by it is looked for now. */
  wake(): void
  readonly faults: { read(): Promise<Faults>; /** @throws AppError `validation` */ set(changes: FaultSettings): Promise<Faults> }
}

export interface SandboxDependencies {
  mongoUri: string
  /** a database of its own */
  dbName: string
  /** what its customer shows as a bearer token */
  apiKey: string
  /** base64; the first is the present one, others still sign while they are replaced */
  webhookSecrets: readonly string[]
  webhookUrl: () => string
  /** where payers reach the router's mount, without /sandbox */
  publicUrl: () => string
  http: HttpClient
  clock: Clock
  wall: Wall
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** from the report of a failure to its late success */
  lateMs?: number
}

/** what comes due here asks for its own turn; this finds what another process left */
const tickMs = 5_000
const maxPasses = 1_000

/**
 * A payment company in a box: its own database, book and API. It is a second party and is treated as one: everything else reaches it over
 * HTTP only and believes nothing that is not signed or asked for.
 */
export function createSandboxProvider({
  mongoUri,
  dbName,
  apiKey,
  webhookSecrets,
  webhookUrl,
  publicUrl,
  http,
  clock,
  wall,
  log,
  lateMs = 3_000,
}: SandboxDependencies): SandboxProvider {
  const store = createStore({ mongoUri, dbName })
  const faults = createFaults(store)
  const ticker = createTicker({
    run: tick,
    everyMs: tickMs,
    onError: (error) => log.warn({ err: error }, 'the sandbox could not do what is due'),
  })
  const { wakeIn } = ticker
  const deliveries = createDeliveries({ store, faults, keys: webhookSecrets.map(readSecret), webhookUrl, http, clock, wall, wakeIn, log })
  const book = createBook({ store, deliveries, clock, wakeIn, lateMs })
  const api = createApi({ book, faults, apiKey, checkoutUrl: (token) => `${publicUrl()}/sandbox/checkout/${token}` })
  const router = express.Router({ caseSensitive: true, strict: true })
  router.use(api.router, createCheckoutPage({ book, log }))

  const dues: readonly DueTable[] = [
    { name: 'sandbox.late-successes', every_ms: tickMs, next: book.nextLate, runDue: book.settleLate },
    { name: 'sandbox.webhooks', every_ms: tickMs, next: deliveries.next, runDue: async () => (await deliveries.sendDue()).found },
  ]

  return Object.freeze({ router, start, stop, drain, idle: deliveries.idle, dues, wake: () => wakeIn(0), faults: Object.freeze({ read: () => faults.read(), set: setFaults }) })

  async function start({ alone } = { alone: false }): Promise<void> {
    await store.open()
    if (alone) await deliveries.takeOver()
    ticker.start()
  }

  /** When the fault is over, nobody is left hanging by it. */
  async function setFaults(changes: FaultSettings): Promise<Faults> {
    const now = await faults.set(changes)
    if (!now.timeout_after_charge) api.hangUp()
    return now
  }

  async function stop(): Promise<void> {
    api.hangUp()
    await ticker.stop()
    await deliveries.idle()
    await store.close()
  }

  async function tick(): Promise<void> {
    await book.settleLate()
    for (let pass = 0; pass < maxPasses; pass++) if (!(await deliveries.sendDue()).more) return
  }

  async function drain(): Promise<void> {
    for (let pass = 0; pass < maxPasses; pass++) {
      const settled = await book.settleLate()
      await deliveries.releaseHeld(1)
      const { found } = await deliveries.sendDue()
      await deliveries.idle()
      if (settled + found === 0) return
    }
    throw new Error('The sandbox still has something due after many passes')
  }
}
