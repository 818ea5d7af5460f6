import Joi from 'joi'
import { type Described, describe } from './described.ts'

const uuid = '019b0f6ac1d27b3e8c4d5e6f70819203'
const instant = '2026-01-31T12:00:00.000Z'
const prefixes: Record<string, string> = { user: 'usr', creator: 'usr', fan: 'usr', member: 'usr', wallet: 'usr', overlay: 'ovl', alert: 'alr', event: 'evt', request: 'req', entry: 'ent', message: 'msg' }

const words: Record<string, unknown> = {
  email: 'ana@example.org',
  password: 'a good long password',
  full_name: 'Ana Banda',
  name: 'Ana Banda',
  title: 'Friday night',
  currency: 'ZMW',
  message: 'Bravo!',
  text: 'Bravo!',
  bio: 'Songs from Lusaka.',
  q: 'Ana',
  reason: 'As agreed',
  note: 'Checked',
  provider: 'sandbox',
  time_zone: 'Africa/Lusaka',
  amount: 2500,
  limit: 20,
  offset: 0,
  rank: 1,
  // A page that is the last one: there is no next.
  has_more: false,
  next: null,
}
const spares = ['example', 'example-token-that-is-long-enough-for-anything', '12:00', '2026-01-31', 'P1M', 'PT1H', 'ZMW', 'ZM', 'en', '+260971234567', '#5b2be0', '0123456789abcdef', '1', 'a']

/**
 * A value that the schema accepts, always the same one: `.example()` where a schema has one, else by the names of keys.
 * @throws Error that asks for an `.example()` where none can be found
 */
export function exampleOf(schema: Joi.Schema, place: string): unknown {
  const example = exampleFor(describe(schema), '', place)
  const { error } = schema.validate(example, { convert: false })
  if (error) throw new Error(`${place}: the example is not one (${error.message}). Give the schema an .example()`)
  return example
}

function exampleFor(node: Described, key: string, place: string): unknown {
  const [given] = node.examples ?? []
  if (given !== undefined) return given
  if (node.type === 'object' && !node.flags?.['only']) return exampleObject(node, key, place)
  if (node.type === 'array') return (node.items ?? []).slice(0, 1).map((item) => exampleFor(item, singular(key), `${place}[]`))
  if (node.type === 'alternatives') return exampleFor(node.matches?.[0]?.schema ?? { type: 'any' }, key, place)
  const leaf = Joi.build(node as Parameters<typeof Joi.build>[0])
  const found = candidates(node, key).find((value) => leaf.validate(value, { convert: false }).error === undefined)
  if (found === undefined) throw new Error(`${place}: no example comes to mind. Give the schema an .example()`)
  return found
}

function exampleObject(node: Described, key: string, place: string): Record<string, unknown> {
  const own = Object.entries(node.keys ?? {}).map(([name, child]) => [name, exampleFor(child, name === 'id' ? `${singular(key)}_id` : name, `${place}.${name}`)] as const)
  const others = (node.patterns ?? []).map(({ regex, rule }) => [keyFor(regex, place), exampleFor(rule, key, `${place}.*`)] as const)
  return Object.fromEntries([...own, ...others])
}

function keyFor(regex: string | undefined, place: string): string {
  const pattern = regex === undefined ? /^/ : new RegExp(regex.slice(1, regex.lastIndexOf('/')))
  const found = ['example', ...spares, idFor('user_id')].find((name) => pattern.test(name))
  if (found === undefined) throw new Error(`${place}: no key comes to mind. Give the schema an .example()`)
  return found
}

function candidates(node: Described, key: string): unknown[] {
  const limits = (node.rules ?? []).flatMap(({ args }) => [args?.['limit'], args?.['base']]).filter((each) => typeof each === 'number')
  const hint = Object.hasOwn(words, key) ? [words[key]] : []
  if (node.type === 'boolean') return [...hint, false, true]
  if (node.type === 'number') return [...hint, ...(node.allow ?? []), ...(key.endsWith('_ms') ? [8_000] : []), 1, ...limits, 0, 1.5, -1]
  if (node.flags?.['only']) return node.allow ?? []
  if (node.type === 'any') return [...hint, 'example']
  return [...hint, ...textsFor(key), instant, ...spares, ...limits.map((length) => 'a'.repeat(length)), ...(node.allow ?? [])]
}

function textsFor(key: string): string[] {
  if (/(^|_)ids?$/.test(key)) return [idFor(key)]
  if (/(^|_)(url|avatar|link)$/.test(key)) return ['https://example.org/ana']
  if (key.endsWith('_at')) return [instant]
  return []
}

function idFor(key: string): string {
  const noun = key.replace(/_?ids?$/, '').split('_').at(-1) ?? ''
  return `${prefixes[noun] ?? (noun.slice(0, 3) || 'usr')}_${uuid}`
}

function singular(key: string): string {
  return key.replace(/s$/, '')
}
