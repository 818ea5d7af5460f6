import { BSON, MongoClient, ReadPreference } from 'mongodb'
import type { ClientSession, Collection, Db, MongoClientOptions } from 'mongodb'
import type { ClientSpec, Doc, EntitySpec } from './format.ts'
import type { MatchContext } from './match.ts'

export type Entity =
  | { kind: 'client'; client: MongoClient; events: ObservedEvent[] }
  | { kind: 'database'; database: Db }
  | { kind: 'collection'; collection: Collection }
  | { kind: 'session'; session: ClientSession; lsid: unknown }
  | { kind: 'value'; value: unknown }

export interface ObservedEvent {
  name: string
  type: 'command' | 'cmap'
  content: Doc
}

export interface EntityMap extends MatchContext {
  create(specs: EntitySpec[]): void
  /** Throws when there is none of this name. */
  get(name: string): Entity
  /** Throws when there is none of this name or it is of another kind. */
  of<Kind extends Entity['kind']>(kind: Kind, name: string): Extract<Entity, { kind: Kind }>
  save(name: string, value: unknown): void
  /** From here on clients add no events. */
  stopObserving(): void
  /** Ends the sessions, which aborts what they left open, and closes the clients. */
  close(): Promise<void>
}

/** The named things of one case; never shared between two. */
export function createEntityMap(uri: string): EntityMap {
  const entities = new Map<string, Entity>()
  let observing = true
  return Object.freeze({ create, get, of, save, value, sessionId, stopObserving, close })

  function create(specs: EntitySpec[]): void {
    for (const spec of specs) add(...made(spec))
  }

  function made(spec: EntitySpec): [string, Entity] {
    if (spec.client) return [spec.client.id, openClient(spec.client)]
    if (spec.database) {
      const { id, client, databaseName, databaseOptions } = spec.database
      return [id, { kind: 'database', database: of('client', client).client.db(databaseName, driverOptions(databaseOptions)) }]
    }
    if (spec.collection) {
      const { id, database, collectionName, collectionOptions } = spec.collection
      return [
        id,
        { kind: 'collection', collection: of('database', database).database.collection(collectionName, driverOptions(collectionOptions)) },
      ]
    }
    if (spec.session) {
      const { id, client, sessionOptions } = spec.session
      const session = of('client', client).client.startSession(driverOptions(sessionOptions))
      // An ended session gives its id back to the pool and has none, while events may still ask for it.
      return [id, { kind: 'session', session, lsid: session.id }]
    }
    throw new Error(`the runner cannot create ${Object.keys(spec).join(', ')}`)
  }

  function openClient(spec: ClientSpec): Entity {
    const client = new MongoClient(uri, { ...impatient, ...(spec.uriOptions as MongoClientOptions), monitorCommands: true })
    const events: ObservedEvent[] = []
    const ignored = [...quietCommands, ...(spec.ignoreCommandMonitoringEvents ?? [])]
    for (const name of spec.observeEvents ?? []) {
      const source = eventSources[name]
      if (!source) throw new Error(`the runner cannot observe ${name}`)
      client.on(source.emitted, (event: object) => {
        const content = event as Doc
        if (observing && !ignored.includes(content.commandName as string))
          events.push({ name, type: source.type, content: snapshot(content) })
      })
    }
    return { kind: 'client', client, events }
  }

  function add(name: string, entity: Entity): void {
    if (entities.has(name)) throw new Error(`there is an entity ${name} already`)
    entities.set(name, entity)
  }

  function get(name: string): Entity {
    const entity = entities.get(name)
    if (!entity) throw new Error(`there is no entity ${name}`)
    return entity
  }

  function of<Kind extends Entity['kind']>(kind: Kind, name: string): Extract<Entity, { kind: Kind }> {
    const entity = get(name)
    if (entity.kind !== kind) throw new Error(`${name} is a ${entity.kind}, not a ${kind}`)
    return entity as Extract<Entity, { kind: Kind }>
  }

  function save(name: string, result: unknown): void {
    add(name, { kind: 'value', value: result })
  }

  function value(name: string): unknown {
    return of('value', name).value
  }

  function sessionId(name: string): unknown {
    return of('session', name).lsid
  }

  function stopObserving(): void {
    observing = false
  }

  async function close(): Promise<void> {
    const all = [...entities.values()]
    for (const entity of all) if (entity.kind === 'session') await entity.session.endSession()
    for (const entity of all) if (entity.kind === 'client') await entity.client.close()
  }
}

/** The format's words for concerns and preferences, as the driver takes them. */
export function driverOptions(options: Doc = {}): Doc {
  const { readPreference, defaultTransactionOptions, ...others } = options
  return {
    ...others,
    ...(readPreference !== undefined && { readPreference: preference(readPreference as Doc) }),
    ...(defaultTransactionOptions !== undefined && { defaultTransactionOptions: driverOptions(defaultTransactionOptions as Doc) }),
  }
}

function preference({ mode, tagSets, maxStalenessSeconds }: Doc): ReadPreference {
  const staleness = maxStalenessSeconds === undefined ? {} : { maxStalenessSeconds: maxStalenessSeconds as number }
  return new ReadPreference(mode as 'primary', tagSets as [], staleness)
}

// After a failure on purpose the driver asks the server again at once instead of half a second later; and what cannot work fails soon.
const impatient: MongoClientOptions = { minHeartbeatFrequencyMS: 20, heartbeatFrequencyMS: 500, serverSelectionTimeoutMS: 5_000 }

const eventSources: Record<string, { emitted: 'commandStarted'; type: ObservedEvent['type'] }> = {
  commandStartedEvent: { emitted: 'commandStarted', type: 'command' },
  commandSucceededEvent: { emitted: 'commandSucceeded' as 'commandStarted', type: 'command' },
  commandFailedEvent: { emitted: 'commandFailed' as 'commandStarted', type: 'command' },
  connectionCheckOutStartedEvent: { emitted: 'connectionCheckOutStarted' as 'commandStarted', type: 'cmap' },
}

// The runner's own command, and those that carry secrets.
const quietCommands = ['configureFailPoint', 'authenticate', 'saslStart', 'saslContinue', 'getnonce', 'createUser', 'updateUser']

/** The driver goes on using the objects that it hands to its listeners, so what they said is kept apart. */
function snapshot(content: Doc): Doc {
  const kept: Doc = { ...content, commandName: content.commandName, databaseName: content.databaseName }
  for (const part of ['command', 'reply'])
    if (content[part]) kept[part] = BSON.deserialize(BSON.serialize(content[part] as Doc, { ignoreUndefined: true }))
  return kept
}
