import type Joi from 'joi'
import type { TextRule } from '../../kernel/schema.ts'

/** Joi's own description of a schema, as far as the documents read it. */
export interface Described {
  type: string
  flags?: Record<string, unknown>
  rules?: { name: string; args?: Record<string, unknown> }[]
  allow?: unknown[]
  keys?: Record<string, Described>
  items?: Described[]
  matches?: { schema?: Described }[]
  patterns?: { schema?: Described; regex?: string; rule: Described }[]
  metas?: { text?: TextRule }[]
  examples?: unknown[]
}

export function describe(schema: Joi.Schema): Described {
  return schema.describe() as Described
}

const told: Record<string, readonly string[]> = {
  object: ['min', 'max', 'length'],
  array: ['min', 'max', 'length', 'unique'],
  string: ['min', 'max', 'length', 'pattern', 'email', 'uri', 'isoDate', 'isoDuration', 'guid', 'hex', 'base64', 'token', 'hostname'],
  number: ['integer', 'min', 'max', 'greater', 'less', 'multiple', 'sign', 'port'],
  boolean: [],
  alternatives: [],
  any: [],
}
const parts = new Set(['type', 'flags', 'rules', 'allow', 'keys', 'items', 'matches', 'patterns', 'metas', 'examples', 'notes', 'tags'])
const flags = new Set(['presence', 'only', 'unknown', 'default', 'description', 'label', 'unsafe'])

/**
 * Joi's export leaves out without a word what JSON Schema has no word for: the documents would promise what the server refuses. What is not
 * known to be told is an error here, with its place.
 */
export function ensureTold(node: Described, place: string): void {
  const rules = told[node.type]
  if (!rules) refuse(place, `the type ${node.type}`)
  for (const part of Object.keys(node)) if (!parts.has(part)) refuse(place, part)
  for (const [flag, value] of Object.entries(node.flags ?? {})) {
    if (!flags.has(flag)) refuse(place, `the flag ${flag}`)
    if (value === 'forbidden') refuse(place, 'a forbidden key')
  }
  for (const { name, args } of node.rules ?? []) {
    if (!rules.includes(name)) refuse(place, `${node.type}.${name}`)
    for (const arg of Object.values(args ?? {})) if (isReference(arg)) refuse(place, `a reference in ${name}`)
    if (name === 'pattern' && (args?.['options'] as { invert?: boolean } | undefined)?.invert) refuse(place, 'an inverted pattern')
    if (name === 'pattern' && !/\/u?$/.test(String(args?.['regex']))) refuse(place, 'a pattern with flags')
    if (name === 'unique' && args && Object.keys(args).length > 0) refuse(place, 'a comparator in unique')
  }
  for (const match of node.matches ?? []) if (!match.schema) refuse(place, 'a condition in alternatives')
  for (const pattern of node.patterns ?? []) {
    if (pattern.schema?.rules) refuse(place, 'a rule for the names of keys')
    if (pattern.regex !== undefined && !/\/u?$/.test(pattern.regex)) refuse(place, 'a pattern with flags')
  }
}

function isReference(arg: unknown): boolean {
  return arg !== null && typeof arg === 'object' && 'ref' in arg
}

function refuse(place: string, what: string): never {
  throw new Error(`${place}: ${what} can't be told in JSON Schema, so clients would not know of it. Say it otherwise, or check it in the service.`)
}
