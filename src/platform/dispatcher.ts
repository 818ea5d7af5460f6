import { createBell } from '../kernel/bell.ts'
import type { Wall } from '../kernel/clock.ts'
import type { Logger } from '../kernel/context.ts'
import type { Broadcast, DomainEvent, DomainEventName, Subscriber } from '../kernel/events.ts'
import type { Job } from '../kernel/feature.ts'
import { jitter } from '../kernel/ids.ts'
import type { DeliveryRow, Outbox, PublishedEvent } from './outbox.ts'
import type { Relay } from './realtime/relay.ts'

const parallel = 32
const pollMs = 5_000
const claimMs = 30_000
const pageSize = 100
/** after as many as one poll takes, there may be more */
const fullPageMs = 500
/** What is done within it is marked together: a fact's broadcast and the work of its subscribers end a few milliseconds apart. */
const gatherMs = 25
const parkAfter = 12
const maxBackoffMs = 10 * 60_000
const broadcaster = 'broadcast'

interface Delivery {
  event: DomainEvent
  subscriber: string
  attempts: number
}

export type Dispatcher = ReturnType<typeof createDispatcher>

/**
 * Delivers events to their subscribers, at least once. What this process committed is delivered at once; a poll finds what a crash left
 * behind. A delivery that keeps failing is parked for the admin. There is no order between rows.
 */
