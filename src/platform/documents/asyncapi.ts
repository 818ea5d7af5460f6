import type { ErrorCode } from '../../kernel/errors.ts'
import type { AnyFact, Feature } from '../../kernel/feature.ts'
import { type AnyOperation, namespaceOf } from '../../kernel/operation.ts'
import { exampleOf } from './examples.ts'
import { type JsonSchema, toJsonSchema } from './json-schema.ts'
import { exampleProblem, problemOf, problemSchema, sentencesOf } from './problem.ts'
import type { Json } from './openapi.ts'
import { inOrder, refusalsOf } from './refusals.ts'

type Described = Pick<Feature, 'name' | 'operations' | 'facts'>
type Namespace = '/' | '/overlay'

const channels = { '/': 'user', '/overlay': 'overlay' } as const

const intro = `The socket door of Ovation, written from the client's side: it sends commands and receives facts. Socket.IO 4, websocket transport only
(\`io(url, { transports: ['websocket'], auth: { token } })\`); a channel is a Socket.IO namespace.

- A **command** is \`socket.emit(name, payload, ack)\`. The acknowledgement is \`{ ok: true, data }\` or \`{ ok: false, problem }\`; without one nobody knows
  what was done, so send it again with the same \`key\`.
- A **fact** comes as two arguments, \`(data, meta)\`. Here \`data\` is the payload and \`meta\` the headers. A fact may come twice: \`meta.event_id\` tells.
- A connection that is refused gets a \`connect_error\` whose \`data\` is a problem. A command that is not known is answered with \`unknown-event\`; ten in a
  minute end the connection. A message of more than 64 KiB ends it at once.

Fields are snake_case; amounts are whole minor units; unknown fields are refused. Decide by a problem's \`code\`. The same operations over HTTP are in
\`/openapi.json\`.`

/**
 * All that can be sent to and heard from a socket, as AsyncAPI 3.
 * @param url where the server is reached
 * @throws Error naming the operation or fact whose schema can't be told
 */
export function renderAsyncApi(features: readonly Described[], url: string): Json {
  const { host, protocol } = new URL(url)
  const commands = features.flatMap((feature) => feature.operations.flatMap((operation) => commandOf(operation, feature.name) ?? []))
  // What is relayed unchanged is a command to one side and a fact to the other, under one name.
  const commandNames = new Set(commands.map(({ key }) => key))
  const facts = features.flatMap((feature) => feature.facts.map((fact) => factOf(fact, feature.name, commandNames.has(fact.name) ? `${fact.name}.fact` : fact.name)))
  const all = [...commands, ...facts]
  const server = (security: string): Json => ({
    host,
    protocol: protocol === 'https:' ? 'wss' : 'ws',
    pathname: '/socket.io/',
    security: [{ $ref: `#/components/securitySchemes/${security}` }],
  })
  const channel = (namespace: Namespace, title: string, description: string): Json => ({
    address: namespace,
    title,
    description,
    servers: [{ $ref: `#/servers/${channels[namespace]}` }],
    messages: Object.assign({}, ...all.filter((each) => each.namespace === namespace).map(({ messages }) => messages)) as Json,
  })
  return {
    asyncapi: '3.0.0',
    info: { title: 'Ovation', version: '1', description: intro, license: { name: 'MIT' }, tags: features.filter(isTold).map(({ name }) => ({ name })) },
    defaultContentType: 'application/json',
    servers: { user: server('accessToken'), overlay: server('overlayToken') },
    channels: {
      user: channel('/', 'People', 'The namespace `/`: whoever is signed in. The connection ends with the access token.'),
      overlay: channel('/overlay', 'Overlays', 'The namespace `/overlay`: the pages that play alerts. Anything but its own commands ends the connection.'),
    },
    operations: Object.fromEntries(all.map(({ key, operation }) => [key, operation])),
    components: {
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The `access_token` that signing in answers, as `auth.token` of the handshake.' },
        overlayToken: { type: 'http', scheme: 'bearer', description: 'The `token` that making or rotating an overlay answers once, as `auth.token` of the handshake.' },
      },
      schemas: { Problem: problemSchema(), Meta: metaSchema },
    },
  }
}

const metaSchema = {
  type: 'object',
  description: 'The second argument of a fact.',
  properties: {
    event_id: { type: 'string', description: 'The same when a fact comes again.' },
    at: { type: 'string', format: 'date-time' },
    cursor: { type: 'string', description: 'Where to go on after a gap, for facts of a durable stream.' },
  },
  required: ['event_id', 'at'],
}
const exampleMeta = { event_id: 'evt_019b0f6ac1d27b3e8c4d5e6f70819203', at: '2026-01-31T12:00:00.000Z' }

interface Entry {
  key: string
  namespace: Namespace
  operation: Json
  messages: Record<string, Json>
}

