/** Values as MongoDB's shell shows them, for error messages. */
import { Binary, Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'bson'
import { isDocument } from '../document.ts'
import { typeOf, types } from './compare.ts'

/** At most a few hundred characters of a value's text. */
export function show(value: unknown): string {
  const text = render(value, 0)
  return text.length > 300 ? `${text.slice(0, 297)}...` : text
}

/** `{ field: value }` without the spaces, as errors about one element have it. */
export function showElement(name: string, value: unknown): string {
  return `{${name}: ${show(value)}}`
}

/** MongoDB's alias of a value's type: `int`, `string`, `objectId`, …, `missing`. */
export function typeName(value: unknown): string {
  const type = typeOf(value)
  return names.get(type) ?? 'missing'
}

const names = new Map<number, string>(Object.entries(types).map(([name, type]) => [type, name]))

function render(value: unknown, depth: number): string {
  if (depth > 5) return '...'
  if (typeof value === 'string') return `"${value.length > 150 ? `${value.slice(0, 147)}...` : value}"`
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.slice(0, 20).map((item) => render(item, depth + 1)).join(', ')} ]`
  if (isDocument(value)) {
    const fields = Object.entries(value).slice(0, 20)
    return fields.length === 0 ? '{}' : `{ ${fields.map(([name, item]) => `${name}: ${render(item, depth + 1)}`).join(', ')} }`
  }
  if (value instanceof Date) return `new Date(${value.getTime()})`
  if (value instanceof ObjectId) return `ObjectId('${value.toHexString()}')`
  if (value instanceof Int32 || value instanceof Double || value instanceof Long) return value.toString()
  if (value instanceof Decimal128) return value.toString()
  if (value instanceof Timestamp) return `Timestamp(${value.t}, ${value.i})`
  if (value instanceof Binary) return `BinData(${value.sub_type}, ${value.toString('hex').slice(0, 64).toUpperCase()})`
  if (typeof value === 'object' && value !== null) return typeName(value)
  return String(value)
}
