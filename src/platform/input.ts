import type Joi from 'joi'
import { type ErrorCode, type FieldError, ensure, fail } from '../kernel/errors.ts'
import type { TextRule } from '../kernel/schema.ts'

const maxDepth = 20
const maxKeys = 1_000
const maxItems = 1_000
const prototypeKeys = new Set(['__proto__', 'constructor', 'prototype'])

/** Checks what arrived before any schema sees it, then by the schema. @throws AppError `too-complex` | `validation` | `not-found` */
export function createInputReader(schema: Joi.ObjectSchema): (raw: unknown) => object {
  // Made when it is first needed: of two hundred schemas a server that starts needs few.
  let made: { textRules: ReturnType<typeof collectTextRules>; strict: Joi.ObjectSchema } | undefined
  return (raw) => {
    const input = raw ?? {}
    ensureSimple(input)
    made ??= { textRules: collectTextRules(schema), strict: schema.prefs({ convert: false, abortEarly: false, errors: { wrap: { label: false } } }) }
    const cleaned = applyTextRules(input, made.textRules)
    const result = made.strict.validate(cleaned) as Joi.ValidationResult<object>
    if (result.error) refuse(result.error.details.map(asFieldError))
    return result.value as object
  }
}

function refuse(errors: FieldError[]): never {
  return fail('validation' satisfies ErrorCode, { errors: errors.slice(0, 50) })
}

function asFieldError(fault: Joi.ValidationErrorItem): FieldError {
  const path = fault.path.join('.')
  if (fault.type === 'object.unknown') return { path, code: 'unknown-field', detail: 'is not known here' }
  return { path, code: fault.type, detail: describe(fault) }
}

// Joi's sentences begin with the label and may quote the value; the rule alone is told.
function describe(fault: Joi.ValidationErrorItem): string {
  const limit = fault.context?.['limit'] as unknown
  const valids = fault.context?.['valids'] as unknown
  if (Array.isArray(valids)) return `must be one of ${valids.join(', ')}`
  const rule = fault.type.replace('.', ': ')
  return typeof limit === 'number' || typeof limit === 'string' ? `${rule} ${limit}` : rule
}

function ensureSimple(input: unknown): void {
  let keys = 0
  const forbidden: FieldError[] = []
  const walk = (value: unknown, depth: number, path: string): void => {
    if (value === null || typeof value !== 'object') return
    ensure(depth <= maxDepth, 'too-complex')
    if (Array.isArray(value)) {
      ensure(value.length <= maxItems, 'too-complex')
      for (const [index, item] of value.entries()) walk(item, depth + 1, `${path}${index}.`)
      return
    }
    for (const key of Object.keys(value)) {
      keys++
      ensure(keys <= maxKeys, 'too-complex')
      if (isForbidden(key)) forbidden.push({ path, code: 'forbidden-key', detail: 'has a name that is not allowed' })
      else walk((value as Record<string, unknown>)[key], depth + 1, `${path}${key}.`)
    }
  }
  walk(input, 1, '')
  if (forbidden.length > 0) refuse(forbidden)
}

// `$`, `.` and NUL mean something to a query; the others to JavaScript.
function isForbidden(key: string): boolean {
  return prototypeKeys.has(key) || key === '_bsontype' || key.startsWith('$') || key.includes('.') || key.includes('\0')
}

/** stands in a path for every item of a list */
const eachItem = '*'

interface TextField {
  path: string[]
  rule: TextRule
}

function collectTextRules(schema: Joi.ObjectSchema): TextField[] {
  interface Described {
    keys?: Record<string, Described>
    items?: Described[]
    metas?: { text?: TextRule }[]
  }
  const walk = (node: Described, path: string[]): TextField[] => [
    ...(node.metas ?? []).flatMap((meta) => (meta.text ? [{ path, rule: meta.text }] : [])),
    ...Object.entries(node.keys ?? {}).flatMap(([key, child]) => walk(child, [...path, key])),
    ...(node.items ?? []).flatMap((item) => walk(item, [...path, eachItem])),
  ]
  return walk(schema.describe() as Described, [])
}

function applyTextRules(input: unknown, fields: readonly TextField[]): unknown {
  return fields.reduce((value, field) => rewrite(value, field.path, field), input)
}

function rewrite(value: unknown, path: readonly string[], field: TextField): unknown {
  const [head, ...rest] = path
  if (head === undefined) return typeof value === 'string' ? cleanText(value, field) : value
  if (Array.isArray(value)) return head === eachItem ? value.map((item) => rewrite(item, rest, field)) : (value as unknown)
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, head)) return value
  return { ...value, [head]: rewrite((value as Record<string, unknown>)[head], rest, field) }
}

const controls = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/
const lineBreaks = /[\r\n\u2028\u2029\t]/
const bidirectional = /[\u202A-\u202E\u2066-\u2069\u200E\u200F\u061C]/
const invisibleOnly = /^[\s\u200B-\u200D\u2060\uFEFF\u00AD\u3164\u115F\u1160\u180E]*$/
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/
// One visible character may carry many combining marks; a thousand of them is an attack on whoever draws it.
const stackedMarks = /\p{M}{9,}/u
const maxBytesPerCodePoint = 4

function cleanText(text: string, { path, rule }: TextField): string {
  const fault = (detail: string): never => refuse([{ path: path.join('.'), code: 'text', detail }])
  if (text.length > rule.max * 8) fault(`at most ${rule.max} characters`)
  if (loneSurrogate.test(text)) fault('is not valid Unicode')
  const normal = text.normalize('NFC')
  if (codePoints(normal) > rule.max || Buffer.byteLength(normal) > rule.max * maxBytesPerCodePoint) fault(`at most ${rule.max} characters`)
  if (controls.test(normal)) fault('holds control characters')
  if (stackedMarks.test(normal)) fault('holds too many combining marks')
  if (rule.kind === 'name') {
    if (lineBreaks.test(normal)) fault('must be one line')
    if (bidirectional.test(normal)) fault('holds direction marks')
  }
  if (normal !== '' && invisibleOnly.test(normal)) fault('has nothing visible in it')
  if (rule.kind === 'name' && normal.trim() === '') fault('must not be empty')
  if (rule.kind === 'instant' && !isDayOfCalendar(normal)) fault('is no day of the calendar')
  return rule.kind === 'name' ? normal.trim() : normal
}

// 30 February would silently become 2 March. What is no date at all is left to the schema.
function isDayOfCalendar(text: string): boolean {
  const [, year, month, day] = (/^(\d{4})-(\d{2})-(\d{2})/.exec(text) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined) return true
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

function codePoints(text: string): number {
  return Array.from(text).length
}
