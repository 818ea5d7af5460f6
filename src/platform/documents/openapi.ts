import type Joi from 'joi'
import type { ErrorCode } from '../../kernel/errors.ts'
import { errorCodes } from '../../kernel/errors.ts'
import type { EndpointRoute, Feature } from '../../kernel/feature.ts'
import { type AnyOperation, type Method, namespaceOf } from '../../kernel/operation.ts'
import { exampleOf } from './examples.ts'
import { type JsonSchema, toJsonSchema } from './json-schema.ts'
import { canBeRepeated, exampleProblem, problemOf, problemSchema, sentencesOf } from './problem.ts'
import { byStatus, refusalsOf } from './refusals.ts'

export type Json = Record<string, unknown>

export type Described = Pick<Feature, 'name' | 'operations' | 'endpoints'>

const intro = `The HTTP door of Ovation. Every operation that is not for a socket alone is here, with the same name, input and answer that it has as a
socket command; the commands and facts of the sockets are in \`/asyncapi.json\` and at \`/docs/realtime\`.

Fields are snake_case; amounts are whole minor units; unknown fields are refused. Refusals are RFC 9457 problems: decide by \`code\`.`

/** All that can be asked over HTTP, as OpenAPI 3.1. @throws Error naming the operation whose schema can't be told */
export function renderOpenApi(features: readonly Described[]): Json {
  const responses = new Map<string, Json>()
  const paths: Record<string, Record<string, Json>> = {}
  const add = (route: string, item: Json): void => {
    const [method, path] = split(route)
    paths[path] = { ...paths[path], [method.toLowerCase()]: item }
  }
  for (const feature of features) {
    for (const operation of feature.operations) if (operation.route !== 'socket-only') add(operation.route, operationItem(operation, feature.name, responses))
    for (const { routes = [], limited_path } of feature.endpoints)
      for (const route of routes) add(route.route, endpointItem(limited_path ? { ...route, errors: [...route.errors, 'rate-limited'] } : route, feature.name, responses))
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Ovation', version: '1', description: intro, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    tags: features.filter(isTold).map(({ name }) => ({ name })),
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The `access_token` that signing in answers.' } },
      schemas: { Problem: problemSchema() },
      headers,
      responses: Object.fromEntries([...responses].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      examples: Object.fromEntries(errorCodes.map((code) => [code, { value: exampleProblem(code) }])),
    },
  }
}

const headers = {
  ETag: { description: 'Names this answer: sent back as `If-None-Match`, it is answered 304 while nothing has changed.', schema: { type: 'string' } },
  'X-Request-Id': { description: 'Names this request in the logs.', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds after which the same request may go through.', schema: { type: 'integer', minimum: 0 } },
  'WWW-Authenticate': { description: 'Always `Bearer`.', schema: { type: 'string' } },
  'Idempotent-Replayed': { description: '`true` when this is the stored answer of an earlier request with the same key.', schema: { type: 'string', enum: ['true'] } },
}

const unchanged = { description: 'What `If-None-Match` named is still the answer', headers: pick(['X-Request-Id', 'ETag']) }

function isTold({ operations, endpoints }: Described): boolean {
  return operations.some(({ route }) => route !== 'socket-only') || endpoints.some(({ routes }) => (routes ?? []).length > 0)
}

function split(route: string): [Method, string] {
  const [method, path = '/'] = route.split(' ')
  return [method as Method, path.replaceAll(/:([a-z_]+)/g, '{$1}')]
}

function operationItem(operation: AnyOperation, tag: string, responses: Map<string, Json>): Json {
  const { name, summary, once, status = 200 } = operation
  const input = toJsonSchema(operation.input, `${name} input`) as { properties?: Record<string, JsonSchema>; required?: string[] }
  const example = exampleOf(operation.input, `${name} input`) as Json
  const [method, path] = split(operation.route)
  const inPath = [...path.matchAll(/\{([a-z_]+)\}/g)].map((match) => match[1] as string)
  const rest = Object.keys(input.properties ?? {}).filter((key) => !inPath.includes(key))
  const hasBody = method !== 'GET' && method !== 'DELETE'
  const parameter = (key: string, place: 'path' | 'query'): Json => {
    const schema = input.properties?.[key]
    if (!schema) throw new Error(`${name}: its path names ${key}, its input does not`)
    return { name: key, in: place, required: place === 'path' || (input.required ?? []).includes(key), schema, example: example[key] }
  }
  const parameters = [
    ...inPath.map((key) => parameter(key, 'path')),
    ...(hasBody ? [] : rest.map((key) => parameter(key, 'query'))),
    ...(once ? [keyHeader(once === 'required')] : []),
  ]
  const answer = {
    description: status === 201 ? 'Made' : 'Done',
    headers: pick(['X-Request-Id', ...(once ? (['Idempotent-Replayed'] as const) : []), ...(method === 'GET' ? (['ETag'] as const) : [])]),
    content: content('application/json', operation.output, `${name} output`),
  }
  return {
    operationId: name,
    tags: [tag],
    summary,
    description: doorsOf(operation),
    security: securityOf(operation),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(hasBody && rest.length > 0 ? { requestBody: bodyOf(input, rest, example) } : {}),
    responses: { [status]: answer, ...(method === 'GET' ? { 304: unchanged } : {}), ...refusals(refusalsOf(operation, 'http'), responses) },
  }
}

// What is for everybody takes a token all the same, and may tell more to whoever is known; signing in has no use for one.
function securityOf({ audience, door }: AnyOperation): Json[] {
  if (audience !== 'public') return [{ bearer: [] }]
  return door === 'http' ? [] : [{}, { bearer: [] }]
}

function bodyOf({ properties, required, ...others }: { properties?: Record<string, JsonSchema>; required?: string[] }, keys: readonly string[], example: Json): Json {
  const needed = (required ?? []).filter((key) => keys.includes(key))
  const schema = { ...others, properties: only(properties ?? {}, keys), ...(needed.length > 0 ? { required: needed } : {}) }
  return { required: needed.length > 0, content: { 'application/json': { schema, example: only(example, keys) } } }
}

function only(values: Json, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)))
}

