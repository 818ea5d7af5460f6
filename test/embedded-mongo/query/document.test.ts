import { BSONRegExp, Binary, Decimal128, Double, Int32, Long, deserialize, serialize } from 'bson'
import { expect } from 'chai'
import { type Doc, dateMillis, decode, encode, maxDepth } from '../../../src/embedded-mongo/document.ts'
import { docOf, expectSame, holds, refusal, values } from './support.ts'

describe('documents of the embedded store', () => {
  holds('keep their bytes through decode and encode', values, 2_000, (value) => {
    const bytes = encode({ _id: 1, v: value })
    expect(encode(decode(bytes)).equals(bytes)).to.equal(true)
  })

  it('read and write what the driver writes and reads', () => {
    const doc = { a: 1, b: 1.5, c: 'ü', d: [null, true, { e: new Date(0) }], f: Long.fromString('9007199254740993'), g: Decimal128.fromString('1.10'), h: new Binary(Buffer.from('xy'), 2), i: /a.b/im, j: -0 }
    expect(encode(decode(serialize(doc))).equals(Buffer.from(serialize(doc)))).to.equal(true)
    expect(deserialize(encode(doc))).to.deep.equal(deserialize(serialize(doc)))
  })

  it('keep the types of numbers', () => {
    const { a, b, c, d } = decode(encode({ a: new Int32(1), b: new Double(1), c: Long.fromNumber(1), d: 1 }))
    expect([a, b, c, d]).to.deep.equal([new Int32(1), new Double(1), Long.fromNumber(1), new Int32(1)])
  })

  it('hold fields by the names of prototypes, and of the BSON classes, as ordinary fields', () => {
    const doc = docOf([['__proto__', { polluted: true }], ['constructor', 1], ['_bsontype', 'ObjectId'], ['toBSON', 'x'], ['ref', { $ref: 'a', $id: 1, $db: 'c' }]])
    const read = decode(encode(doc))
    expect(Object.keys(read)).to.deep.equal(['__proto__', 'constructor', '_bsontype', 'toBSON', 'ref'])
    expect(Object.getPrototypeOf(read)).to.equal(Object.prototype)
    expect(({} as Doc)['polluted']).to.equal(undefined)
    expect(read['ref']).to.deep.equal({ $ref: 'a', $id: new Int32(1), $db: 'c' })
  })

  it('keep dates that JavaScript cannot hold', () => {
    const far = Buffer.from('10000000096400ffffffffffffff7f00', 'hex')
    const { d } = decode(far)
    expect(dateMillis(d as Date)).to.equal(2n ** 63n - 1n)
    expectSame(decode(encode({ d }))['d'], d)
  })

  it('keep patterns with options that JavaScript does not know', () => {
    expectSame(decode(encode({ r: new BSONRegExp('a', 'xs') }))['r'], new BSONRegExp('a', 'sx'))
  })

  it('refuse bytes that are no document', () => {
    const good = encode({ a: 'text', b: [1, { c: 1 }] })
    for (let length = 0; length < good.length; length += 1) expect(refusal(() => decode(good.subarray(0, length))).codeName).to.equal('InvalidBSON')
    expect(refusal(() => decode(Buffer.concat([good, good]))).codeName).to.equal('InvalidBSON')
    expect(refusal(() => decode(Buffer.from('0d000000026100020000000a0000'.replace('0a', 'ff'), 'hex'))).codeName).to.equal('InvalidBSON')
    expect(refusal(() => decode(Buffer.from('0e00000002610002000000ff0000', 'hex'))).codeName).to.equal('InvalidBSON')
    expect(refusal(() => decode(Buffer.from('09000000086100020000'.slice(0, 18), 'hex'))).codeName).to.equal('InvalidBSON')
  })

  it('refuse every flipped bit or read it, but never fail in another way', () => {
    const good = encode({ a: 'text', b: [1, { c: new Date(1) }], d: Buffer.from('xyz'), e: 1.5, f: null, g: /x/i })
    for (let bit = 0; bit < good.length * 8; bit += 1) {
      const bad = Buffer.from(good)
      bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7))
      try {
        decode(bad)
      } catch (error) {
        expect((error as Error).name).to.equal('MongoError')
      }
    }
  })

  it('refuse nesting beyond the bound, written or read', () => {
    const nested = (depth: number): Doc => (depth === 0 ? {} : { a: nested(depth - 1) })
    expect(encode(decode(encode(nested(maxDepth)))).length).to.be.greaterThan(0)
    expect(refusal(() => encode(nested(maxDepth + 1))).codeName).to.equal('Overflow')
  })
})