function isTold({ operations, facts }: Described): boolean {
  return facts.length > 0 || operations.some(namespaceOf)
}

function commandOf(operation: AnyOperation, tag: string): Entry | undefined {
  const namespace = namespaceOf(operation)
  if (!namespace) return undefined
  const { name, summary } = operation
  const codes = refusalsOf(operation, 'socket')
  const to = `#/channels/${channels[namespace]}`
  return {
    key: name,
    namespace,
    messages: {
      [name]: { name, title: name, summary, payload: withKey(toJsonSchema(operation.input, `${name} input`), operation.once), examples: [{ payload: exampleInput(operation) }] },
      [`${name}.done`]: doneMessage(operation),
      [`${name}.refused`]: refusedMessage(operation, codes),
    },
    operation: {
      action: 'send',
      title: name,
      summary,
      description: aboutOf(operation),
      channel: { $ref: to },
      tags: [{ name: tag }],
      messages: [{ $ref: `${to}/messages/${name}` }],
      reply: { channel: { $ref: to }, messages: [{ $ref: `${to}/messages/${name}.done` }, { $ref: `${to}/messages/${name}.refused` }] },
    },
  }
}

function exampleInput(operation: AnyOperation): Json {
  const input = exampleOf(operation.input, `${operation.name} input`) as Json
  return operation.once === 'required' ? { ...input, key: exampleKey } : input
}

const exampleKey = 'b1946ac92492d2347c6235b4d2611184'

// The door takes the key off before the schema sees the rest.
function withKey(schema: JsonSchema, once: AnyOperation['once']): JsonSchema {
  if (!once) return schema
  const key = { type: 'string', minLength: 1, maxLength: 200, pattern: '^[\\x21-\\x7e]+$', description: 'Idempotency key: the same key and input get the first answer again, for 72 hours.' }
  const { required = [] } = schema as { required?: string[] }
  const needed = once === 'required' ? [...required, 'key'] : required
  return { ...schema, properties: { ...(schema['properties'] as Json | undefined), key }, ...(needed.length > 0 ? { required: needed } : {}) }
}

function doneMessage({ name, output, once }: AnyOperation): Json {
  return {
    name: `${name}.done`,
    title: `${name}: done`,
    payload: {
      type: 'object',
      properties: {
        ok: { type: 'boolean', enum: [true] },
        data: toJsonSchema(output, `${name} output`),
        ...(once ? { replayed: { type: 'boolean', enum: [true], description: 'The stored answer of an earlier call with the same key.' } } : {}),
      },
      required: ['ok', 'data'],
      additionalProperties: false,
    },
    examples: [{ payload: { ok: true, data: exampleOf(output, `${name} output`) } }],
  }
}

function refusedMessage({ name, errors }: AnyOperation, codes: readonly ErrorCode[]): Json {
  const shown = inOrder(errors.length > 0 ? errors : ['validation'])
  return {
    name: `${name}.refused`,
    title: `${name}: refused`,
    description: sentencesOf(codes),
    payload: {
      type: 'object',
      properties: { ok: { type: 'boolean', enum: [false] }, problem: problemOf(codes) },
      required: ['ok', 'problem'],
      additionalProperties: false,
    },
    examples: shown.map((code) => ({ name: code, payload: { ok: false, problem: exampleProblem(code) } })),
  }
}

function aboutOf({ audience, once, route }: AnyOperation): string {
  const who = { public: 'For whoever is signed in.', 'signed-in': 'For whoever is signed in.', creator: 'For creators.', admin: 'For admins.', overlay: 'For overlays.' }[audience]
  const key = once === 'required' ? ' Needs a `key`.' : once === 'optional' ? ' Takes a `key`.' : ''
  return `${who}${key}${route === 'socket-only' ? ' There is no HTTP route for it.' : ` Also \`${route}\`.`}`
}

function factOf({ name, summary, namespace, room, data }: AnyFact, tag: string, key: string): Entry {
  const from = `#/channels/${channels[namespace]}`
  return {
    key,
    namespace,
    messages: {
      [key]: {
        name,
        title: name,
        summary,
        headers: { $ref: '#/components/schemas/Meta' },
        payload: toJsonSchema(data, `${name} data`),
        examples: [{ payload: exampleOf(data, `${name} data`), headers: exampleMeta }],
      },
    },
    operation: {
      action: 'receive',
      title: name,
      summary,
      description: `Told to ${hearers[room] ?? `everybody in the room of that ${room}`}.`,
      channel: { $ref: from },
      tags: [{ name: tag }],
      messages: [{ $ref: `${from}/messages/${key}` }],
    },
  }
}

const hearers: Partial<Record<string, string>> = {
  user: 'every connection of the user whom it is about',
  session: 'every connection of that sign-in',
  creator: 'whoever watches that creator',
  overlay: 'every page of that overlay',
  admin: 'admins',
  socket: 'one connection',
}
