import { type Connection, Schema } from 'mongoose'
import type { Wall } from '../kernel/clock.ts'
import type { DomainEvent, DomainEventName, DomainEvents, Tx } from '../kernel/events.ts'
import { newId } from '../kernel/ids.ts'
import { rowOptions } from './mongo.ts'

/** How long the process that committed an event has it to itself, before another may deliver it. */
const ownDeliveryMs = 10_000
const keepDoneSeconds = 7 * 24 * 3600
/** a delivery that was given up has nothing to deliver any more once its event is gone */
const keepEventSeconds = 90 * 24 * 3600

export interface EventRow {
  _id: string
  name: string
  at: Date
  payload: unknown
}

export interface DeliveryRow {
  _id: string
  event_id: string
  subscriber: string
  state: 'due' | 'done' | 'parked'
  due_at: Date
  attempts: number
  last_error?: string
  done_at?: Date
}

export interface PublishedEvent {
  event: DomainEvent
  subscribers: string[]
}

export type Outbox = ReturnType<typeof createOutbox>

/** Events and their deliveries, written in the transaction of the change that they tell of. */
export function createOutbox({ connection, wall }: { connection: Connection; wall: Wall }) {
  const eventSchema = new Schema<EventRow>(
    { _id: String, name: { type: String, required: true }, at: { type: Date, required: true }, payload: { type: Schema.Types.Mixed, required: true } },
    rowOptions<EventRow>('events'),
  ).index({ at: 1 }, { expireAfterSeconds: keepEventSeconds })
  const deliverySchema = new Schema<DeliveryRow>(
    {
      _id: String,
      event_id: { type: String, required: true },
      subscriber: { type: String, required: true },
      state: { type: String, enum: ['due', 'done', 'parked'], required: true },
      due_at: { type: Date, required: true },
      attempts: { type: Number, required: true },
      last_error: String,
      done_at: Date,
    },
    rowOptions<DeliveryRow>('deliveries'),
  )
    .index({ state: 1, due_at: 1 }, { partialFilterExpression: { state: { $in: ['due', 'parked'] } } })
    .index({ done_at: 1 }, { expireAfterSeconds: keepDoneSeconds })
    .index({ due_at: 1 }, { expireAfterSeconds: keepEventSeconds, partialFilterExpression: { state: 'parked' } })
  const Events = connection.model<EventRow>('Event', eventSchema)
  const Deliveries = connection.model<DeliveryRow>('Delivery', deliverySchema)
  let subscribersOf: (name: string) => string[] = () => []

  return Object.freeze({ eventOf, store, route, isSettled, Events, Deliveries })

  /** Told once, when all features are known. */
  function route(find: (name: string) => string[]): void {
    subscribersOf = find
  }

  /** Nothing waits for these subscribers any more: what they keep up to date is exact. Ask it in the snapshot that it is to be true of. */
  async function isSettled(subscribers: string[]): Promise<boolean> {
    return !(await Deliveries.exists({ state: 'due', subscriber: { $in: subscribers } }))
  }

  /** The event as it will be stored, with whom it is for. */
  function eventOf<N extends DomainEventName>(name: N, payload: DomainEvents[N]): PublishedEvent {
    const event: DomainEvent<N> = { event_id: newId('evt'), name, at: wall.now(), payload }
    return { event: event as unknown as DomainEvent, subscribers: subscribersOf(name) }
  }

  /** Stores what a transaction tells of, with whom it must reach. */
  function store(tx: Tx, published: readonly PublishedEvent[]): void {
    for (const { event, subscribers } of published) {
      const { event_id, name, at, payload } = event
      tx.insert(Events, [{ _id: event_id, name, at, payload }])
      tx.insert(Deliveries, subscribers.map((subscriber) => deliveryOf(event, subscriber)))
    }
  }

  function deliveryOf({ event_id, at }: DomainEvent, subscriber: string): DeliveryRow {
    return { _id: `${event_id}/${subscriber}`, event_id, subscriber, state: 'due', due_at: new Date(at.getTime() + ownDeliveryMs), attempts: 0 }
  }
}
