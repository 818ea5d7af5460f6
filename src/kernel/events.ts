/**
 * The past-tense facts that features tell each other. Each feature adds its own by declaration merging in its `events.ts`; payloads hold
 * ids and plain values, since they are stored and read again later.
 */
// oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-empty-interface
export interface DomainEvents {}

export type DomainEventName = keyof DomainEvents & string

/** Where rows of one kind lie; a Mongoose model is such a place. */
export interface RowsOf<Row> {
  readonly modelName: string
  castObject(row: never): Row
}

/** The capability to write. It exists only inside `unitOfWork.run`; who has none can neither post money nor publish a fact. */
export interface Tx {
  /** Adds new rows at the end of the transaction, together with all others: until then, or a `flush`, it does not find them itself. */
  insert<Row>(into: RowsOf<Row>, rows: readonly NoInfer<Row>[]): void
  /** Sends what is to be inserted now, for a step that must read it in this transaction. */
  flush(): Promise<void>
  publish<N extends DomainEventName>(name: N, payload: DomainEvents[N]): Promise<void>
}

export interface DomainEvent<N extends DomainEventName = DomainEventName> {
  event_id: string
  name: N
  at: Date
  payload: DomainEvents[N]
}

/** Reacts to one event, at least once: a second delivery of the same event changes nothing. */
export interface Subscriber<N extends DomainEventName = DomainEventName> {
  /** unique name of this reaction; stored with its delivery rows, so never rename it lightly */
  name: string
  event: N
  handle(event: DomainEvent<N>): Promise<void>
}

/** What clients are told of an event. */
export interface Emission {
  event: string
  rooms: string[]
  data: unknown
  namespace?: '/' | '/overlay'
}

export interface Broadcast<N extends DomainEventName = DomainEventName> {
  event: N
  project(payload: DomainEvents[N]): Emission[]
}

export function subscribe<N extends DomainEventName>(event: N, name: string, handle: (event: DomainEvent<N>) => Promise<void>): Subscriber {
  return { event, name, handle } as Subscriber
}

export function broadcast<N extends DomainEventName>(event: N, project: (payload: DomainEvents[N]) => Emission[]): Broadcast {
  return { event, project } as Broadcast
}
