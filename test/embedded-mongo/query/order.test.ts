import { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson'
import { expect } from 'chai'
import fc from 'fast-check'
import { compareValues } from '../../../src/embedded-mongo/query/compare.ts'
import { encodeKey, keyAfterPrefix } from '../../../src/embedded-mongo/query/key-string.ts'
import { holds, numbers, values } from './support.ts'

const up: (1 | -1)[] = [1]

function key(value: unknown): Buffer {
  return encodeKey([value], up)
}

describe('the order of values', () => {
  it('goes by type first, as MongoDB documents it', () => {
    const ascending = [new MinKey(), undefined, null, Number.NaN, -1, Long.fromNumber(0), 0.5, Decimal128.fromString('0.75'), '', 'a', 'b', {}, { a: 1 }, [], [1], new Binary(Buffer.from('a')), new ObjectId(), false, true, new Date(0), new Timestamp({ t: 0, i: 1 }), /a/, new MaxKey()]
    for (let index = 1; index < ascending.length; index += 1) {
      expect(compareValues(ascending[index - 1], ascending[index]), `at ${index}`).to.be.lessThan(0)
      expect(Buffer.compare(key(ascending[index - 1]), key(ascending[index])), `key at ${index}`).to.be.lessThan(0)
    }
  })

  it('knows one number under four types', () => {
    for (const same of [
      [new Int32(1), new Double(1), Long.fromNumber(1), Decimal128.fromString('1'), Decimal128.fromString('1.00')],
      [new Double(0), new Double(-0), new Int32(0), Decimal128.fromString('-0E+3')],
      [new Double(0.5), Decimal128.fromString('0.5')],
      [new Double(2 ** 63), Decimal128.fromString('9223372036854775808')],
      [new Double(Number.NaN), Decimal128.fromString('NaN')],
      [new Double(Number.POSITIVE_INFINITY), Decimal128.fromString('Infinity')],
    ]) {
      for (const a of same) for (const b of same) expect([compareValues(a, b), key(a).equals(key(b))]).to.deep.equal([0, true])
    }
  })

  it('tells numbers apart that a double cannot', () => {
    const ascending = [Long.fromString('9007199254740991'), new Double(2 ** 53), Long.fromString('9007199254740993'), new Double(2 ** 53 + 2), Long.fromString('9223372036854775807'), new Double(2 ** 63)]
    for (let index = 1; index < ascending.length; index += 1) {
      expect(compareValues(ascending[index - 1], ascending[index])).to.equal(-1)
      expect(Buffer.compare(key(ascending[index - 1]), key(ascending[index]))).to.equal(-1)
    }
    // 0.1 as a double is a little more than a tenth.
    expect(compareValues(Decimal128.fromString('0.1'), new Double(0.1))).to.equal(-1)
  })

  it('compares texts by code point, binaries by length first, documents field by field', () => {
    expect(compareValues('\uffff', '\u{10000}')).to.be.lessThan(0)
    expect(compareValues(new Binary(Buffer.from('b')), new Binary(Buffer.from('aa')))).to.be.lessThan(0)
    expect(compareValues({ a: 1, b: 1 }, { a: 1, c: 0 })).to.be.lessThan(0)
    expect(compareValues({ b: 1 }, { a: 'x' })).to.be.lessThan(0)
    expect(compareValues({ a: 1 }, { a: 1, b: 1 })).to.be.lessThan(0)
    expect(compareValues([1, 2], [1, 2, 0])).to.be.lessThan(0)
  })

  const pairs = fc.tuple(values, values)
  holds('is the order of the keys', pairs, 6_000, ([a, b]) => {
    expect(Math.sign(Buffer.compare(key(a), key(b)))).to.equal(Math.sign(compareValues(a, b)))
  })

  holds('is the order of the keys of numbers', fc.tuple(numbers, numbers), 6_000, ([a, b]) => {
    expect(Math.sign(Buffer.compare(key(a), key(b)))).to.equal(Math.sign(compareValues(a, b)))
  })

  holds('is total: it agrees with itself turned round and across three values', fc.tuple(values, values, values), 2_000, ([a, b, c]) => {
    expect(Math.sign(compareValues(a, b))).to.equal(0 - Math.sign(compareValues(b, a)))
    if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0) expect(compareValues(a, c)).to.be.at.most(0)
  })

  holds('has no key that begins another', pairs, 3_000, ([a, b]) => {
    const [x, y] = [key(a), key(b)]
    if (!x.equals(y)) expect(y.subarray(0, x.length).equals(x)).to.equal(false)
  })

  holds('is kept by compound keys, each field in its own direction', fc.tuple(fc.tuple(values, values), fc.tuple(values, values), fc.tuple(fc.constantFrom(1, -1), fc.constantFrom(1, -1))), 3_000, ([a, b, directions]) => {
    const ways = directions as (1 | -1)[]
    const expected = compareValues(a[0], b[0]) * (ways[0] as number) || compareValues(a[1], b[1]) * (ways[1] as number)
    expect(Math.sign(Buffer.compare(encodeKey(a, ways), encodeKey(b, ways)))).to.equal(Math.sign(expected))
  })

  holds('has a first key behind every prefix', pairs, 2_000, ([a, b]) => {
    const bound = keyAfterPrefix(key(a))
    expect(Buffer.compare(key(b), bound) < 0).to.equal(compareValues(b, a) <= 0)
  })
})
