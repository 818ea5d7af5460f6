import type Joi from 'joi'
import type { TextRule } from '../../kernel/schema.ts'
import { type Described, describe, ensureTold } from './described.ts'

export type JsonSchema = Record<string, unknown>

/**
 * A schema as JSON Schema 2020-12, in the part that draft 7 reads alike, so that one export serves both documents.
 * @param place what stands in the error, such as `tip:send input`
 * @throws Error when a construct would vanish
 */
export function toJsonSchema(schema: Joi.Schema, place: string): JsonSchema {
  const exported = schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
  return complete(describe(schema), exported, place)
}

function complete(node: Described, json: JsonSchema, place: string): JsonSchema {
  ensureTold(node, place)
  return withAllowed(node, withRules(node, withParts(node, json, place)))
}

function withParts(node: Described, json: JsonSchema, place: string): JsonSchema {
  const result = { ...json }
  if (node.keys) {
    const properties = json['properties'] as Record<string, JsonSchema>
    result['properties'] = Object.fromEntries(Object.entries(node.keys).map(([key, child]) => [key, complete(child, properties[key] as JsonSchema, `${place}.${key}`)]))
  }
  if (node.patterns) {
    const named = json['patternProperties'] as Record<string, JsonSchema> | undefined
    const [name] = Object.keys(named ?? {})
    const [only, ...more] = node.patterns
    if (!only || more.length > 0) throw new Error(`${place}: one pattern of keys at most can be told`)
    if (name === undefined) result['additionalProperties'] = complete(only.rule, json['additionalProperties'] as JsonSchema, `${place}.*`)
    else result['patternProperties'] = { [name]: complete(only.rule, named?.[name] as JsonSchema, `${place}.*`) }
  }
  if (node.items?.length === 1) result['items'] = complete(node.items[0] as Described, json['items'] as JsonSchema, `${place}[]`)
  if (node.items && node.items.length > 1) {
    const { anyOf } = json['items'] as { anyOf: JsonSchema[] }
    result['items'] = { anyOf: node.items.map((item, index) => complete(item, anyOf[index] as JsonSchema, `${place}[]`)) }
  }
  if (node.matches) {
    // Values that are allowed beside the alternatives stand around them.
    const all = json['anyOf'] as JsonSchema[]
    const first = node.allow?.includes(null) ? 1 : 0
    const completed = node.matches.map((match, index) => complete(match.schema as Described, all[first + index] as JsonSchema, `${place}|${index}`))
    result['anyOf'] = [...all.slice(0, first), ...completed, ...all.slice(first + completed.length)]
  }
  return result
}

function withRules(node: Described, json: JsonSchema): JsonSchema {
  const text = node.metas?.find((meta) => meta.text)?.text
  const uri = node.rules?.find((rule) => rule.name === 'uri')?.args?.['options'] as { scheme?: string[] } | undefined
  return {
    ...json,
    ...(text ? { maxLength: text.max, description: sentenceOf(text) } : {}),
    ...(uri?.scheme ? { pattern: `^(${uri.scheme.join('|')}):` } : {}),
  }
}

function sentenceOf({ kind }: TextRule): string {
  const counted = 'Counted in code points after NFC; no control characters'
  return kind === 'name' ? `${counted}; one line, trimmed, no direction marks.` : `${counted}.`
}

// Joi leaves null out of the enum it stands beside, and a value that is allowed against the rules of its own type out of everything.
function withAllowed(node: Described, json: JsonSchema): JsonSchema {
  const allowed = node.allow ?? []
  if (node.flags?.['only']) return allowed.includes(null) && Array.isArray(json['enum']) ? { ...json, enum: [...(json['enum'] as unknown[]), null] } : json
  const sameType = allowed.filter((value) => typeof value === node.type)
  const { description, default: preset, ...rules } = json
  const isFree = Object.keys(rules).every((key) => key === 'type' || key === 'maxLength')
  if (sameType.length === 0 || isFree) return json
  return { anyOf: [rules, { enum: sameType }], ...(description === undefined ? {} : { description }), ...(preset === undefined ? {} : { default: preset }) }
}