export function createDispatcher({
  outbox,
  subscribers,
  broadcasts,
  relay,
  wall,
  log,
}: {
  outbox: Outbox
  subscribers: readonly Subscriber[]
  broadcasts: readonly Broadcast[]
  relay: Relay
  wall: Wall
  log: Logger
}) {
  const byName = new Map(subscribers.map((each) => [each.name, each]))
  if (byName.size !== subscribers.length || byName.has(broadcaster)) throw new Error('Two subscribers share a name')
  const queue: Delivery[] = []
  let running = 0
  let doneIds: string[] = []
  let flushing: Promise<void> | undefined
  let flushNow = (): void => {}
  const idle: (() => void)[] = []
  const bell = createBell()
  const job: Job = { name: 'outbox.poll', every_ms: pollMs, bell, run: pollDue }

  outbox.route((name) => [
    ...subscribers.filter((each) => each.event === name).map((each) => each.name),
    ...(broadcasts.some((each) => each.event === name) ? [broadcaster] : []),
  ])

  return Object.freeze({ deliver, pollDue, job, releaseAll, whenIdle, oldestSeconds, parked })

  /** Queues what was just committed. Never awaited by the caller: its answer does not depend on it. */
  function deliver(published: readonly PublishedEvent[]): void {
    for (const { event, subscribers: names } of published) for (const subscriber of names) take({ event, subscriber, attempts: 0 })
    pump()
  }

  /** Claims rows that are due and whose process did not finish them. */
  async function pollDue(): Promise<void> {
    if (queue.length > pageSize) return bell.ring(fullPageMs)
    const now = wall.now()
    const rows = await outbox.Deliveries.find({ state: 'due', due_at: { $lte: now } })
      .sort({ due_at: 1 })
      .limit(pageSize)
      .lean()
    for (const row of rows) {
      const claimed = await outbox.Deliveries.updateOne(
        { _id: row._id, state: 'due', due_at: row.due_at },
        { $set: { due_at: new Date(now.getTime() + claimMs) } },
      )
      if (claimed.modifiedCount === 1) await enqueueRow(row)
    }
    if (rows.length === pageSize) bell.ring(fullPageMs)
    pump()
  }

  /** After a start as the only process: nobody else can be working on these, so nobody waits out their leases. */
  async function releaseAll(): Promise<void> {
    await outbox.Deliveries.updateMany({ state: 'due' }, { $set: { due_at: wall.now() } })
  }

  /** How long the oldest delivery has been waiting since its event; 0 when none waits. */
  async function oldestSeconds(): Promise<number> {
    const row = await outbox.Deliveries.findOne({ state: 'due' }, { event_id: 1 }).sort({ _id: 1 }).lean()
    const event = row && (await outbox.Events.findById(row.event_id, { at: 1 }).lean())
    return event ? Math.max(0, (wall.now().getTime() - event.at.getTime()) / 1_000) : 0
  }

  /** How many deliveries were given up until an admin looks. */
  async function parked(): Promise<number> {
    return outbox.Deliveries.countDocuments({ state: 'parked' })
  }

  /** Resolves when everything queued here was tried and what was done is marked so. @returns whether there was anything */
  async function whenIdle(): Promise<boolean> {
    const isBusy = (): boolean => queue.length > 0 || running > 0 || flushing !== undefined
    const wasBusy = isBusy()
    while (isBusy()) {
      flushNow()
      if (flushing) await flushing
      else await new Promise<void>((resolve) => idle.push(resolve))
    }
    return wasBusy
  }

  async function enqueueRow(row: DeliveryRow): Promise<void> {
    const event = await outbox.Events.findById(row.event_id).lean()
    if (!event) {
      await outbox.Deliveries.updateOne({ _id: row._id }, { $set: { state: 'parked', last_error: 'its event is gone' } })
      return
    }
    const { _id, name, at, payload } = event
    take({ event: { event_id: _id, name: name as DomainEventName, at, payload } as DomainEvent, subscriber: row.subscriber, attempts: row.attempts })
  }

  // Telling sockets takes no time: it must not stand in line behind a thousand tips that are still to be counted.
  function take(delivery: Delivery): void {
    if (delivery.subscriber === broadcaster) run(delivery)
    else queue.push(delivery)
  }

  function pump(): void {
    while (running < parallel) {
      const next = queue.shift()
      if (!next) break
      run(next)
    }
  }

  function run({ event, subscriber, attempts }: Delivery): void {
    running++
    void attempt(event, subscriber, attempts).finally(() => {
      running--
      if (queue.length === 0 && running === 0) for (const wake of idle.splice(0)) wake()
      pump()
    })
  }

  async function attempt(event: DomainEvent, subscriber: string, attempts: number): Promise<void> {
    try {
      if (subscriber === broadcaster) emit(event)
      else await handlerOf(subscriber).handle(event)
      markDone(`${event.event_id}/${subscriber}`)
    } catch (error) {
      await retryLater(event, subscriber, attempts + 1, error)
    }
  }

  function emit(event: DomainEvent): void {
    for (const each of broadcasts) {
      if (each.event !== event.name) continue
      for (const emission of each.project(event.payload)) relay.emit(emission, { event_id: event.event_id, at: event.at.toISOString() })
    }
  }

  function handlerOf(name: string): Subscriber {
    const subscriber = byName.get(name)
    if (!subscriber) throw new Error('no subscriber of that name')
    return subscriber
  }

  function markDone(deliveryId: string): void {
    doneIds.push(deliveryId)
    flushing ??= flushDone()
  }

  async function flushDone(): Promise<void> {
    await new Promise<void>((resolve) => {
      flushNow = resolve
      setTimeout(resolve, gatherMs)
    })
    while (doneIds.length > 0) {
      const ids = doneIds
      doneIds = []
      try {
        await outbox.Deliveries.updateMany({ _id: { $in: ids } }, { $set: { state: 'done', done_at: wall.now() } })
      } catch (error) {
        // They stay due and are delivered once more; subscribers bear that.
        log.warn({ err: error, deliveries: ids.length }, 'deliveries could not be marked as done')
      }
    }
    flushing = undefined
    if (queue.length === 0 && running === 0) for (const wake of idle.splice(0)) wake()
  }

  async function retryLater(event: DomainEvent, subscriber: string, attempts: number, error: unknown): Promise<void> {
    const state = attempts >= parkAfter ? 'parked' : 'due'
    const backoffMs = Math.min(maxBackoffMs, 500 * 2 ** attempts) * (0.5 + jitter())
    log.warn({ err: error, event: event.name, event_id: event.event_id, subscriber, attempts, state }, 'a delivery failed')
    const last_error = error instanceof Error ? error.message.slice(0, 500) : 'unknown'
    await outbox.Deliveries.updateOne(
      { _id: `${event.event_id}/${subscriber}` },
      { $set: { state, attempts, last_error, due_at: new Date(wall.now().getTime() + backoffMs) } },
    ).catch((failure: unknown) => log.error({ err: failure }, 'a failed delivery could not be put off; its lease runs out instead'))
    bell.ring(backoffMs)
  }
}
