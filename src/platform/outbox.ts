import { type Connection, Schema } from 'mongoose'
import type { Wall } from '../kernel/clock.ts'
import type { DomainEvent, DomainEventName, DomainEvents } from '../kernel/events.ts'
import { newId } from '../kernel/ids.ts'
import { rowOptions } from './mongo.ts'

/** How long the process that committed an event has it to itself, before another may deliver it. */
const ownDeliveryMs = 10_000
const keepDoneSeconds = 7 * 24 * 3600

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
  ).index({ at: 1 }, { expireAfterSeconds: 90 * 24 * 3600 })
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
  const Events = connection.model<EventRow>('Event', eventSchema)
  const Deliveries = connection.model<DeliveryRow>('Delivery', deliverySchema)
  let subscribersOf: (name: string) => string[] = () => []

  return Object.freeze({ publish, route, Events, Deliveries })

  /** Told once, when all features are known. */
  function route(find: (name: string) => string[]): void {
    subscribersOf = find
  }

  async function publish<N extends DomainEventName>(name: N, payload: DomainEvents[N]): Promise<PublishedEvent> {
    const now = wall.now()
    const event: DomainEvent<N> = { event_id: newId('evt'), name, at: now, payload }
    const subscribers = subscribersOf(name)
    await Events.insertMany([{ _id: event.event_id, name, at: now, payload }])
    if (subscribers.length > 0) {
      const due_at = new Date(now.getTime() + ownDeliveryMs)
      await Deliveries.insertMany(
        subscribers.map((subscriber) => ({ _id: `${event.event_id}/${subscriber}`, event_id: event.event_id, subscriber, state: 'due' as const, due_at, attempts: 0 })),
      )
    }
    return { event: event as unknown as DomainEvent, subscribers }
  }
}
