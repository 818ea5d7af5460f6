import { BSONSymbol, Decimal128, Double, Int32, Long } from 'bson'
import { Aggregator } from 'mingo'
import { type Doc, isDocument, setField } from '../document.ts'
import { mongoError } from '../errors.ts'

/** Whatever runs code that a client sends. */
const scripts = ['$function', '$where', '$accumulator']

/**
 * Aggregation expressions and stages are computed by mingo, on plain values: numbers of 32 and 64 bits become JavaScript numbers, a long
 * beyond 2^53 stays a bigint. What comes back is written as a driver would write it.
 */
export function aggregate(pipeline: readonly Doc[], documents: Iterable<Doc>, variables: Doc, resolve?: (name: string) => Doc[]): Doc[] {
  const options = { scriptEnabled: false, variables: toPlain(variables) as Record<string, unknown>, ...(resolve ? { collectionResolver: (name: string) => resolve(name).map(toPlain) as Record<string, unknown>[] } : {}) }
  try {
    const source = [...documents].map(toPlain) as Record<string, unknown>[]
    return new Aggregator(pipeline.map(toPlain) as Record<string, unknown>[], options).run(source).map((each) => fromPlain(each) as Doc)
  } catch (error) {
    if (error instanceof Error && error.name === 'MongoError') throw error
    throw mongoError('BadValue', error instanceof Error ? error.message.slice(0, 300) : 'The expression can not be computed')
  }
}

/** One expression over one document. */
export function evaluate(expression: unknown, doc: Doc, variables: Doc = {}): unknown {
  refuseScripts(expression)
  return aggregate([{ $project: { _id: 0, result: isDocument(expression) || typeof expression === 'string' ? expression : { $literal: expression } } }], [doc], variables)[0]?.['result']
}

/** @throws MongoError for an operator that would run a client's code */
export function refuseScripts(value: unknown): void {
  if (Array.isArray(value)) value.forEach(refuseScripts)
  else if (isDocument(value))
    for (const [name, item] of Object.entries(value)) {
      if (scripts.includes(name)) throw mongoError('CommandNotSupported', `${name} is not supported: no code of a client runs here`)
      refuseScripts(item)
    }
}

function toPlain(value: unknown): unknown {
  if (value instanceof Int32 || value instanceof Double) return value.value
  if (value instanceof Long) {
    const number = value.toNumber()
    return Number.isSafeInteger(number) ? number : value.toBigInt()
  }
  if (value instanceof BSONSymbol) return value.value
  if (Array.isArray(value)) return value.map(toPlain)
  if (!isDocument(value)) return value
  const plain: Doc = {}
  for (const [name, item] of Object.entries(value)) setField(plain, name, toPlain(item))
  return plain
}

// A whole number beyond 32 bits is a long, not a double: sums of money must come back as they would from the server.
function fromPlain(value: unknown): unknown {
  if (typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) > 0x7fffffff) return Long.fromNumber(value)
  if (Array.isArray(value)) return value.map(fromPlain)
  if (!isDocument(value) || value instanceof Decimal128) return value
  const doc: Doc = {}
  for (const [name, item] of Object.entries(value)) setField(doc, name, fromPlain(item))
  return doc
}
