import { Binary, BSONRegExp, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson'
import { expect } from 'chai'
import type { Doc } from '../../../src/embedded-mongo/document.ts'
import { compileFilter, compilePosition } from '../../../src/embedded-mongo/query/match.ts'
import { docOf, refusal, shown } from './support.ts'

type Case = [filter: Doc, yes: unknown[], no: unknown[]]

/** Cases about a field `a`; `missing` stands for a document without it. */
const missing = Symbol('missing')

function check(cases: Case[]): void {
  for (const [filter, yes, no] of cases) {
    const matches = compileFilter(filter)
    for (const [values, wanted] of [
      [yes, true],
      [no, false],
    ] as const) {
      for (const value of values) expect(matches(value === missing ? { b: 1 } : { a: value }), `${shown(filter)} of ${value === missing ? 'nothing' : shown(value)}`).to.equal(wanted)
    }
  }
}

describe('filters', () => {
  it('find equal values of any number type, whole arrays and their elements', () => {
    check([
      [{ a: 1 }, [new Int32(1), new Double(1), Long.fromNumber(1), Decimal128.fromString('1.0'), [0, 1]], [2, '1', true, [[1]], null, missing]],
      [{ a: [1, 2] }, [[1, 2], [[1, 2]], [new Double(1), Long.fromNumber(2)]], [[2, 1], [1, 2, 3], 1, [[[1, 2]]]]],
      [{ a: { x: 1, y: 2 } }, [{ x: 1, y: 2 }, [{ x: new Double(1), y: 2 }]], [{ y: 2, x: 1 }, { x: 1 }, { x: 1, y: 2, z: 3 }]],
      [{ a: {} }, [{}, [{}]], [[], { x: 1 }, missing]],
      [{ a: 'x' }, ['x', ['x']], ['X', 'xy', /x/]],
      [{ a: Number.NaN }, [Number.NaN, Decimal128.fromString('NaN')], [0, missing]],
      [{ a: new ObjectId('000000000000000000000001') }, [new ObjectId('000000000000000000000001')], ['000000000000000000000001']],
      [{ a: new Date(5) }, [new Date(5)], [5, new Timestamp({ t: 0, i: 5 })]],
      [{ a: new Binary(Buffer.from('x'), 0) }, [Buffer.from('x')], [new Binary(Buffer.from('x'), 4)]],
      [{ a: true }, [true], [1, false]],
    ])
  })

  it('find null where the field is null or not there', () => {
    check([
      [{ a: null }, [null, missing, [null], [1, null]], [0, false, '', [], [[null]], {}]],
      [{ a: { $ne: null } }, [0, [], [[]], {}], [null, missing, [1, null]]],
      [{ a: { $in: [null, 1] } }, [null, missing, 1, [null]], [2]],
      [{ a: { $gte: null } }, [null, missing, [null]], [0, [], {}]],
      [{ a: { $gt: null } }, [], [null, missing, 0]],
      [{ a: { $exists: false } }, [missing], [null, 0, []]],
      [{ a: { $exists: true } }, [null, 0, [], {}], [missing]],
      [{ a: { $type: 'null' } }, [null, [null]], [missing, 0]],
    ])
  })

  it('see null along dotted paths as MongoDB 7 does', () => {
    const all = [{}, null, 4, { b: 'hi' }, { b: null }, [[]], [], [{ b: null }, {}], [{ b: 1 }, { b: 'x' }], [{ b: null }, { b: 3 }], [{ b: 3 }, {}], [null, null], [1, 'x', 4], [1, null]]
    const equal = [{}, null, 4, { b: null }, [{ b: null }, {}], [{ b: null }, { b: 3 }], [{ b: 3 }, {}], missing]
    check([
      [{ 'a.b': null }, equal, all.filter((value) => !equal.some((each) => each !== missing && shown(each) === shown(value)))],
      [{ 'a.b': { $ne: null } }, [{ b: 'hi' }, [[]], [], [{ b: 1 }, { b: 'x' }], [null, null], [1, 'x', 4], [1, null]], equal],
      [{ a: { $elemMatch: { b: null } } }, [[[]], [{ b: null }, {}], [{ b: null }, { b: 3 }], [{ b: 3 }, {}]], [{}, [], [1], [{ b: 1 }]]],
      [{ a: { $elemMatch: { b: { $ne: null } } } }, [[{ b: 1 }, { b: 'x' }], [{ b: null }, { b: 3 }]], [[[]], [], [{ b: null }, {}]]],
      [{ a: { $elemMatch: { $eq: null } } }, [[null, null], [1, null]], [[], [[]], [{}], null]],
      [{ 'a.b': { $exists: false } }, [{}, 4, [], [1], missing], [{ b: null }, [{ b: 1 }, {}]]],
    ])
  })

  it('walk arrays by element and by place', () => {
    check([
      [{ 'a.b': 1 }, [{ b: 1 }, [{ b: 1 }], [{ b: [0, 1] }], [0, { b: 1 }]], [{ b: 2 }, [[{ b: 1 }]], 1]],
      [{ 'a.0': 1 }, [[1], [1, 2], { 0: 1 }, [{ 0: 1 }]], [[2, 1], [[1]], 1]],
      [{ 'a.1.b': 2 }, [[0, { b: 2 }], { 1: { b: 2 } }, [0, [{ b: 2 }]]], [[{ b: 2 }]]],
      [{ 'a.0.1': 6 }, [[[5, 6]]], [[5, 6], [[6, 5]]]],
      [{ 'a.b.c': 1 }, [[{ b: [{ c: 1 }] }], { b: { c: 1 } }], [[{ b: [[{ c: 1 }]] }]]],
      // An element that is a document is asked for a field of that name too, and lacks it.
      [{ 'a.0': null }, [[{ x: 1 }], [null], missing, 4], [[], [5]]],
    ])
  })

  it('compare within one type, and never with NaN', () => {
    check([
      [{ a: { $gt: 1 } }, [2, new Double(1.5), Long.fromNumber(9), Decimal128.fromString('1.1'), [0, 3]], [1, 0, '2', true, new Date(9), null, missing, Number.NaN]],
      [{ a: { $lte: 1 } }, [1, Number.NEGATIVE_INFINITY, [5, 0]], [2, Number.NaN, null, Decimal128.fromString('NaN')]],
      [{ a: { $gte: 'b' } }, ['b', 'c', ['a', 'z']], ['a', 5, null]],
      [{ a: { $lt: new Date(10) } }, [new Date(9)], [9, new Date(10)]],
      [{ a: { $gt: false } }, [true], [false, 1]],
      [{ a: { $gte: Number.NaN } }, [Number.NaN], [1]],
      [{ a: { $lt: Number.NaN } }, [], [1, Number.NaN]],
      [{ a: { $gt: [1, 2] } }, [[1, 3], [[2]]], [[1, 2], 5, [0, 9]]],
      [{ a: { $gt: { x: 1 } } }, [{ x: 2 }, { y: 1 }], [{ x: 1 }, 5]],
      [{ a: { $gt: Long.fromString('9007199254740992') } }, [Long.fromString('9007199254740993')], [new Double(2 ** 53)]],
      [{ a: { $gt: new MinKey() } }, [0, 'x', null], [missing, new MinKey()]],
      [{ a: { $lt: new MaxKey() } }, [0, 'x', {}], [missing, new MaxKey()]],
      [{ a: { $gte: 1, $lt: 3 } }, [1, 2, [0, 5]], [0, 3, [-1, -2]]],
    ])
  })

  it('negate what holds for any value at the path', () => {
    check([
      [{ a: { $ne: 1 } }, [2, missing, [2, 3]], [1, [1, 2]]],
      [{ a: { $nin: [1, 'x'] } }, [2, missing, null], [1, 'x', ['y', 'x']]],
      [{ a: { $not: { $gt: 1 } } }, [1, 'x', missing, null], [2, [0, 2]]],
      [{ a: { $not: { $gt: 1, $lt: 5 } } }, [1, 5, missing], [3, [0, 9]]],
      [{ a: { $not: new BSONRegExp('^x') } }, ['y', 5, missing], ['x', ['a', 'xb']]],
      [{ a: { $not: { $not: { $eq: 1 } } } }, [1], [2]],
      [{ a: { $not: { $elemMatch: { $gt: 1 } } } }, [[1], 5, missing], [[2]]],
      [{ $nor: [{ a: 1 }, { a: 2 }] }, [3, missing], [1, [2, 9]]],
    ])
  })

  it('join conditions', () => {
    check([
      [{ $and: [{ a: { $gt: 1 } }, { a: { $lt: 3 } }] }, [2], [1, 3]],
      [{ $or: [{ a: 1 }, { a: 'x' }] }, [1, 'x'], [2, missing]],
      [{ a: { $gt: 1 }, $comment: 'because', $or: [{ a: 2 }, { a: 3 }] }, [2, 3], [4]],
      [{ $and: [{ $or: [{ a: 1 }, { a: 2 }] }, { $nor: [{ a: 2 }] }] }, [1], [2]],
      [{}, [1, missing], []],
    ])
  })

  it('look into arrays', () => {
    check([
      [{ a: { $size: 2 } }, [[1, 2], [[], []]], [[1], 2, missing, [[1, 2]]]],
      [{ a: { $all: [1, 2] } }, [[2, 1, 3]], [[1], 1, []]],
      [{ a: { $all: [1] } }, [1, [1]], [2]],
      [{ a: { $all: [[1, 2]] } }, [[1, 2], [[1, 2]]], [[2, 1]]],
      [{ a: { $all: [] } }, [], [[], 1]],
      [{ a: { $all: [{ $elemMatch: { x: 1 } }, { $elemMatch: { x: 2 } }] } }, [[{ x: 1 }, { x: 2 }]], [[{ x: 1 }]]],
      [{ a: { $elemMatch: { $gte: 2, $lt: 4 } } }, [[1, 3], [2]], [[1, 5], 3, [[3]]]],
      [{ a: { $elemMatch: { x: 1, y: 2 } } }, [[{ x: 1, y: 2 }]], [[{ x: 1 }, { y: 2 }], { x: 1, y: 2 }]],
      [{ a: { $elemMatch: { $or: [{ x: 1 }, { y: 2 }] } } }, [[{ y: 2 }]], [[{ x: 2 }]]],
      [{ a: { $elemMatch: { $elemMatch: { $eq: 1 } } } }, [[[1]]], [[1]]],
      [{ a: { $elemMatch: { $not: { $gt: 1 } } } }, [[0, 5]], [[2, 3]]],
      [{ 'a.b': { $elemMatch: { $gt: 1 } } }, [{ b: [2] }, [{ b: [0] }, { b: [2] }]], [{ b: 2 }]],
    ])
  })

  it('tell types', () => {
    check([
      [{ a: { $type: 'int' } }, [new Int32(1), [new Int32(1)]], [new Double(1), Long.fromNumber(1)]],
      [{ a: { $type: 'number' } }, [1, new Double(1), Long.fromNumber(1), Decimal128.fromString('1')], ['1']],
      [{ a: { $type: ['string', 'bool'] } }, ['x', true], [1]],
      [{ a: { $type: 4 } }, [[], [[]]], [1]],
      [{ a: { $type: 'object' } }, [{}, [{}]], [[]]],
      [{ a: { $type: -1 } }, [new MinKey()], [new MaxKey()]],
    ])
  })

  it('match patterns as PCRE does', () => {
    check([
      [{ a: new BSONRegExp('^ab') }, ['abc', ['x', 'ab']], ['xab', 5]],
      [{ a: new BSONRegExp('AB', 'i') }, ['cab'], ['ac']],
      [{ a: { $regex: '^b$', $options: 'm' } }, ['a\nb\nc'], ['ab']],
      [{ a: { $regex: 'a.c' } }, ['abc', 'a\rc'], ['a\nc']],
      [{ a: { $regex: 'a.c', $options: 's' } }, ['a\nc'], []],
      [{ a: { $regex: 'a b # note\n c', $options: 'x' } }, ['abc'], ['a b c']],
      [{ a: { $regex: '(?i)abc' } }, ['ABC'], []],
      [{ a: { $regex: 'c$' } }, ['abc', 'abc\n'], ['abc\n\n']],
      [{ a: { $regex: '[[:digit:]]+\\z' } }, ['a12'], ['a12\n', 'a']],
      [{ a: { $regex: 'a{,2}|{' } }, ['a{,2}', '{'], ['a']],
      [{ a: { $regex: '\\Qa.b\\E' } }, ['a.b'], ['axb']],
      [{ a: { $regex: '\\-\\_\\@\\/' } }, ['-_@/'], ['-']],
      [{ a: { $regex: '^ü.$' } }, ['ü😀'], ['ü']],
      [{ a: { $in: [new BSONRegExp('^x'), 5] } }, ['xy', 5], ['yx']],
      [{ a: { $regex: '^x', $ne: 'xx' } }, ['xy'], ['xx']],
    ])
    expect(compileFilter({ a: new BSONRegExp('^ab') })({ a: new BSONRegExp('^ab') })).to.equal(true)
    const again = compileFilter({ a: new BSONRegExp('a') })
    expect([again({ a: 'a' }), again({ a: 'a' })]).to.deep.equal([true, true])
  })

  it('divide, and read bits', () => {
    check([
      [{ a: { $mod: [4, 1] } }, [5, new Double(5.9), Long.fromNumber(9), Decimal128.fromString('1'), [2, 5]], [4, -5, 'x', Number.NaN, Number.POSITIVE_INFINITY]],
      [{ a: { $mod: [4, -1] } }, [-5], [5]],
      [{ a: { $bitsAllSet: 5 } }, [5, 7, Long.fromNumber(13), new Double(5), new Binary(Buffer.from([5]))], [4, 1, 5.5, 'x']],
      [{ a: { $bitsAnySet: [0, 65] } }, [1, -1], [2]],
      [{ a: { $bitsAllClear: [0, 1] } }, [4, 0], [1, 2]],
      [{ a: { $bitsAnyClear: 3 } }, [1, 2], [3, 7]],
      [{ a: { $bitsAllSet: new Binary(Buffer.from([0, 1])) } }, [256], [1]],
    ])
  })

  it('compute conditions with $expr and its variables', () => {
    expect(compileFilter({ $expr: { $gt: ['$a', '$b'] } })({ a: 2, b: 1 })).to.equal(true)
    expect(compileFilter({ $expr: { $eq: ['$a', '$$wanted'] } }, { let: { wanted: new Int32(3) } })({ a: new Double(3) })).to.equal(true)
    expect(refusal(() => compileFilter({ $expr: '$$unknown' })).code).to.equal(17276)
  })

  it('treat names of prototypes as names', () => {
    expect(compileFilter({ constructor: { $exists: true } })({})).to.equal(false)
    expect(compileFilter(docOf([['__proto__', 1]]))(docOf([['__proto__', 1]]))).to.equal(true)
    expect(compileFilter({ 'a.toString': { $exists: true } })({ a: {} })).to.equal(false)
    expect(compileFilter({ a: { $ref: 'x', $id: 1 } })({ a: { $ref: 'x', $id: 1 } })).to.equal(true)
  })

  it('are refused when they ask for what there is not, never read as something else', () => {
    for (const [filter, code, message] of [
      [{ $where: 'true' }, 2, /\$where/],
      [{ $text: { $search: 'x' } }, 27, /text index required/],
      [{ $jsonSchema: {} }, 2, /\$jsonSchema/],
      [{ $foo: 1 }, 2, /unknown top level operator: \$foo/],
      [{ a: { $foo: 1 } }, 2, /unknown operator: \$foo/],
      [{ a: { $gt: 1, b: 2 } }, 2, /unknown operator: b/],
      [{ a: { $near: [0, 0] } }, 291, /geoNear/],
      [{ a: { $geoWithin: {} } }, 2, /geoWithin/],
      [{ $and: [] }, 2, /nonempty/],
      [{ $or: {} }, 2, /array/],
      [{ $or: [1] }, 2, /objects/],
      [{ a: { $in: 1 } }, 2, /needs an array/],
      [{ a: { $in: [{ $gt: 1 }] } }, 2, /cannot nest/],
      [{ a: { $not: 1 } }, 2, /regex or a document/],
      [{ a: { $not: {} } }, 2, /cannot be empty/],
      [{ a: { $not: { x: 1 } } }, 2, /unknown operator: x/],
      [{ a: { $ne: /x/ } }, 2, /regex/],
      [{ a: { $gt: /x/ } }, 2, /RegEx/],
      [{ a: { $mod: [0, 1] } }, 2, /divisor/],
      [{ a: { $mod: [1] } }, 2, /not enough/],
      [{ a: { $size: -1 } }, 2, /non-negative/],
      [{ a: { $size: 1.5 } }, 2, /\$size/],
      [{ a: { $type: 'text' } }, 2, /alias/],
      [{ a: { $type: 99 } }, 2, /type code/],
      [{ a: { $elemMatch: 1 } }, 2, /needs an Object/],
      [{ a: { $regex: 5 } }, 2, /string/],
      [{ a: { $options: 'i' } }, 2, /needs a \$regex/],
      [{ a: { $regex: 'x', $options: 'g' } }, 51108, /invalid flag/],
      [{ a: { $regex: '(' } }, 51091, /invalid/],
      [{ a: { $regex: '(?>x)' } }, 51091, /not supported/],
      [{ a: { $regex: 'a++' } }, 51091, /possessive/],
      [{ a: { $bitsAllSet: -1 } }, 9, /non-negative/],
      [{ a: { $all: [{ $gt: 1 }] } }, 2, /\$all/],
    ] as [Doc, number, RegExp][]) {
      const error = refusal(() => compileFilter(filter))
      expect(error.code, JSON.stringify(filter)).to.equal(code)
      expect(error.message).to.match(message)
    }
  })

  it('tell the place that the positional operator stands for', () => {
    for (const [filter, doc, array, place] of [
      [{ a: 3 }, { a: [1, 3] }, 'a', 1],
      [{ 'a.x': 3 }, { a: [{ x: 1 }, { x: 3 }] }, 'a', 1],
      [{ a: { $elemMatch: { x: 1, y: 2 } } }, { a: [{ x: 1 }, { x: 1, y: 2 }] }, 'a', 1],
      [{ a: { $gt: 2 }, _id: 1 }, { _id: 1, a: [1, 2, 5] }, 'a', 2],
      [{ b: 1, a: 2 }, { a: [0, 2], b: [1] }, 'a', 1],
      [{ $or: [{ a: 9 }, { a: 2 }] }, { a: [1, 2] }, 'a', 1],
      [{ $and: [{ 'a.x': 1 }, { c: 1 }] }, { a: [{ x: 0 }, { x: 1 }], c: 1 }, 'a', 1],
      [{ _id: 1 }, { _id: 1, a: [1] }, 'a', undefined],
      [{ 'a.b': 2 }, { a: [{ b: [0, 0, 2] }] }, 'a', 0],
    ] as [Doc, Doc, string, number | undefined][]) expect(compilePosition(filter)(doc, array), shown(filter)).to.equal(place)
  })
})
