/** The AsyncAPI document as this page reads it: entries to list, search and show. */
export interface Entry {
  /** stands in the address */
  key: string
  name: string
  kind: 'command' | 'fact'
  namespace: '/' | '/overlay'
  feature: string
  summary: string
  description: string
  payload: Schema
  example: unknown
  /** of a fact */
  meta?: { schema: Schema; example: unknown }
  /** of a command */
  answer?: { schema: Schema; example: unknown }
  refusals: string[]
}

export interface Reference {
  entries: Entry[]
  problem: Schema
}

export interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: boolean | Schema
  patternProperties?: Record<string, Schema>
  anyOf?: Schema[]
  allOf?: Schema[]
  enum?: unknown[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  pattern?: string
  format?: string
  default?: unknown
  description?: string
}

interface Message {
  name: string
  summary?: string
  payload: Schema
  examples?: { payload: unknown; headers?: unknown }[]
}

interface Document {
  channels: Record<string, { address: '/' | '/overlay'; messages: Record<string, Message> }>
  operations: Record<string, { action: 'send' | 'receive'; summary: string; description: string; channel: { $ref: string }; tags?: { name: string }[] }>
  components: { schemas: { Problem: Schema; Meta: Schema } }
}

/** @throws Error when it can't be had */
export async function loadReference(): Promise<Reference> {
  const response = await fetch('/asyncapi.json')
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  return readReference((await response.json()) as Document)
}

function readReference({ channels, operations, components }: Document): Reference {
  const entries = Object.entries(operations).flatMap(([key, operation]): Entry[] => {
    const channel = channels[operation.channel.$ref.split('/').at(-1) ?? '']
    const message = channel?.messages[key]
    if (!channel || !message) return []
    const [shown] = message.examples ?? []
    const common = {
      key,
      name: message.name,
      namespace: channel.address,
      feature: operation.tags?.[0]?.name ?? '',
      summary: operation.summary,
      description: operation.description,
      payload: message.payload,
      example: shown?.payload,
    }
    if (operation.action === 'receive') return [{ ...common, kind: 'fact', refusals: [], meta: { schema: components.schemas.Meta, example: shown?.headers } }]
    const done = channel.messages[`${key}.done`]
    const refused = channel.messages[`${key}.refused`]?.payload.properties?.['problem']?.allOf?.[1]?.properties?.['code']?.enum ?? []
    const answer = { schema: done?.payload.properties?.['data'] ?? {}, example: done?.examples?.[0]?.payload }
    return [{ ...common, kind: 'command', refusals: refused.map(String), answer }]
  })
  return { entries, problem: components.schemas.Problem }
}
