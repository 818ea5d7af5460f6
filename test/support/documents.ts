import { type AnySchema, Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

export type Json = Record<string, never>

export interface Told {
  route: string
  pointer: string
  item: Record<string, unknown>
  answers: object
  refusals: Map<string, string[]>
}

export function routesOf(document: Json): Told[] {
  const paths = (document as unknown as { paths: Record<string, Record<string, { responses: Record<string, unknown> }>> }).paths
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, item]) => {
      const pointer = `/paths/${escape(path)}/${method}`
      const refusals = Object.keys(item.responses).map((status) => [status, codesIn(resolve(document, `${pointer}/responses/${status}`)?.value)] as const)
      return { route: `${method.toUpperCase()} ${path}`, pointer, item, answers: item.responses, refusals: new Map(refusals) }
    }),
  )
}

export function codesIn(value: unknown): string[] {
  return [...JSON.stringify(value ?? {}).matchAll(/"code":\{"enum":(\[[^\]]*\])/g)].flatMap((match) => JSON.parse(match[1] as string) as string[])
}

function escape(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** What stands at a JSON pointer, references followed. */
export function resolve(document: Json, pointer: string): { pointer: string; value: unknown } | undefined {
  const value = pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((node, part) => (node as Json | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], document)
  if (value === undefined) return undefined
  const reference = (value as { $ref?: string }).$ref
  return reference ? resolve(document, reference.slice(1)) : { pointer, value }
}

export function makeAjv(strict: boolean): Ajv2020 {
  const ajv = new Ajv2020({ strict, strictRequired: false, allowUnionTypes: true, validateSchema: strict, code: { optimize: false } })
  addFormats.default(ajv)
  return ajv
}

/** Every reference of a document that leads to nothing. */
export function danglingOf(document: Json): string[] {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#([^"]+)"/g)].map((match) => match[1] as string)
  return [...new Set(references)].filter((pointer) => resolve(document, pointer) === undefined)
}

export interface Part {
  operations: Record<string, { action: string }>
}

const operationsInPart = 30

/** An AsyncAPI document in parts of a feature's operations and the messages that they name: its parser takes the square of their number. */
export function partsOf(document: Json): Part[] {
  const { operations, channels, info, ...rest } = document as unknown as {
    operations: Record<string, { action: string; tags: { name: string }[] }>
    channels: Record<string, { messages: object }>
    info: { tags: { name: string }[] }
  }
  const shares = info.tags.flatMap(({ name }) => {
    const all = Object.entries(operations).filter(([, { tags }]) => tags[0]?.name === name)
    return Array.from({ length: Math.ceil(all.length / operationsInPart) }, (_, n) => all.slice(n * operationsInPart, (n + 1) * operationsInPart))
  })
  return shares.map((share) => {
    const own = Object.fromEntries(share)
    const named = JSON.stringify(own)
    const fewer = Object.entries(channels).map(([key, channel]) => [key, { ...channel, messages: Object.fromEntries(Object.entries(channel.messages).filter(([message]) => named.includes(`/messages/${message}"`))) }])
    return { ...rest, info, operations: own, channels: Object.fromEntries(fewer) as object }
  })
}

/** Every example of a document that the schema beside it refuses. */
export function exampleFaults(document: Json): string[] {
  const ajv = makeAjv(false).addSchema(document as AnySchema, 'document')
  const found: string[] = []
  walk(document, '')
  return found

  function walk(node: unknown, pointer: string): void {
    if (node === null || typeof node !== 'object') return
    const { schema, payload, example, examples, headers } = node as { schema?: unknown; payload?: unknown; example?: unknown; examples?: object; headers?: unknown }
    if (schema && example !== undefined) hold(pointer, 'schema', example)
    if (schema && examples)
      for (const name of Object.keys(examples)) hold(pointer, 'schema', (resolve(document, `${pointer}/examples/${name}`)?.value as { value: unknown } | undefined)?.value)
    if (payload && Array.isArray(examples))
      for (const each of examples as { payload: unknown; headers?: unknown }[]) {
        hold(pointer, 'payload', each.payload)
        if (headers) hold(pointer, 'headers', each.headers)
      }
    for (const [key, child] of Object.entries(node)) walk(child, `${pointer}/${escape(key)}`)
  }

  function hold(pointer: string, schema: string, value: unknown): void {
    const check = ajv.compile({ $ref: `document#${encodeURI(`${pointer}/${schema}`)}` })
    if (!check(value)) found.push(`${pointer}: ${ajv.errorsText(check.errors)}`)
  }
}

/** The example, and for each of its fields at any depth: without it, null, of another type, with a stranger beside it, empty, very long. */
export function variantsOf(example: unknown): unknown[] {
  const others = [null, '', 0, -1, 1.5, true, [], {}, 'x'.repeat(5_000), { stranger: 1 }]
  const inside = (value: unknown): unknown[] => {
    if (Array.isArray(value)) return [...others, [], ...value.flatMap((item, index) => inside(item).map((other) => value.with(index, other)))]
    if (value === null || typeof value !== 'object') return others
    const entries = Object.entries(value)
    return [
      ...others,
      { ...value, stranger: 1 },
      ...entries.map(([key]) => Object.fromEntries(entries.filter(([name]) => name !== key))),
      ...entries.flatMap(([key, item]) => inside(item).map((other) => ({ ...value, [key]: other }))),
    ]
  }
  // Nothing at all is read as an empty object.
  return [example, ...inside(example).filter((value) => value !== null)]
}

interface Request {
  method: string
  path: string
  headers?: Record<string, string>
  key?: string
  raw?: string
  json?: unknown
  token?: string
}

/** One good request by the document's own examples, and what strangers send. */
export function requestsFor(route: string, item: { parameters?: { name: string; in: string; example: unknown }[]; requestBody?: { content: Record<string, { example: object }> } }): { good: Request; refused: Request[]; unread: Request[] } {
  const [method, template] = route.split(' ') as [string, string]
  const given = (place: string) => (item.parameters ?? []).filter((each) => each.in === place)
  const path = given('path').reduce((result, { name, example }) => result.replace(`{${name}}`, encodeURIComponent(String(example))), template)
  const query = new URLSearchParams(given('query').filter(({ name }) => name !== 'cursor').map(({ name, example }): [string, string] => [name, String(example)])).toString()
  const whole = query ? `${path}?${query}` : path
  const body = item.requestBody?.content['application/json']?.example
  const key = given('header').length > 0 ? { key: 'documents' } : {}
  const good = { method, path: whole, ...key, ...(method === 'GET' || method === 'DELETE' ? {} : { json: body ?? {} }) }
  const json = { 'content-type': 'application/json' }
  const other = { method, path: whole, ...key }
  const isRead = method === 'GET' || method === 'DELETE'
  return {
    good,
    refused: [
      { ...good, token: 'rubbish' },
      { ...good, path: `${path}?stranger=1` },
      ...(isRead ? [] : [{ ...other, json: { ...body, stranger: 1 } }, { method, path: whole, json: body ?? {} }]),
    ],
    unread: [
      { ...good, path: `${path}?stranger=${'x'.repeat(9_000)}` },
      { ...good, headers: { 'content-encoding': 'gzip' } },
      ...(isRead
        ? []
        : [
            { ...other, raw: '{', headers: json },
            { ...other, raw: 'a=1', headers: { 'content-type': 'text/plain' } },
            { ...other, raw: JSON.stringify({ stranger: 'x'.repeat(110_000) }), headers: json },
            { ...other, raw: `${'{"a":'.repeat(30)}1${'}'.repeat(30)}`, headers: json },
          ]),
    ],
  }
}
