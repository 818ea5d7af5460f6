import type Joi from 'joi'
import type { AnyOperation } from '../../kernel/operation.ts'

/**
 * What a URL says is text. Where the schema wants a number or a boolean and the text is plainly one, it becomes one; anything else goes to
 * the schema as it is and is refused there. A parameter given twice becomes a list, which no scalar accepts.
 */
export function inputOfUrl(operation: AnyOperation, params: Readonly<Record<string, unknown>>, search: string): Record<string, unknown> {
  const input: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [key, value] of new URLSearchParams(search)) {
    const typed = convert(typeOf(operation.input, key), value)
    if (key in input) input[key] = [input[key], typed].flat()
    else input[key] = typed
  }
  return { ...input, ...params }
}

function typeOf(schema: Joi.ObjectSchema, key: string): string | undefined {
  try {
    return schema.extract(key).type
  } catch {
    return undefined
  }
}

function convert(type: string | undefined, text: string): unknown {
  if (type === 'number' && /^-?(0|[1-9]\d{0,15})$/.test(text)) return Number(text)
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}
