import { createHash, timingSafeEqual } from 'node:crypto'
import type { Express, Request } from 'express'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { AppError } from '../kernel/errors.ts'
import type { Gauge as GaugeSource } from '../kernel/feature.ts'

/** How the two doors, the transactions and the checks tell what they did. */
export interface Metrics {
  operation(line: { operation: string; door: string; outcome: string; ms: number }): void
  request(line: { route: string; method: string; status: number }): void
  transactionRetried(): void
  violation(check: string): void
  /** asked when a scrape comes; one that fails or takes too long is left out of that scrape */
  watch(sources: readonly GaugeSource[]): void
  /** whether a request shows METRICS_TOKEN; never when none is set */
  permits(request: Request): boolean
  mount(app: Express): void
  stop(): void
}

const patienceMs = 2_000
const seconds = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/**
 * What this process counts, for Prometheus at GET /metrics. Without a METRICS_TOKEN there is no such page, and with a wrong one there is none
 * either: 404, so that nobody learns that guessing is worth it.
 */
export function createMetrics({ token }: { token: string | undefined }): Metrics {
  const registry = new Registry()
  const registers = [registry]
  // They watch the collector and the loop for as long as the process lives, so they run only where somebody reads them.
  if (token !== undefined) collectDefaultMetrics({ register: registry, prefix: 'ovation_' })
  const operations = new Counter({ name: 'ovation_operations_total', help: 'Operations answered, by name, door and outcome (ok or an error code)', labelNames: ['operation', 'door', 'outcome'], registers })
  const durations = new Histogram({ name: 'ovation_operation_seconds', help: 'How long operations took', labelNames: ['operation', 'door'], buckets: seconds, registers })
  const requests = new Counter({ name: 'ovation_http_requests_total', help: 'HTTP answers, by route, method and status', labelNames: ['route', 'method', 'status'], registers })
  const retries = new Counter({ name: 'ovation_transaction_retries_total', help: 'Transactions that ran again after a conflict', registers })
  const violations = new Counter({ name: 'ovation_invariant_violations_total', help: 'Violations that checks have reported, by check', labelNames: ['check'], registers })

  return Object.freeze({
    operation({ operation, door, outcome, ms }) {
      operations.inc({ operation, door, outcome })
      durations.observe({ operation, door }, ms / 1_000)
    },
    request({ route, method, status }) {
      requests.inc({ route, method, status })
    },
    transactionRetried: () => retries.inc(),
    violation: (check) => violations.inc({ check }),
    watch,
    permits,
    mount,
    stop: () => registry.clear(),
  } satisfies Metrics)

  function watch(sources: readonly GaugeSource[]): void {
    for (const source of sources) registry.registerMetric(gaugeOf(source))
  }

  function permits(request: Request): boolean {
    return token !== undefined && isSame(request.get('authorization') ?? '', `Bearer ${token}`)
  }

  function mount(app: Express): void {
    app.get('/metrics', (request, response, next) => {
      if (!permits(request)) return next(new AppError('not-found'))
      registry.metrics().then((text) => response.type(registry.contentType).setHeader('Cache-Control', 'no-store').send(text), next)
    })
  }
}

function gaugeOf({ name, help, label, read }: GaugeSource): Gauge {
  return new Gauge({
    name,
    help,
    labelNames: label ? [label] : [],
    registers: [],
    async collect() {
      this.reset()
      const values = await inTime(read).catch(() => ({}))
      if (typeof values === 'number') this.set(values)
      else for (const [key, value] of Object.entries(values)) this.set(label ? { [label]: key } : {}, value)
    },
  })
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

// A store that does not answer must not keep the scrape from telling so.
async function inTime<T>(read: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), patienceMs)
  })
  try {
    return await Promise.race([read(), late])
  } finally {
    clearTimeout(timer)
  }
}
