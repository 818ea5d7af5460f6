import { expect } from 'chai'
import { BSON } from 'mongodb'
import { difference, differenceOfData, differenceOfEach } from './match.ts'

describe('the matching rules of the unified test format', () => {
  it('allow extra keys at the root and nowhere below', () => {
    expect(match({ a: 1 }, { a: 1, b: 2 })).to.equal(undefined)
    expect(match({ a: { b: 1 } }, { a: { b: 1, c: 2 } })).to.contain('.a: has c')
    expect(match({ a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }] })).to.contain('.a[0]: has c')
  })

  it('allow extra keys in each document of a list that an iterable gave, but not in a list that is a value', () => {
    expect(differenceOfEach([{ a: 1 }], [{ a: 1, b: 2 }], context)).to.equal(undefined)
    expect(match([{ a: 1 }], [{ a: 1, b: 2 }])).to.contain('[0]: has b')
    expect(differenceOfEach([{ a: 1 }], [{ a: 1 }, { a: 2 }], context)).to.contain('1 elements')
  })

  it('miss a key that is expected and absent', () => {
    expect(match({ a: null }, {})).to.contain('.a: expected null, got nothing')
    expect(match({ a: null }, { a: null })).to.equal(undefined)
  })

  it('compare numbers by value whatever their width, and never with text', () => {
    for (const one of [1, 1n, new BSON.Int32(1), BSON.Long.fromNumber(1), new BSON.Double(1)]) expect(match(1, one)).to.equal(undefined)
    expect(match(1, 1.5)).to.be.a('string')
    expect(match(1, '1')).to.be.a('string')
    expect(match(1, BSON.Decimal128.fromString('1'))).to.be.a('string')
    const large = BSON.Long.fromString('9007199254740993')
    expect(match(large, BSON.Long.fromString('9007199254740992'))).to.be.a('string')
  })

  it('compare the other types by value', () => {
    const id = new BSON.ObjectId()
    expect(match({ id }, { id: new BSON.ObjectId(id.toHexString()) })).to.equal(undefined)
    expect(match({ id }, { id: id.toHexString() })).to.be.a('string')
    expect(match(new Date(5), new Date(6))).to.be.a('string')
    expect(match(new BSON.Binary(Buffer.from('a')), new BSON.Binary(Buffer.from('a')))).to.equal(undefined)
  })

  it('ignore the order of keys', () => {
    expect(match({ a: 1, b: 2 }, { b: 2, a: 1 })).to.equal(undefined)
  })

  it('know $$exists', () => {
    expect(match({ a: { $$exists: true } }, { a: null })).to.equal(undefined)
    expect(match({ a: { $$exists: true } }, {})).to.be.a('string')
    expect(match({ a: { $$exists: false } }, {})).to.equal(undefined)
    expect(match({ a: { $$exists: false } }, { a: 1 })).to.be.a('string')
  })

  it('know $$type', () => {
    expect(match({ a: { $$type: ['int', 'long'] } }, { a: 5 })).to.equal(undefined)
    expect(match({ a: { $$type: 'string' } }, { a: 5 })).to.be.a('string')
    expect(match({ a: { $$type: 'double' } }, { a: 0.5 })).to.equal(undefined)
    expect(match({ a: { $$type: 'int' } }, { a: 0.5 })).to.be.a('string')
    expect(match({ a: { $$type: 'object' } }, { a: {} })).to.equal(undefined)
    expect(match({ a: { $$type: 'object' } }, { a: [] })).to.be.a('string')
    expect(match({ a: { $$type: 'object' } }, {})).to.be.a('string')
  })

  it('know $$unsetOrMatches, which keeps a root document a root document', () => {
    expect(match({ $$unsetOrMatches: { a: 1 } }, undefined)).to.equal(undefined)
    expect(match({ $$unsetOrMatches: { a: 1 } }, { a: 1, b: 2 })).to.equal(undefined)
    expect(match({ a: { $$unsetOrMatches: 1 } }, {})).to.equal(undefined)
    expect(match({ a: { $$unsetOrMatches: 1 } }, { a: 2 })).to.be.a('string')
    expect(match({ a: { $$unsetOrMatches: 1 } }, { a: null })).to.be.a('string')
  })

  it('know the operators that look at entities', () => {
    expect(match({ a: { $$matchesEntity: 'five' } }, { a: 5 })).to.equal(undefined)
    expect(match({ a: { $$matchesEntity: 'five' } }, { a: 6 })).to.be.a('string')
    expect(match({ lsid: { $$sessionLsid: 'mine' } }, { lsid: { id: 'mine' } })).to.equal(undefined)
    expect(match({ lsid: { $$sessionLsid: 'mine' } }, { lsid: { id: 'yours' } })).to.be.a('string')
  })

  it('know $$matchesHexBytes, $$lte, $$matchAsDocument and $$matchAsRoot', () => {
    expect(match({ $$matchesHexBytes: '4142' }, 'AB')).to.equal(undefined)
    expect(match({ $$matchesHexBytes: '4142' }, 'AC')).to.be.a('string')
    expect(match({ a: { $$lte: 5 } }, { a: 5 })).to.equal(undefined)
    expect(match({ a: { $$lte: 5 } }, { a: 6 })).to.be.a('string')
    expect(match({ a: { $$matchAsDocument: { b: 1 } } }, { a: '{"b":1}' })).to.equal(undefined)
    expect(match({ a: { $$matchAsDocument: { b: 1 } } }, { a: '{"b":1,"c":1}' })).to.be.a('string')
    expect(match({ a: { $$matchAsDocument: { $$matchAsRoot: { b: 1 } } } }, { a: '{"b":1,"c":1}' })).to.equal(undefined)
  })

  it('refuse an operator that has no meaning where it stands', () => {
    expect(() => match({ a: { $$placeholder: 1 } }, { a: 1 })).to.throw('$$placeholder')
    expect(() => match({ $$matchesHexBytes: 'abc' }, 'x')).to.throw('hexadecimal')
  })

  it('hold what a collection contains to the letter', () => {
    expect(differenceOfData([{ _id: 1, x: 1 }], [{ x: 1, _id: 1 }])).to.equal(undefined)
    expect(differenceOfData([{ _id: 1 }], [{ _id: 1, x: 1 }])).to.contain('[0]: has x')
    expect(differenceOfData([], [{ _id: 1 }])).to.be.a('string')
    expect(differenceOfData([{ _id: { $$exists: true } }], [{ _id: 1 }])).to.be.a('string')
  })
})

const context = {
  value: () => 5,
  sessionId: (name: string) => ({ id: name }),
}

function match(expected: unknown, actual: unknown): string | undefined {
  return difference(expected, actual, context)
}
