import type { Express } from 'express'
import type { Connection } from 'mongoose'

export interface Health {
  mount(app: Express): void
  draining(): boolean
  startDraining(): void
  ready(): void
}

const probeTimeoutMs = 2_000

/** /healthz: the loop turns. /readyz: a flushed write went through just now, and nobody is shutting down. */
export function createHealth(connection: Connection): Health {
  let state: 'starting' | 'ready' | 'draining' = 'starting'
  let lastProbe = { at: 0, ok: false }

  return Object.freeze({
    mount(app: Express) {
      app.get('/healthz', (_request, response) => {
        response.setHeader('Cache-Control', 'no-store').json({ status: 'up' })
      })
      app.get('/readyz', (_request, response, next) => {
        isReady().then((ready) => {
          response
            .status(ready ? 200 : 503)
            .setHeader('Cache-Control', 'no-store')
            .json({ status: ready ? 'ready' : state === 'ready' ? 'store-unavailable' : state })
        }, next)
      })
    },
    draining: () => state === 'draining',
    startDraining() {
      state = 'draining'
    },
    ready() {
      state = 'ready'
    },
  })

  async function isReady(): Promise<boolean> {
    if (state !== 'ready') return false
    const now = performance.now()
    if (lastProbe.ok && now - lastProbe.at < 1_000) return true
    const ok = await probe().catch(() => false)
    lastProbe = { at: now, ok }
    return ok
  }

  async function probe(): Promise<boolean> {
    const write = connection.collection<{ _id: string; n: number }>('health').updateOne({ _id: 'probe' }, { $inc: { n: 1 } }, { upsert: true, timeoutMS: probeTimeoutMs })
    await write
    return true
  }
}
