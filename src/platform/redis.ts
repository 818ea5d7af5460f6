import { createAdapter } from '@socket.io/redis-adapter'
import { Redis as IORedis } from 'ioredis'
import type { Server } from 'socket.io'
import type { Logger } from '../kernel/context.ts'
import type { Gauge } from '../kernel/feature.ts'
import { newId } from '../kernel/ids.ts'

/** What is shared between processes while it lasts: live facts, limits, who is there. Nothing that must survive is ever kept in it. */
export interface Redis {
  /** for counters: fails fast, so that whoever asks can do with its own memory */
  readonly counters: IORedis
  readonly prefix: string
  /** facts to the sockets of other processes */
  adapter(): Parameters<Server['adapter']>[0]
  state(): RedisState
  /** @param onBack what was told between processes may be lost: it was away, and is back */
  start(onBack?: () => void): void
  close(): Promise<void>
}

export type RedisState = 'ready' | 'down'

const retryMs = (attempt: number) => Math.min(50 * 2 ** attempt, 1_000)
const counterTimeoutMs = 250
const canaryMs = 1_000
const canaryMisses = 3
const maxWaiting = 10_000

/**
 * Three connections: one that publishes and keeps what it could not send until Redis is back, one that listens, one for counters. A canary
 * goes round through Redis every second; when it stops coming back although both ends think they are connected, the connections are made
 * anew.
 * @param prefix of every channel and key, so that two installations can share one Redis
 */
export function createRedis({ url, prefix, log }: { url: string; prefix: string; log: Logger }): Redis {
  // Offline commands wait: what is published while Redis restarts arrives a moment late instead of never.
  const patient = { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: retryMs, connectTimeout: 2_000, keepAlive: 5_000 } as const
  const publisher = new IORedis(url, patient)
  const listener = new IORedis(url, { ...patient, autoResubscribe: true })
  const counters = new IORedis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: counterTimeoutMs,
    retryStrategy: retryMs,
    connectTimeout: 2_000,
  })
  const canaryChannel = `${prefix}:canary:${newId('prc')}`
  let missed = 0
  let waiting = 0
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let told: RedisState = 'down'

  for (const [name, client] of Object.entries({ publisher, listener, counters })) client.on('error', (error: Error) => log.debug({ err: error, client: name }, 'Redis'))

  return Object.freeze({ counters, prefix, adapter, state, start, close })

  function adapter(): Parameters<Server['adapter']>[0] {
    return createAdapter(replacing(publisher, { publish }), replacing(listener, { subscribe, psubscribe }), { key: prefix, requestsTimeout: 2_000, parser: json })
  }

  function state(): RedisState {
    return publisher.status === 'ready' && listener.status === 'ready' && missed < canaryMisses ? 'ready' : 'down'
  }

  function start(onBack: () => void = () => {}): void {
    for (const client of [publisher, listener, counters]) client.connect().catch(() => {})
    listener.subscribe(canaryChannel).catch(() => {})
    listener.on('message', (channel: string) => {
      if (channel === canaryChannel) missed = 0
    })
    timer = setInterval(() => watch(onBack), canaryMs).unref()
  }

  function watch(onBack: () => void): void {
    missed++
    if (publisher.status === 'ready') publisher.publish(canaryChannel, '1').catch(() => {})
    // A connection that looks alive and carries nothing: a paused server, a firewall that forgot it.
    if (missed % canaryMisses === 0 && missed > 0 && publisher.status === 'ready') for (const client of [publisher, listener]) client.disconnect(true)
    const now = state()
    if (now === told) return
    told = now
    if (now === 'ready') {
      log.info({}, 'Redis is there: facts reach the sockets of all processes')
      onBack()
    } else log.warn({}, 'Redis is away: each process serves on its own, limits are counted in memory, facts to other processes wait')
  }

  async function close(): Promise<void> {
    closed = true
    clearInterval(timer)
    for (const client of [publisher, listener, counters]) client.disconnect()
    await Promise.resolve()
  }

  async function subscribe(...channels: (string | string[])[]): Promise<void> {
    await listener.subscribe(...channels.flat()).catch(() => {})
  }

  async function psubscribe(...patterns: string[]): Promise<void> {
    await listener.psubscribe(...patterns).catch(() => {})
  }

  // The adapter publishes without looking at the outcome: a refusal nobody handles would end the process, and an endless queue would fill it.
  async function publish(channel: string, message: string | Buffer): Promise<number> {
    if (closed || waiting >= maxWaiting) return 0
    waiting++
    try {
      return await publisher.publish(channel, message)
    } catch (error) {
      log.debug({ err: error }, 'a fact did not reach the other processes')
      return 0
    } finally {
      waiting--
    }
  }
}

export function redisGauges(redis: Redis | undefined): Gauge[] {
  if (!redis) return []
  return [{ name: 'ovation_redis_up', help: 'Whether facts reach the sockets of other processes: 1 or 0', read: async () => (redis.state() === 'ready' ? 1 : 0) }]
}

/** The client itself, but for some methods that take another way. */
function replacing(client: IORedis, methods: Record<string, (...args: never[]) => unknown>): IORedis {
  return new Proxy(client, {
    get(target, property) {
      const value: unknown = methods[property as string] ?? Reflect.get(target, property, target)
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value
    },
  })
}

// Whoever else writes into our channels must not be able to end us: what does not read is nothing.
const json = {
  encode: (message: unknown): string => JSON.stringify(message),
  decode: (bytes: Buffer): unknown => {
    try {
      const message: unknown = JSON.parse(bytes.toString('utf8'))
      return Array.isArray(message) ? message : []
    } catch {
      return []
    }
  },
}
