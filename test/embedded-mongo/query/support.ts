import { EJSON } from 'bson'
import fc from 'fast-check'
import { expect } from 'chai'
import { Binary, Code, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp, BSONRegExp } from 'bson'
import { type Doc, encode } from '../../../src/embedded-mongo/document.ts'
import { MongoError } from '../../../src/embedded-mongo/errors.ts'

/** `QUERY_SEED` runs a printed seed again; without it every run has a new one. */
export function querySeed(): number {
  const wanted = Number(process.env['QUERY_SEED'])
  return Number.isInteger(wanted) && wanted > 0 ? wanted : Math.trunc(performance.timeOrigin) % 2 ** 31
}

/** Checks a property for a number of random cases; a failure names the seed and the smallest case. */
export function holds<T>(title: string, arbitrary: fc.Arbitrary<T>, cases: number, check: (value: T) => void): void {
  const seed = querySeed()
  it(`${title} (seed ${seed})`, () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        check(value)
      }),
      { seed, numRuns: cases },
    )
  })
}

/** The bytes of a value, in which 1 as Int32, Long and Double differ. */
export function bytesOf(value: unknown): string {
  return encode({ v: value }).toString('hex')
}

/** Equal with types: what differs is shown as extended JSON. */
export function expectSame(actual: unknown, expected: unknown): void {
  if (bytesOf(actual) !== bytesOf(expected)) expect(shown(actual)).to.equal(shown(expected))
  expect(bytesOf(actual)).to.equal(bytesOf(expected))
}

export function shown(value: unknown): string {
  return value === undefined ? 'missing' : EJSON.stringify(value, { relaxed: false })
}

/** The error that the work is refused with. */
export function refusal(work: () => unknown): MongoError {
  try {
    work()
  } catch (error) {
    if (error instanceof MongoError) return error
    throw error
  }
  throw new Error('It was not refused')
}

const edges = [0, 1, -1, 2, 0.1, 0.5, -0.5, 1e300, -1e300, 5e-324, 2 ** 53, 2 ** 53 + 2, -(2 ** 53), 2 ** 63, -(2 ** 63), 4503599627370497.5, Number.MAX_VALUE, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]
const longEdges = [0n, 1n, -1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)]
const decimalEdges = ['0', '-0', '1', '1.0', '0.1', '-0.1', '0.1000000000000000055511151231257827021181583404541015625'.slice(0, 34), '9007199254740993', '9007199254740992', '9223372036854775807', '1E+6111', '-1E+6111', '1E-6176', '-1E-6176', '1.7976931348623157E+308', '1.8E+308', '4.9E-324', '5E-324', 'NaN', 'Infinity', '-Infinity', '0.5', '5E-1', '123456789012345678901234567890.1234']

export const doubles = fc.oneof(fc.constantFrom(...edges), fc.double()).map((value) => new Double(value))
export const ints = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })).map((value) => new Int32(value))
export const longs = fc.oneof(fc.constantFrom(...longEdges), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -4n, max: 4n })).map((value) => Long.fromBigInt(value))
export const decimals = fc.oneof(
  fc.constantFrom(...decimalEdges).map((text) => Decimal128.fromString(text)),
  fc.tuple(fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }), fc.integer({ min: -40, max: 20 })).map(([digits, exponent]) => Decimal128.fromString(`${digits}E${exponent}`)),
)
export const numbers = fc.oneof(ints, doubles, longs, decimals)

export const texts = fc.oneof(fc.constantFrom('', 'a', 'ab', 'abc', 'b', 'a\0', 'a\0b', '\0', '\uffff', '\u{10000}', '\ue000'), fc.string({ unit: 'binary', maxLength: 6 }))

const scalars = fc.oneof(
  numbers,
  texts,
  fc.boolean(),
  fc.constant(null),
  fc.integer({ min: -5, max: 5 }).map((n) => new Date(n * 1000)),
  fc.date({ noInvalidDate: true }),
  fc.constantFrom('000000000000000000000000', '0000000000000000000000ff', 'ffffffffffffffffffffffff').map((hex) => new ObjectId(hex)),
  fc.tuple(fc.uint8Array({ maxLength: 4 }), fc.constantFrom(0, 3, 4, 128)).map(([bytes, subType]) => new Binary(Buffer.from(bytes), subType)),
  fc.tuple(fc.constantFrom(0, 1, 2 ** 32 - 1), fc.constantFrom(0, 1, 2 ** 32 - 1)).map(([t, i]) => new Timestamp({ t, i })),
  fc.tuple(fc.constantFrom('a', 'ab', '^a', ''), fc.constantFrom('', 'i', 'im')).map(([pattern, options]) => new BSONRegExp(pattern, options)),
  fc.constantFrom<unknown>(new MinKey(), new MaxKey(), new Code('x'), new Code('xy'), new Code('x', { a: 1 })),
)

const names = fc.constantFrom('a', 'b', 'c', 'ab', '__proto__', 'constructor', '_bsontype', 'toBSON', '$ref', '')

/** Any value of any type, a few levels deep. */
export const values: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown; doc: Doc; list: unknown[] }>((tie) => ({
  value: fc.oneof({ maxDepth: 2, withCrossShrink: true }, scalars, tie('doc'), tie('list')),
  list: fc.array(tie('value'), { maxLength: 3 }),
  doc: fc.uniqueArray(fc.tuple(names, tie('value')), { maxLength: 3, selector: ([name]) => name }).map(docOf),
})).value

export function docOf(fields: [string, unknown][]): Doc {
  const doc: Doc = {}
  for (const [name, value] of fields) Object.defineProperty(doc, name, { value, writable: true, enumerable: true, configurable: true })
  return doc
}