function doorsOf(operation: AnyOperation): string {
  const who = { public: 'For everybody.', 'signed-in': 'For whoever is signed in.', creator: 'For creators.', admin: 'For admins.', overlay: 'For overlays.' }[operation.audience]
  return namespaceOf(operation) ? `${who} Also the socket command \`${operation.name}\`.` : who
}

function keyHeader(required: boolean): Json {
  return {
    name: 'Idempotency-Key',
    in: 'header',
    required,
    description: 'The same key and input: the first answer again, with `Idempotent-Replayed: true`, for 72 hours. `X-Idempotency-Key` means the same.',
    schema: { type: 'string', minLength: 1, maxLength: 200, pattern: '^[\\x21-\\x7e]+$' },
    example: 'b1946ac92492d2347c6235b4d2611184',
  }
}

function endpointItem(route: EndpointRoute, tag: string, responses: Map<string, Json>): Json {
  const { name, summary, body } = route
  const inPath = [...split(route.route)[1].matchAll(/\{([a-z_]+)\}/g)].map((match) => match[1] as string)
  const parameters = [
    ...inPath.map((key) => ({ name: key, in: 'path', required: true, schema: { type: 'string', minLength: 1 } })),
    ...(route.headers ?? []).map((header) => ({ name: header.name, in: 'header', required: header.required, description: header.summary, schema: { type: 'string' } })),
  ]
  const answers = route.answers.map(({ status, summary: description, media_type, data }) => [
    status,
    { description, headers: pick(['X-Request-Id']), content: data ? content(media_type, data, `${name} ${status}`) : { [media_type]: {} } },
  ])
  return {
    operationId: name,
    tags: [tag],
    summary,
    security: route.bearer ? [{ bearer: [] }] : [],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: content(body.media_type, body.data, `${name} body`) } } : {}),
    responses: { ...Object.fromEntries(answers), ...refusals(route.errors, responses) },
  }
}

function content(mediaType: string, schema: Joi.Schema, place: string): Json {
  return { [mediaType]: { schema: toJsonSchema(schema, place), example: exampleOf(schema, place) } }
}

function pick(names: readonly (keyof typeof headers)[]): Json {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

// Operations that refuse alike share one response, named after its codes.
function refusals(codes: readonly ErrorCode[], responses: Map<string, Json>): Json {
  return Object.fromEntries(
    [...byStatus(codes)].map(([status, group]) => {
      const name = `${status}.${group.join('.')}`
      responses.set(name, refusal(status, group))
      return [status, { $ref: `#/components/responses/${name}` }]
    }),
  )
}

function refusal(status: number, codes: readonly ErrorCode[]): Json {
  return {
    description: sentencesOf(codes),
    headers: pick(['X-Request-Id', ...(codes.some(canBeRepeated) ? (['Retry-After'] as const) : []), ...(status === 401 ? (['WWW-Authenticate'] as const) : [])]),
    content: {
      'application/problem+json': { schema: problemOf(codes), examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])) },
    },
  }
}
