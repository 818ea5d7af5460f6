import type Joi from 'joi'
import type { AnyOperation } from '../../src/kernel/operation.ts'
import type { Random } from '../../scripts/random.ts'

/** What outsiders put where something else is due. */
export const rubbish: readonly unknown[] = [
  null, true, false, 0, -0, -1, 1.5, 1e21, Number.MAX_SAFE_INTEGER + 2, '', ' ', '\u0000', '\ud800', '\u200b', '\u202eabc', 'x'.repeat(10_000), '100', '1e3', 'NaN', '../../etc/passwd', '%00',
  "' OR 1=1 --", '$where', '{{7*7}}', '=HYPERLINK("x")', 'javascript:alert(1)', 'http://169.254.169.254/', '2026-02-30', [], [null], [[]], Array.from({ length: 1_001 }, () => 1), {}, { $ne: null }, { $gt: '' },
  { 'a.b': 1 }, { toString: 1 }, { length: 1 }, nested(25), JSON.parse('{"__proto__":{"role":"admin"}}'), JSON.parse('{"constructor":{"prototype":{}}}'),
]

export interface Attempt {
  operation: AnyOperation
  input: Record<string, unknown>
}

/** One field of one operation gets something it should not have; the others are left as they would be, or left out. */
export function attempts(operations: readonly AnyOperation[], random: Random, count: number): Attempt[] {
  const targets = operations.flatMap((operation) => {
    const fields = Object.keys((operation.input.describe() as { keys?: Record<string, Joi.Description> }).keys ?? {})
    return [...fields, 'an_extra_field'].map((field) => ({ operation, fields, field }))
  })
  return Array.from({ length: count }, (_each, n) => {
    const { operation, fields, field } = targets[n % targets.length] as (typeof targets)[number]
    const others = fields.filter((each) => each !== field && random.next() < 0.7)
    return { operation, input: { ...Object.fromEntries(others.map((each) => [each, plausible(each)])), [field]: random.pick(rubbish) } }
  })
}

function plausible(field: string): unknown {
  if (/amount|target|limit|volume|_ms$/.test(field)) return 100
  if (field.endsWith('_id')) return `${field.slice(0, 3)}_${'0'.repeat(32)}`
  if (field === 'currency') return 'ZMW'
  if (field === 'email') return 'fuzz@example.org'
  return 'fuzz'
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { a: nested(depth - 1) }
}
